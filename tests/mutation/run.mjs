// The mutation run: every check of both verifiers is switched off in turn, and a record of the corpus
// must notice. node tests/mutation/run.mjs [--only c|js] [--every N] [--in FILE] [--records TEXT]
// [--jobs N] [--keep FILE]
//
//   --every N   of the sites of each verifier every Nth
//   --in FILE   only the checks of this source file
//   --records T only the records whose names begin so
//   --keep FILE what became of each site, a line each
//
// Prints TAP: a case for each verifier that no check of it goes unnoticed without a reason in
// equivalent.json, and one that every reason there is needed. Needs a finished build in build/.
import { fork, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import v8 from 'node:v8';

import * as c from './c.mjs';
import { corpus, writeCorpus } from './corpus.mjs';
import * as js from './js.mjs';

const here = path.dirname(new URL(import.meta.url).pathname),
  root = path.dirname(path.dirname(here)),
  meson = path.join(root, 'build');
const option = (name, otherwise) => {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? otherwise : process.argv[i + 1];
};
const only = option('only', ''),
  every = Number(option('every', 1)),
  within = option('in', ''),
  begin = option('records', ''),
  jobs = Number(option('jobs', 2));
const memory = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
const work = fs.mkdtempSync(path.join(memory, 'mutation-'));
process.on('exit', () => fs.rmSync(work, { recursive: true, force: true }));

// The checks that are asked for, numbered from 1.
const wanted = (sites) =>
  sites
    .filter((s) => !within || s.file === within)
    .map((s, i) => Object.assign(s, { id: i + 1 }));

// ---- C ----

const output = (command, args) =>
  new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (x) => (text += x));
    child.on('close', (status) => (status ? fail(new Error(`${command}: ${status}`)) : done(text)));
  });

async function runC(list) {
  const sites = wanted(c.scan(root)),
    out = path.join(work, 'c'),
    folder = path.join(work, 'corpus');
  fs.mkdirSync(out);
  const program = await c.build(root, meson, out, sites);
  writeCorpus(folder, list);
  const said = await output(program, [folder, sites.length, jobs, every].map(String));
  const fates = new Map();
  for (const line of said.trim().split('\n')) {
    const [, id, fate] = /^(\d+) (.*)$/.exec(line) ?? [];
    if (id) fates.set(Number(id), fate);
  }
  return { sites, fates };
}

// ---- JavaScript ----

// Hands tasks to workers; `done` takes each answer.
async function share(tasks, args, done) {
  const worker = () =>
    new Promise((finished, fail) => {
      const w = fork(path.join(here, 'worker.mjs'), args, { serialization: 'advanced' });
      w.on('message', (m) => {
        if (m !== 'ready') done(m);
        const next = tasks.shift();
        if (next) w.send(next);
        else w.disconnect();
      });
      w.on('exit', (code) => (code ? fail(new Error(`a worker ended with ${code}`)) : finished()));
    });
  await Promise.all(Array.from({ length: jobs }, worker));
}

async function runJs(list) {
  const sites = wanted(js.scan(root)),
    folder = path.join(meson, 'mutation', 'verifier'),
    file = path.join(work, 'corpus.v8'),
    whole = [],
    fates = new Map();
  js.build(root, folder, sites);
  fs.writeFileSync(file, v8.serialize(list));
  await share(
    list.map((_, i) => ({ whole: i })),
    [folder, file],
    (m) => (whole[m.i] = m),
  );
  list.forEach((r, i) => {
    const { verdict } = whole[i];
    if (!verdict.startsWith(r.expect)) throw new Error(`${r.name}: '${verdict}' not '${r.expect}'`);
  });
  const verdicts = whole.map((x) => x.verdict),
    order = whole.map((_, i) => i).sort((a, b) => whole[a].took - whole[b].took),
    refusing = whole.map((x) => new Set(x.refusing)),
    reached = new Set(whole.flatMap((x) => x.reached)),
    tasks = [];
  for (const s of sites.filter((x) => x.id % every === 0)) {
    const records = order.filter((i) => refusing[i].has(s.id));
    if (records.length) tasks.push({ site: s.id, records, verdicts });
    else fates.set(s.id, reached.has(s.id) ? 'quiet' : 'unreached');
  }
  await share(tasks, [folder, file], (m) =>
    fates.set(m.site, m.by < 0 ? 'silent' : `killed ${list[m.by].name}`),
  );
  return { sites, fates };
}

// ---- the table of what needs no record ----

const table = JSON.parse(fs.readFileSync(path.join(here, 'equivalent.json'), 'utf8'));
const rules = table.flatMap((group) =>
  group.sites.map((site) => ({ site, why: group.why, used: 0 })),
);
const ruleOf = (name) =>
  rules.find((r) =>
    r.site.endsWith('*') ? name.startsWith(r.site.slice(0, -1)) : r.site === name,
  );

let cases = 0,
  failed = 0;
function report(what, bad) {
  console.log(`${bad.length ? 'not ok' : 'ok'} ${++cases} - ${what}`);
  for (const line of bad) console.log(`# ${line}`);
  if (bad.length) failed++;
}
const kept = [];
function judge(language, { sites, fates }) {
  const bad = [],
    count = { killed: 0, explained: 0 };
  for (const s of sites) {
    const fate = fates.get(s.id);
    if (fate === undefined) continue;
    kept.push(`${s.outside ? 'outside ' : ''}${fate}\t${s.line}\t${s.name}`);
    if (s.outside) continue;
    const rule = ruleOf(s.name);
    if (fate.startsWith('killed')) count.killed++;
    else if (rule) {
      rule.used++;
      count.explained++;
    } else bad.push(`${s.file}:${s.line}: ${s.name}: ${fate}`);
  }
  const all = count.killed + count.explained + bad.length;
  console.log(`# ${language}: ${all} checks, ${count.killed} needed, ${count.explained} explained`);
  report(`${language}: every check is needed by a record, or explained`, bad);
}

const list = corpus().filter((r) => r.name.startsWith(begin));
console.log(`# ${list.length} records`);
if (only !== 'js') judge('C', await runC(list));
if (only !== 'c') judge('JavaScript', await runJs(list));
if (!only && !within && !begin && every === 1)
  report(
    'every reason in equivalent.json is of a check that no record needs',
    rules.filter((r) => !r.used).map((r) => r.site),
  );
if (option('keep')) fs.writeFileSync(option('keep'), `${kept.join('\n')}\n`);
console.log(`1..${cases}`);
process.exitCode = failed ? 1 : 0;
