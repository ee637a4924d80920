// The worked vectors of a deal, of what is signed, of codes, rows and witnesses, computed again from
// the text of spec/; and each of their values with one digit changed is refused.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import test from 'node:test';

import { x25519 } from '@noble/curves/ed25519';
import { argon2id as argon2idOf } from '@noble/hashes/argon2';

import { ballotChecks, firstFault, readBallot } from '../../verifier/ballot.js';
import { Board } from '../../verifier/board.js';
import { ascii, concat, hex, opaque, Reader, same, u16, u32, u64, u8, unhex } from '../../verifier/bytes.js';
import * as dkg from '../../verifier/dkg.js';
import * as entries from '../../verifier/entries.js';
import * as group from '../../verifier/group.js';
import { sha256, sha512, streamBlock, Transcript } from '../../verifier/hash.js';
import * as schnorr from '../../verifier/schnorr.js';
import { generators, shape } from '../../verifier/sum.js';
import * as tree from '../../verifier/tree.js';
import { make } from './make_vectors.mjs';
import { openSealed } from './sealed.mjs';

const read = (name) =>
  JSON.parse(fs.readFileSync(new URL(`../../spec/vectors/${name}.json`, import.meta.url), 'utf8'));
const each = (bytes) =>
  Array.from({ length: bytes.length / 32 }, (_, i) => bytes.slice(32 * i, 32 * i + 32));
const multiple = (x) => group.times(group.G, x).toBytes();
const equal = (bytes, text) => assert.equal(hex(bytes), text);

// ---- a deal ----

const frame = (label, data) => concat(u8(0), u8(label.length), ascii(label), u64(data.length), data);

// spec: D-4, P-7, P-8
function dealNonces(who, secret, random) {
  const numbers = ['contest', 'n', 't', 'p', 'dealer'];
  const context = sha512(
    frame('suite', ascii('tapat-v1-ristretto255-sha512')),
    frame('domain', ascii('dkg-deal')),
    frame('fingerprint', who.fingerprint),
    ...numbers.map((name) => frame(name, u64(who[name]))),
  );
  const key = sha512(
    frame('domain', ascii('dkg')),
    frame('secret', secret),
    frame('random', random),
    frame('context', context),
  );
  return { key, scalar: (i) => group.wide(streamBlock(key, i)) };
}
// One contest of a deal from the seed alone: D-2 to D-5, X-5. Returns its coefficients.
function dealtContest(v, c) {
  const { n, t, dealer } = v,
    who = { fingerprint: unhex(v.fingerprint), contest: c.contest, n, t, p: c.p, dealer };
  const seed = unhex(v.seed),
    identity = group.wide(sha512(ascii('tapat-v1 trustee identity'), seed));
  const random = sha512(ascii('tapat-v1 trustee polynomials'), seed, who.fingerprint, u32(c.contest));
  equal(random.slice(0, 32), c.polynomials);
  const nonces = dealNonces(who, group.scalarBytes(identity), random.slice(0, 32)),
    count = c.p * t;
  equal(nonces.key, c.nonce_key);
  const a = Array.from({ length: count }, (_, i) => nonces.scalar(i)),
    w = nonces.scalar(count);
  equal(concat(...a.map(group.scalarBytes)), c.coefficients);
  equal(group.scalarBytes(w), c.w);
  const head = concat(...a.map(multiple), multiple(w));
  const transcript = new Transcript('dkg-possession').item('fingerprint', who.fingerprint);
  for (const name of ['contest', 'n', 't', 'p', 'dealer']) transcript.number(name, who[name]);
  const e = group.wide(
    transcript.item('commitments', head.slice(0, 32 * count)).item('T', head.slice(32 * count)).challenge('e'),
  );
  let z = w;
  for (let k = 0, power = e; k < c.p; k++, power = group.mod(power * e)) z += power * a[k * t];
  const message = concat(head, group.scalarBytes(group.mod(z)));
  equal(message, c.message);
  equal(dkg.commitment(who, message), c.commitment);
  assert.ok(dkg.possessionHolds(who, message, dkg.read(who, message)));
  return a;
}
// spec: D-8, X-7
function dealtBox(v, coefficients, receiver, l) {
  const secret = sha512(ascii('tapat-v1 trustee box'), unhex(receiver.seed)).slice(0, 32),
    key = x25519.getPublicKey(secret);
  equal(key, receiver.box_key);
  const shares = v.contests.flatMap((c, i) =>
    Array.from({ length: c.p }, (_, k) => {
      const a = coefficients[i].slice(k * v.t, (k + 1) * v.t);
      return a.reduceRight((sum, x) => group.mod(sum * BigInt(l) + x), 0n);
    }),
  );
  equal(concat(...shares.map(group.scalarBytes)), receiver.shares);
  const opened = openSealed(unhex(receiver.box), secret, key);
  assert.ok(opened);
  equal(opened, receiver.shares);
}
function deal(v) {
  const coefficients = v.contests.map((c) => dealtContest(v, c));
  equal(sha256(ascii('tapat-v1 deal'), ...v.contests.map((c) => unhex(c.commitment))), v.deal_hash);
  v.receivers.forEach((r, i) => dealtBox(v, coefficients, r, i + 1));
  assert.equal(v.receivers.length, v.n);
  const parts = [...v.contests.map((c) => c.message), ...v.receivers.map((r) => r.box)];
  assert.equal(parts.join(''), v.deal);
}

