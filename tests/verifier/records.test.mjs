// The second verifier on whole records: good ones at every stage, and tampered ones, each refused
// by the
// check and the code that the specification says. If `tapat` is built, it must say the same.
// spec: Y-1..Y-19
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { archiveFolder, writeArchive } from '../../verifier/archive.js';
import { concat } from '../../verifier/bytes.js';
import { verify } from '../../verifier/verify.js';
import { memory, writeFolder } from '../records/folder.mjs';
import { at, stages, tampered, unusual } from '../records/tampered.mjs';

const root = new URL('../../', import.meta.url).pathname;
const tapat = process.env.TAPAT ?? path.join(root, 'build/tapat');
const native = fs.existsSync(tapat);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'records-'));
test.after(() => fs.rmSync(dir, { recursive: true, force: true }));

function byTapat(files, ...more) {
  writeFolder(dir, files);
  const run = spawnSync(tapat, ['verify', dir, '--json', '--threads', '1', ...more]);
  return { status: run.status, ...JSON.parse(run.stdout) };
}
// The check that fails, its code, and the object without what stands in it.
const refusal = (report) => {
  const c = report.checks.find((x) => x.verdict === 'FAIL');
  return (
    c &&
    `${c.check} ${c.code} ${c.where.replace(/^(entry \d+).*|^(?!entry|tile|document).*/, '$1')}`
  );
};

const good = [...stages.map((stage) => ({ name: stage, make: () => at(stage) })), ...unusual];
for (const { name, make } of good)
  test(`a good record: ${name}`, async () => {
    const files = make().fileList(),
      report = await verify(memory(files));
    assert.ok(report.verified, refusal(report));
    if (!native) return;
    const { status, ...other } = byTapat(files);
    assert.equal(status, 0);
    assert.deepEqual(report, other);
  });

test('the fingerprint that the caller knows', async () => {
  const files = at('voted').fileList(),
    { fingerprint } = at('voted');
  assert.ok((await verify(memory(files), fingerprint)).verified);
  const other = await verify(
    memory(files),
    fingerprint.map((x) => x ^ 1),
  );
  assert.equal(refusal(other).trim(), 'manifest manifest.fingerprint');
});
test('of another election nothing further is said', async () => {
  // Y-6
  const files = at('voted').fileList(),
    known = at('voted').fingerprint.map((x) => x ^ 1);
  files.set('stranger', files.get('checkpoint'));
  assert.equal(refusal(await verify(memory(files))).trim(), 'files files.unknown');
  const report = await verify(memory(files), known);
  assert.equal(refusal(report).trim(), 'manifest manifest.fingerprint');
  assert.equal(report.checks.length, 1);
  if (!native) return;
  const { status, ...other } = byTapat(files, '--fingerprint', Buffer.from(known).toString('hex'));
  assert.equal(status, 1);
  assert.deepEqual(other.checks, report.checks);
});

for (const t of tampered)
  test(t.name, async () => {
    const election = t.make(),
      files = election.fileList();
    t.files?.(files, election);
    const report = await verify(memory(files)),
      said = refusal(report);
    assert.ok(!report.verified);
    assert.equal(said?.split(' ').slice(0, 2).join(' '), `${t.check} ${t.code}`);
    if (!native) return;
    const other = byTapat(files);
    assert.equal(other.status, 1);
    assert.equal(refusal(other), said, 'as tapat verify says');
  });

test('the names of the records are distinct', () => {
  assert.equal(new Set(tampered.map((t) => t.name)).size, tampered.length);
});

