// Folders as a stranger may hand them over: links, pipes and directories in place of files, files of
// gigabytes, names of any bytes. Both programs refuse each in the same words, and neither waits, fails
// or reads what it need not. spec: R-1, Y-3, Y-4, Y-22
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { writeFolder } from '../records/folder.mjs';
import { at } from '../records/tampered.mjs';

const root = new URL('../../', import.meta.url).pathname;
const tapat = process.env.TAPAT ?? path.join(root, 'build/tapat');
const native = fs.existsSync(tapat);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'folders-'));
// These go deeper than a path is long, which not every program takes away.
const remove = (...names) => assert.equal(spawnSync('rm', ['-rf', ...names]).status, 0);
test.after(() => remove(dir));
const record = path.join(dir, 'record'),
  aside = path.join(dir, 'aside');

const inside = (name) => path.join(record, name);
const bytesInside = (...bytes) => Buffer.concat([Buffer.from(`${record}/`), Buffer.from(bytes)]);
const sparse = (name, size) => {
  fs.writeFileSync(inside(name), '');
  fs.truncateSync(inside(name), size);
};
const pipe = (name) => {
  fs.rmSync(inside(name), { force: true });
  assert.equal(spawnSync('mkfifo', [inside(name)]).status, 0);
};
const directory = (name) => {
  fs.rmSync(inside(name), { force: true });
  fs.mkdirSync(inside(name));
};
const link = (name) => {
  fs.renameSync(inside(name), aside);
  fs.symlinkSync(aside, inside(name));
};
const GIGABYTES = 3e9;

const small = at('begun').fileList(),
  whole = at('published').fileList();
const [document] = [...small.keys()].filter((name) => name.startsWith('document/'));
const tile = 'tile/0/000.p/1',
  bundle = 'tile/entries/000.p/1',
  long = 'x'.repeat(128);

// What is done to the folder, and what is said of it: the check, the code and the object.
const cases = {
  'an empty directory': [() => fs.mkdirSync(inside('x')), null],
  'directories in directories': [() => fs.mkdirSync(inside('x/'.repeat(60)), { recursive: true }), null],
  'an empty directory whose name is no text': [() => fs.mkdirSync(bytesInside(0x78, 0xff)), null],
  'a directory with a long path': [() => fs.mkdirSync(inside(long)), `files files.unknown ${long.slice(0, 90)}`],
  'directories deeper than a path is long': [
    () => {
      const here = process.cwd();
      process.chdir(record);
      for (let i = 0; i < 60; i++) {
        fs.mkdirSync('y'.repeat(100));
        process.chdir('y'.repeat(100));
      }
      process.chdir(here);
    },
    `files files.unknown ${'y'.repeat(90)}`,
  ],
  'a file in a directory whose name is no text': [
    () => {
      fs.mkdirSync(bytesInside(0x78, 0xff));
      fs.writeFileSync(bytesInside(0x78, 0xff, 0x2f, 0x61), '');
    },
    'files files.unknown x\\xff/a',
  ],
  'a name that is no text': [() => fs.writeFileSync(bytesInside(0x78, 0xff), ''), 'files files.unknown x\\xff'],
  'a name that moves on a terminal': [
    () => fs.writeFileSync(inside('\x1b[2J\r\\ok'), ''),
    'files files.unknown \\x1b[2J\\x0d\\x5cok',
  ],
  'a name of several lines': [() => fs.writeFileSync(inside('a\nok'), ''), 'files files.unknown a\\x0aok'],
  'a pipe': [() => pipe('x'), 'files files.unknown x'],
  'the checkpoint a pipe': [() => pipe('checkpoint'), 'log record.missing checkpoint'],
  'the checkpoint a directory': [() => directory('checkpoint'), 'log record.missing checkpoint'],
  'the checkpoint a link': [() => link('checkpoint'), 'log record.missing checkpoint'],
  'the checkpoint of gigabytes': [() => sparse('checkpoint', GIGABYTES), 'log checkpoint.malformed checkpoint'],
  'the manifest a link': [() => link('manifest.json'), 'files files.missing manifest.json'],
  'the manifest a directory': [() => directory('manifest.json'), 'files files.missing manifest.json'],
  'the manifest of gigabytes': [() => sparse('manifest.json', GIGABYTES), 'manifest manifest.size manifest.json'],
  "the manifest's document a link": [() => link(document), 'files files.copy manifest.json'],
  "the manifest's document a directory": [() => directory(document), 'files files.copy manifest.json'],
  "the manifest's document a pipe": [() => pipe(document), 'files files.copy manifest.json'],
  'a link in place of the documents': [() => link('document'), 'files files.copy manifest.json'],
  'a document of gigabytes': [
    () => sparse(`document/${'0'.repeat(64)}`, GIGABYTES),
    `files document.length document/${'0'.repeat(64)}`,
  ],
  'a tile a link': [() => link(tile), `files files.unknown ${tile}`],
  'a tile a directory': [() => directory(tile), `files files.missing ${tile}`],
  'a link in place of the tiles': [() => link('tile'), 'files files.unknown tile'],
  'a tile of gigabytes': [() => sparse(tile, GIGABYTES), `log log.tile ${tile}`],
  'a tile of nothing': [() => sparse(tile, 0), `log log.tile ${tile}`],
  'a bundle of gigabytes': [() => sparse(bundle, GIGABYTES), `log log.bundle ${bundle}`],
  'a bundle of the longest entries': [
    () => {
      const e = at('begun'),
        longest = new Uint8Array(65535).fill(12);
      writeFolder(record, e.push(...Array.from({ length: 255 }, () => longest)).fileList());
    },
    'batches entry.length entry 1',
  ],
  'results of gigabytes': [() => sparse('results.json', GIGABYTES), 'results files.copy results.json', whole],
  'results that are too long': [() => sparse('results.csv', 2 ** 26 + 1), 'results results.csv results.csv', whole],
  'results a link': [() => link('results.json'), 'files files.unknown results.json', whole],
};

