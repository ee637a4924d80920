// The QR code by another's reader; the catalogues; sizes; what the sources must not hold.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import zlib from 'node:zlib';

import { pluralRule } from '../../web/i18n.js';
import { qrMatrix } from '../../web/qr.js';
import { bundlePath, readBundle } from '../../web/tiles.js';
import { build, root } from './double.mjs';

const web = path.join(root, 'web');
const catalogue = (language) => JSON.parse(fs.readFileSync(path.join(build, 'web', `${language}.json`), 'utf8'));

function image(rows) {
  const scale = 4;
  const edge = (rows.length + 8) * scale;
  const out = Buffer.alloc(edge * edge, 255);
  rows.forEach((row, y) => row.forEach((dark, x) => {
    for (let k = 0; dark && k < scale; k += 1) {
      const from = ((y + 4) * scale + k) * edge + (x + 4) * scale;
      out.fill(0, from, from + scale);
    }
  }));
  return Buffer.concat([Buffer.from(`P5 ${edge} ${edge} 255\n`), out]);
}

test('QR codes of every version are read by zbarimg', (t) => {
  if (spawnSync('zbarimg', ['--version']).error) {
    t.skip('no zbarimg');
    return;
  }
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'qr-'));
  const texts = [
    'A', 'HELLO WORLD', 'ABCDE-FGHJK-MNPQR-STVWX-YZ234-5', 'https://vote.example.org/track#ABCDE-FGHJK-MNPQR-STVWX-YZ234-5',
    ...[10, 30, 60, 80, 100, 120, 150, 175, 200].map((n) => 'https://x.example/'.padEnd(n, 'abc-09')),
    'ALPHANUMERIC $%*+-./: 0123456789 '.repeat(8),
  ];
  for (const text of texts) {
    const file = path.join(dir, 'code.pgm');
    fs.writeFileSync(file, image(qrMatrix(text)));
    assert.equal(execFileSync('zbarimg', ['-q', '--raw', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).replace(/\n$/, ''), text);
  }
  fs.rmSync(dir, { recursive: true });
  assert.equal(qrMatrix('x'.repeat(300)), null);
});

test('the catalogues have the same texts, with the same names to fill in', () => {
  const [en, fil] = [catalogue('en'), catalogue('fil')];
  assert.deepEqual(Object.keys(fil), Object.keys(en));
  const names = (text) => [...new Set([text].flat().join(' ').match(/\{\w+\}/g) || [])].sort();
  for (const id of Object.keys(en)) {
    if (!id) continue;
    assert.equal(Array.isArray(fil[id]), Array.isArray(en[id]), id);
    assert.deepEqual(names(fil[id]), names(en[id]), id);
  }
});

test('every text that a page asks for is there', () => {
  const en = catalogue('en');
  for (const file of fs.readdirSync(web).filter((f) => f.endsWith('.js'))) {
    const source = fs.readFileSync(path.join(web, file), 'utf8');
    for (const [, plural, id] of source.matchAll(/\bt(n?)\('([^']+)'/g)) {
      assert.equal(Array.isArray(en[id]) ? 'n' : typeof en[id] === 'string' ? '' : 'missing', plural, `${file}: ${id}`);
    }
  }
});

test('po2json refuses what is not complete', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'po-'));
  const head = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n';
  const compile = (text) => {
    fs.writeFileSync(path.join(dir, 'a.po'), text);
    return spawnSync(path.join(build, 'web/po2json'), [path.join(dir, 'a.po'), path.join(dir, 'a.json')], { encoding: 'utf8' });
  };
  assert.equal(compile(`${head}msgid "a"\nmsgstr "b \\"c\\"\\n"\n"d"\n`).status, 0);
  assert.deepEqual(JSON.parse(fs.readFileSync(path.join(dir, 'a.json'), 'utf8')), { '': { plural: '(n != 1)' }, a: 'b "c"\nd' });
  for (const bad of ['msgid "a"\nmsgstr ""\n', '#, fuzzy\nmsgid "a"\nmsgstr "b"\n', 'msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n',
    'msgid "a\nmsgstr "b"\n', 'msgstr "b"\n', 'nonsense\n', 'msgid "a"\nmsgstr "\\x"\n']) {
    assert.equal(compile(head + bad).status, 1, bad);
  }
  fs.rmSync(dir, { recursive: true });
});

