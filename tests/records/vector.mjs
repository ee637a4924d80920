// Writes spec/vectors/record.json: a whole published record, the report on it, and the hash of its
// archive.
//   node tests/records/vector.mjs
import fs from 'node:fs';

import { writeArchive } from '../../verifier/archive.js';
import { hex } from '../../verifier/bytes.js';
import { sha256 } from '../../verifier/hash.js';
import { verify } from '../../verifier/verify.js';
import { memory } from './folder.mjs';
import { at } from './tampered.mjs';

export async function vector() {
  const files = at('published').fileList(),
    report = await verify(memory(files)),
    names = [...files.keys()].sort();
  const one = (name) => `  ${JSON.stringify(name)}: ${JSON.stringify(hex(files.get(name)))}`;
  const archive = hex(sha256(writeArchive(files)));
  return `{"report": ${JSON.stringify(report)},\n "archive": "${archive}",\n "files": {\n${names.map(one).join(',\n')}\n}}\n`;
}
if (import.meta.url === `file://${process.argv[1]}`)
  fs.writeFileSync(new URL('../../spec/vectors/record.json', import.meta.url), await vector());
