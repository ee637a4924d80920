// The corpus of records, held in memory: [{ name, expect, known, files }]; expect is "good", or the
// check and the code of the refusal; known the fingerprint that the verifier is told, if it is. In
// place of files some have the bytes of an archive.
import fs from 'node:fs';
import path from 'node:path';

import { hex } from '../../verifier/bytes.js';
import { archives } from '../records/archives.mjs';
import { writeFolder } from '../records/folder.mjs';
import { at, stages, tampered, unusual } from '../records/tampered.mjs';

// As write_verdict of driver.c has it.
export function verdictOf(report) {
  const c = report.checks.find((x) => x.verdict === 'FAIL');
  if (!c)
    return `good${report.checks.map((x) => `; ${x.check} ${x.verdict} ${x.detail}`).join('')}`;
  const where = c.where.replace(/^(entry \d+).*|^(?!entry|tile|document).*/s, '$1');
  return `${c.check} ${c.code} ${where}`;
}

const told = {
  name: 'another fingerprint is known',
  check: 'manifest',
  code: 'manifest.fingerprint',
  known: new Uint8Array(32).fill(7),
  make: () => at('begun'),
};

export function corpus() {
  const good = [...stages.map((stage) => ({ name: stage, make: () => at(stage) })), ...unusual];
  const records = [...good, told, ...tampered].map((r) => {
    const election = r.make(),
      files = election.fileList();
    r.files?.(files, election);
    const expect = r.check ? `${r.check} ${r.code}` : 'good';
    return { name: r.name, expect, known: r.known ?? null, files };
  });
  const packed = archives.map(({ name, code, make }) => {
    const expect = code ? `files ${code}` : 'good';
    return { name, expect, known: null, archive: make() };
  });
  return [...records, ...packed];
}

// One folder or archive a record, and the list of them: what the program reads.
export function writeCorpus(dir, list) {
  fs.mkdirSync(dir);
  list.forEach(({ files, archive }, i) => {
    const to = path.join(dir, String(i));
    if (archive) fs.writeFileSync(to, archive);
    else writeFolder(to, files);
  });
  const lines = list.map((r) => `${r.name}\t${r.expect}\t${r.known ? hex(r.known) : ''}\n`);
  fs.writeFileSync(path.join(dir, 'list'), lines.join(''));
}