// ---- what is signed ----

function promise(v) {
  // C-11
  const message = concat(
    ascii('tapat-v1 promise'),
    unhex(v.fingerprint),
    unhex(v.ballot_hash),
    unhex(v.credential),
    u32(v.sequence),
    u64(v.deadline),
  );
  equal(message, v.message);
  assert.ok(tree.signed(unhex(v.signature), message, unhex(v.log_key)));
}
function registration(v) {
  // L-6
  const r = new Reader(unhex(v.bytes));
  const one = { credential: hex(r.bytes(32)), unit: r.u16(), style: r.u16() };
  const by = entries.endorsements(r);
  r.end();
  assert.deepEqual(one, { credential: v.credential, unit: v.unit, style: v.style });
  const message = concat(unhex(v.fingerprint), unhex(v.credential), u16(v.unit), u16(v.style));
  equal(message, v.message);
  assert.deepEqual(by.map((e) => e.signer), v.signers);
  by.forEach((e, i) =>
    assert.ok(schnorr.signatureHolds('tapat-v1 registration', unhex(v.keys[i]), message, e.signature)),
  );
  assert.equal(by.length, v.keys.length);
}
function ask(v) {
  // L-12
  const message = concat(unhex(v.fingerprint), u64(v.time), unhex(v.subject));
  equal(message, v.message);
  assert.ok(schnorr.signatureHolds(v.use, unhex(v.public_key), message, unhex(v.signature)));
}
function refusal(v) {
  // L-13
  const message = concat(
    unhex(v.fingerprint),
    unhex(v.application),
    unhex(v.credential),
    u16(v.reason),
    u64(v.time),
  );
  equal(message, v.message);
  assert.ok(schnorr.signatureHolds('tapat-v1 refusal', unhex(v.public_key), message, unhex(v.signature)));
}
function entry(v, fingerprint) {
  // N-2, N-4, N-6
  const e = entries.readEntry(unhex(v.entry)),
    by = e.endorsements ?? [e];
  assert.equal(e.type, entries[v.type]);
  equal(concat(fingerprint, unhex(v.entry).slice(0, 1), e.signedBody), v.message);
  const message = entries.signedBytes(fingerprint, e.type, e.signedBody);
  assert.equal(by.length, v.keys.length);
  by.forEach((b, i) =>
    assert.ok(schnorr.signatureHolds('tapat-v1 entry', unhex(v.keys[i]), message, b.signature)),
  );
  assert.deepEqual(by.map((b) => b.signer), v.type === 'OPENING' ? [2] : by.map((_, i) => i + 1));
}
function signed(v) {
  promise(v.promise);
  registration(v.registration);
  v.asks.forEach(ask);
  refusal(v.refusal);
  v.entries.forEach((e) => entry(e, unhex(v.fingerprint)));
}

// ---- passwords: P-3 ----

const known = new Map(); // it is slow by design
function tagOf(password, salt, blocks, passes, length) {
  const name = [hex(password), hex(salt), blocks, passes, length].join();
  if (!known.has(name))
    known.set(name, argon2idOf(password, salt, { t: passes, m: blocks, p: 1, dkLen: length }));
  return known.get(name);
}
function argon2id(v) {
  assert.deepEqual([v.function, v.version, v.lanes], ['Argon2id', 0x13, 1]);
  for (const x of v.vectors)
    equal(tagOf(unhex(x.password), unhex(x.salt), x.blocks, x.passes, x.tag.length / 2), x.tag);
}

