// The wasm core computes what the native one computes, and refuses what it must.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Core } from '../../web/wasm.js';
import { build, root } from './double.mjs';

const module = new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm')));
const core = new Core(module);
const text = fs.readFileSync(path.join(root, 'spec/vectors/voter.json'), 'utf8');
const v = JSON.parse(text);
const bytes = (name) => new Uint8Array(Buffer.from(v[name], 'hex'));
const hex = (b) => Buffer.from(b).toString('hex');

const voter = core.derive(bytes('code'), bytes('fingerprint'));
const y = bytes('y');
const style = {
  style: 3,
  fingerprint: bytes('fingerprint'),
  digest: bytes('key_digest'),
  contests: [{ index: 0, n: 5, a: 0, b: 2, y: y.slice(0, 96) }, { index: 4, n: 4, a: 1, b: 1, y: y.slice(96) }],
};
const place = { ...voter, unit: 7, sequence: 2, previous: bytes('previous') };

test('the module imports nothing', () => {
  assert.deepEqual(WebAssembly.Module.imports(module), []);
});

test('the vectors are what the native core computes', () => {
  const tool = path.join(build, 'tests/browser/election_keys');
  assert.equal(execFileSync(tool, ['vectors'], { encoding: 'utf8' }), text);
});

test('documents: the box of the vector, opened with the key of its registrar and sealed to any', async () => {
  const box = JSON.parse(fs.readFileSync(path.join(root, 'spec/vectors/document-box.json'), 'utf8'));
  const of = (name) => new Uint8Array(Buffer.from(box[name], 'hex'));
  const { open: secret, openKey } = core.registrar(of('seed'));
  assert.equal(hex(openKey), box.open_key);
  const place = { fingerprint: of('fingerprint'), application: of('application'), credential: of('credential'), kind: box.kind };
  const { head, aes } = core.sealDocument(place, openKey, of('random'));
  assert.equal(hex(head), box.head);
  assert.equal(hex(aes), box.aes);
  const opened = core.openDocument(secret, place, head, 1, 1);
  assert.equal(hex(opened), box.aes);
  assert.throws(() => core.openDocument(secret, { ...place, kind: 3 }, head, 1, 1), /invalid/);
  assert.throws(() => core.openDocument(secret, { ...place, credential: of('random') }, head, 1, 1), /invalid/);
  const cipher = crypto.createDecipheriv('aes-256-gcm', opened, Buffer.alloc(12));
  cipher.setAAD(head);
  const sealed = Buffer.from(box.sealed, 'hex');
  cipher.setAuthTag(sealed.subarray(-16));
  assert.equal(hex(Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()])), box.plain);
});

test('hash', () => {
  for (const len of [0, 1, 55, 56, 63, 64, 65, 1000]) {
    const b = crypto.randomBytes(len);
    assert.equal(hex(core.sha256(b)), crypto.createHash('sha256').update(b).digest('hex'));
  }
});

test('recovery code: written, read back, and refused if one letter is wrong', () => {
  assert.equal(core.codeWrite(bytes('code')), v.recovery_code);
  assert.equal(hex(core.codeRead(v.recovery_code)), v.code);
  assert.equal(hex(core.codeRead(v.recovery_code.toLowerCase().replaceAll('-', ' '))), v.code);
  const plain = v.recovery_code.replaceAll('-', '');
  for (let i = 0; i < plain.length; i += 1) {
    const wrong = plain.slice(0, i) + (plain[i] === '7' ? '8' : '7') + plain.slice(i + 1);
    assert.equal(core.codeRead(wrong), null);
  }
  assert.equal(core.codeRead(plain.slice(1)), null);
  assert.equal(core.codeRead(`${plain}0`), null);
  assert.equal(core.codeRead(''), null);
  assert.equal(core.codeRead(plain.replace(/^./, 'U')), null);
});

test('credential, its fingerprint and proof of possession', () => {
  assert.equal(hex(voter.key), v.credential);
  assert.equal(core.credentialFingerprint(voter.key, bytes('fingerprint')), v.credential_fingerprint);
  assert.equal(hex(core.possession(voter.secret, voter.key, bytes('fingerprint'), bytes('random'))), v.possession);
  assert.equal(hex(core.ask(voter.secret, voter.key, bytes('fingerprint'), 1735689600, bytes('random'))), v.ask);
});

