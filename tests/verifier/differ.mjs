// Differential testing of the two verifiers: honest and tampered elections are changed, entry by
// entry, byte by byte or with the right signatures anew, and both must give the same verdict, the
// same check and the same code. The first verifier runs as one process (judge.c).
//
//   node tests/verifier/differ.mjs [--count N] [--seed N] [--workers N] [--judge PATH]
//
// spec: Y-2, Y-3, S-16, S-18
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

import { firstFault } from '../../verifier/ballot.js';
import { Board } from '../../verifier/board.js';
import { ascii, concat, Fault, hex, Malformed, u32, u64, u8 } from '../../verifier/bytes.js';
import { parseManifest } from '../../verifier/manifest.js';
import * as tree from '../../verifier/tree.js';
import { checkCheckpoint, checkOf, verify } from '../../verifier/verify.js';
import { checkpoint, memory, writeFolder } from '../records/folder.mjs';
import { at, tampered, unusual } from '../records/tampered.mjs';
import { E } from '../records/election.mjs';
import { Dice, mutateBytes, mutateList, mutateShape, signAgain } from './mutate.mjs';

const root = new URL('../../', import.meta.url).pathname;
export const judgePath = path.join(root, 'build/tests/verifier/judge');

// ---- the first verifier ----

class Judge {
  constructor(program) {
    this.process = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = [];
    this.rest = '';
    this.wake = () => {};
    this.process.stdout.on('data', (d) => {
      const parts = (this.rest + d).split('\n');
      this.rest = parts.pop();
      this.lines.push(...parts);
      this.wake();
    });
    this.process.on('exit', (code) => {
      this.ended = code ?? 'signal';
      this.wake();
    });
    this.frames = [];
  }
  put(op, bytes = new Uint8Array(0)) {
    this.frames.push(ascii(op), u32(bytes.length), bytes);
  }
  // Sends what was put, and waits until `done` says that the answer is whole.
  async ask(done) {
    this.put('s');
    this.process.stdin.write(concat(...this.frames));
    this.frames = [];
    while (!done(this.lines)) {
      if (this.ended !== undefined) throw new Error(`the judge ended: ${this.ended}`);
      await new Promise((wake) => (this.wake = wake));
    }
    return this.lines.splice(0);
  }
  answers(n) {
    return this.ask((lines) => lines.length >= n);
  }
  stop() {
    this.process.stdin.end();
  }
}

// ---- the second: a board that can be copied ----

function copyOf(board) {
  const b = Object.assign(Object.create(Board.prototype), board),
    c = board.ceremony,
    moved = new Map();
  b.ceremony = Object.assign(Object.create(Object.getPrototypeOf(c)), c, {
    commits: c.commits.slice(), // with their holes
    deals: c.deals.slice(),
    complaints: new Map(c.complaints),
    confirmed: new Set(c.confirmed),
  });
  const { electorate } = board;
  if (electorate)
    b.electorate = Object.assign(Object.create(Object.getPrototypeOf(electorate)), electorate, {
      known: new Map(electorate.known),
    });
  b.liveness = new Map(board.liveness);
  b.shares = new Map(board.shares);
  b.credentials = new Map();
  for (const [k, v] of board.credentials) {
    const mine = { ...v };
    moved.set(v, mine);
    b.credentials.set(k, mine);
  }
  b.tips = new Map([...board.tips].map(([k, v]) => [k, moved.get(v)]));
  b.ballotsOfUnit = [...board.ballotsOfUnit];
  return b;
}

const newBoard = (e, leaves) =>
  new Board(e.m, e.generators(), (size) => tree.root(leaves.slice(0, size)));
function withLeaves(board, leaves) {
  const b = copyOf(board);
  b.rootAt = (size) => tree.root(leaves.slice(0, size));
  return b;
}

// The verdict on an entry, and the board after it.
function judged(board, bytes) {
  const next = copyOf(board),
    said = (code) => ({ board, verdict: `${checkOf(code, bytes[0])} ${code}` });
  let checks;
  try {
    checks = next.apply(E.readEntry(bytes));
  } catch (e) {
    if (!(e instanceof Fault)) throw e;
    const first = e.checks && firstFault([{ index: 0, checks: e.checks }]);
    return said(first ? first.code : e.code);
  }
  const bad = firstFault([{ index: 0, checks }]);
  return bad ? said(bad.code) : { board: next, verdict: 'ok' };
}

// ---- what is mutated ----

