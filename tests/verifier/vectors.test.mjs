// The second verifier on the vectors of spec/.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import { x25519 } from '@noble/curves/ed25519';
import { argon2id } from '@noble/hashes/argon2';

import { badItems, draw } from '../../verifier/batch.js';
import {
  ascii,
  concat,
  hex,
  isZero,
  Malformed,
  opaque,
  Reader,
  u16,
  u64,
  u8,
  unhex,
} from '../../verifier/bytes.js';
import * as dkg from '../../verifier/dkg.js';
import * as eqlog from '../../verifier/eqlog.js';
import * as group from '../../verifier/group.js';
import { sha256, streamBlock, sha512, Transcript } from '../../verifier/hash.js';
import * as schnorr from '../../verifier/schnorr.js';
import * as sum from '../../verifier/sum.js';
import * as tree from '../../verifier/tree.js';

const read = (name) =>
  JSON.parse(fs.readFileSync(new URL(`../../spec/vectors/${name}.json`, import.meta.url), 'utf8'));
const flipped = (bytes, at) => bytes.map((x, i) => (i === at ? x ^ 1 : x));
const each = (bytes) =>
  Array.from({ length: bytes.length / 32 }, (_, i) => bytes.slice(32 * i, 32 * i + 32));

test('encoding: cut, left over, out of bounds', () => {
  // E-4..E-7
  const value = unhex('07020100026162 0102'.replace(' ', ''));
  const parse = (b) => {
    const r = new Reader(b);
    const v = [r.u8(), r.u16(), r.opaque(0, 300), r.bytes(2)];
    r.end();
    return v;
  };
  assert.deepEqual([...parse(value)[2]], [0x61, 0x62]);
  for (let n = 0; n < value.length; n++) assert.throws(() => parse(value.slice(0, n)), Malformed);
  assert.throws(() => parse(Uint8Array.of(...value, 0)), Malformed);
  assert.throws(() => parse(unhex('070201012d')), Malformed);
  assert.equal(hex(opaque(0, 300, ascii('ab'))), '00026162');
  assert.throws(() => opaque(1, 2, new Uint8Array(3)), Malformed);
});

function run(t, steps) {
  for (const s of steps) {
    if ('item' in s) t.item(s.item, unhex(s.data));
    else if ('u64' in s) t.number(s.u64, BigInt(s.value));
    else assert.equal(hex(t.challenge(s.challenge)), s.out);
  }
  return t;
}
test('transcripts and streams', () => {
  // P-4..P-8
  const v = read('transcript');
  for (const t of v.transcripts) {
    const h = run(new Transcript(t.domain), t.steps).h;
    assert.equal(hex(h.clone().digest()), hex(sha512(unhex(t.bytes))));
  }
  assert.notEqual(
    hex(new Transcript('a').item('b', ascii('cd')).challenge('x')),
    hex(new Transcript('a').item('bc', ascii('d')).challenge('x')),
  );
  for (const n of v.nonces)
    n.out.forEach((out, i) => assert.equal(hex(streamBlock(unhex(n.key), i)), out));
});

test('ristretto255 is decoded strictly', () => {
  // P-9
  const v = read('ristretto255');
  let p = group.ZERO;
  for (const m of v.multiples) {
    assert.equal(hex(p.toBytes()), m);
    assert.ok(group.point(unhex(m)).equals(p));
    p = p.add(group.G);
  }
  for (const bad of [...v.malformed, ...v.own_malformed])
    assert.throws(() => group.point(unhex(bad.bytes)), Malformed, bad.why);
  assert.throws(() => group.pointNotIdentity(new Uint8Array(32)), Malformed);
  assert.throws(() => group.point(unhex(v.multiples[1]).slice(0, 31)), Malformed);
  assert.throws(() => group.scalar(group.scalarBytes(group.L)), Malformed);
  assert.equal(group.scalar(group.scalarBytes(group.L - 1n)), group.L - 1n);
});

test('hashing to the group', () => {
  // P-11
  for (const h of read('hash_to_group').hash_to_group)
    assert.equal(hex(group.hashToGroup(unhex(h.msg), unhex(h.dst)).toBytes()), h.element);
});

