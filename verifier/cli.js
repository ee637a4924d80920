#!/usr/bin/env node
// node verifier/cli.js DIR|FILE [--fingerprint HEX] [--json]: checks a record from its files alone;
// FILE: its archive. Exit code 0: all holds; 1: refused; 2: usage; 3: the machine failed.
import fs from 'node:fs';

import { unhex } from './bytes.js';
import { archiveFolder, noArchive } from './archive.js';
import { MAX_FILE, verify } from './verify.js';

const MAX_PATH = 127; // bytes, spec: R-1

const USAGE = 'usage: cli.js DIR|FILE [--fingerprint HEX] [--json]';
function usage(why) {
  console.error(`${why}\n${USAGE}`);
  process.exit(2);
}
function parse(args) {
  const o = { dir: null, fingerprint: null, json: false };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--help') {
      console.log(USAGE);
      process.exit(0);
    } else if (args[i] === '--json') o.json = true;
    else if (args[i] === '--fingerprint') {
      if (!/^[0-9a-fA-F]{64}$/.test(args[++i] ?? '')) usage('--fingerprint takes 64 hex digits');
      o.fingerprint = unhex(args[i].toLowerCase());
    } else if (args[i].startsWith('--') || o.dir !== null) usage(`what is ${args[i]}?`);
    else o.dir = args[i];
  }
  return o.dir === null ? usage('the folder of a record is missing') : o;
}

const below = (dir, name) => Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(name, 'latin1')]);
// Every file under dir, and with a slash whatever is no plain file; links are not followed. spec: R-1
function walk(dir, under = '') {
  const all = fs.readdirSync(below(dir, under), { withFileTypes: true, encoding: 'buffer' });
  return all.flatMap((e) => {
    const name = under + e.name.toString('latin1');
    if (name.length > MAX_PATH) return [`${name}/`];
    return e.isDirectory() ? walk(dir, `${name}/`) : [e.isFile() ? name : `${name}/`];
  });
}
// A plain file's bytes, as many as are looked at; null if it is none, or a link leads to it.
function readFile(dir, name) {
  const parts = name.split('/'),
    at = (n) => below(dir, parts.slice(0, n).join('/'));
  const kind = (n) => fs.lstatSync(at(n), { throwIfNoEntry: false });
  for (let n = 1; n < parts.length; n++) if (!kind(n)?.isDirectory()) return null;
  if (!kind(parts.length)?.isFile()) return null;
  const fd = fs.openSync(at(parts.length), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const bytes = new Uint8Array(Math.min(fs.fstatSync(fd).size, MAX_FILE));
    let got = 0;
    for (let n; got < bytes.length && (n = fs.readSync(fd, bytes, got, bytes.length - got, null)); ) got += n;
    return bytes.subarray(0, got);
  } finally {
    fs.closeSync(fd);
  }
}
const folder = (dir) => ({
  list: () => (fs.statSync(dir, { throwIfNoEntry: false })?.isDirectory() ? walk(dir) : null),
  read: (name) => readFile(dir, name),
});

// The record's files, wherever they are; null: an archive that is none. spec: R-24
function open(name) {
  if (!fs.existsSync(name) || !fs.statSync(name).isFile()) return folder(name);
  const fd = fs.openSync(name, 'r');
  return archiveFolder(fs.fstatSync(fd).size, (at, length) => {
    const bytes = new Uint8Array(length);
    if (fs.readSync(fd, bytes, 0, length, at) !== length) throw new Error(`${name}: cut`);
    return bytes;
  });
}

// What came of a stranger's bytes moves nothing on a terminal.
const harmless = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
function print(report) {
  for (const c of report.checks) {
    const why = c.verdict === 'FAIL' ? `${c.code}${c.where ? `: ${c.where}` : ''}` : c.detail;
    console.log(harmless(`${c.verdict.padEnd(8)} ${c.check.padEnd(16)} ${why}`));
  }
  console.log(report.verified ? '\nEverything that is on this board holds.' : '\nNOT VERIFIED.');
}

const options = parse(process.argv.slice(2));
try {
  const progress = process.stderr.isTTY
    ? (what, done, total) =>
        process.stderr.write(`\r${what} ${done} of ${total}${done === total ? '\n' : ''}`)
    : null;
  const files = await open(options.dir);
  const report = files ? await verify(files, options.fingerprint, progress) : noArchive;
  if (options.json) console.log(JSON.stringify(report, null, 1));
  else print(report);
  process.exitCode = report.verified ? 0 : 1;
} catch (e) {
  console.error(harmless(e.syscall ? `system: ${e.message}` : e.message));
  process.exitCode = 3;
}
