// The examples of byte layouts in the text of spec/ are the bytes of the vectors that they name, and
// every structure has one.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import test from 'node:test';

import { writeArchive } from '../../verifier/archive.js';
import { concat, hex, Reader, u16, u32, unhex } from '../../verifier/bytes.js';
import { Ceremony } from '../../verifier/ceremony.js';
import * as E from '../../verifier/entries.js';
import { sha256 } from '../../verifier/hash.js';
import { parseManifest } from '../../verifier/manifest.js';
import { base64 } from '../../verifier/tree.js';

const folder = new URL('../../spec/', import.meta.url);
const text = (name) => fs.readFileSync(new URL(name, folder), 'utf8');
const chapters = fs.readdirSync(folder).filter((f) => f.endsWith('.md'));

// ---- what an example names ----

const record = new Map(
  Object.entries(JSON.parse(text('vectors/record.json')).files).map(([name, h]) => [name, unhex(h)]),
);
function entriesOf(bundle) {
  const r = new Reader(bundle),
    list = [];
  while (r.left) list.push(r.opaque(0, 65535));
  return list;
}
const entries = [...record.keys()].filter((f) => f.startsWith('tile/entries/')).flatMap((f) => entriesOf(record.get(f)));
function documentOf(index) {
  const e = E.readEntry(entries[index]);
  return record.get(`document/${hex(e.document?.hash ?? e.subject)}`);
}
// spec: chapter 10, POST /api/board/entries
function request(index) {
  const document = documentOf(index),
    entry = entries[index];
  return concat(u16(entry.length), entry, u32(document.length), document);
}
// spec: chapter 10, GET /api/keys
function keys() {
  const m = parseManifest(record.get('manifest.json')),
    ceremony = new Ceremony(m),
    signatures = [];
  for (const e of entries.map(E.readEntry)) {
    if ([E.COMMIT, E.DEAL, E.CONFIRM].includes(e.type)) ceremony.apply(e);
    if (e.type === E.CONFIRM) signatures[e.signer - 1] = e.signature;
  }
  const { Y, vBytes } = ceremony.keys;
  return concat(...Y.flat().map((y) => y.toBytes()), sha256(...vBytes.flat()), u16(m.n), ...signatures);
}
const member = (name, path) =>
  path.slice(1).split('/').reduce((o, key) => o[key], JSON.parse(text(`vectors/${name}.json`)));
const places = [
  [/^(\/.*)$/, (path, name) => unhex(member(name, path))],
  [/^entry (\d+)$/, (index) => entries[index]],
  [/^document of entry (\d+)$/, (index) => documentOf(index)],
  [/^request with entry (\d+)$/, (index) => request(index)],
  [/^file (.*)$/, (name) => record.get(name)],
  [/^cosignature in (.*)$/, (path, name) => base64(member(name, path).trim().split(' ')[2]).slice(4)],
  [/^answer with the keys$/, () => keys()],
  [/^archive$/, () => writeArchive(record).slice(0, 512)],
];
function bytesOf(name, place) {
  for (const [pattern, find] of places) {
    const found = pattern.exec(place);
    if (found) return find(found[1], name);
  }
  throw new Error(`no such place: ${place}`);
}

// ---- the examples ----

const HEAD = /^Example of (.*) \(`vectors\/([\w-]+)\.json`, ([^)]*)\):\n\n((?: {4}.*\n)+)/gm;
const LINE = /^ {4}((?:[0-9a-f]{2})+(?: (?:[0-9a-f]{2})+)?(?:\.\.[0-9a-f]{4} \[\d+\])?) {2,}\S.*$/;
function* examples(page) {
  for (const [, title, name, place, block] of page.matchAll(HEAD))
    yield { title, name, place, lines: block.trimEnd().split('\n') };
}
// Takes the bytes of one line off; they are those of the text, or it throws.
function check(r, line) {
  const shown = LINE.exec(line);
  assert.ok(shown, `not a line of an example: ${line}`);
  const [head, tail] = shown[1].split('..');
  const parts = head.split(' ');
  if (tail === undefined) {
    assert.equal(hex(r.bytes(parts.join('').length / 2)), parts.join(''), line);
    return;
  }
  const prefix = parts.length > 1 ? parts[0] : '',
    [last, length] = tail.slice(0, -1).split(' [');
  assert.equal(hex(r.bytes(prefix.length / 2)), prefix, line);
  const bytes = hex(r.bytes(Number(length)));
  assert.ok(bytes.startsWith(parts.at(-1)) && bytes.endsWith(last), line);
}
function holds({ name, place, lines }) {
  const r = new Reader(bytesOf(name, place));
  for (const line of lines) check(r, line);
  r.end();
}

const all = chapters.flatMap((f) => [...examples(text(f))]);
test('each example is the bytes of its vector', () => {
  for (const e of all) holds(e);
  assert.ok(all.length > 25);
});

test('no example is passed over', () => {
  const said = chapters.flatMap((f) => text(f).match(/^Example of .*$/gm) ?? []);
  assert.equal(said.length, all.length);
});

test('an example with a digit changed, a line less or a line more is refused', () => {
  for (const e of all) {
    e.lines.forEach((line, i) => {
      const wrong = line.replace(/[0-9a-f]/, (x) => (x === '7' ? '8' : '7'));
      assert.throws(() => holds({ ...e, lines: e.lines.map((x, k) => (k === i ? wrong : x)) }), Error, line);
      assert.throws(() => holds({ ...e, lines: e.lines.filter((_, k) => k !== i) }), Error, line);
    });
    assert.throws(() => holds({ ...e, lines: [...e.lines, '    00  more'] }), Error);
  }
});

test('every structure and every type of entry has an example', () => {
  const titles = all.flatMap((e) => e.title.split(/[ ,]+/)),
    worked = ['Example', 'Frame']; // in full where they are declared
  const wanted = new Set();
  for (const page of chapters.map(text)) {
    for (const [, name] of page.matchAll(/\} ([A-Z][A-Za-z]+)[;`]/g)) wanted.add(name);
    for (const [, name] of page.matchAll(/^\| \d+ \| ([A-Z]+) \| `/gm)) wanted.add(name);
  }
  assert.ok(wanted.has('RollChange') && wanted.has('Ballot') && wanted.has('BATCH'));
  const missing = [...wanted].filter((name) => !titles.includes(name) && !worked.includes(name));
  assert.deepEqual(missing, []);
});

test('the worked transcript of chapter 2 hashes to what stands beside it', () => {
  const [, frames, challenge] = /data length, data\n((?: {4}.*\n)+)[^]*?these (?:\d+) bytes:\n\n((?: {4}.*\n)+)/.exec(
    text('02-primitives.md'),
  );
  const bytes = (block) => Buffer.from(block.replace(/\s/g, ''), 'hex');
  assert.equal(bytes(frames).length, 123);
  assert.equal(crypto.createHash('sha512').update(bytes(frames)).digest('hex'), bytes(challenge).toString('hex'));
});