// ---- one voter's way ----

// The shape of this ballot: what a manifest would say.
function voterStyle(v) {
  const contests = [];
  contests[0] = { index: 0, ...shape(5, 0, 2) };
  contests[4] = { index: 4, ...shape(4, 1, 1) };
  const styles = [];
  styles[3] = { contests: [0, 4], ballotLength: 168 + contests[0].length + contests[4].length };
  return { fingerprint: unhex(v.fingerprint), contests, styles };
}
const stream = (domain, secret, random, context) => {
  const key = sha512(
    frame('domain', ascii(domain)),
    frame('secret', secret),
    frame('random', random),
    frame('context', context),
  );
  return group.wide(streamBlock(key, 0));
};
// The first nonce of a signature gives its R. spec: B-2, B-3
function signedWith(v, s, kind, use, message, signature) {
  const context = sha512(
    frame('suite', ascii('tapat-v1-ristretto255-sha512')),
    frame('domain', ascii(kind)),
    frame('use', ascii(use)),
    frame('public-key', unhex(v.credential)),
    frame('message', message),
  );
  const w = stream('schnorr', group.scalarBytes(s), unhex(v.random), context);
  equal(multiple(w), hex(signature.slice(0, 32)));
  assert.ok(schnorr.holds(kind, use, unhex(v.credential), message, signature));
}
// The first nonce of a proof is r. spec: B-9, B-11
function encryptedWith(v, s, b, m, i) {
  const c = m.contests[b.contests[i]],
    first = i ? 5 : 0;
  const context = sha512(
    frame('suite', ascii('tapat-v1-ristretto255-sha512')),
    frame('domain', ascii('sum')),
    frame('fingerprint', m.fingerprint),
    frame('key-digest', unhex(v.key_digest)),
    ...[['contest', c.index], ['n', c.n], ['a', c.a], ['b', c.b], ['packing', 2 ** 24]].map(([name, x]) =>
      frame(name, u64(x)),
    ),
    frame('credential', b.credential),
    ...[['unit', b.unit], ['style', b.style], ['sequence', b.sequence]].map(([name, x]) => frame(name, u64(x))),
    frame('previous', b.previous),
    frame('choices', unhex(v.choices).slice(first, first + c.n)),
  );
  const r = stream('sum', group.scalarBytes(s), unhex(v.random), context);
  equal(multiple(r), hex(b.proofs[i].slice(0, 32)));
}
function code(bytes, symbols) {
  const bits = [...bytes].map((x) => x.toString(2).padStart(8, '0')).join('');
  const digits = bits.slice(0, 5 * symbols).match(/.{5}/g).map((d) => DIGITS[parseInt(d, 2)]).join('');
  const check = [...DIGITS].find((c) => readCode(digits + c, symbols));
  return `${digits.match(/.{5}/g).join('-')}-${check}`;
}
function voter(v) {
  // L-1 to L-4, L-11, C-1 to C-10, X-13
  const m = voterStyle(v),
    bytes = unhex(v.ballot);
  equal(readCode(v.recovery_code, 25), v.code);
  assert.equal(v.recovery_code, code(unhex(v.code), 25));
  const s = group.wide(tagOf(unhex(v.code), m.fingerprint.slice(0, 16), 19456, 2, 64));
  equal(multiple(s), v.credential);
  equal(sha256(ascii('tapat-v1 keys'), m.fingerprint, sha256(unhex(v.y)), unhex(v.v_hash)), v.key_digest);
  signedWith(v, s, 'possession', 'tapat-v1 possession', m.fingerprint, unhex(v.possession));
  signedWith(v, s, 'signature', 'tapat-v1 ask', concat(m.fingerprint, u64(1735689600)), unhex(v.ask));
  const b = readBallot(m, bytes);
  assert.deepEqual([hex(b.credential), b.sequence, hex(b.previous), b.unit], [v.credential, 2, v.previous, 7]);
  signedWith(v, s, 'signature', 'tapat-v1 ballot', bytes.slice(0, -64), bytes.slice(-64));
  b.contests.forEach((_, i) => encryptedWith(v, s, b, m, i));
  const y = each(unhex(v.y)).map(group.point),
    Y = { 0: y.slice(0, 3), 4: y.slice(3) };
  const checks = ballotChecks(m, b, { digest: unhex(v.key_digest), Y }, generators(m.fingerprint, 7));
  assert.equal(firstFault([{ index: 0, checks }]), null);
  equal(b.hash, v.ballot_hash);
  assert.equal(v.tracker, code(sha256(ascii('tapat-v1 tracker'), bytes), 25));
  const own = sha256(ascii('tapat-v1 credential'), m.fingerprint, unhex(v.credential));
  assert.equal(v.credential_fingerprint, code(own, 20));
}