// Elections as far as their entries follow each other, with the board before each entry.
function prepared(name, e) {
  const leaves = [],
    boards = [];
  let board = newBoard(e, leaves);
  for (const entry of e.entries) {
    boards.push(board);
    let next;
    try {
      next = copyOf(board);
      const checks = next.apply(E.readEntry(entry));
      const signed = entry[0] === E.REGISTRATIONS; // ballots that come before are believed
      if (signed && firstFault([{ index: 0, checks }])) break;
    } catch (error) {
      if (error instanceof Fault) break;
      throw error;
    }
    board = next;
    leaves.push(tree.leafHash(entry));
  }
  if (leaves.length === e.entries.length) boards.push(board);
  return { name, e, leaves, boards };
}
function elections(dice, many) {
  const good = [{ name: 'published', make: () => at('published') }, ...unusual].filter(
    (x) => !x.name.startsWith('a log with tiles'),
  );
  const real = { name: 'no test', make: () => at('opened', { test: false }) };
  const other = { name: 'another', make: () => at('voted', { seed: 'another' }) };
  const list = many
    ? [...good, real, other, ...dice.shuffled(tampered).slice(0, many)]
    : [good[0], real, ...dice.shuffled(tampered).slice(0, 12)];
  return list
    .map((x) => ({ name: x.name, e: x.make() }))
    .filter(({ e }) => e.m.contests) // its manifest parses
    .map(({ name, e }) => prepared(name, e))
    .filter((x) => x.boards.length > 1);
}

// A fresh entry, signed rightly, that says anything.
function fresh(dice, e, board) {
  const time = dice.chance(50) ? e.time + BigInt(dice.below(40)) - 20n : BigInt(dice.below(4000));
  const hashes = [e.fingerprint, e.keyDigest, new Uint8Array(32), ...board.tips.values()];
  const some = dice.one(hashes),
    subject = some?.tip ?? (some instanceof Uint8Array ? some : new Uint8Array(32));
  const trustee = 1 + dice.below(e.trustees.length),
    voter = dice.one(e.voters);
  const kinds = [
    () => e.act(1 + dice.below(6), subject, { time, reason: dice.below(3), who: [1, 2] }),
    () => e.act(E.EXCLUDE, subject, { time, reason: 1 + dice.below(2), who: [1, 3] }),
    () => e.cancel(voter),
    () => e.batchEntry({ number: board.batches + dice.below(3), time, ballots: board.openBallots }),
    () => e.single(E.SHARES, trustee, concat(subject, u64(BigInt(dice.below(3))))),
    () => e.single(E.CONFIRM, trustee, subject),
    () => e.complaint(trustee, dice.below(6)),
    () => e.registrations([e.registration(voter)]),
    () => {
      if (!e.secrets) return e.batchEntry();
      const size = dice.below(e.entries.length + 2);
      const rootHash = dice.chance(80) ? board.rootAt(size) : subject;
      return e.liveness(trustee, { time, size, rootHash });
    },
  ];
  try {
    return dice.one(kinds)();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return e.batchEntry(); // this election has no such officer, contest or key
  }
}
// light: rather such that falls before any arithmetic
function candidate(dice, pool, x, k, board, light = false) {
  const own = x.e.entries[Math.min(k, x.e.entries.length - 1)],
    other = dice.one(pool).e.entries,
    donor = dice.chance(60) ? dice.one(x.e.entries) : dice.one(other);
  const how = dice.below(100);
  if (how < 3) return donor;
  if (how < 6) return fresh(dice, x.e, board);
  let b = dice.chance(70) ? own : donor;
  if (how < 30) b = mutateList(dice, b, donor) ?? mutateShape(dice, b, donor);
  else b = (light ? mutateShape : mutateBytes)(dice, b, donor);
  if (dice.chance(15)) b = (light ? mutateShape : mutateBytes)(dice, b, donor);
  return dice.chance(light ? 7 : 40) ? signAgain(dice, x.e, b) : b;
}

// ---- sessions: many candidates at one state ----