test('key digest', () => {
  assert.equal(hex(core.keyDigest(bytes('fingerprint'), y, bytes('v_hash'))), v.key_digest);
});

test('ballot, its hash and its tracker', () => {
  const ballot = core.seal(style, place, bytes('choices'), bytes('random'));
  assert.equal(hex(ballot), v.ballot);
  assert.equal(hex(core.ballotHash(ballot)), v.ballot_hash);
  assert.equal(core.tracker(ballot), v.tracker);
});

test('a ballot that breaks a rule is not sealed', () => {
  const seal = (list) => core.seal(style, place, Uint8Array.from(list), bytes('random'));
  assert.throws(() => seal([1, 1, 1, 0, 0, 1, 0, 0, 0]), /refused/); // 3 of 2
  assert.throws(() => seal([0, 0, 0, 0, 0, 0, 0, 0, 0]), /refused/); // 0 of at least 1
  assert.throws(() => seal([2, 0, 0, 0, 0, 1, 0, 0, 0]), /refused/); // a 2
  assert.throws(() => core.seal({ ...style, contests: [{ ...style.contests[0], y: new Uint8Array(96) }] }, place,
    new Uint8Array(5), bytes('random')), /malformed/); // the identity as a key
});

const log = crypto.generateKeyPairSync('ed25519');
const logKey = log.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), crypto.createHash('sha256')).digest();

test('promise: holds as signed and not otherwise', () => {
  const promise = { ballotHash: bytes('ballot_hash'), credential: voter.key, sequence: 2, deadline: 1234567890123 };
  const signed = Buffer.alloc(124);
  signed.write('tapat-v1 promise');
  signed.set(bytes('fingerprint'), 16);
  signed.set(promise.ballotHash, 48);
  signed.set(promise.credential, 80);
  signed.writeUInt32BE(2, 112);
  signed.writeBigUInt64BE(1234567890123n, 116);
  promise.signature = crypto.sign(null, signed, log.privateKey);
  const holds = (p, key = logKey) => core.promiseHolds(p, key, bytes('fingerprint'));
  assert.equal(holds(promise), true);
  assert.equal(holds({ ...promise, sequence: 3 }), false);
  assert.equal(holds({ ...promise, deadline: promise.deadline + 1 }), false);
  assert.equal(holds({ ...promise, ballotHash: bytes('random') }), false);
  assert.equal(holds({ ...promise, credential: bytes('random') }), false);
  assert.equal(holds(promise, bytes('random')), false);
  assert.equal(core.promiseHolds(promise, logKey, bytes('random')), false);
});

function note(origin, lines, key = log.privateKey, name = origin) {
  const body = `${[origin, ...lines].join('\n')}\n`;
  const id = sha256(Buffer.from(`${origin}\n`), Buffer.from([1]), logKey).subarray(0, 4);
  return `${body}\n\u2014 ${name} ${Buffer.concat([id, crypto.sign(null, Buffer.from(body), key)]).toString('base64')}\n`;
}

test('checkpoint: read if the log signed it, else nothing', () => {
  const good = ['5', Buffer.alloc(32, 3).toString('base64')];
  const read = (n, origin = 'a.example/log') => core.checkpoint(n, { origin, key: logKey, witnesses: [], quorum: 0 });
  assert.deepEqual(read(note('a.example/log', good)), { size: 5, root: new Uint8Array(32).fill(3) });
  assert.equal(read(note('b.example/log', good)), null);
  assert.equal(read(note('a.example/log', good), 'b.example/log'), null);
  assert.equal(read(note('a.example/log', good, crypto.generateKeyPairSync('ed25519').privateKey)), null);
  assert.equal(read(note('a.example/log', ['05', good[1]])), null);
  assert.equal(read(note('a.example/log', ['5', 'AAAA'])), null);
  assert.equal(read(note('a.example/log', good).replace('\n5\n', '\n6\n')), null);
  assert.equal(read(''), null);
});

