// Attack G14: somebody who wants to know whether V voted has the whole record, its archive and the
// list of voters in its order, and not the server or the registrars. Half of the voters of each post
// vote, drawn by lot; a distinguisher that looks at orders, positions, times and at what could be
// derived from an identity does no better than the lot. The same one wins where keys or ballots
// come in the order in which they were handed in, with times of their own, or from the voter's number;
// so it would notice. With TAPAT_LONG=1 more posts.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { tapat, until } from '../server/daemon.mjs';
import { BALLOT, BATCH, REGISTRATIONS, Voting, hex } from './voting.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const posts = process.env.TAPAT_LONG ? 92 : 40;
const each = 4; // voters of a post; half of them vote
const ROLL = 14;
const sha = (text, kind = 'sha256') => crypto.createHash(kind).update(text).digest('hex');
const handed = (d, v) => ({ credential: hex(v.key), possession: hex(d.core.possession(v.secret, v.key, d.fingerprint, crypto.randomBytes(32))) });

// V enrols as voters do, so that the server knows whose key it is.
async function enrol(d, v) {
  d.keyOf(v);
  const { enrolment } = await d.post('/api/enrol/start', { number: v.number, birth_date: '1990-01-01' });
  await d.post('/api/enrol/send', { enrolment, contact: 1 });
  const [{ text }] = await (await fetch(`${d.url}/api/outbox/${v.contact}`)).json();
  await d.post('/api/enrol/code', { enrolment, code: /\b\d{6}\b/.exec(text)[0] });
  assert.equal((await d.post('/api/enrol/credential', { enrolment, ...handed(d, v) })).state, 'waiting');
}

async function cast(d, v) {
  const { ballot, hash } = d.seal(v, v.choice || 0);
  assert.equal((await fetch(`${d.url}/api/ballots`, { method: 'POST', body: ballot })).status, 201);
  return hash;
}

// ---- what the adversary sees ----

function* keysOf(entry) {
  const view = Buffer.from(entry.registrations);
  for (let at = 0; at < view.length; at += 38 + view.readUInt16BE(at + 36)) yield { key: hex(view.subarray(at, at + 32)), unit: view.readUInt16BE(at + 32) };
}

function look(d, record) {
  const view = { keys: [], ballots: [] };
  let open = [];
  for (const [leaf, e] of d.entries(record).entries()) {
    if (e.type === REGISTRATIONS) for (const k of keysOf(e)) open.push({ list: view.keys, of: { ...k, leaf } });
    if (e.type === BALLOT) open.push({ list: view.ballots, of: { key: hex(e.ballot.subarray(32, 64)), unit: Buffer.from(e.ballot).readUInt16BE(100), leaf } });
    if (e.type !== BATCH) continue;
    for (const { list, of } of open) list.push({ ...of, batch: e.number, time: Number(e.time) });
    open = [];
  }
  return view;
}

// ---- the distinguishers: who of a post voted? each gives a set of places in the list ----

const voted = (view, key) => view.ballots.some((b) => b.key === key);
// The i-th voter by one order has the i-th key by another.
const matched = (view, unit, people, byVoter, byKey) => {
  const list = people.map((v, i) => ({ i, by: byVoter(v, i) })).sort((a, b) => (a.by < b.by ? -1 : 1));
  const keys = view.keys.filter((k) => k.unit === unit).map((k, at) => ({ ...k, by: byKey(k, at) })).sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : 0));
  return list.filter((_, n) => keys[n] && voted(view, keys[n].key)).map(({ i }) => i);
};
// First the first voters of all posts vote, then the second ones: a new round begins where the posts do.
const byRank = (view, unit, of) => {
  const all = view.ballots.map((b) => ({ ...b, at: of(b) })).sort((a, b) => a.at - b.at);
  let round = 0;
  return all.flatMap((b, i) => {
    if (i && b.unit < all[i - 1].unit) round += 1;
    return b.unit === unit ? [round % each] : [];
  });
};
const distinguishers = {
  'the order of the keys is that of the list': (view, unit, people) => matched(view, unit, people, (v, i) => i, (k, at) => at),
  'so is that of their positions in the log': (view, unit, people) => matched(view, unit, people, (v, i) => i, (k) => (k.exact ?? k.leaf) * 1e6 + k.batch),
  'ballots come in the order of the list': (view, unit) => byRank(view, unit, (b) => view.ballots.indexOf(b)),
  'times tell the order': (view, unit) => byRank(view, unit, (b) => b.exact ?? b.time * 1e6 + parseInt(b.key.slice(0, 5), 16)),
  'keys are derived from numbers': (view, unit, people) => matched(view, unit, people, (v) => sha(v.number), (k) => k.key),
  'keys follow the numbers': (view, unit, people) => matched(view, unit, people, (v) => v.number, (k) => k.key),
  'keys are derived from contacts': (view, unit, people) => matched(view, unit, people, (v) => sha(v.contact), (k) => k.key),
};