const cli = (...args) => spawnSync(process.execPath, [path.join(root, 'verifier/cli.js'), ...args]);
test('the program: exit codes and both forms of a report', () => {
  const good = at('begun').fileList(),
    folder = path.join(dir, 'r');
  writeFolder(folder, good);
  const json = cli(folder, '--json');
  assert.equal(json.status, 0);
  assert.equal(JSON.parse(json.stdout).verified, true);
  assert.match(
    String(cli(folder).stdout),
    /^ok {7}files[^]*Everything that is on this board holds/,
  );
  assert.equal(cli(folder, '--fingerprint', '00'.repeat(32)).status, 1);
  writeFolder(folder, new Map([...good, ['x', new Uint8Array(1)]]));
  const bad = cli(folder);
  assert.equal(bad.status, 1);
  assert.match(String(bad.stdout), /FAIL {5}files .*files.unknown: x[^]*NOT VERIFIED/);
  for (const args of [[], ['a', 'b'], [folder, '--what'], [folder, '--fingerprint', 'x']])
    assert.equal(cli(...args).status, 2);
  fs.rmSync(folder, { recursive: true });
  assert.equal(cli(folder).status, 1);
});

// spec: R-20..R-24
test('an archive: the same report as its folder, and refused when a byte of its form is changed', async () => {
  const files = at('published').fileList(),
    folder = path.join(dir, 'a'),
    tar = path.join(dir, 'a.tar'),
    archive = writeArchive(files);
  writeFolder(folder, files);
  fs.writeFileSync(tar, archive);
  const whole = cli(tar, '--json');
  assert.equal(whole.status, 0);
  assert.deepEqual(JSON.parse(whole.stdout), JSON.parse(cli(folder, '--json').stdout));
  if (native) {
    const theirs = path.join(dir, 'b.tar');
    assert.equal(spawnSync(tapat, ['archive', folder, theirs]).status, 0);
    assert.deepEqual(new Uint8Array(fs.readFileSync(theirs)), archive);
  }
  const changed = (i) => archive.map((x, j) => (i === j ? x ^ 1 : x));
  const forms = [0, 98, 107, 110, 130, 150, 156, 262, 340, 511, archive.length - 1].map(changed);
  forms.push(archive.subarray(0, -1), archive.subarray(0, -512), concat(archive, new Uint8Array(512)));
  forms.push(new Uint8Array(1024), new Uint8Array(0), concat(archive, archive));
  const order = new Map([...files].reverse());
  assert.deepEqual(writeArchive(order), archive);
  for (const [i, bytes] of forms.entries()) {
    fs.writeFileSync(tar, bytes);
    // the program once, what it calls for the rest
    const report = i ? await archiveFolder(bytes.length, (x, n) => bytes.subarray(x, x + n)) : cli(tar, '--json');
    if (i) assert.equal(report, null, `form ${i}`);
    else assert.equal(JSON.parse(report.stdout).checks[0].code, 'files.archive');
    if (!native) continue;
    const other = spawnSync(tapat, ['verify', tar, '--json']);
    assert.equal(other.status, 1);
    assert.equal(JSON.parse(other.stdout).checks[0].code, 'files.archive', `form ${i}`);
  }
});

test('both programs: the same list of verdicts, and the same exit codes', { skip: !native && 'not built' }, () => {
  const folder = path.join(dir, 'c'),
    files = at('published').fileList();
  const same = (...more) => {
    const [mine, theirs] = [cli(folder, '--json', ...more), spawnSync(tapat, ['verify', folder, '--json', ...more])];
    assert.equal(mine.status, theirs.status);
    assert.deepEqual(JSON.parse(mine.stdout), JSON.parse(theirs.stdout));
    const lines = (run) => String(run.stdout).split('\n').filter((l) => /^(ok|not yet)/.test(l));
    assert.deepEqual(lines(cli(folder)), lines(spawnSync(tapat, ['verify', folder])));
    return mine.status;
  };
  writeFolder(folder, files);
  assert.equal(same(), 0);
  writeFolder(folder, at('opened').fileList());
  assert.equal(same(), 0);
  for (const args of [[], ['a', 'b'], [folder, '--what'], [folder, '--fingerprint', 'x']])
    assert.equal(cli(...args).status, spawnSync(tapat, ['verify', ...args]).status, args.join(' '));
});