const report = (run) => {
  assert.ok(run.status === 0 || run.status === 1, `${run.signal ?? run.stderr}`);
  const c = JSON.parse(run.stdout).checks.find((x) => x.verdict === 'FAIL');
  assert.equal(run.status, c ? 1 : 0);
  return c ? `${c.check} ${c.code} ${c.where.replace(/^(entry \d+).*/, '$1')}` : null;
};
const begin = (files) => {
  remove(record, aside);
  writeFolder(record, files);
};
const theirs = (...args) => spawnSync(tapat, args, { timeout: 60000 });
const mine = (...args) =>
  spawnSync(process.execPath, [path.join(root, 'verifier/cli.js'), ...args], { timeout: 60000 });

for (const [name, [change, want, files = small]] of Object.entries(cases))
  test(name, () => {
    begin(files);
    change();
    assert.equal(report(mine(record, '--json')), want);
    if (!native) return;
    assert.equal(report(theirs('verify', record, '--json')), want, 'tapat verify');
    if (!want) return;
    const packed = theirs('archive', '--unverified', record, path.join(dir, 'a.tar'));
    fs.rmSync(path.join(dir, 'a.tar'), { force: true });
    assert.ok([0, 1].includes(packed.status), `tapat archive: ${packed.stderr}`);
  });

test('what is printed of a name acts on no terminal', () => {
  begin(small);
  fs.writeFileSync(inside('\x1b[2J\x9b\u202e'), '');
  for (const run of [mine(record), ...(native ? [theirs('verify', record)] : [])])
    assert.match(String(run.stdout), /^[\x20-\x7e\n]*$/);
});

test('a pipe in place of an older checkpoint is not waited for', { skip: !native && 'not built' }, () => {
  begin(small);
  const older = path.join(dir, 'older');
  assert.equal(spawnSync('mkfifo', [older]).status, 0);
  const run = theirs('board', 'check', older, '--record', record);
  assert.equal(run.status, 3);
  assert.match(String(run.stderr), /not a file/);
});
