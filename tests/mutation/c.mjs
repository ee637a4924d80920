// The checks of the C verifier: where they are, and a program in which each can be switched off.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import {
  blank,
  free,
  ifs,
  match,
  nameSites,
  parts,
  rewrite,
  skip,
  statementEnd,
  tops,
} from './scan.mjs';

// What `tapat verify` runs. In each file, functions that it does not run, or whose conditions are no
// checks: loops, memory, the machine.
const files = {
  'core/base/base.c': ['tp_write_\\w+'],
  'core/merkle/note.c': ['tp_vkey_(write|parse)', 'tp_note_write_\\w+', 'find_signature'],
  'core/merkle/tiles.c': ['tp_tile_build', 'tp_bundle_leaves', 'tp_tiles_next'],
  'core/merkle/tree.c': ['tp_tree_(prove|check)_\\w+', 'tp_frontier_(load|append)', 'step_up'],
  'core/proof/batch.c': [
    'fits',
    'grows',
    'tp_batch_(share|begin|bind|room|verdict|points|scalars|equation|item_points)',
  ],
  'core/proof/schnorr.c': ['public_key', 'tp_keypair\\w*', 'tp_sign', 'prove'],
  'core/proof/eqlog.c': ['tp_eqlog_prove', 'owns'],
  'core/proof/sum.c': [],
  'core/proof/sum_verify.c': ['tp_sum_need'],
  'core/proof/sum_totals.c': ['tp_sum_open_var', 'two_bits'],
  'core/threshold/decrypt.c': ['tp_decrypt_share'],
  'core/threshold/dkg.c': ['tp_dkg_(deal|share|share_add)'],
  'election/board.c': [],
  'election/cast.c': [
    'seal_contests',
    'tp_ballot_(seal|hints_var)',
    'tp_ballots_verify_var',
    'tp_tip_check_var',
  ],
  'election/ceremony.c': ['tp_ceremony_(has|new|round)', 'allocate_keys', 'all'],
  'election/decrypt.c': [
    'make_run',
    'tp_shares_make',
    'tp_decrypt_due',
    'get_workspace',
    'next_run',
  ],
  'election/enrol.c': ['tp_credential_(verify|asked|prove|ask)', 'tp_registration_sign'],
  'election/entry.c': [
    'has_\\w+',
    'insert_endorsement',
    'tp_entry_(sign|write)',
    'tp_act_agrees',
    'write_\\w+',
  ],
  'election/manifest.c': [],
  'election/merge.c': ['tp_reporting_plan', 'same_group', 'small'],
  'election/tally.c': ['put', 'finish'],
  'record/aggregate.c': [
    'gather_ballots',
    'plan_sets',
    'make_adders',
    'read_frozen',
    'tp_replay_frozen',
  ],
  'record/archive.c': [
    'make_(header|parents)',
    'padding',
    '(take|refuse)_name',
    'by_bytes',
    'put_\\w+',
    'tp_archive_write',
  ],
  'record/checkpoint.c': ['tp_checkpoint_(check|sign|put|write)', 'remove_stale'],
  'record/files.c': ['tp_record_close', 'tp_record_check_log'],
  'record/folder.c': [
    'tp_file_(write|remove)',
    'write_all',
    'make_directory',
    'sync_directory',
    'tp_folder_open',
    'read_all',
  ],
  'record/replay.c': ['bench_room', 'prepare', 'add_up_unchecked'],
  'record/results.c': ['tp_replay_results', 'totals_new'],
  'record/tiles.c': [
    'write_\\w+',
    'push',
    'get_entry',
    'resume\\w*',
    'last_tile',
    'tp_tiles_\\w+',
    'load_grown',
    'reader_open',
    'tp_record_\\w+',
    'tp_document_write',
    'tp_copy_write',
    'sweep_file',
  ],
  'record/verify.c': [],
};

