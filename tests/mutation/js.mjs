// The checks of the JavaScript verifier, and a copy of it in which each can be switched off.
import { ristretto255 } from '@noble/curves/ed25519';
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

// What a page or a program does about verify() is no check of a record.
const Point = ristretto255.Point,
  L = Point.Fn.ORDER;
const files = fs
  .readdirSync(new URL('../../verifier/', import.meta.url))
  .filter((name) => name.endsWith('.js') && !/^(cli|page)\.js$/.test(name));
const outside = /(wide|unhex|opaque): bytes\.length|unhex:/;

const refusal =
  /^(fail|stop)\(|^this\.(fail|stop)\(|^t\.fail\(|^throw new (Malformed|Fault)\(|^return (false|null);|^made\.push\(\{ code|^return \{ index/;
// functions that say whether something holds
const judges =
  /^(lineIsOf|lineSigns|lineCosigns|signed|isKeyName|shareHolds|holds|possessionHolds|tileFits|goodName|goodPart)$/;
// methods of the language, and the ways in which the verifier refuses
const plain = /^(if|for|while|switch|catch|function|return|add|set|push|update|fail|stop|bisect)$/;

// The names of functions and methods, and the range of each.
function functionsOf(b) {
  const list = [];
  const heads =
    /(?:^|\n)(?:export )?(?:async )?(?:function (\w+)|const (\w+) =|(?:async |get )?(\w+)\([^\n]*\) \{)|\n  (?:async |get )?(\w+)\([^\n]*\) \{|\n(?:export )?class (\w+)/g;
  for (const m of b.matchAll(heads)) list.push({ name: m.slice(1).find((x) => x), from: m.index });
  return list;
}
const isRefusal = (text) => refusal.test(text);
function refuses(text, b, from, end) {
  if (b[from] !== '{') return isRefusal(text.slice(from, end));
  for (let i = skip(b, from + 1); i < end - 1;) {
    const stop = statementEnd(b, i);
    if (isRefusal(text.slice(i, stop))) return true;
    i = skip(b, stop);
  }
  return false;
}

// mayRefuse: names of functions that refuse, or call one that does.
export function sitesOf(file, text, mayRefuse) {
  const b = blank(text, 'js'),
    functions = functionsOf(b),
    sites = [];
  const inside = (at) => functions.findLast((f) => f.from <= at)?.name ?? '-';
  const add = (kind, from, to, more) =>
    sites.push({ kind, from, to, ...more, inside: inside(from) });
  const governed = new Set();
  for (const i of ifs(b)) {
    if (/instanceof/.test(b.slice(i.from, i.to))) {
      governed.add(i.then);
      continue;
    }
    if (!refuses(text, b, i.then, i.end)) continue;
    governed.add(i.then);
    const ways = tops(b, i.from, i.to, ' ? ').length
      ? [[i.from, i.to]]
      : parts(b, i.from, i.to, '||');
    for (const [s, t] of ways) add('if', s, t);
  }
  // statements: refusals that nothing governs, and calls that may refuse
  for (const m of b.matchAll(
    /(?<=[;{})]\s*|else |=> \{\s*)\b(?:(fail|stop|this\.fail|this\.stop|throw new \w+|made\.push)\(|((?:\w+\.)*)(\w+)\()/g,
  )) {
    const end = statementEnd(b, m.index),
      says = text.slice(m.index, end);
    if (match(b, b.indexOf('(', m.index)) + 2 !== end || plain.test(m[3] ?? '')) continue;
    if (/^(fail|stop)$/.test(inside(m.index))) continue;
    if (m[1]) {
      const block = free(b, m.index);
      if (isRefusal(says) && block && !governed.has(m.index) && !inGoverned(b, governed, m.index))
        add('last', m.index, end);
    } else if (mayRefuse.has(m[3])) add('call', m.index, end - 1);
  }
  // what functions that judge give
  for (const m of b.matchAll(/\breturn |(?<=^|\n)(?:export )?const \w+ = \([^()]*\) =>\s/g)) {
    const from = m.index + m[0].length,
      to = tops(b, from, b.length, ';')[0];
    if (!judges.test(inside(m.index)) || /^(false|true|\{)|=>/.test(b.slice(from, to))) continue;
    for (const [s, t] of parts(b, from, to, '&&')) add('and', s, t);
  }
  decoders(file, b, add);
  results(file, b, add);
  kinds(file, b, add);
  equations(file, b, add);
  nameSites(`verifier/${file}`, text, sites);
  return sites;
}
// Is the statement inside a block that an if governs?
const inGoverned = (b, governed, at) =>
  [...governed].some((g) => b[g] === '{' && g < at && at < match(b, g));

// The kind of each member of the manifest's schema.
function kinds(file, b, add) {
  if (file !== 'manifest.js') return;
  const from = b.indexOf('const signer ='),
    to = b.indexOf('function languagesFit');
  const kind =
    /(?<=[:{,(]\s*(?:\w+: )?)\b(text\(\w*\)|integer\(|constant\(|oneOf\(|(?:boolean|time|localized|groupKey|ed25519Key|id|language|signer|college)(?=[,\s})]))/g;
  for (const m of b.slice(from, to).matchAll(kind)) {
    const start = from + m.index,
      open = m[0].endsWith('(') ? start + m[0].length - 1 : -1;
    const end = open < 0 ? start + m[0].length : match(b, open) + 1;
    if (b[end] === ':') continue;
    const alone = enclosing(b, start) === '{' && !/:\s*$/.test(b.slice(0, start));
    const member = /(\w+):\s*$/.exec(b.slice(0, start))?.[1];
    add('kind', start, end, { what: `${member ?? b.slice(start, end)} is of its kind`, alone });
  }
}
function enclosing(b, at) {
  for (let depth = 0, i = at - 1; ; i--) {
    if (')]}'.includes(b[i])) depth++;
    else if ('([{'.includes(b[i]) && depth-- === 0) return b[i];
  }
}
// Each place that makes a point or a scalar of bytes.
function decoders(file, b, add) {
  const uses =
    /(?<![.\w]|function )(point|pointNotIdentity|scalar)(?=\()|(?<=\.map\()(point|scalar|pointNotIdentity)(?=\))/g;
  for (const m of b.matchAll(uses)) {
    const what = m[1] ?? m[2];
    if (file !== 'group.js')
      add(
        what === 'scalar' ? 'scalar' : what === 'point' ? 'point' : 'identity',
        m.index,
        m.index + what.length,
        { what: b.slice(m.index, statementEnd(b, m.index)).split(/[,;\n]/)[0] },
      );
  }
}
// The three hashes of the results.
function results(file, b, add) {
  if (file !== 'verify.js') return;
  const from = b.indexOf('const fault = ');
  for (const m of b.slice(from, b.indexOf(';', from)).matchAll(/!same\(/g)) {
    const at = from + m.index;
    add('if', at, match(b, b.indexOf('(', at)) + 1);
  }
}
function equations(file, b, add) {
  const at = b.indexOf('equations: [');
  if (at < 0 || !/^(sum|schnorr).js$/.test(file)) return;
  const open = b.indexOf('[', at),
    close = match(b, open) + 1;
  const count = file === 'sum.js' ? 4 : 1;
  for (let i = 0; i < count; i++)
    add('equation', open, close, { what: `equation ${i + 1}`, which: i });
}

const how = {
  if: (s) => [`__site.if(${s.id}, `, ')'],
  and: (s) => [`__site.and(${s.id}, `, ')'],
  call: (s) => [`__site.call(${s.id}, () => `, ')'],
  kind: (s) => [`${s.alone ? 'id: ' : ''}__site.kind(${s.id}, `, ')'],
  point: (s) => [`__site.decoder(${s.id}, `, ', "point")'],
  identity: (s) => [`__site.decoder(${s.id}, `, ', "identity")'],
  scalar: (s) => [`__site.decoder(${s.id}, `, ', "scalar")'],
  equation: (s) => [`__site.equation(${s.id}, `, `, ${s.which})`],
  last: (s) => [`if (__site.last(${s.id})) {`, '}'],
};

const read = (root, file) => fs.readFileSync(path.join(root, 'verifier', file), 'utf8');

// Which functions refuse, themselves or by a call.
function refusing(root) {
  const bodies = new Map();
  for (const file of files) {
    const b = blank(read(root, file), 'js'),
      list = functionsOf(b);
    list.forEach((f, i) => {
      const body = b.slice(f.from + 1, list[i + 1]?.from ?? b.length);
      bodies.set(f.name, `${bodies.get(f.name) ?? ''}${body}`);
    });
  }
  const names = new Set();
  for (let before = -1; names.size > before;) {
    before = names.size;
    for (const [name, body] of bodies)
      if (
        /\bfail\(|\bstop\(|throw new/.test(body) ||
        [...body.matchAll(/(\w+)\(/g)].some((m) => m[1] !== name && names.has(m[1]))
      )
        names.add(name);
  }
  return names;
}

export function scan(root) {
  const mayRefuse = refusing(root),
    all = [];
  for (const file of files)
    for (const s of sitesOf(file, read(root, file), mayRefuse))
      all.push({ ...s, file: `verifier/${file}`, outside: outside.test(s.name) });
  all.forEach((s, i) => (s.id = i + 1));
  return all;
}

// Writes the verifier anew to the folder `out`, which lies below the tree for its dependencies.
export function build(root, out, sites) {
  fs.mkdirSync(out, { recursive: true });
  for (const file of files) {
    const own = sites.filter((s) => s.file === `verifier/${file}`);
    for (const s of own) [s.open, s.close] = how[s.kind](s);
    fs.writeFileSync(
      path.join(out, file),
      `const __site = globalThis.__site; ${rewrite(read(root, file), own)}`,
    );
  }
}

const number = (bytes) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`) % L;

// The switches: seen(n, refuses) notes, and says whether the refusal is to be made.
export class Sites {
  constructor() {
    this.mutant = 0;
    this.reached = new Set();
    this.refusing = new Set();
  }
  start(mutant) {
    this.mutant = mutant;
    this.reached.clear();
    this.refusing.clear();
  }
  seen(n, refuses) {
    this.reached.add(n);
    if (refuses) this.refusing.add(n);
    return refuses && this.mutant !== n;
  }
  if(n, condition) {
    return this.seen(n, Boolean(condition));
  }
  and(n, condition) {
    return !this.seen(n, !condition);
  }
  last(n) {
    return this.seen(n, true);
  }
  call(n, action) {
    try {
      const value = action();
      this.seen(n, false);
      return value;
    } catch (e) {
      if (this.seen(n, true)) throw e;
      return undefined;
    }
  }
  kind(n, inner) {
    return (v, where) => {
      try {
        return inner(v, where);
      } catch (e) {
        if (this.seen(n, true)) throw e;
        return v;
      }
    };
  }
  // what stands in for what does not decode: the identity, or the number as it is
  decoder(n, strict, what) {
    return (bytes) => {
      try {
        return strict(bytes);
      } catch (e) {
        const zero = bytes.every((x) => x === 0);
        if ((what === 'identity' && !zero) || this.seen(n, true)) throw e;
        return what === 'scalar' ? number(bytes) : Point.ZERO;
      }
    };
  }
  equation(n, list, which) {
    return this.seen(n, true) ? list : list.filter((_, i) => i !== which);
  }
}
