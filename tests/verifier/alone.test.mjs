// The second verifier stands alone: spec/ and verifier/ in an empty folder, with the two packages of
// its own lock and no other file of ours, on published records.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { writeArchive } from '../../verifier/archive.js';
import { unhex } from '../../verifier/bytes.js';
import { at } from '../records/tampered.mjs';
import { vector } from '../records/vector.mjs';
import { writeFolder } from '../records/folder.mjs';

const root = new URL('../../', import.meta.url).pathname;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'alone-'));
test.after(() => fs.rmSync(dir, { recursive: true, force: true }));
const verifier = path.join(dir, 'verifier');

test('it installs from its own lock', () => {
  for (const name of ['spec', 'verifier'])
    fs.cpSync(path.join(root, name), path.join(dir, name), {
      recursive: true,
      filter: (from) => !from.includes('node_modules'),
    });
  const args = ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  const npm = spawnSync('npm', args, { cwd: verifier, encoding: 'utf8' });
  assert.equal(npm.status, 0, npm.stderr);
  assert.deepEqual(fs.readdirSync(path.join(verifier, 'node_modules/@noble')).sort(), [
    'curves',
    'hashes',
  ]);
});

const run = (what) => {
  const args = ['verifier/cli.js', what, '--json'];
  const r = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8', env: {} });
  return { status: r.status, ...JSON.parse(r.stdout) };
};
test('on the published record of spec/vectors, and with a byte changed', () => {
  const { report, files } = JSON.parse(fs.readFileSync(path.join(dir, 'spec/vectors/record.json')));
  const all = new Map(Object.entries(files).map(([name, text]) => [name, unhex(text)]));
  const folder = path.join(dir, 'record');
  writeFolder(folder, all);
  assert.deepEqual(run(folder), { status: 0, ...report });
  const tar = path.join(dir, 'record.tar');
  fs.writeFileSync(tar, writeArchive(all));
  assert.deepEqual(run(tar), { status: 0, ...report });
  all.set('results.csv', all.get('results.csv').map((x, i) => (i === 5 ? x ^ 1 : x)));
  writeFolder(folder, all);
  const bad = run(folder);
  assert.equal(bad.status, 1);
  assert.equal(bad.checks.find((c) => c.verdict === 'FAIL').code, 'results.csv');
});

test('on a record whose votes are not counted yet', () => {
  const folder = path.join(dir, 'voted');
  writeFolder(folder, at('voted').fileList());
  assert.equal(run(folder).status, 0);
});

test('spec/vectors/record.json is what its generator makes', async () => {
  assert.equal(fs.readFileSync(path.join(root, 'spec/vectors/record.json'), 'utf8'), await vector());
});