test('plural rules', () => {
  const values = (rule, list) => list.map(pluralRule(rule));
  assert.deepEqual(values('(n != 1)', [0, 1, 2]).map(Number), [1, 0, 1]);
  assert.deepEqual(values('n > 1', [0, 1, 2]).map(Number), [0, 0, 1]);
  assert.deepEqual(values('0', [0, 1, 2]), [0, 0, 0]);
  assert.deepEqual(values('n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2', [1, 11, 2, 12, 22, 5, 21]), [0, 2, 1, 2, 1, 2, 0]);
  assert.deepEqual(values('n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5', [0, 1, 2, 3, 11, 100]), [0, 1, 2, 3, 4, 5]);
});

test('bundles: names and contents', () => {
  assert.equal(bundlePath(0, 3), '/board/tile/entries/000.p/3');
  assert.equal(bundlePath(0, 256), '/board/tile/entries/000');
  assert.equal(bundlePath(1234067, 1234067 * 256 + 300), '/board/tile/entries/x001/x234/067');
  assert.deepEqual(readBundle(Uint8Array.from([0, 1, 7, 0, 0])).map((e) => [...e]), [[7], []]);
  assert.equal(readBundle(Uint8Array.from([0, 2, 7])), null);
  assert.equal(readBundle(Uint8Array.from([0])), null);
});

test('sources: no markup from texts, no store on the device, no weak randomness, no other origin', () => {
  for (const file of fs.readdirSync(web).filter((f) => /\.(js|html|css)$/.test(f))) {
    const source = fs.readFileSync(path.join(web, file), 'utf8');
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|Math\.random|localStorage|sessionStorage|indexedDB|document\.cookie|caches\./, file);
    assert.doesNotMatch(source.replaceAll('http://www.w3.org/', ''), /https?:\/\//, file);
    assert.doesNotMatch(source, /<[^>]*\s(style|on\w+)=|<script(?![^>]*src=)/, file);
  }
});

test('first load, compressed: at most 150 kB in all, 45 kB of wasm', (t) => {
  const html = fs.readFileSync(path.join(web, 'vote.html'), 'utf8');
  const scripts = new Set();
  const follow = (file) => {
    if (scripts.has(file)) return;
    scripts.add(file);
    for (const [, next] of fs.readFileSync(path.join(web, file), 'utf8').matchAll(/from '\.\/([\w.]+)'/g)) follow(next);
  };
  follow('vote.js');
  follow('worker.js');
  const files = [...scripts, 'vote.html', 'style.css', 'icon.svg'].map((f) => path.join(web, f))
    .concat(['en.json', 'tapat.wasm'].map((f) => path.join(build, 'web', f)), path.join(root, 'ballots/ph2025/election.json'));
  const sizes = Object.fromEntries(files.map((f) => [path.basename(f), zlib.gzipSync(fs.readFileSync(f), { level: 9 }).length]));
  const total = Object.values(sizes).reduce((a, b) => a + b, 0);
  t.diagnostic(`gzip: ${total} bytes in ${files.length} files, wasm ${sizes['tapat.wasm']}, texts ${sizes['en.json']}, ballot ${sizes['election.json']}`);
  for (const name of html.match(/modulepreload" href="\/([\w.]+)"/g).map((m) => /\/([\w.]+)"/.exec(m)[1])) assert.ok(scripts.has(name), name);
  assert.ok(sizes['tapat.wasm'] <= 45000);
  assert.ok(total <= 150000);
});
