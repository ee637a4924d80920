// Archives that are none: every reader refuses each, and says the same of it. The page's reader is
// one of them. spec: R-20..R-24
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { archiveFolder, noArchive } from '../../verifier/archive.js';
import { verify } from '../../verifier/verify.js';
import { fromArchive, NoArchive } from '../../web/record.js';
import { archives, sameAsWritten } from '../records/archives.mjs';

const root = new URL('../../', import.meta.url).pathname;
const tapat = process.env.TAPAT ?? path.join(root, 'build/tapat');
const native = fs.existsSync(tapat);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'archives-'));
test.after(() => fs.rmSync(dir, { recursive: true, force: true }));

const codes = (report) => report.checks.filter((c) => c.verdict === 'FAIL').map((c) => c.code);

function byTapat(bytes) {
  const file = path.join(dir, 'a.tar');
  fs.writeFileSync(file, bytes);
  const run = spawnSync(tapat, ['verify', file, '--json'], { env: { ...process.env, TMPDIR: dir } });
  fs.rmSync(file);
  assert.deepEqual(fs.readdirSync(dir), [], 'nothing is left');
  return JSON.parse(run.stdout);
}
const byPage = (bytes) =>
  fromArchive(new Blob([bytes])).then(
    () => [],
    (e) => (e instanceof NoArchive ? ['files.archive'] : Promise.reject(e)),
  );

test('the archives of this test are made as the program makes them', () => {
  const [here, there] = sameAsWritten();
  assert.deepEqual(here, there);
});
for (const { name, code, make } of archives)
  test(name, async () => {
    const bytes = make(),
      want = code ? [code] : [];
    const files = await archiveFolder(bytes.length, (at, n) => bytes.subarray(at, at + n));
    assert.deepEqual(codes(files ? await verify(files) : noArchive), want);
    assert.deepEqual(await byPage(bytes), want, 'the page');
    if (native) assert.deepEqual(codes(byTapat(bytes)), want, 'tapat verify');
  });
