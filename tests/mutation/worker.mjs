// One worker of the JavaScript side: worker.mjs FOLDER CORPUS. The parent asks { whole: i }, for the
// verdict of record i and the sites that it reaches and that would refuse, or { site, records,
// verdicts }, for the first record that gets another verdict without the site.
import fs from 'node:fs';
import path from 'node:path';
import v8 from 'node:v8';

import { memory } from '../records/folder.mjs';
import { verdictOf } from './corpus.mjs';
import { Sites } from './js.mjs';

const [folder, file] = process.argv.slice(2);
const sites = (globalThis.__site = new Sites());
const { verify } = await import(path.join(folder, 'verify.js'));
const { archiveFolder, noArchive } = await import(path.join(folder, 'archive.js'));
const corpus = v8.deserialize(fs.readFileSync(file));

const unpack = (archive) =>
  archiveFolder(archive.length, (at, length) => archive.subarray(at, at + length));

// A verifier that breaks is noticed too.
async function judge({ files, archive, known }, site) {
  sites.start(site);
  try {
    const folder = archive ? await unpack(archive) : memory(files);
    return verdictOf(folder ? await verify(folder, known) : noArchive);
  } catch (e) {
    return `broken off: ${e.message}`;
  }
}
async function whole(i) {
  const start = performance.now(),
    verdict = await judge(corpus[i], 0);
  const seen = { reached: [...sites.reached], refusing: [...sites.refusing] };
  return { i, verdict, took: performance.now() - start, ...seen };
}
async function hunt({ site, records, verdicts }) {
  for (const i of records) if ((await judge(corpus[i], site)) !== verdicts[i]) return i;
  return -1;
}
process.on('message', async (m) => {
  if (m.whole !== undefined) process.send(await whole(m.whole));
  else process.send({ site: m.site, by: await hunt(m) });
});
process.send('ready');
