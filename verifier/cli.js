#!/usr/bin/env node
// node verifier/cli.js DIR|FILE [--fingerprint HEX] [--json]: checks a record from its files alone;
// FILE: its archive. Exit code 0: all holds; 1: refused; 2: usage; 3: the machine failed.
import fs from 'node:fs';
import path from 'node:path';

import { unhex } from './bytes.js';
import { archiveFolder, noArchive } from './archive.js';
import { verify } from './verify.js';

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

// Every file under dir, and whatever is no plain file; links are not followed. spec: R-1
function walk(dir, under = '') {
  return fs.readdirSync(path.join(dir, under), { withFileTypes: true }).flatMap((e) => {
    const name = under ? `${under}/${e.name}` : e.name;
    return e.isDirectory() ? walk(dir, name) : [e.isFile() ? name : `${name} (no plain file)`];
  });
}
const folder = (dir) => ({
  list: () => (fs.existsSync(dir) && fs.statSync(dir).isDirectory() ? walk(dir) : null),
  read(name) {
    const file = path.join(dir, name);
    return fs.existsSync(file) && fs.lstatSync(file).isFile()
      ? new Uint8Array(fs.readFileSync(file))
      : null;
  },
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

function print(report) {
  for (const c of report.checks) {
    const why = c.verdict === 'FAIL' ? `${c.code}${c.where ? `: ${c.where}` : ''}` : c.detail;
    console.log(`${c.verdict.padEnd(8)} ${c.check.padEnd(16)} ${why}`);
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
  console.error(e.stack ?? String(e));
  process.exitCode = 3;
}