test('sums of multiples are what they say', () => {
  for (const n of [0, 1, 2, 7, 8, 63, 64, 600]) {
    const points = [],
      scalars = [];
    let want = 0n;
    for (let i = 0; i < n; i++) {
      const x = group.wide(sha512(ascii(`x${i}`))),
        k = BigInt(i * i + 1);
      points.push(group.times(group.G, k));
      scalars.push(i % 3 ? x : x >> 125n);
      want = group.mod(want + k * scalars[i]);
    }
    assert.ok(group.sumOfMultiples(points, scalars).equals(group.times(group.G, want)));
  }
});

test('signatures and possession', () => {
  // B-2..B-5
  for (const s of read('schnorr')) {
    const [key, message, sig] = [s.public_key, s.message, s.signature].map(unhex);
    assert.ok(schnorr.holds(s.kind, s.use, key, message, sig));
    const other = s.kind === 'signature' ? 'possession' : 'signature';
    assert.ok(!schnorr.holds(other, s.use, key, message, sig));
    assert.ok(!schnorr.holds(s.kind, `${s.use}x`, key, message, sig));
    assert.ok(!schnorr.holds(s.kind, s.use, key, Uint8Array.of(...message, 0), sig));
    assert.ok(!schnorr.holds(s.kind, s.use, key, message, flipped(sig, 40)));
    assert.ok(!schnorr.holds(s.kind, s.use, new Uint8Array(32), message, sig));
  }
});

function sumItem(v, proof, change = {}) {
  const s = sum.shape(v.n, v.a, v.b);
  const context = {
    fingerprint: unhex(v.fingerprint),
    keyDigest: unhex(v.key_digest),
    contest: v.contest,
    credential: unhex(v.credential),
    unit: v.unit,
    style: v.style,
    sequence: v.sequence,
    previous: unhex(v.previous),
    ...change,
  };
  const gens = sum.generators(context.fingerprint, s.m);
  return sum.item(s, context, sum.read(s, proof), each(unhex(v.keys)).map(group.point), gens);
}
test('ballots of sum contests, alone and in a batch', () => {
  // B-6, B-7, B-10..B-14, B-30..B-33
  const items = [];
  for (const v of read('sum')) {
    const s = sum.shape(v.n, v.a, v.b),
      proof = unhex(v.proof);
    assert.equal(proof.length, s.length);
    const gens = sum.generators(unhex(v.fingerprint), s.m);
    assert.deepEqual(
      gens.map((g) => hex(g.toBytes())),
      each(unhex(v.generators)).map(hex),
    );
    items.push(sumItem(v, proof));
    assert.deepEqual(badItems([items.at(-1)]), []);
    for (const change of [
      { contest: v.contest + 1 },
      { sequence: v.sequence + 1 },
      { unit: v.unit + 1 },
      { previous: flipped(unhex(v.previous), 3) },
    ]) {
      const item = sumItem(v, proof, change);
      assert.ok(item === null || badItems([item]).length === 1);
    }
    for (const at of [s.p + 7, s.p + 8, s.p + s.m + 8, s.p + s.m + 9, s.p + s.m + 10]) {
      const item = sumItem(v, flipped(proof, 32 * at));
      assert.ok(item === null || badItems([item]).length === 1);
    }
    assert.throws(() => sum.read(s, proof.slice(1)), Malformed);
    const none = proof.slice();
    none.fill(0, 0, 32);
    assert.throws(() => sum.read(s, none), { what: 'point' });
    none.fill(255, 32 * (s.p + 7));
    assert.throws(() => sum.read(s, none), { what: 'scalar' });
  }
  assert.deepEqual(badItems(items), []);
  const [E1, E2] = items[2].equations;
  const error = [group.G, 5n];
  items[2] = { ...items[2], equations: [...items[2].equations] };
  items[2].equations[0] = { ...E1, terms: [...E1.terms, error] };
  items[2].equations[1] = { ...E2, terms: [...E2.terms, [group.G, group.L - 5n]] };
  assert.deepEqual(badItems(items), [2]); // errors that cancel without weights
});