// How many of all voters it tells rightly, to have voted or not.
function wins(how, view, games) {
  let right = 0;
  for (const { unit, people } of games) {
    const said = new Set(how(view, unit, people));
    right += people.filter((v, i) => said.has(i) === v.votes).length;
  }
  return right;
}

// Two of four by lot: a guess of two is right for 2 of 4 on average, with a variance of 4/3.
const bounds = (n) => ({ middle: n / 2, width: 4.5 * Math.sqrt(n / 3) });

// The world in which something is not kept: what the voters did and when, in the public view.
function broken(view, arrivals, people) {
  const at = (list, key) => list.findIndex((x) => hex(x.key) === key);
  const sorted = (list, order) => [...list].sort((a, b) => at(order, a.key) - at(order, b.key));
  const exact = (list, order) => list.map((x) => ({ ...x, exact: at(order, x.key) }));
  const rename = (by) => {
    const names = new Map(people.map((v) => [hex(v.key), by(v)]));
    const list = (l) => l.map((x) => ({ ...x, key: names.get(x.key) || x.key }));
    return { keys: list(view.keys), ballots: list(view.ballots) };
  };
  return {
    'the order of the keys is that of the list': { ...view, keys: sorted(view.keys, people) },
    'so is that of their positions in the log': { ...view, keys: exact(view.keys, people) },
    'ballots come in the order of the list': { ...view, ballots: sorted(view.ballots, arrivals) },
    'times tell the order': { ...view, ballots: exact(view.ballots, arrivals) },
    'keys are derived from numbers': rename((v) => sha(v.number)),
    'keys follow the numbers': rename((v) => v.number),
    'keys are derived from contacts': rename((v) => sha(v.contact)),
  };
}

// ---- what of a person could stand in a file ----

function needles(v, fingerprint) {
  const found = [];
  for (const word of [v.number, `Voter ${v.number}`, v.contact, `${v.number}1990-01-01`, `Voter ${v.number}1990-01-01`, `${v.number},Voter ${v.number},1990-01-01`]) {
    const bytes = Buffer.from(word);
    found.push(bytes, Buffer.from(word.toLowerCase()), Buffer.from(word.toUpperCase()), Buffer.from(word, 'utf16le'), Buffer.from(hex(bytes)));
    if (bytes.length > 5) found.push(Buffer.from(bytes.toString('base64').slice(0, -4)));
    for (const kind of ['sha256', 'sha512', 'sha1', 'md5', 'blake2b512']) {
      for (const of of [bytes, Buffer.concat([fingerprint, bytes]), Buffer.concat([bytes, fingerprint])]) {
        const digest = crypto.createHash(kind).update(of).digest().subarray(0, 32);
        found.push(digest, Buffer.from(digest.toString('hex')));
      }
    }
  }
  return found;
}

function filesOf(dir) {
  return fs.readdirSync(dir, { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? filesOf(path.join(dir, f.name)) : [path.join(dir, f.name)]));
}

// ---- the roll's root, opened with a guess of its secret. spec: J-20..J-22 ----

const leafOf = (bytes) => crypto.createHash('sha256').update(Buffer.of(0)).update(bytes).digest();
function rootOf(leaves) {
  if (leaves.length === 1) return leaves[0];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return crypto.createHash('sha256').update(Buffer.of(1)).update(rootOf(leaves.slice(0, k))).update(rootOf(leaves.slice(k))).digest();
}
function rollRoot(d, secret) {
  const text = (t) => Buffer.concat([Buffer.of(Buffer.byteLength(t)), Buffer.from(t)]);
  const leaves = d.people.map((v) => {
    const salt = crypto.createHash('sha512').update('tapat-v1 roll salt').update(secret).update(d.fingerprint).update(v.number).digest().subarray(0, 32);
    const unit = d.manifest.units.findIndex((u) => u.id === v.unit);
    return leafOf(Buffer.concat([salt, text(v.number), text(`Voter ${v.number}`), text('1990-01-01'), Buffer.of(unit >> 8, unit & 255, 1, 0)]));
  });
  return hex(rootOf(leaves.sort(Buffer.compare)));
}