async function entries(judge, dice, pool, count, report) {
  const x = dice.one(pool),
    light = dice.chance(92),
    any = () => dice.below(x.boards.length),
    // late boards refuse more before any arithmetic
    k = dice.chance(4) ? 0 : light ? Math.max(any(), any(), any()) : any();
  judge.put('m', x.e.manifestBytes);
  for (let i = 0; i < k; i++) judge.put('b', x.e.entries[i]);
  let leaves = x.leaves.slice(0, k),
    board = withLeaves(x.boards[k], leaves);
  const said = [];
  for (let i = 0, accepted = 0; i < count; i++) {
    const bytes = candidate(dice, pool, x, k, board, light);
    const r = judged(board, bytes);
    judge.put('e', bytes);
    said.push([bytes, r.verdict, k]);
    if (r.verdict !== 'ok') continue;
    leaves.push(tree.leafHash(bytes));
    board = r.board;
    if (++accepted < 4) continue;
    accepted = 0;
    judge.put('r');
    leaves = x.leaves.slice(0, k);
    board = withLeaves(x.boards[k], leaves);
  }
  const answers = await judge.answers(count);
  said.forEach(([bytes, mine], i) => {
    report(`entry after ${k} of "${x.name}"`, mine, answers[i], bytes);
  });
}

// ---- manifests and checkpoints ----

const jsonWords = ['0', '-0', '1e0', '1.0', 'null', 'true', '""', '[]', '{}', '"\\u0000"', '99999999999999999999']
  .concat(['"\\ud800"', '"\\u00e9"', '" x"', '"x\u00ad"', '"\u2028"', '"\u200b"', '-1', '513', '65', '4096', '01'])
  .concat(['"2028-02-30T00:00:00Z"', '"2028-04-31T00:00:00Z"', '"2199-12-31T23:59:59Z"', '"en"', '\t', '/**/']);
function mutateManifest(dice, e) {
  const text = new TextDecoder().decode(e.manifestBytes);
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[-0-9.eE+]+|[{}[\],:]|\s+|\w+/g);
  const i = dice.below(tokens.length),
    j = dice.below(tokens.length);
  const kind = dice.below(7);
  if (kind === 0) tokens[i] = dice.one(jsonWords);
  else if (kind === 1) tokens.splice(i, 1);
  else if (kind === 2) tokens.splice(i, 0, tokens[j]);
  else if (kind === 3) tokens[i] = tokens[j];
  else if (kind === 4) [tokens[i], tokens[j]] = [tokens[j], tokens[i]];
  else if (kind === 5 && /^\d+$/.test(tokens[i])) tokens[i] = String(Number(tokens[i]) + dice.one([-2, -1, 1, 2, 1000, 1e6]));
  else {
    const bytes = ascii(tokens.join(''));
    bytes[dice.below(bytes.length)] ^= 1 << dice.below(8);
    return bytes;
  }
  return ascii(tokens.join(''));
}
function parsed(bytes) {
  try {
    parseManifest(bytes);
    return 'ok';
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `manifest ${error.code}`;
  }
}
// A manifest with several faults is refused for any one of them: M-22
async function manifests(judge, dice, pool, count, report) {
  const x = dice.one(pool),
    said = [];
  for (let i = 0; i < count; i++) {
    let bytes = mutateManifest(dice, x.e);
    if (dice.chance(10)) bytes = mutateManifest(dice, { manifestBytes: bytes });
    judge.put('p', bytes);
    said.push([bytes, parsed(bytes)]);
  }
  const answers = await judge.answers(count);
  said.forEach(([bytes, mine], i) => {
    const both = mine !== 'ok' && answers[i].startsWith('manifest manifest.');
    report('manifest', mine, both ? mine : answers[i], bytes);
  });
}

function mutateCheckpoint(dice, e) {
  const all = e.fileList(),
    bytes = all.get('checkpoint');
  const kind = dice.below(6),
    text = new TextDecoder().decode(bytes),
    lines = text.split('\n');
  const i = dice.below(lines.length),
    j = dice.below(lines.length);
  if (kind === 0) lines.splice(i, 1);
  else if (kind === 1) lines.splice(i, 0, lines[j]);
  else if (kind === 2) lines[i] += dice.one([' ', '\r', '=', '\u00a0', 'A', '+']);
  else if (kind === 3) lines[i] = lines[i].replace(/[A-Za-z0-9]/, () => dice.one([...'0A9z+/']));
  else if (kind === 4) {
    const size = dice.one(['0', '01', '-1', '+5', '9223372036854775807', '9223372036854775808', '1e3', ' 5', '']);
    return signedAs(e, size, lines);
  } else {
    const out = bytes.slice();
    out[dice.below(out.length)] ^= 1 << dice.below(8);
    return out;
  }
  return ascii(lines.join('\n'));
}
const signedAs = (e, size, lines) =>
  checkpoint({ ...e, size, root: Buffer.from(lines[2], 'base64') });