test('checkpoint: no fewer cosignatures than the quorum, in order, each good', () => {
  const plain = note('a.example/log', ['5', Buffer.alloc(32, 3).toString('base64')]);
  const body = plain.slice(0, plain.indexOf('\n\n') + 1);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(1789000000n);
  const witnesses = ['w1', 'w2', 'w3'].map((name) => {
    const pair = crypto.generateKeyPairSync('ed25519');
    const key = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const id = sha256(Buffer.from(`${name}\n`), Buffer.from([4]), key).subarray(0, 4);
    const signature = crypto.sign(null, Buffer.from(`cosignature/v1\ntime 1789000000\n${body}`), pair.privateKey);
    return { name, key, line: `\u2014 ${name} ${Buffer.concat([id, time, signature]).toString('base64')}\n` };
  });
  const log = { origin: 'a.example/log', key: logKey, witnesses, quorum: 2 };
  const read = (order) => core.checkpoint(plain + order.map((i) => witnesses[i].line).join(''), log);
  const good = { size: 5, root: new Uint8Array(32).fill(3) };
  for (const order of [[0, 1], [0, 2], [1, 2], [0, 1, 2]]) assert.deepEqual(read(order), good);
  for (const order of [[], [0], [2], [1, 0], [0, 0], [2, 1, 0]]) assert.equal(read(order), null);
  const line = witnesses[1].line;
  const forged = line.slice(0, -6) + (line.at(-6) === 'A' ? 'B' : 'A') + line.slice(-5);
  assert.equal(core.checkpoint(plain + witnesses[0].line + forged, log), null);
  assert.equal(core.checkpoint(plain + witnesses[0].line + forged + witnesses[2].line, log), null);
  assert.equal(core.checkpoint(plain + witnesses[0].line, { ...log, witnesses: [], quorum: 0 }), null);
});

test('inclusion: every leaf of small trees, and no other', () => {
  const leaf = (i) => sha256(Buffer.from([0]), Buffer.from([i]));
  const node = (a, b) => sha256(Buffer.from([1]), a, b);
  const rootOf = (l) => {
    if (l.length === 1) return l[0];
    const k = 2 ** Math.floor(Math.log2(l.length - 1));
    return node(rootOf(l.slice(0, k)), rootOf(l.slice(k)));
  };
  const audit = (m, l) => {
    if (l.length === 1) return [];
    const k = 2 ** Math.floor(Math.log2(l.length - 1));
    return m < k ? [...audit(m, l.slice(0, k)), rootOf(l.slice(k))] : [...audit(m - k, l.slice(k)), rootOf(l.slice(0, k))];
  };
  for (let size = 1; size <= 9; size += 1) {
    const leaves = Array.from({ length: size }, (_, i) => leaf(i));
    assert.equal(hex(core.root(Buffer.concat(leaves))), hex(rootOf(leaves)));
    for (let i = 0; i < size; i += 1) {
      assert.equal(hex(core.leaf(Uint8Array.from([i]))), hex(leaves[i]));
      const proof = Buffer.concat(audit(i, leaves));
      const check = (at, p = proof, l = leaves[i], n = size) => core.included(l, at, n, rootOf(leaves), p);
      assert.equal(check(i), true);
      assert.equal(check(i + 1), false);
      assert.equal(check(i, Buffer.concat([proof, leaves[0]])), false);
      assert.equal(check(i, proof, leaf(99)), false);
      if (proof.length) {
        assert.equal(check(i, proof.subarray(32)), false);
        const bent = Buffer.from(proof);
        bent[3] ^= 1;
        assert.equal(check(i, bent), false);
      }
    }
  }
});

test('confirmations: a trustee that signed something else is noticed', () => {
  const tool = path.join(build, 'tests/browser/election_keys');
  const fingerprint = 'ab'.repeat(32);
  const keys = execFileSync(tool, ['trustees', '3'], { encoding: 'utf8' }).trim().split('\n').map((k) => Buffer.from(k, 'hex'));
  for (const bad of [0, 2]) {
    const answer = Buffer.from(execFileSync(tool, ['answer', '3', fingerprint, '4', 'bad', String(bad)], { encoding: 'utf8' }), 'hex');
    const digest = core.keyDigest(Buffer.from(fingerprint, 'hex'), answer.subarray(0, 128), answer.subarray(128, 160));
    const good = keys.map((key, i) => core.confirmed(Buffer.from(fingerprint, 'hex'), digest, i + 1, key,
      answer.subarray(162 + 64 * i, 226 + 64 * i)));
    assert.deepEqual(good, [true, bad !== 2, true]);
  }
});
