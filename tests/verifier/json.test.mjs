// What is a JSON text, and which fault of a manifest it is if it is none, at the edges that readers
// of JSON draw in different places. Both verifiers. spec: M-1..M-3, M-22
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import test from 'node:test';

import { unhex } from '../../verifier/bytes.js';
import { parseManifest } from '../../verifier/manifest.js';
import { judgePath } from './differ.mjs';

const url = new URL('../../spec/vectors/record.json', import.meta.url);
const base = new TextDecoder().decode(
  unhex(JSON.parse(fs.readFileSync(url, 'utf8')).files['manifest.json']),
);
const title = (text) => base.replace('A small election', text);
const interval = (text) => base.replace(/"interval_s": ?2/, `"interval_s":${text}`);
const nested = (n, inside = '') => '['.repeat(n) + inside + ']'.repeat(n);

const cases = [
  ['as it is', base, 'ok'],
  ['white space after it', `${base} \t\r\n`, 'ok'],
  ['minus zero', base.replace(/"min": ?0/, '"min":-0'), 'ok'],
  ['an escape in the name of a member', base.replace('"tapat"', '"t\\u0061pat"'), 'ok'],
  ['U+FEFF in a text', title('A \ufeff election'), 'ok'],
  ['a surrogate pair', title('A \\ud83d\\udc30 election'), 'ok'],
  ['a byte order mark', `\ufeff${base}`, 'json'],
  ['a letter after it', `${base}x`, 'json'],
  ['a form feed after it', `${base}\f`, 'json'],
  ['a no-break space after it', `${base}\u00a0`, 'json'],
  ['nothing', '', 'json'],
  ['white space', ' \n', 'json'],
  ['a text', '"x"', 'json'],
  ['a number', '1', 'json'],
  ['null', 'null', 'json'],
  ['a list', '[]', 'type'],
  ['a lone surrogate', title('A \\ud800 election'), 'json'],
  ['surrogates in the wrong order', title('A \\udc30\\ud83d election'), 'json'],
  ['an escaped NUL', title('A \\u0000 election'), 'json'],
  ['an escape that is none', title('A \\x election'), 'json'],
  ['a control character', title('A \u0001 election'), 'json'],
  ['a member twice', base.replace('"tapat"', '"tapat":1,"tapat"'), 'json'],
  ['a member twice, once escaped', base.replace('"tapat"', '"t\\u0061pat":1,"tapat"'), 'json'],
  ['a zero before', interval('02'), 'json'],
  ['a plus sign', interval('+2'), 'json'],
  ['a fraction', interval('2.0'), 'type'],
  ['a long fraction', interval(`2.${'0'.repeat(600)}`), 'type'],
  ['an exponent', interval('2e0'), 'type'],
  ['less than any double', interval('1e-400'), 'type'],
  ['the largest double', interval('1.7976931348623157e308'), 'type'],
  ['more than any double', interval('1e309'), 'json'],
  ['the largest integer', interval('9223372036854775807'), 'value'],
  ['an integer of 65 bits', interval('9223372036854775808'), 'json'],
  ['a long integer', interval('1'.repeat(600)), 'json'],
  ['2048 lists', nested(2048), 'type'],
  ['2049 lists', nested(2049), 'json'],
  ['2047 lists and a number', nested(2047, '1'), 'type'],
  ['2048 lists and a number', nested(2048, '1'), 'json'],
];

function mine(bytes) {
  try {
    parseManifest(bytes);
    return 'ok';
  } catch (e) {
    return e.code?.replace(/^manifest\./, '') ?? String(e);
  }
}
function theirs(bytes) {
  const head = Buffer.from([0x70, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.length, 1);
  const { stdout } = spawnSync(judgePath, { input: Buffer.concat([head, bytes]), encoding: 'utf8' });
  return stdout.trim().replace(/^manifest manifest\./, '');
}
for (const [name, text, want] of cases)
  test(name, () => {
    const bytes = Buffer.from(text, 'utf8');
    assert.equal(mine(new Uint8Array(bytes)), want);
    if (fs.existsSync(judgePath)) assert.equal(theirs(bytes), want);
  });
test('not UTF-8', () => {
  const bytes = Buffer.from(title('A \u00ff election'), 'latin1');
  assert.equal(mine(new Uint8Array(bytes)), 'json');
  if (fs.existsSync(judgePath)) assert.equal(theirs(bytes), 'json');
});
