// The two verifiers on changed entries, manifests, checkpoints and records: the same verdicts. A
// sample of some seconds; with TAPAT_LONG a million. spec: Y-2, Y-3, S-16, S-18
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import { ascii } from '../../verifier/bytes.js';
import { isKeyName, readNote } from '../../verifier/tree.js';
import { differ, differTogether, judgePath } from './differ.mjs';

const long = process.env.TAPAT_LONG;
const skip = !fs.existsSync(judgePath) && 'the first verifier is not built';
const total = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
const words = (differences) =>
  differences.slice(0, 5).map((d) => `${d.where}: ${d.mine} | ${d.theirs}: ${d.bytes.slice(0, 200)}`);

test('both verifiers say the same of what was changed', { skip }, async (t) => {
  const options = long
    ? { count: 1e6, seed: 1, workers: 2, many: 50 }
    : { count: 6000, seed: Date.now() & 0xffffff, many: 0, seconds: 8 };
  t.diagnostic(`seed ${options.seed}`);
  const { counts, verdicts, differences } = await (long ? differTogether : differ)(options);
  assert.deepEqual(words(differences), []);
  assert.ok(total(counts) >= (long ? 1e6 : 500), JSON.stringify(counts));
  // it changes what matters, and not so much that all is refused as noise
  assert.ok(verdicts.ok > total(counts) / 200, JSON.stringify(verdicts));
  assert.ok(Object.keys(verdicts).length > 15);
  t.diagnostic(JSON.stringify(counts));
});

test('a difference would be seen', { skip }, async () => {
  const other = { count: 300, seed: 3, many: 0, change: (verdict) => verdict.replace('board.phase', 'x') };
  const { differences } = await differ(other);
  assert.ok(differences.length > 0 && differences.every((d) => d.mine.endsWith(' x')));
});

test('names and notes: what is a control character, and what is a space', () => {
  for (const name of ['a', '\u00a1x', '\u200b', '\ufeff', '\u00ff']) assert.ok(isKeyName(name));
  for (const name of ['', 'a b', '\u001f', 'a\u007f', '\u0080', '\u009f', '\u0085', '\u00a0', 'a+b', '\u2028', '\u3000'])
    assert.ok(!isKeyName(name));
  assert.equal(readNote(ascii('a\u0080\n\n\u2014 n AAAAAAA=\n')).signatures[0].name, 'n');
  for (const c of ['\u001f', '\u007f'])
    assert.throws(() => readNote(ascii(`a${c}\n\n\u2014 n AAAAAAA=\n`)));
});
