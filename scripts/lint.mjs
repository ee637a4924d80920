// The house's rules that a compiler does not check, as TAP: two cases a rule, that the rule finds
// its own bad sample and that it finds nothing in the tree.
// Usage: scripts/lint [--build DIR]   DIR: a finished build (build), for the freestanding rule.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const option = process.argv.indexOf('--build');
const build = option < 0 ? 'build' : process.argv[option + 1];

// ---- the tree: {path: text} of what git would commit ----

function readTree() {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' });
  const tree = {};
  for (const name of list.split('\n').filter((f) => f && fs.existsSync(f))) {
    if (!fs.statSync(name).isFile()) continue;
    const bytes = fs.readFileSync(name);
    if (!bytes.includes(0)) tree[name] = bytes.toString('utf8');
  }
  return tree;
}
const isC = (f) => /\.[ch]$/.test(f);
const isScript = (f) => /\.m?js$/.test(f) || /^scripts\//.test(f);
const isTest = (f) => /^tests\//.test(f) || /(^|\/)test\//.test(f) || /\.test\.m?js$/.test(f);

// Every line of files that pass `want`: [file, line number, text].
function* lines(tree, want) {
  for (const f of Object.keys(tree).filter(want)) {
    const all = tree[f].split('\n');
    for (let i = 0; i < all.length; i++) yield [f, i + 1, all[i]];
  }
}
function grep(tree, want, pattern, why) {
  const found = [];
  for (const [f, n, text] of lines(tree, want)) {
    if (pattern.test(text)) found.push(`${f}:${n}: ${why}: ${text.trim().slice(0, 80)}`);
  }
  return found;
}
// Function bodies of clang-formatted C: they open on a line that ends in "{" after a ")" and close
// with "}" in the first column. [file, first line, name, lines of the body]
function* functions(tree, want) {
  for (const f of Object.keys(tree).filter(want)) {
    const all = tree[f].split('\n');
    for (let i = 0; i < all.length; i++) {
      if (!/^[a-zA-Z_].*|^ .*\) \{$/.test(all[i]) || !/\) \{$/.test(all[i]) || /^\s*#/.test(all[i]))
        continue;
      let first = i;
      while (first > 0 && /^\s/.test(all[first])) first--;
      const end = all.indexOf('}', i);
      if (end < 0) continue;
      const name = /([a-z0-9_]+)\(/i.exec(all.slice(first, i + 1).join(' '));
      yield [f, first + 1, name ? name[1] : '?', all.slice(i + 1, end)];
      i = end;
    }
  }
}

// ---- who may include whom ----

const layers = [
  ['core/base/', []],
  ['core/hash/', ['core/base/']],
  ['core/group/', ['core/base/', 'core/hash/']],
  ['core/merkle/', ['core/base/', 'core/hash/']],
  ['core/proof/', ['core/base/', 'core/hash/', 'core/group/']],
  ['core/threshold/', ['core/base/', 'core/hash/', 'core/group/', 'core/proof/']],
  ['election/', ['core/']],
  ['store/sqlite/', ['core/base/', 'store/store.h', 'sql.h']],
  ['store/postgres/', ['core/base/', 'store/store.h', 'sql.h']],
  ['store/', ['core/base/', 'sql.h']],
  ['record/', ['core/', 'election/']],
  ['server/', ['core/', 'election/', 'record/', 'store/store.h']],
  ['cli/', ['core/', 'election/', 'record/', 'store/store.h']],
  ['web/', ['core/', 'election/', 'record/']],
  ['verifier/', []],
];
// One place each where a program is put together: it names the parts that it is made of.
const joints = {
  'cli/serve.c': ['server/server.h', 'store/sqlite/sqlite.h'],
  'cli/message.c': ['server/texts.h', 'store/store.h'],
  'cli/roll_funnel.c': ['server/funnel.h'],
  'cli/letter_mail.c': ['server/courier.h'],
  'cli/registrar_evidence.c': ['server/provider.h'],
  'cli/registrar_provider.h': ['server/id_token.h'],
  'cli/witness.c': ['server/witness.h'],
  'cli/roll.c': ['store/sqlite/sqlite.h'],
  'cli/simulate/record.c': ['store/sqlite/sqlite.h'],
};
function includes(tree) {
  const found = [];
  for (const [f, n, text] of lines(tree, isC)) {
    const what = /^\s*#\s*include "([^"]+)"/.exec(text);
    const layer = what && layers.find(([folder]) => f.startsWith(folder));
    if (!layer) continue;
    const allowed = [layer[0], ...layer[1], ...(joints[f] || [])];
    if (!allowed.some((a) => what[1].startsWith(a))) found.push(`${f}:${n}: includes ${what[1]}`);
  }
  return found;
}
// The second verifier stands alone: plain node modules and its own files.
function verifierAlone(tree) {
  const found = [];
  for (const [f, n, text] of lines(tree, (p) => /^verifier\/.*\.m?js$/.test(p))) {
    const what = /(?:\bfrom\s+|\brequire\(|\bimport\(|^\s*import\s+)['"]([^'"]+)['"]/.exec(text);
    if (!what || /^(node:|@noble\/(curves|hashes)\/)/.test(what[1])) continue;
    const to = path.posix.join(path.posix.dirname(f), what[1]);
    if (!what[1].startsWith('.') || !to.startsWith('verifier/'))
      found.push(`${f}:${n}: imports ${what[1]}`);
  }
  return found;
}
const freestanding = /^(stddef|stdint|stdbool|limits|cpuid|immintrin|emmintrin)\.h$/;
function coreHeaders(tree) {
  const found = [];
  for (const [f, n, text] of lines(tree, (p) => isC(p) && p.startsWith('core/'))) {
    const what = /^\s*#\s*include <([^>]+)>/.exec(text);
    if (what && !freestanding.test(what[1]) && !/^valgrind|^sanitizer/.test(what[1]))
      found.push(`${f}:${n}: core includes <${what[1]}>`);
  }
  return found;
}
// Symbols that core and the freestanding part of election leave to others.
const given = /^(mem(cpy|move|set|cmp)|_GLOBAL_OFFSET_TABLE_|__cpu_(model|indicator_init)|__stack_chk_fail|tp_fail)$/;
function undefinedSymbols(listing) {
  const defined = new Set(), wanted = new Map();
  let object = '?';
  for (const text of listing.split('\n')) {
    const member = /^(\S+\.o):$/.exec(text);
    if (member) object = member[1];
    const symbol = /\s([A-Za-z]) (\S+)$/.exec(text);
    if (!symbol) continue;
    if (/[Uw]/.test(symbol[1])) wanted.set(symbol[2], object);
    else defined.add(symbol[2]);
  }
  const missing = [...wanted].filter(([s]) => !defined.has(s) && !given.test(s));
  return missing.map(([symbol, from]) => `${from}: needs ${symbol}`);
}
function freestandingParts(tree) {
  if (tree['(nm)']) return undefinedSymbols(tree['(nm)']);
  const objects = [`${build}/core/libtapat-core.a`];
  const listed = /election_freestanding = files\(([^)]*)\)/.exec(tree['election/meson.build'] || '');
  for (const name of (listed ? listed[1] : '').match(/[a-z_]+\.c/g) || [])
    objects.push(`${build}/election/libtapat-election.a.p/${name}.o`);
  const missing = objects.filter((f) => !fs.existsSync(f));
  if (missing.length) return missing.map((f) => `${f}: not built`);
  return undefinedSymbols(execFileSync('nm', ['-A', ...objects], { encoding: 'utf8' })
    .replace(/^(?:.*:)?([^:]+\.o):/gm, '$1:\n'));
}

// ---- requirements of spec/ and fault codes, against code and tests ----

function requirements(tree) {
  const ids = new Map();
  for (const [f, n, text] of lines(tree, (p) => /^spec\/.*\.md$/.test(p))) {
    const id = /^(?:[-*|] )?\*\*([A-Z]-\d+)\*\*/.exec(text);
    if (id) ids.set(id[1], `${f}:${n}`);
  }
  return ids;
}
// Identifiers cited as "spec: P-1, P-3..P-5" or "requirements P-1..P-4" or bare in a comment.
function citations(tree, want) {
  const cited = new Map();
  for (const [f, n, text] of lines(tree, want)) {
    for (const range of text.matchAll(/\b([A-Z])-(\d+)\.\.(?:\1-)?(\d+)/g))
      for (let i = +range[2]; i <= +range[3] && i < +range[2] + 100; i++)
        cited.set(`${range[1]}-${i}`, `${f}:${n}`);
    for (const one of text.matchAll(/(?<![\w-])([A-Z]-\d+)(?![\w-])/g))
      if (one[1] !== 'P-256') cited.set(one[1], `${f}:${n}`); // a curve of others
  }
  return cited;
}
const exceptionsFile = 'spec/uncited';
function exceptions(tree) {
  return new Set((tree[exceptionsFile] || '').split('\n').filter((l) => l && !l.startsWith('#')));
}
// What is missing, less the committed exceptions; an exception that is no longer one is an error too.
function shrinking(tree, missing, prefix) {
  const excused = exceptions(tree), found = [];
  for (const [key, what] of missing) if (!excused.has(key)) found.push(what);
  for (const key of excused)
    if (prefix.test(key) && !missing.has(key)) found.push(`${exceptionsFile}: strike "${key}", it is met`);
  return found;
}
const isSource = (f) => !isTest(f) && (isC(f) || isScript(f) || /\.sql$/.test(f));
const isTestSource = (f) => isTest(f) && /\.(c|h|m?js|sh)$/.test(f);
function specCited(tree) {
  const code = citations(tree, isSource), tests = citations(tree, isTestSource), missing = new Map();
  for (const [id, at] of requirements(tree)) {
    if (!code.has(id)) missing.set(`code ${id}`, `${at}: ${id} is cited nowhere in the code`);
    if (!tests.has(id)) missing.set(`test ${id}`, `${at}: ${id} is cited in no test`);
  }
  return shrinking(tree, missing, /^(code|test) /);
}
function citedExists(tree) {
  const ids = requirements(tree), missing = new Map(), letters = new Set();
  for (const id of ids.keys()) letters.add(id[0]);
  for (const [id, at] of citations(tree, (f) => isSource(f) || isTestSource(f)))
    if (letters.has(id[0]) && !ids.has(id)) missing.set(`spec ${id}`, `${at}: cites ${id}, which spec/ has not`);
  return shrinking(tree, missing, /^spec /);
}
function faultCodes(tree) {
  const missing = new Map();
  const tests = Object.keys(tree).filter(isTestSource).map((f) => tree[f]).join('\n');
  const list = /tp_fault_codes\[\] = \{([^}]*)\}/.exec(tree['election/fault.c'] || '');
  for (const [, code] of (list ? list[1] : '').matchAll(/"([a-z.-]+)"/g))
    if (!tests.includes(`"${code}"`) && !tests.includes(`'${code}'`))
      missing.set(`fault ${code}`, `election/fault.c: "${code}" is used in no test`);
  return shrinking(tree, missing, /^fault /);
}
const refusals = 'spec/12-refusals.md';
// The rows of the table of refusals: code to { at, where, status }.
function refusalTable(tree) {
  const rows = new Map();
  for (const [f, n, text] of lines(tree, (p) => p === refusals)) {
    const row = /^\| `([a-z]+(?:\.[a-z0-9-]+)?)` \|.*\| ([^|]*) \|$/.exec(text);
    const status = /^\| \S+ \| ((?:\d{3}(?:, )?)+) \|/.exec(text);
    if (row) rows.set(row[1], { at: `${f}:${n}`, where: row[2], status: status ? status[1].split(', ') : null });
  }
  return rows;
}
// The codes that sources give: [code, place]. Literals of the table's prefixes, names of files left out.
function* codesGiven(tree, table) {
  const prefixes = new Set([...table.keys()].filter((c) => c.includes('.')).map((c) => c.split('.')[0]));
  // The manifest's reader of the second verifier names members by the same words.
  const gives = (f) => !isTest(f) && f !== 'verifier/manifest.js' &&
    (/^(core|election|record|server|cli|web)\/.*\.[ch]$/.test(f) || /^verifier\/.*\.js$/.test(f));
  for (const [f, n, text] of lines(tree, gives)) {
    for (const [, quote, code] of text.matchAll(/(["'])([a-z]+\.[a-z0-9-]+)\1/g))
      if (quote && prefixes.has(code.split('.')[0]) && !/\.(key|js|html)$|^results\.json$/.test(code)) yield [code, `${f}:${n}`];
    const raised = /(?:\b[45]\d\d, |tp_fail\([^"]*)"([a-z]+\.[a-z0-9-]+)"/g;
    if (f.endsWith('.c')) for (const [, code] of text.matchAll(raised)) yield [code, `${f}:${n}`];
    if (/^server\/(http|head)\.c$/.test(f))
      for (const [, status] of text.matchAll(/(?:return|[?:]|refuse\(rq,|status =) ([45]\d\d)\b/g))
        yield [`http.${status}`, `${f}:${n}`];
  }
  const list = /tp_fault_codes\[\] = \{([^}]*)\}/.exec(tree['election/fault.c'] || '');
  for (const [, code] of (list ? list[1] : '').matchAll(/"([a-z.-]+)"/g)) yield [code, 'election/fault.c'];
}
// Chapter 12 lists what sources give and nothing else, and each row names what requires it.
function refusalsComplete(tree) {
  const table = refusalTable(tree), found = new Set(), given = new Set(), ids = requirements(tree);
  for (const [code, at] of codesGiven(tree, table)) {
    given.add(code);
    if (!table.has(code)) found.add(`${at}: \`${code}\` is not in ${refusals}`);
  }
  for (const [f, n, text] of lines(tree, (p) => /^server\/.*\.c$/.test(p)))
    for (const [, status, code] of text.matchAll(/\b([45]\d\d), "([a-z.-]+)"/g))
      if (table.get(code)?.status && !table.get(code).status.includes(status))
        found.add(`${f}:${n}: \`${code}\` with ${status}, which chapter 12 does not say`);
  const others = Object.keys(tree).filter((f) => /^spec\/\d.*\.md$/.test(f) && f !== refusals);
  const text = others.map((f) => tree[f]).join('\n');
  for (const [code, { at, where }] of table) {
    if (!given.has(code)) found.add(`${at}: no source gives \`${code}\``);
    const said = code.startsWith('http.') ? 'http.STATUS' : code;
    if (!text.includes(`\`${said}\``)) found.add(`${at}: no chapter names \`${code}\``);
    for (const place of where.split(', '))
      if (!ids.has(place) && !(/^chapter \d+$/.test(place) && others.some((f) => +f.slice(5, 7) === +place.slice(8))))
        found.add(`${at}: \`${code}\` is required by "${place}", which is nowhere`);
  }
  return [...found];
}
// Every vector stands in the README of spec/ and is read by a test in C and one of the second verifier.
function vectorsRead(tree) {
  const found = [], readme = tree['spec/README.md'] || '';
  const c = Object.keys(tree).filter((f) => /^tests\/.*\.c$/.test(f)).map((f) => tree[f]).join('\n');
  const js = Object.keys(tree).filter((f) => /^tests\/verifier\/.*\.test\.mjs$/.test(f)).map((f) => tree[f]).join('\n');
  for (const f of Object.keys(tree).filter((p) => /^spec\/vectors\//.test(p))) {
    const name = path.basename(f, '.json');
    if (!readme.includes(`\`${name}.json\``)) found.push(`${f}: is not in spec/README.md`);
    if (!c.includes(`"vectors/${name}.json"`)) found.push(`${f}: no test in C reads it`);
    if (!new RegExp(`vectors/${name}\\.json|read\\('${name}'\\)|checks = \\{[^}]*\\b${name}\\b`).test(js))
      found.push(`${f}: no test of the second verifier reads it`);
  }
  return found;
}
// The names of chapter 2 are those of the code: domains, uses and what hashes begin with.
function namesListed(tree) {
  const found = new Set(), section = /### All names\n([^]*?)\n## /.exec(tree['spec/02-primitives.md'] || '');
  if (!section) return ['spec/02-primitives.md: no list of names'];
  const ids = requirements(tree), names = new Set(), sources = [];
  for (const line of section[1].split('\n').filter((l) => l.startsWith('| `') || l.includes('inside') || l.startsWith('`'))) {
    const cells = line.startsWith('|') ? line.split('|').map((c) => c.trim()) : ['', line];
    for (const [, name] of cells[1].matchAll(/`([^`]+)`/g)) names.add(name);
    for (const id of cells[3]?.split(', ') ?? []) if (!ids.has(id)) found.add(`spec/02-primitives.md: ${id} is nowhere`);
    for (const [, file] of (cells[4] ?? '').matchAll(/`([^`]+)`/g))
      if (!(`spec/vectors/${file}` in tree)) found.add(`spec/02-primitives.md: no vector ${file}`);
  }
  const isCode = (f) => !isTest(f) && (isC(f) || /\.js$/.test(f)) && /^(core|election|record|server|cli|web|verifier)\//.test(f);
  const opens = /(?:tp_transcript_init|\bbegin|tp_nonces_init)\([^"]*"([^"]+)"|new Transcript\('([^']+)'/g;
  for (const [f, n, text] of lines(tree, isCode)) {
    sources.push(text);
    const said = [...text.matchAll(/["'](tapat-v1 [^"']+)["']/g), ...text.matchAll(opens)];
    for (const m of said) {
      const name = m[1] ?? m[2];
      if (!names.has(name)) found.add(`${f}:${n}: "${name}" is not among the names of chapter 2`);
    }
  }
  const all = sources.join('\n');
  for (const name of names)
    if (!all.includes(`"${name}"`) && !all.includes(`'${name}'`)) found.add(`spec/02-primitives.md: no code says "${name}"`);
  return [...found];
}
function faultsListed(tree) {
  const list = /tp_fault_codes\[\] = \{([^}]*)\}/.exec(tree['election/fault.c'] || '');
  const codes = new Set([...(list ? list[1] : '').matchAll(/"([a-z.-]+)"/g)].map((m) => m[1]));
  const found = [];
  for (const [f, n, text] of lines(tree, (p) => /\.c$/.test(p) && !isTest(p)))
    for (const [, code] of text.matchAll(/tp_fail\([^"]*"([a-z]+\.[a-z-]+)"/g))
      if (!codes.has(code) && !(f.startsWith('server/') && refusalTable(tree).has(code)))
        found.push(`${f}:${n}: "${code}" is not in election/fault.c`);
  return found;
}

// ---- text ----

function preprocessorInside(tree) {
  const found = [];
  for (const [f, n, name, body] of functions(tree, isC)) {
    const at = body.findIndex((l) => /^\s*#\s*(if|ifdef|ifndef|else|elif)\b/.test(l));
    if (at >= 0) found.push(`${f}:${n}: conditional compilation inside ${name}`);
  }
  return found;
}
// Unrolled arithmetic: longer than 60 lines because the schedule is written out.
const longFunctions = new Set([]);
function longBodies(tree) {
  const found = [];
  for (const [f, n, name, body] of functions(tree, isC))
    if (body.length > 60 && !longFunctions.has(`${f} ${name}`))
      found.push(`${f}:${n}: ${name} has ${body.length} lines`);
  return found;
}
function formatted(tree) {
  const names = Object.keys(tree).filter(isC);
  let folder = null, files = names;
  if (tree['(sample)']) {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lint-'));
    fs.copyFileSync('.clang-format', path.join(folder, '.clang-format'));
    files = names.map((f) => path.join(folder, path.basename(f)));
    names.forEach((f, i) => fs.writeFileSync(files[i], tree[f]));
  }
  const run = spawnSync('clang-format-19', ['--dry-run', '-Werror', ...files], { encoding: 'utf8' });
  if (folder) fs.rmSync(folder, { recursive: true });
  if (run.error) return [`clang-format-19: ${run.error.message}`];
  const found = new Set();
  for (const [, at] of run.stderr.matchAll(/^(\S+?:\d+):\d+: error/gm)) found.add(`${at}: not formatted`);
  return [...found];
}
function registered(tree) {
  const builds = Object.keys(tree).filter((f) => /(^|\/)meson\.build$/.test(f)).map((f) => tree[f]).join('\n');
  const found = [];
  for (const f of Object.keys(tree).filter((p) => /^(core|election|record|store|server|cli|tests)\/.*\.c$/.test(p))) {
    const stem = path.basename(f, '.c');
    const short = stem.replace(/^test_/, '');
    if (!builds.includes(`${stem}.c`) && !new RegExp(`'${stem}'|'${short}'`).test(builds))
      found.push(`${f}: in no meson.build`);
  }
  return found;
}

// ---- the rules, each with a sample that it must find ----

const notLint = (f) => f !== 'scripts/lint.mjs';
const rules = [
  ['a layer includes only what stands under it', includes,
    { 'core/base/x.c': '#include "core/group/group.h"\n' }],
  ['store drivers do not know each other', includes,
    { 'store/postgres/x.c': '#include "store/sqlite/sqlite.h"\n' }],
  ['the second verifier imports nothing of ours', verifierAlone,
    { 'verifier/x.mjs': "import { f } from '../web/x.mjs';\n" }],
  ['core includes no header of a C library', coreHeaders, { 'core/x/x.c': '#include <string.h>\n' }],
  ['core and the page\'s part of election need nothing but mem*', freestandingParts,
    { '(nm)': 'x.o:\n                 U malloc\n' }],
  ['no weak randomness (C11)', (t) => [...grep(t, isC,
    /(?<![\w>.])(s?rand|s?random|[dejlmnrs]+rand48|rand_r)\s*\((?!const|uint8_t|void\b)/, 'weak randomness'),
    ...grep(t, (f) => isScript(f) && notLint(f), /Math\.random/, 'weak randomness')],
    { 'x.c': 'int f(void) {\n    return rand() % 6;\n}\n' }],
  ['no shell and no new program from the server (H6)', (t) => grep(t,
    (f) => isC(f) && !isTest(f) && f !== 'cli/letter.c', /\b(system|popen|exec[lv]p?e?|posix_spawnp?)\s*\(/, 'starts a program'),
    { 'server/x.c': '    system(name);\n' }],
  ['tp_scalar_wide is the only reduction (A7)', (t) => grep(t,
    (f) => isC(f) && !isTest(f) && !/^core\/group\//.test(f),
    /scalar_reduce|scalar_mod|sc_?reduce|crypto_core_\w*scalar/, 'another reduction'),
    { 'election/x.c': '    crypto_core_ristretto255_scalar_reduce(a, b);\n' }],
  ['no #ifdef inside a function', preprocessorInside,
    { 'x.c': 'int f(void) {\n#ifdef X\n    return 1;\n#endif\n}\n' }],
  ['functions have at most 60 lines', longBodies,
    { 'x.c': `int f(void) {\n${'    g();\n'.repeat(61)}}\n` }],
  ['clang-format decides layout', formatted, { '(sample)': '1', 'x.c': 'int  f( void ){return 1;}\n' }],
  ['every C file is in a meson.build', registered, { 'core/x/lost.c': '\n' }],
  ['requirements of spec/ are cited in code and tests', specCited,
    { 'spec/x.md': '**Q-1** Something.\n', 'core/x.c': '/* spec: Q-1 */\n' }],
  ['what code cites stands in spec/', citedExists,
    { 'spec/x.md': '**Q-1** Something.\n', 'core/x.c': '/* spec: Q-2 */\n' }],
  ['every fault code is used in a test', faultCodes,
    { 'election/fault.c': 'tp_fault_codes[] = {\n    "a.b",\n}\n' }],
  ['every fault raised is in the closed list', faultsListed,
    { 'election/x.c': 'return tp_fail(f, TP_INVALID, "no.such", "x");\n' }],
  ['every vector is named in spec/README.md and read by tests in C and JavaScript', vectorsRead,
    { 'spec/vectors/x.json': '{}', 'spec/README.md': '`x.json`', 'tests/x.c': 'f("vectors/x.json")' }],
  ['chapter 2 lists every domain, use and prefix of a hash', namesListed,
    { 'spec/02-primitives.md': '### All names\n| `tapat-v1 x` | a | P-1 | `x.json` |\n## \n', 'core/x.c': 'f("tapat-v1 y");\n' }],
  ['chapter 12 is the list of all refusals', refusalsComplete,
    { 'spec/12-refusals.md': '| `a.b` | says | Q-1 |\n', 'server/x.c': 'f("a.c");\n' }],
  ['nothing is left to be done', (t) => grep(t, notLint, /\b(TODO|FIXME|XXX)\b/, 'unfinished'),
    { 'x.md': 'TO' + 'DO later\n' }],
  ['no path of a builder\'s machine', (t) => grep(t, notLint,
    /(^|[^\w.$}])[/](work|root|home[/][a-z]+)[/]|[/]tmp[/](?!X|tapat)[a-z]/, 'a path'),
    { 'x.md': 'see /' + 'work/dev/x\n' }],
];

let count = 0, failed = 0;
function report(ok, name, details) {
  count++;
  if (!ok) failed++;
  console.log(`${ok ? 'ok' : 'not ok'} ${count} - ${name}`);
  for (const text of details) console.log(`# ${text}`);
}
const tree = readTree();
for (const [name, find, sample] of rules) {
  report(find(sample).length > 0, `bad sample found: ${name}`, []);
  const found = find(tree);
  report(found.length === 0, name, found.slice(0, 40));
  if (found.length > 40) console.log(`# and ${found.length - 40} more`);
}
console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