// ---- rows ----

const utf8 = (text) => new TextEncoder().encode(text);
function newRow(v) {
  // J-23
  const bytes = concat(
    opaque(1, 31, utf8(v.number)),
    opaque(0, 127, utf8(v.name)),
    opaque(0, 10, utf8(v.birth_date)),
    opaque(0, 127, utf8(v.contact)),
    opaque(0, 127, utf8(v.contact2)),
    opaque(0, 127, utf8(v.disabled)),
    u16(v.unit),
    u8(v.channel),
  );
  equal(bytes, v.bytes);
}
function row(v) {
  // J-21
  const bytes = concat(
    unhex(v.salt),
    opaque(1, 31, utf8(v.number)),
    opaque(1, 127, utf8(v.name)),
    opaque(10, 10, utf8(v.birth_date)),
    u16(v.unit),
    u8(v.channel),
    u8(v.disabled ? 1 : 0),
  );
  equal(bytes, v.bytes);
  equal(tree.leafHash(bytes), v.leaf);
}
function roll(v) {
  v.rows.forEach((r) => {
    row(r);
    const salt = sha512(ascii('tapat-v1 roll salt'), unhex(v.secret), unhex(v.fingerprint), utf8(r.number));
    equal(salt.slice(0, 32), r.salt);
  });
  const leaves = v.rows.map((r) => unhex(r.leaf)).sort((a, b) => (hex(a) < hex(b) ? -1 : 1));
  equal(tree.root(leaves), v.root);
  v.new_rows.forEach(newRow);
}

// ---- codes ----

const hmac = (key, data) => new Uint8Array(crypto.createHmac('sha256', key).update(data).digest());
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
// The octets of a code, or null if the check symbol does not fit. spec: A-1..A-5
function readCode(text, symbols) {
  const values = [...text.toUpperCase().replace(/[- ]/g, '').replace(/[IL]/g, '1').replace(/O/g, '0')].map(
    (c) => DIGITS.indexOf(c),
  );
  if (values.includes(-1) || values.length !== symbols + 1) return null;
  let sum = 0;
  values.slice(0, symbols).forEach((d, i) => {
    let x = d;
    for (let k = 0; k <= i; k++) x = (x << 1) ^ (x & 16 ? 37 : 0);
    sum ^= x;
  });
  if (sum !== values[symbols]) return null;
  const bits = values.slice(0, symbols).map((d) => d.toString(2).padStart(5, '0')).join('');
  return Uint8Array.from(bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g), (b) => parseInt(b, 2));
}
function oneTime(v) {
  //
  const key = hmac(unhex(v.session_key), 'tapat-v1 one-time code');
  equal(key, v.key);
  const mac = hmac(key, concat(unhex(v.token), u32(v.serial), u64(v.expires)));
  let n = 0n;
  for (const x of mac.slice(0, 8)) n = (n << 8n) | BigInt(x);
  assert.equal(String(n % 1000000n).padStart(6, '0'), v.code);
  assert.equal([...mac.slice(8, 10)].map((x) => 'ABCDEFGHJKLMNPQRSTUVWXYZ'[x % 24]).join(''), v.mark);
}
function codes(v) {
  v.one_time.forEach(oneTime);
}

// ---- evidence ----