function checked(m, bytes) {
  try {
    checkCheckpoint(m, bytes);
    return 'ok';
  } catch (error) {
    if (error instanceof Malformed) return 'log checkpoint.malformed';
    if (error instanceof Fault) return `log ${error.code}`;
    throw error;
  }
}
async function checkpoints(judge, dice, pool, count, report) {
  const { e } = dice.one(pool),
    said = [];
  judge.put('m', e.manifestBytes);
  const files = e.fileList(),
    once = { ...e, fileList: () => files };
  for (let i = 0; i < count; i++) {
    const bytes = mutateCheckpoint(dice, once);
    judge.put('n', bytes);
    said.push([bytes, checked(e.m, bytes)]);
  }
  const answers = await judge.answers(count);
  said.forEach(([bytes, mine], i) => report('checkpoint', mine, answers[i], bytes));
}

// ---- whole records ----

function mutateFiles(dice, all, pool, e) {
  const names = [...all.keys()],
    name = dice.one(names),
    bytes = all.get(name);
  const put = (n, b) => all.set(n, b);
  const ways = [
    () => all.delete(name),
    () => put(name, mutateBytes(dice, bytes, dice.one(pool).e.manifestBytes)),
    () => put(name, bytes.subarray(0, dice.below(bytes.length + 1))),
    () => put(name, all.get(dice.one(names))),
    () => put(dice.one(strange), bytes),
    () => {
      all.delete(name);
      put(`${name}.p/${dice.below(300)}`, bytes);
    },
    () => put('checkpoint', mutateCheckpoint(dice, { ...e, fileList: () => all })),
    () => {
      const manifest = mutateManifest(dice, e);
      put('manifest.json', manifest);
    },
  ];
  dice.one(ways)();
  return all;
}
const strange = ['x', 'tile/0/001', 'tile/1/000', 'tile/00/000', 'tile/0/000', 'tile/0/0', 'tile/8/000', 'document/x']
  .concat([`document/${'0'.repeat(64)}`, `document/${'A'.repeat(64)}`, 'results.json', 'results.csv', 'tile/entries/001'])
  .concat(['tile/0/000.p/0', 'tile/0/000.p/01', 'tile/0/x000/001', 'manifest.json2', 'tile/entries/000.p/256', '.hidden']);

// An election with entries changed and signed, its tree and checkpoint made anew.
function changedElection(dice, pool, x) {
  const e = Object.assign(Object.create(Object.getPrototypeOf(x.e)), x.e),
    list = [...x.e.entries];
  const i = dice.below(list.length),
    j = dice.below(list.length);
  const kind = dice.below(6);
  if (kind === 0) list.splice(i, 1);
  else if (kind === 1) list.splice(i, 0, list[j]);
  else if (kind === 2) [list[i], list[j]] = [list[j], list[i]];
  else if (kind === 3) list.splice(i);
  else list[i] = candidate(dice, pool, x, i, x.boards[Math.min(i, x.boards.length - 1)]);
  e.entries = list;
  const documents = new Map(e.documents);
  if (dice.chance(20) && documents.size) {
    const name = dice.one([...documents.keys()]),
      bytes = mutateBytes(dice, documents.get(name), documents.get(name));
    documents.set(name, bytes);
  }
  e.documents = documents;
  return e.fileList();
}
const place = (c) => c.where.replace(/^(entry \d+).*|^(?!entry|tile|document).*/, '$1');
const told = (checks) => {
  const bad = checks.find((c) => c.verdict === 'FAIL');
  if (bad) return `${bad.check} ${bad.code} ${place(bad)}`;
  return checks.map((c) => `${c.check} ${c.verdict} ${c.detail}`).join('; ');
};
async function records(judge, dice, pool, count, report, dir) {
  for (let i = 0; i < count; i++) {
    const x = dice.one(pool);
    let all;
    if (dice.chance(60)) all = changedElection(dice, pool, x);
    else all = mutateFiles(dice, new Map(x.e.fileList()), pool, x.e);
    try {
      writeFolder(dir, all);
    } catch {
      continue; // a name that is a folder too
    }
    judge.put('v', ascii(dir));
    const lines = await judge.ask((list) => list.at(-1) === '.');
    const checks = lines.slice(0, -1).map((l) => {
      const [check, verdict, detail, code, where] = l.split('\t');
      return { check, verdict, detail, code, where };
    });
    const mine = await verify(memory(all));
    report(`record of "${x.name}"`, told(mine.checks), told(checks), () => {
      const kept = fs.mkdtempSync(path.join(os.tmpdir(), 'differs-'));
      writeFolder(kept, all);
      return ascii(kept);
    });
  }
}

