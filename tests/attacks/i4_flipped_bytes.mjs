// Attack I4: whoever keeps the public record changes one byte of it. Each file of a record that
// verifies is flipped in one bit at its beginning, middle and end in turn, and `tapat verify` must
// refuse every time. Large records: a sample of at most 40 files, every folder among them.
// Usage: i4_flipped_bytes.mjs TAPAT RECORD
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [tapat, record] = process.argv.slice(2);
const FILES = 40;
let n = 0, failed = 0;
function say(ok, name) {
  if (!ok) failed++;
  console.log(`${ok ? 'ok' : 'not ok'} ${++n} - ${name}`);
}
const verifies = () => spawnSync(tapat, ['verify', record]).status === 0;

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((e) => (e.isDirectory() ? walk(join(folder, e.name)) : [join(folder, e.name)]));
}
// Files in turn from each folder, until there are enough.
function sample(files) {
  const folders = new Map();
  for (const f of files) {
    const key = relative(record, join(f, '..'));
    folders.set(key, [...(folders.get(key) ?? []), f]);
  }
  const chosen = [];
  for (let i = 0; chosen.length < Math.min(FILES, files.length); i++)
    for (const list of folders.values()) if (list[i]) chosen.push(list[i]);
  return chosen.slice(0, FILES);
}

say(verifies(), 'the record verifies');
const files = walk(record).filter((f) => readFileSync(f).length);
sample(files).forEach((file, k) => {
  const good = readFileSync(file), bad = Buffer.from(good);
  const at = [0, good.length >> 1, good.length - 1][k % 3];
  bad[at] ^= 1 << (k % 7);
  writeFileSync(file, bad);
  say(!verifies(), `${relative(record, file)}, byte ${at}: refused`);
  writeFileSync(file, good);
});
say(verifies(), 'restored, it verifies again');
console.log(`1..${n}`);
process.exit(failed ? 1 : 0);