test('proofs of decryption shares', () => {
  // K-2, K-4, K-5
  for (const v of read('eqlog')) {
    const s = {
      fingerprint: unhex(v.fingerprint),
      keyDigest: unhex(v.key_digest),
      contest: v.contest,
      trustee: v.trustee,
      r: unhex(v.r),
      v: unhex(v.v),
      d: unhex(v.d),
      proof: unhex(v.proof),
    };
    assert.ok(eqlog.holds(s));
    assert.ok(!eqlog.holds({ ...s, trustee: v.trustee + 1 }));
    assert.ok(!eqlog.holds({ ...s, proof: flipped(s.proof, 64) }));
    const d = s.d.slice();
    d.set(group.point(d.slice(0, 32)).add(group.G).toBytes());
    assert.ok(!eqlog.holds({ ...s, d }));
    assert.ok(!eqlog.holds({ ...s, r: s.r.map(() => 0) }));
    assert.throws(() => eqlog.holds({ ...s, v: s.v.map(() => 0) }), Malformed);
  }
});

test('key generation', () => {
  // D-2..D-11, K-6
  for (const v of read('dkg')) {
    const dealers = v.trustees.map((trustee, i) => {
      const message = unhex(trustee.message);
      const who = {
        fingerprint: unhex(v.fingerprint),
        contest: v.contest,
        n: v.n,
        t: v.t,
        p: v.p,
        dealer: i + 1,
      };
      assert.equal(hex(dkg.commitment(who, message)), trustee.commitment);
      const parsed = dkg.read(who, message);
      assert.ok(dkg.possessionHolds(who, message, parsed));
      assert.ok(!dkg.possessionHolds({ ...who, dealer: i + 2 }, message, parsed));
      assert.throws(() => dkg.read(who, message.slice(32)), Malformed);
      const zero = message.slice();
      zero.fill(0, 0, 32);
      assert.throws(() => dkg.read(who, zero), Malformed);
      const a = each(unhex(trustee.coefficients)).map(group.scalar);
      for (let k = 0; k < v.p; k++) {
        let share = 0n;
        for (let j = v.t - 1; j >= 0; j--) share = group.mod(share * 2n + a[k * v.t + j]);
        assert.ok(dkg.shareHolds(parsed.F, v.t, k, 2, share));
        assert.ok(!dkg.shareHolds(parsed.F, v.t, k, 2, share + 1n));
      }
      return parsed.F;
    });
    const { Y, V } = dkg.keys(dealers, v.n, v.t, v.p);
    assert.equal(Y.map((y) => hex(y.toBytes())).join(''), v.election_keys);
    v.trustees.forEach((trustee, i) =>
      assert.equal(V[i].map((y) => hex(y.toBytes())).join(''), trustee.verification_keys),
    );
    const last = Array.from({ length: v.t }, (_, i) => v.n - i);
    assert.equal(
      eqlog
        .lagrange(last)
        .map((x) => hex(group.scalarBytes(x)))
        .join(''),
      v.lagrange_of_last,
    );
  }
});