// spec: ..A-5, L-19, L-20
function letter(v) {
  const octets = readCode(v.code, 20), fingerprint = unhex(v.fingerprint);
  assert.ok(octets);
  assert.equal(v.code, v.code.match(/^(\w{5}-){4}\w$/)?.[0]);
  equal(octets, v.octets);
  const t = new Transcript('tapat-v1 letter key').item('fingerprint', fingerprint).item('code', octets);
  const l = group.wide(t.challenge('l'));
  equal(group.scalarBytes(l), v.l);
  equal(multiple(l), v.key);
  const message = concat(fingerprint, unhex(v.credential));
  assert.ok(schnorr.signatureHolds('tapat-v1 letter', unhex(v.key), message, unhex(v.signature)));
}
// spec: L-21
function login(v) {
  const t = new Transcript('tapat-v1 login').item('fingerprint', unhex(v.fingerprint));
  const nonce = t.item('credential', unhex(v.credential)).item('blind', unhex(v.blind)).challenge('nonce');
  equal(nonce.slice(0, 32), v.nonce);
}
function evidence(v) {
  v.letters.forEach(letter);
  v.logins.forEach(login);
}

// ---- a witness ----

const vkey = (text) => {
  const [name, id, ...rest] = text.split('+'),
    bytes = tree.base64(rest.join('+'));
  equal(tree.keyId(name, bytes[0], bytes.slice(1)), id);
  return { name, type: bytes[0], key: bytes.slice(1) };
};
// spec: T-6
function continues(m, n, oldRoot, newRoot, proof) {
  if (m === 0 || m > n) return false;
  if (m === n) return proof.length === 0 && same(oldRoot, newRoot);
  let f = m - 1,
    s = n - 1;
  while (f % 2) [f, s] = [f >> 1, s >> 1];
  const rest = [...proof];
  let a = Number.isInteger(Math.log2(m)) ? oldRoot : rest.shift();
  if (!a) return false;
  let b = a;
  for (const p of rest) {
    if (!s) return false;
    if (f % 2 || f === s) {
      a = tree.nodeHash(p, a);
      b = tree.nodeHash(p, b);
      while (f && f % 2 === 0) [f, s] = [f >> 1, s >> 1];
    } else b = tree.nodeHash(b, p);
    [f, s] = [f >> 1, s >> 1];
  }
  return s === 0 && same(a, oldRoot) && same(b, newRoot);
}
// spec: T-16
function request(body) {
  const lines = body.split('\n'),
    end = lines.indexOf(''),
    old = /^old (0|[1-9][0-9]*)$/.exec(lines[0]);
  if (!old || end < 1) return null;
  try {
    const note = tree.readNote(utf8(lines.slice(end + 1).join('\n')));
    const head = tree.readCheckpoint(note.text),
      proof = lines.slice(1, end).map(tree.base64);
    if (proof.some((h) => h.length !== 32) || BigInt(old[1]) > head.size) return null;
    return { old: Number(old[1]), proof, note, origin: head.origin, size: Number(head.size), root: head.root };
  } catch {
    return null;
  }
}
// spec: T-17
function judge(log, kept, body) {
  const r = request(body);
  if (!r) return [400, null];
  if (r.origin !== log.name) return [404, null];
  const line = r.note.signatures.find((s) => tree.lineIsOf(s, log.name, 1, log.key));
  if (!line || !tree.lineSigns(r.note, line, log.key)) return [403, null];
  if (r.old !== kept.size || (r.size === kept.size && !same(r.root, kept.root))) return [409, null];
  const empty = r.old === 0 || r.size === r.old;
  const ok = empty ? !r.proof.length : continues(r.old, r.size, kept.root, r.root, r.proof);
  return ok ? [200, r] : [422, null];
}
function witness(v) {
  const log = vkey(v.log),
    w = vkey(v.witness);
  assert.deepEqual([log.type, w.type], [1, 4]);
  equal(new Uint8Array(publicOf(unhex(v.witness_seed))), hex(w.key));
  let kept = { size: 0, root: sha256() };
  for (const x of v.exchanges) {
    const [status, r] = judge(log, kept, x.body);
    assert.equal(status, x.status);
    if (status !== 200) {
      assert.equal(x.answer, status === 409 ? `${kept.size}\n` : '');
      continue;
    }
    kept = r;
    assert.equal(x.message, `cosignature/v1\ntime ${x.time}\n${r.note.text}`);
    const [own] = tree.readNote(utf8(`${r.note.text}\n${x.answer}`)).signatures;
    assert.ok(tree.lineIsOf(own, w.name, 4, w.key) && tree.lineCosigns(r.note, own, w.key));
    assert.equal(new Reader(own.signature).u64(), BigInt(x.time));
  }
}
function publicOf(seed) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = crypto.createPublicKey(crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return key.export({ format: 'der', type: 'spki' }).subarray(12);
}