test('the record and the list of voters do not tell who voted', { skip, timeout: 300000 }, async (t) => {
  const d = new Voting();
  try {
    const voters = posts * each + 1; // the last one only shows when a batch begins
    await d.begin({
      voters, units: posts + 1, routes: ['code'], interval: 3, contacts: (i) => ({ contact: `mail${i}@voters.test` }),
      place: (units, i) => units[Math.floor((i - 1) / each)].id,
    });
    await d.ballotKeys();
    const probe = d.people.at(-1);
    const people = d.people.slice(0, -1);
    for (const v of d.people) await enrol(d, v); // in the order of the list
    await d.register(d.people);
    await d.registered(voters);
    const games = Array.from({ length: posts }, (_, unit) => ({ unit, people: people.slice(unit * each, (unit + 1) * each) }));
    for (const g of games) {
      const lot = crypto.randomInt(6);
      const pair = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]][lot];
      g.people.forEach((v, i) => { v.votes = pair.includes(i); });
    }
    // All first voters of the posts, then all second ones, and so on, within one batch.
    const arrivals = [0, 1, 2, 3].flatMap((i) => games.map((g) => g.people[i])).filter((v) => v.votes);
    const hash = await cast(d, probe);
    await until(() => d.ballotsOf(d.at('data/public')).includes(hash), 30000, 'no batch');
    for (const v of arrivals) await cast(d, v);
    await until(() => d.funnel().all.voted.online === arrivals.length + 1, 30000, 'not all ballots are recorded');
    d.act('close');
    d.act('tally', 'freeze');
    for (const i of [1, 2]) d.trustee(i);
    d.act('tally', 'publish');

    const record = d.mirror();
    d.run('archive', record, d.at('record.tar'));
    const view = look(d, record);
    assert.equal(view.keys.length, voters);
    // Ballots of one batch: who votes in another one is seen to, and is not in the game.
    const count = new Map();
    for (const b of view.ballots) count.set(b.batch, (count.get(b.batch) || 0) + 1);
    const [batch] = [...count].sort((a, b) => b[1] - a[1])[0];
    const inBatch = { keys: view.keys, ballots: view.ballots.filter((b) => b.batch === batch && b.unit < posts) };
    const played = games.filter((g) => g.people.every((v) => !v.votes || inBatch.ballots.some((b) => b.key === hex(v.key))));
    assert.ok(played.length >= posts / 2, 'the ballots fell into several batches');
    const inGame = { ...inBatch, ballots: inBatch.ballots.filter((b) => played.some((g) => g.unit === b.unit)) };

    const n = played.length * each;
    const { middle, width } = bounds(n);
    const worlds = broken(inGame, arrivals, people);
    for (const [name, how] of Object.entries(distinguishers)) {
      const right = wins(how, inGame, played);
      assert.ok(Math.abs(right - middle) < width, `${name}: ${right} of ${n}`);
      const told = wins(how, worlds[name], played);
      assert.ok(told >= 0.95 * n && told > middle + width, `${name}: would not be noticed, ${told} of ${n}`);
      t.diagnostic(`${name}: ${right} of ${n} right; where it is so: ${told}`);
    }

    // No time finer than the batch: all ballots of it have its time and no other.
    assert.equal(new Set(inBatch.ballots.map((b) => b.time)).size, 1);
    for (const [list, by] of [[view.keys.map((k) => k.key), 'keys'], [inBatch.ballots.map((b) => b.leaf), 'ballots']]) assert.ok(list.length > 1, by);
    assert.deepEqual(view.keys.map((k) => k.key), view.keys.map((k) => k.key).sort()); // one batch, sorted
    const hashes = d.ballotsOf(record).slice(view.ballots.findIndex((b) => b.batch === batch)).slice(0, count.get(batch));
    assert.deepEqual(hashes, [...hashes].sort());

    // Nothing of a person stands in any file, also not as a hash that anyone could make.
    const files = [...filesOf(record), d.at('record.tar')].map((f) => fs.readFileSync(f));
    const some = people.filter((_, i) => i % Math.ceil(people.length / 24) === 0);
    const holds = (list, v) => needles(v, d.fingerprint).some((word) => list.some((bytes) => bytes.includes(word)));
    for (const v of some) assert.equal(holds(files, v), false, v.number);
    const store = filesOf(d.at('data')).filter((f) => /tapat\.db/.test(f)).map((f) => fs.readFileSync(f));
    assert.equal(holds(store, some[1]), true); // it would be found
    assert.equal(holds([...files, Buffer.from(`x${sha(some[1].number)}x`)], some[1]), true);

    // The root of the roll opens with its secret, and with nothing that is public.
    const root = hex(d.entries(record).find((e) => e.type === ROLL).root);
    assert.equal(rollRoot(d, fs.readFileSync(d.at('data/roll.key'))), root);
    const known = [Buffer.alloc(0), Buffer.alloc(32), d.fingerprint, Buffer.from(d.manifest.log.key, 'hex'), Buffer.from(sha(d.manifest.id), 'hex'), Buffer.from(sha(d.fingerprint), 'hex')];
    for (const guess of known) assert.notEqual(rollRoot(d, guess), root);
  } finally {
    await d.end();
  }
});