test('the tree, its tiles and its checkpoint', () => {
  // T-1, T-2, T-7..T-15
  const v = read('tree');
  const leaves = v.entries.map((e) => tree.leafHash(unhex(e)));
  const growing = new tree.Growing();
  v.roots.forEach((root, n) => {
    assert.equal(hex(tree.root(leaves.slice(0, n))), root);
    assert.equal(hex(growing.root()), root);
    if (n < leaves.length) growing.add(leaves[n]);
  });
  for (const t of v.tiles)
    assert.equal(tree.tilePath(t.level === 64 ? 'entries' : t.level, t.index, t.width), t.path);
  assert.deepEqual(tree.tilesOf(0), []);
  assert.deepEqual(
    tree.tilesOf(257).map((t) => [t.level, t.index, t.width]),
    [
      [0, 0, 256],
      [0, 1, 1],
      [1, 0, 1],
    ],
  );
  const bytes = ascii(v.checkpoint.note),
    note = tree.readNote(bytes);
  const [key, witness] = v.checkpoint.vkeys.map((k) =>
    tree.base64(k.split('+').slice(2).join('+')).slice(1),
  );
  const { origin } = v.checkpoint,
    [line, cosigned] = note.signatures;
  assert.ok(tree.lineIsOf(line, origin, 1, key) && tree.lineSigns(note, line, key));
  assert.ok(!tree.lineIsOf(line, 'other', 1, key) && !tree.lineIsOf(line, origin, 4, key));
  assert.ok(tree.lineIsOf(cosigned, v.checkpoint.vkeys[1].split('+')[0], 4, witness));
  assert.ok(tree.lineCosigns(note, cosigned, witness) && !tree.lineSigns(note, cosigned, witness));
  const other = { ...note, text: `${note.text}x` };
  assert.ok(!tree.lineSigns(other, line, key) && !tree.lineCosigns(other, cosigned, witness));
  const head = tree.readCheckpoint(note.text);
  assert.equal(head.size, BigInt(v.checkpoint.size));
  assert.equal(hex(head.root), v.roots[v.checkpoint.size]);
  for (const text of ['a\n1\n', 'a\n01\nAAAA\n', 'a b\n1\nAAAA\n', `${note.text}x\n`])
    assert.throws(() => tree.readCheckpoint(text), Malformed);
  for (const wrong of [
    v.checkpoint.note.trimEnd(),
    v.checkpoint.note.replace('\n\n', '\n'),
    v.checkpoint.note.replace('= ', '=\t'),
    `${v.checkpoint.note}\n`,
    v.checkpoint.note + v.checkpoint.note.trimEnd().split('\n').at(-1) + '\n',
  ])
    if (wrong !== v.checkpoint.note) assert.throws(() => tree.readNote(ascii(wrong)), Malformed);
  const lines = v.checkpoint.note.slice(v.checkpoint.note.indexOf('\n\n') + 2);
  for (const text of ['t\u0000', 't\t', 't\r', 't\u001f', 't\u007f']) // T-10
    assert.throws(() => tree.readNote(ascii(`${text}\n\n${lines}`)), Malformed);
  assert.equal(tree.readNote(ascii(`t\u0080\n\n${lines}`)).text, 't\u0080\n');
  assert.throws(() => tree.base64('AB=='), Malformed); // bits that belong to no byte
  assert.ok(isZero(tree.base64('AA==')));
});

test('derived keys, the key digest, a locked seed', () => {
  // L-14, L-18
  const v = read('keys');
  const secret = (domain, seed) => group.wide(sha512(ascii(domain), seed));
  for (const s of v.seeds) {
    const seed = unhex(s.seed);
    const identity = secret('tapat-v1 trustee identity', seed),
      document = secret('tapat-v1 document key', seed);
    assert.equal(hex(group.scalarBytes(identity)), s.identity_secret);
    assert.equal(hex(group.times(group.G, identity).toBytes()), s.identity_key);
    assert.equal(hex(group.scalarBytes(document)), s.document_secret);
    assert.equal(hex(group.times(group.G, document).toBytes()), s.document_key);
    const box = sha512(ascii('tapat-v1 trustee box'), seed).slice(0, 32);
    assert.equal(hex(box), s.box_secret);
    assert.equal(hex(x25519.getPublicKey(box)), s.box_key);
  }
  const d = v.digest;
  const digest = (y) => hex(sha256(ascii('tapat-v1 keys'), unhex(d.fingerprint), y, unhex(d.v_hash)));
  assert.equal(digest(unhex(d.y_hash)), d.key_digest);
  assert.notEqual(digest(flipped(unhex(d.y_hash), 0)), d.key_digest);
  const { passphrase, salt, seed, box } = v.locked;
  const key = argon2id(ascii(passphrase), unhex(salt), { t: 3, m: 65536, p: 1, dkLen: 64 });
  const t = new Transcript('tapat-v1 locked seed').item('key', key);
  const pad = t.challenge('pad');
  assert.equal(hex(unhex(box).slice(0, 32).map((x, i) => x ^ pad[i])), seed);
  assert.equal(hex(t.item('seed', unhex(seed)).challenge('tag').slice(0, 32)), box.slice(64));
});