// ---- each value counts ----

// All places of a value in which something stands: [object, key].
function* places(value) {
  for (const [key, x] of Object.entries(value))
    if (typeof x === 'object') yield* places(x);
    else yield [value, key];
}
function* changes(x) {
  if (typeof x === 'number') yield x + 1;
  if (typeof x === 'boolean') yield !x;
  if (typeof x !== 'string') return;
  if (!x.length) yield '00';
  const other = (c) => (c === '7' ? '8' : '7');
  for (const at of new Set([0, x.length >> 1, x.length - 1]))
    if (x.length) yield x.slice(0, at) + other(x[at]) + x.slice(at + 1);
}
// Of a request that is refused not every byte decides.
const idle = (object, key) => key === 'body' && object.status !== 200;

const checks = { argon2id, deal, signed, roll, codes, evidence, voter, witness };
for (const [name, check] of Object.entries(checks)) {
  test(`vectors/${name}.json holds`, () => check(read(name)));
  test(`vectors/${name}.json: every value, changed, is refused`, () => {
    const v = read(name);
    let count = 0;
    for (const [object, key] of places(v)) {
      const right = object[key];
      if (idle(object, key)) continue;
      for (const wrong of changes(right)) {
        object[key] = wrong;
        assert.throws(() => check(v), Error, `${key}: ${right} as ${wrong}`);
        count++;
      }
      object[key] = right;
    }
    assert.ok(count > 10);
    check(v);
  });
}

// ---- nonces of proofs whose other parts vectors.test.mjs checks ----

const opening = (domain) => [
  frame('suite', ascii('tapat-v1-ristretto255-sha512')),
  frame('domain', ascii(domain)),
];
test('the nonce of decryption shares', () => {
  // K-3
  for (const v of read('eqlog')) {
    const frames = [
      ...opening('shares'),
      frame('fingerprint', unhex(v.fingerprint)),
      frame('key-digest', unhex(v.key_digest)),
      frame('contest', u64(v.contest)),
      frame('trustee', u64(v.trustee)),
      frame('R', unhex(v.r)),
      frame('V', unhex(v.v)),
      frame('D', unhex(v.d)),
      concat(u8(1), u8(7), ascii('weights'), u64(0)),
    ];
    const weights = new group.Weights(sha512(...frames)),
      delta = Array.from({ length: v.p }, (_, k) => (k ? weights.take() : 1n));
    const x = each(unhex(v.x)).reduce((sum, b, k) => group.mod(sum + delta[k] * group.scalar(b)), 0n);
    const w = (random) => stream('shares', group.scalarBytes(x), random, sha512(...frames));
    equal(multiple(w(unhex(v.random))), v.proof.slice(0, 64));
    assert.notEqual(hex(multiple(w(new Uint8Array(32)))), v.proof.slice(0, 64));
  }
});
test('the nonce of a box for documents', () => {
  // L-15
  const v = read('document-box');
  const context = sha512(
    ...opening('tapat-v1 document'),
    frame('fingerprint', unhex(v.fingerprint)),
    frame('application', unhex(v.application)),
    frame('credential', unhex(v.credential)),
    frame('kind', u64(v.kind)),
  );
  const e = (random) => stream('tapat-v1 document', new Uint8Array(0), random, context);
  equal(multiple(e(unhex(v.random))), v.head.slice(0, 64));
  assert.notEqual(hex(multiple(e(new Uint8Array(32)))), v.head.slice(0, 64));
});

test('the example of what is too old', () => {
  // S-19
  const day = (n) => BigInt(n) * 86400n + 3600n,
    board = { batches: 0, lastBatch: 0n, today: 0, recent: 0, size: 0 };
  const after = [
    [50, 100, 0],
    [60, 100, 0],
    [70, 102, 70],
    [90, 103, 70],
  ];
  for (const [entry, on, least] of after) {
    board.size = entry;
    Board.prototype.clock.call(board, day(on));
    board.batches++;
    assert.equal(board.recent, least);
  }
});

test('codes and witness are what their generator makes', () => {
  for (const name of ['codes', 'witness']) assert.deepEqual(read(name), make[name]());
});