// The record without what is drawn anew each time: names, lengths, kinds, counts.
function shape(d) {
  const record = d.mirror();
  const entries = d.entries(record).map((e) => `${e.type} ${e.bytes.length} ${e.type === BATCH ? `${e.ballots}` : ''}`);
  const files = filesOf(record).map((f) => `${path.relative(record, f).replace(/[0-9a-f]{64}/, 'HASH')} ${fs.statSync(f).size}`).sort();
  const results = JSON.parse(fs.readFileSync(path.join(record, 'results.json'), 'utf8'));
  delete results.fingerprint;
  return { entries: entries.filter((e) => !e.startsWith(`${BATCH} `) || !e.endsWith(' 0')), files: files.filter((f) => !/^(tile|checkpoint)/.test(f)), results };
}

// What the interface says to somebody who knows a voter's number and birth date and nothing more.
async function asked(d, v) {
  const of = { number: v.number, birth_date: '1990-01-01' };
  const lookup = await d.post('/api/roll/lookup', of);
  const start = await d.post('/api/enrol/start', of);
  const { enrolment } = start;
  const send = await d.post('/api/enrol/send', { enrolment, contact: 1 });
  const code = await d.post('/api/enrol/code', { enrolment, code: '000000' });
  const credential = await d.post('/api/enrol/credential', { enrolment, ...handed(d, d.keyOf({})) });
  const status = await d.post('/api/enrol/status', { enrolment });
  const drawn = new Set(['enrolment', 'id', 'mark', 'time', 'updated', 'queued', 'next']);
  return JSON.parse(JSON.stringify({ lookup, start, send, code, credential, status }, (k, x) => (drawn.has(k) ? typeof x : x)));
}

test('two worlds, V votes and W does not or the other way round: the same record but for what is drawn', { skip, timeout: 180000 }, async () => {
  const worlds = [];
  for (const who of [0, 1]) {
    const d = new Voting();
    try {
      await d.begin({ voters: 4, routes: ['code'], contacts: (i) => ({ contact: `mail${i}@voters.test` }) });
      await d.ballotKeys();
      const coming = [d.people[who], d.people[2], d.people[3]]; // the other one does not even enrol
      for (const v of coming) await enrol(d, v);
      await d.register(coming);
      await d.registered(coming.length);
      for (const v of coming) await cast(d, v);
      await until(() => d.funnel().all.voted.online === coming.length, 30000, 'not recorded');
      const said = await asked(d, d.people[0]);
      assert.deepEqual([said.lookup.status, said.start.status, said.send.status, said.status.state], [200, 200, 200, 'started']);
      assert.deepEqual(await asked(d, d.people[1]), said); // one of them voted, the other never came
      d.act('close');
      d.act('tally', 'freeze');
      for (const i of [1, 2]) d.trustee(i);
      d.act('tally', 'publish');
      worlds.push(shape(d));
    } finally {
      await d.end();
    }
  }
  const kinds = (w) => w.entries.filter((e) => !e.startsWith(`${BATCH} `)).sort();
  assert.deepEqual(kinds(worlds[0]), kinds(worlds[1]));
  assert.deepEqual(worlds[0].files, worlds[1].files);
  assert.deepEqual(worlds[0].results, worlds[1].results);
});