test('proofs of liveness', () => {
  //
  for (const v of read('liveness')) {
    const message = concat(
      unhex(v.fingerprint),
      unhex(v.key_digest),
      u16(v.contest),
      u16(v.trustee),
      u64(v.time),
      u64(v.board_size),
      unhex(v.board_root),
    );
    assert.equal(hex(message), v.message);
    const use = 'tapat-v1 liveness';
    const delta = group.wide(new Transcript(use).item('message', message).challenge('delta'));
    assert.equal(hex(group.scalarBytes(delta)), v.delta);
    const points = each(unhex(v.v)).map(group.point);
    const key = group.sumOfMultiples(points, sum.powers(delta, points.length)).toBytes();
    assert.equal(hex(key), v.public_key);
    assert.ok(schnorr.possessionHolds(use, key, message, unhex(v.proof)));
    assert.ok(!schnorr.possessionHolds(use, key, flipped(message, 70), unhex(v.proof)));
    assert.ok(!schnorr.signatureHolds(use, key, message, unhex(v.proof)));
  }
});

test('weights of a batch', () => {
  // B-31, B-32
  const v = read('batch');
  const items = v.signatures.map((s) =>
    schnorr.item('signature', v.use, unhex(s.public_key), unhex(s.message), unhex(s.signature)),
  );
  const bytes = (x) => hex(group.scalarBytes(x)).slice(0, 32);
  const weights = draw(items).map(([w]) => bytes(w));
  assert.deepEqual(weights, v.weights);
  assert.notDeepEqual(draw(items.slice(1)).map(([w]) => bytes(w)), v.weights.slice(1));
  assert.deepEqual(badItems(items), []);
});

test('leaves of the roll', () => {
  // J-20..J-22
  const v = read('roll'),
    utf8 = (text) => new TextEncoder().encode(text);
  const leafOf = (row, salt) =>
    tree.leafHash(
      concat(
        salt,
        opaque(1, 31, utf8(row.number)),
        opaque(1, 127, utf8(row.name)),
        opaque(10, 10, utf8(row.birth_date)),
        u16(row.unit),
        u8(row.channel),
        u8(row.disabled ? 1 : 0),
      ),
    );
  const leaves = v.rows.map((row) => {
    const salt = sha512(ascii('tapat-v1 roll salt'), unhex(v.secret), unhex(v.fingerprint), utf8(row.number));
    assert.equal(hex(salt.slice(0, 32)), row.salt);
    const leaf = leafOf(row, unhex(row.salt));
    assert.equal(hex(leaf), row.leaf);
    assert.notEqual(hex(leafOf({ ...row, unit: row.unit + 1 }, unhex(row.salt))), row.leaf);
    return leaf;
  });
  const ascending = [...leaves].sort((a, b) => (hex(a) < hex(b) ? -1 : 1));
  assert.equal(hex(tree.root(ascending)), v.root);
});

test('a box for documents', async () => {
  // L-14..L-17
  const v = read('document-box');
  const of = () =>
    new Transcript('tapat-v1 document')
      .item('fingerprint', unhex(v.fingerprint))
      .item('application', unhex(v.application))
      .item('credential', unhex(v.credential))
      .number('kind', v.kind);
  const d = group.wide(sha512(ascii('tapat-v1 document key'), unhex(v.seed)));
  assert.equal(hex(group.times(group.G, d).toBytes()), v.open_key);
  const head = unhex(v.head),
    e = head.slice(0, 32);
  const shared = group.times(group.point(e), d).toBytes();
  const mask = of()
    .item('E', e)
    .item('registrar', unhex(v.open_key))
    .item('shared', shared)
    .challenge('mask');
  const k = head.slice(64, 96).map((x, i) => x ^ mask[i]);
  const t = of().item('key', k);
  assert.equal(hex(t.challenge('commitment').slice(0, 32)), hex(head.slice(32, 64)));
  const aes = t.challenge('aes').slice(0, 32);
  assert.equal(hex(aes), v.aes);
  const key = await crypto.subtle.importKey('raw', aes, 'AES-GCM', false, ['decrypt']);
  const algorithm = { name: 'AES-GCM', iv: new Uint8Array(12), additionalData: head };
  const plain = await crypto.subtle.decrypt(algorithm, key, unhex(v.sealed));
  assert.equal(hex(new Uint8Array(plain)), v.plain);
  await assert.rejects(crypto.subtle.decrypt(algorithm, key, flipped(unhex(v.sealed), 0)));
});