// ---- a run ----

const SESSION = 250;
// sessions of a kind in a thousand, and how many comparisons a session has
const KINDS = [
  [30, SESSION, manifests],
  [30, SESSION, checkpoints],
  [30, 25, records],
  [910, SESSION, entries],
];
function pick(dice) {
  let at = dice.below(1000);
  return KINDS.find(([share]) => (at -= share) < 0);
}

// options: { count, seed, judge, many, seconds, change }; { counts, verdicts, differences }
export async function differ(options, progress = () => {}) {
  const dice = new Dice(options.seed),
    judge = new Judge(options.judge ?? judgePath),
    pool = elections(dice, options.many),
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'differ-'));
  const out = { counts: {}, verdicts: {}, differences: [] };
  const change = options.change ?? ((verdict) => verdict); // of ours, to try the comparison
  let kind,
    total = 0;
  const report = (where, mine, theirs, what) => {
    total++;
    out.counts[kind] = (out.counts[kind] ?? 0) + 1;
    const short = mine.includes(';') ? 'ok' : mine.split(' ').slice(0, 2).join(' ');
    out.verdicts[short] = (out.verdicts[short] ?? 0) + 1;
    if (change(mine) === theirs) return;
    const bytes = typeof what === 'function' ? what() : what;
    options.tell?.(`${where}: ${change(mine)} | ${theirs}: ${hex(bytes)}`);
    out.differences.push({ where, mine: change(mine), theirs, bytes: hex(bytes) });
  };
  const ends = Date.now() + 1000 * (options.seconds ?? Infinity);
  try {
    while (total < options.count && Date.now() < ends) {
      const [, most, session] = pick(dice);
      kind = session.name;
      await session(judge, dice, pool, Math.min(most, options.count - total), report, dir);
      progress(total, out);
    }
  } finally {
    judge.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  }
  return out;
}

// ---- the program ----

export function add(sum, part) {
  for (const name of ['counts', 'verdicts'])
    for (const [k, n] of Object.entries(part[name])) sum[name][k] = (sum[name][k] ?? 0) + n;
  sum.differences.push(...part.differences);
  return sum;
}
// Several workers, each with a judge of its own.
export async function differTogether(options, progress) {
  const { workers } = options,
    done = new Array(workers).fill(0);
  const parts = Array.from({ length: workers }, (_, i) => {
    const workerOptions = { ...options, seed: options.seed + 1000 * i, count: Math.ceil(options.count / workers) };
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: workerOptions });
    return new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', (m) => {
        if (m.done) resolve(m.done);
        done[i] = m.total;
        progress?.(done.reduce((a, b) => a + b, 0), m.differences);
      });
    });
  });
  const sum = { counts: {}, verdicts: {}, differences: [] };
  for (const part of await Promise.all(parts)) add(sum, part);
  return sum;
}

async function main() {
  const o = { count: 1e6, seed: 1, workers: 2, many: 150 };
  for (let i = 2; i < process.argv.length; i += 2) {
    const name = process.argv[i].replace(/^--/, '');
    o[name] = name === 'judge' ? process.argv[i + 1] : Number(process.argv[i + 1]);
  }
  const began = Date.now();
  let last = 0;
  const sum = await differTogether(o, (total, differences) => {
    if (Date.now() - last < 10000) return;
    last = Date.now();
    console.error(`${total} in ${Math.round((last - began) / 1000)} s, ${differences} differences in a worker`);
  });
  const kinds = new Map();
  for (const d of sum.differences) {
    const kind = `${d.mine} | ${d.theirs}`;
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push(d);
  }
  for (const [kind, list] of kinds)
    console.log(`${list.length} times ${kind}\n  first: ${list[0].where}, ${list[0].bytes.slice(0, 600)}`);
  const count = Object.values(sum.counts).reduce((a, b) => a + b, 0);
  console.log(JSON.stringify(sum.verdicts));
  console.log(JSON.stringify(sum.counts));
  console.log(`${count} compared in ${Math.round((Date.now() - began) / 1000)} s, ${sum.differences.length} differences`);
  process.exitCode = sum.differences.length ? 1 : 0;
}

if (!isMainThread && workerData?.count) {
  differ({ ...workerData, tell: console.error }, (total, out) => parentPort.postMessage({ total, differences: out.differences.length })).then((done) =>
    parentPort.postMessage({ total: workerData.count, done }),
  );
} else if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