const machine = /TP_SYSTEM|"system"|out_of_memory|__builtin_trap/; // no check of a record
const refusal =
  /^return\b[^;]*\b(tp_fail|refuse|refuse_at|malformed|failed|tp_fail_entry)\(|^return TP_(MALFORMED|INVALID|REFUSED|TOO_BIG);|^return false;|^return "|^[^;(]*failed = true;$|^err = (tp_fail\(|TP_(MALFORMED|INVALID|REFUSED|TOO_BIG);)|^tp_fail\(|^tp_batch_fail\(|^mark_bad\(/;
const calm = /^\(?!?\(?\w*err\)?( [!=]= TP_OK)?\)?$/; // an error that is passed on
// functions whose `true` refuses
const detectors = /^(deceptive|is_space|is_identity|has_identity|tile_differs)$/;

function functionsOf(b) {
  const list = [];
  for (const m of b.matchAll(/^(?:static )?([a-z][\w]*(?: \*)?)[ *]+?\**(\w+)\(/gm)) {
    const close = match(b, m.index + m[0].length - 1),
      open = skip(b, close + 1);
    if (b[open] === '{')
      list.push({ name: m[2], type: m[1].trim(), from: open, to: match(b, open) });
  }
  return list;
}
const isRefusal = (text) => refusal.test(text) && !machine.test(text);
function refuses(text, b, from, end) {
  if (b[from] !== '{') return isRefusal(text.slice(from, end).replace(/\s+/g, ' '));
  for (let i = skip(b, from + 1); i < end - 1;) {
    const stop = statementEnd(b, i);
    if (isRefusal(text.slice(i, stop).replace(/\s+/g, ' '))) return true;
    i = skip(b, stop);
  }
  return false;
}

const alternatives = (b, from, to) =>
  tops(b, from, to, ' ? ').length ? [[from, to]] : parts(b, from, to, '||');

export function sitesOf(file, text) {
  const b = blank(text, 'c'),
    sites = [],
    functions = functionsOf(b);
  const inside = (at) => functions.find((f) => f.from <= at && at < f.to);
  const add = (kind, from, to, more) => {
    const f = inside(from);
    if (f) sites.push({ kind, from, to, ...more, inside: f.name, type: f.type });
  };
  const governed = new Set();
  for (const i of ifs(b)) {
    const f = inside(i.at),
      detects = f && detectors.test(f.name);
    governed.add(i.then);
    if (calm.test(text.slice(i.from, i.to))) continue;
    const wanted = detects
      ? /^return true;/.test(b.slice(i.then, i.end))
      : refuses(text, b, i.then, i.end);
    if (!wanted) continue;
    for (const [s, t] of alternatives(b, i.from, i.to))
      if (!/\berr = /.test(b.slice(s, t))) add('if', s, t);
  }
  // verdicts of calls
  for (const m of b.matchAll(
    /\b(?:tp_err )?(\w*err|verdict|worst|result\[i\]) = (?=[a-z_0-9]+\()/g,
  )) {
    const from = m.index + m[0].length,
      open = b.indexOf('(', from),
      to = match(b, open) + 1;
    if (!/^\s*[;)]/.test(b.slice(to, to + 3)) || /^tp_fail\(/.test(b.slice(from))) continue;
    add('call', from, to);
  }
  for (const m of b.matchAll(/\breturn (?=[^;])/g)) {
    const from = m.index + 7,
      to = statementEnd(b, m.index) - 1,
      f = inside(from);
    if (!f) continue;
    const says = text.slice(m.index, to + 1).replace(/\s+/g, ' ');
    const loose = free(b, m.index) && !governed.has(m.index);
    const ternary = /\? ?([^:]*) : (.*);$/s.exec(says);
    if (f.type === 'tp_err' && ternary && !machine.test(says)) {
      const cond = parts(b, from, to, ' ? ')[0];
      if (/^\(?err( != TP_OK)?$/.test(text.slice(...cond))) {
        /* an error that is passed on */
      } else if (ternary[1] === 'TP_OK')
        for (const [s, t] of parts(b, ...cond, ' && ').flatMap((x) => parts(b, ...x, ' & ')))
          add('and', s, t);
      else if (/TP_OK|\w+\(/.test(ternary[2]))
        for (const [s, t] of parts(b, ...cond, ' || ')) add('if', s, t);
    } else if (f.type === 'bool' && !ternary) {
      if (isRefusal(says)) {
        if (loose) add('last', from, to, { returns: true });
      } else if (detectors.test(f.name) && / \|\| /.test(says)) {
        for (const [s, t] of parts(b, from, to, '||')) add('if', s, t);
      } else if (!/^return (true|false|\w+);$/.test(says))
        for (const [s, t] of parts(b, from, to, '&&')) add('and', s, t);
    } else if (f.type === 'tp_err' && loose && isRefusal(says))
      add('last', from, to, { returns: true });
    else if (
      f.type === 'tp_err' &&
      /^return [a-z_0-9]+\(/.test(says) &&
      !machine.test(says) &&
      !governed.has(m.index) &&
      !isRefusal(says)
    )
      add('call', from, to);
  }
  // refusals that no condition governs, and what is put into a verdict bit by bit
  for (const m of b.matchAll(/\b[\w.>-]*failed = true;|\btp_batch_fail\(|\bmark_bad\(/g))
    if (free(b, m.index) && !governed.has(m.index)) add('last', m.index, statementEnd(b, m.index));
  for (const m of b.matchAll(/\b(\w+) ([&|])= /g)) {
    const to = statementEnd(b, m.index) - 1;
    if (/^(good|same|taken|found|mine)$/.test(m[1]))
      add(m[2] === '&' ? 'and' : 'if', m.index + m[0].length, to);
  }
  special(file, b, add);
  nameSites(file, text, sites);
  return sites;
}

// The equations of the proofs, which the batch weighs together.
function special(file, b, add) {
  const call = b.indexOf('tp_batch_equation(b, ');
  if (call < 0) return;
  const to = match(b, b.indexOf('(', call)) + 1;
  if (file === 'core/proof/schnorr.c') add('equation', call, to, { what: 'the equation' });
  if (file === 'core/proof/sum_verify.c')
    for (let i = 0; i < 4; i++)
      add('equation', call, to, { what: `equation E${i + 1}`, which: `i == ${i}` });
}

const how = {
  if: (s) => [`tp_site_if(${s.id}, (`, ') != 0)'],
  and: (s) => [`tp_site_and(${s.id}, (`, ') != 0)'],
  call: (s) => [`tp_site_call(${s.id}, `, ')'],
  equation: (s) => [`tp_site_equation(${s.id}, `, `, ${s.which ?? 1})`],
  last: (s) =>
    s.returns
      ? [`tp_site_last(${s.id}) ? `, ` : ${s.type === 'bool' ? 'true' : 'TP_OK'}`]
      : [`if (tp_site_last(${s.id})) {`, '}'],
};

// All sites of the tree, numbered from 1.
export function scan(root) {
  const all = [];
  for (const [file, outside] of Object.entries(files)) {
    const text = fs.readFileSync(path.join(root, file), 'utf8'),
      skipped = new RegExp(`^(${outside.join('|') || '-'})$`);
    for (const s of sitesOf(file, text)) all.push({ ...s, file, outside: skipped.test(s.inside) });
  }
  all.forEach((s, i) => (s.id = i + 1));
  return all;
}

// What the batch must know to leave an equation out.
const batch = [
  ['size_t e = b->used.equations++;', 'tp_site_keep(e);'],
  [
    'tp_scalar_wide(&b->weight[e], wide);',
    'if (tp_site_left_out(e)) b->weight[e] = tp_scalar_zero;',
  ],
];
function rewritten(file, text, own) {
  for (const s of own) [s.open, s.close] = how[s.kind](s);
  let out = rewrite(text, own);
  if (file !== 'core/proof/batch.c') return out;
  for (const [after, more] of batch) {
    if (!out.includes(after)) throw new Error(`${file}: no ${after}`);
    out = out.replace(after, `${after} ${more}`);
  }
  return out;
}

const run = (command, args) =>
  new Promise((done, fail) => {
    execFile(command, args, (error, _, said) => (error ? fail(new Error(said)) : done()));
  });

// Writes the sources anew below `out` and makes the program there. meson: a finished build.
export async function build(root, meson, out, sites) {
  const db = JSON.parse(fs.readFileSync(path.join(meson, 'compile_commands.json'), 'utf8'));
  const objects = [],
    jobs = [];
  const compile = (source, flags) => {
    objects.push(path.join(out, `${path.basename(source)}.o`));
    jobs.push(['-c', '-O2', ...flags, `-I${root}`, source, '-o', objects.at(-1)]);
  };
  for (const file of Object.keys(files)) {
    const text = fs.readFileSync(path.join(root, file), 'utf8'),
      own = sites.filter((s) => s.file === file),
      source = path.join(out, file.replaceAll('/', '_'));
    fs.writeFileSync(
      source,
      `#include "tests/mutation/sites.h"\n#line 1 "${file}"\n${rewritten(file, text, own)}`,
    );
    const known = db.find((x) => x.file.endsWith(`/${file}`) && !/(^|\/)tests\//.test(x.output));
    compile(
      source,
      known.command.split(' ').filter((x) => /^-(D|m|std|fno-strict|I[^.])/.test(x)),
    );
  }
  compile(path.join(root, 'tests/mutation/driver.c'), ['-std=gnu17', '-D_GNU_SOURCE']);
  const next = async () => {
    while (jobs.length) await run('cc', jobs.shift());
  };
  await Promise.all([next(), next()]);
  const program = path.join(out, 'mutants');
  const libraries = [
    'record/libtapat-record.a',
    'election/libtapat-election.a',
    'core/libtapat-core.a',
  ];
  await run('cc', [
    ...objects,
    ...libraries.map((x) => path.join(meson, x)),
    '-lsodium',
    '-ljansson',
    '-lpthread',
    '-lm',
    '-o',
    program,
  ]);
  return program;
}
