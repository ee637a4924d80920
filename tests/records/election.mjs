// A whole small election with everybody's keys, made in memory: the honest path step by step, each
// entry signed for good, and lists that a test may change before they are written. The randomness
// is a
// stream from a seed, so a record is the same every time.
// Contests, styles and units are numbered from 0 in what is signed and proved, signers from 1: M-21
import { ascii, concat, compare, hex, u16, u32, u64, u8 } from '../../verifier/bytes.js';
import * as dkg from '../../verifier/dkg.js';
import * as E from '../../verifier/entries.js';
import { lagrange } from '../../verifier/eqlog.js';
import {
  G,
  mod,
  scalarBytes,
  sumOfMultiples,
  times,
  Weights,
  wide,
  ZERO,
} from '../../verifier/group.js';
import { sha256, sha512, Transcript } from '../../verifier/hash.js';
import { parseManifest } from '../../verifier/manifest.js';
import { writeAggregates } from '../../verifier/merge.js';
import { reconcile, resultsCsv, resultsJson, resultsValue } from '../../verifier/results.js';
import * as sum from '../../verifier/sum.js';
import { Sums } from '../../verifier/tally.js';
import { leafHash, root } from '../../verifier/tree.js';
import { ed25519Public, files } from './folder.mjs';

export { E };
const ZERO32 = new Uint8Array(32);
const dot = (scalars, points) => sumOfMultiples(points, scalars.map(mod));

export class Election {
  constructor(options = {}) {
    this.o = { voters: 10, floor: 2, test: true, seed: 'election', ...options };
    this.counter = 0;
    this.entries = [];
    this.documents = new Map();
    this.copies = new Map();
    this.time = 1000n;
    this.seed = sha256(ascii(`${this.o.seed} log`));
    this.witnesses = Array.from({ length: this.o.witnesses ?? 0 }, (_, i) => ({
      name: `witness${i + 1}.example`,
      seed: sha256(ascii(`${this.o.seed} witness ${i + 1}`)),
    }));
    this.cosigning = this.witnesses.slice(0, this.o.quorum ?? 0);
    this.pending = [];
    this.batches = 0;
    const college = (n) => Array.from({ length: n }, () => this.keyPair());
    this.trustees = college(4);
    this.officers = college(3);
    this.registrars = college(2);
    this.voters = Array.from({ length: this.o.voters }, (_, i) => ({
      ...this.keyPair(),
      unit: i % 3,
      sequence: 0,
      tip: ZERO32,
    }));
    this.setManifest(this.manifestValue());
  }
  random() {
    return wide(sha512(ascii(this.o.seed), u64(this.counter++)));
  }
  bytes(n) {
    return sha512(ascii(this.o.seed), u64(this.counter++)).subarray(0, n);
  }
  keyPair() {
    const x = this.random();
    return { x, key: times(G, x).toBytes() };
  }

  // The folder that these entries give.
  fileList(entries = this.entries) {
    return files({ ...this, entries });
  }

  // ---- signatures ----

  // pair.w: the nonce, if it is to be a certain one
  schnorr(kind, use, pair, message) {
    const w = pair.w ?? this.random(),
      R = times(G, w).toBytes();
    const c = wide(
      new Transcript(kind)
        .item('use', ascii(use))
        .item('public-key', pair.key)
        .item('R', R)
        .item('message', message)
        .challenge('c'),
    );
    return concat(R, scalarBytes(mod(w + c * pair.x)));
  }
  sign(use, pair, message) {
    return this.schnorr('signature', use, pair, message);
  }
  single(type, trustee, body) {
    const signed = concat(u16(trustee), body);
    const message = E.signedBytes(this.m.fingerprint, type, signed);
    return concat(u8(type), signed, this.sign(E.ENTRY_USE, this.trustees[trustee - 1], message));
  }
  endorse(use, pairs, who, message) {
    const list = concat(...who.map((i) => concat(u16(i), this.sign(use, pairs[i - 1], message))));
    return concat(u16(list.length), list);
  }
  college(type, pairs, who, body) {
    const message = E.signedBytes(this.m.fingerprint, type, body);
    return concat(u8(type), body, this.endorse(E.ENTRY_USE, pairs, who, message));
  }

  // ---- define ----

  manifestValue() {
    const who = (list, name) => list.map((s, i) => ({ name: `${name} ${i + 1}`, key: hex(s.key) }));
    const options = (n) =>
      Array.from({ length: n }, (_, i) => ({
        number: i + 1,
        name: ['=SUM(A1)', 'B, "the second"', '-C, "3"'][i] ?? `Option ${i + 1}`,
        party: i % 2 ? 'X' : '',
      }));
    const contest = (id, n, min, max, seats, method) => ({
      id,
      title: { en: `Contest ${id}`, fil: `Paligsahan ${id}` },
      options: options(n),
      min,
      max,
      seats,
      method,
      tally: 'sum',
    });
    return {
      tapat: 1,
      suite: 'tapat-v1-ristretto255-sha512',
      id: 'small',
      title: { en: 'A small election', fil: 'Munting halalan' },
      languages: ['en', 'fil'],
      zone: 'Asia/Manila',
      test: this.o.test,
      times: {
        enrol: '2028-04-01T00:00:00Z',
        open: '2028-04-10T00:00:00Z',
        close: '2028-05-09T11:00:00Z',
      },
      contests: [
        contest('one', 3, 0, 2, 1, 'plurality-at-large'),
        contest('two', 4, 1, 1, 0, 'totals'),
      ],
      styles: [
        { id: 'both', contests: ['one', 'two'] },
        { id: 'first', contests: ['one'] },
      ],
      units: ['manila', 'tokyo', 'rome'].map((id, i) => ({
        id,
        name: `Post ${id}`,
        country: 'ph',
        group: i ? 'far' : 'near',
        registered: 100,
        style: i === 1 ? 'first' : 'both',
      })),
      merge: { floor: this.o.floor },
      trustees: { threshold: 2, who: who(this.trustees, 'Trustee') },
      registrars: { quorum: 2, who: who(this.registrars, 'Registrar') },
      officers: { quorum: 2, who: who(this.officers, 'Officer') },
      log: { origin: 'small.example/board', key: hex(ed25519Public(this.seed)) },
      batch: { interval_s: 2, deadline_s: 60 },
      check: [],
      revote: 'last',
      witnesses: {
        quorum: this.o.quorum ?? 0,
        who: this.witnesses.map((w) => ({ name: w.name, key: hex(ed25519Public(w.seed)) })),
      },
    };
  }
  // value: an object, or the bytes themselves
  setManifest(value) {
    this.manifestBytes =
      value instanceof Uint8Array ? value : ascii(`${JSON.stringify(value, null, 1)}\n`);
    this.fingerprint = sha256(this.manifestBytes);
    try {
      this.m = parseManifest(this.manifestBytes);
    } catch {
      this.m = { fingerprint: this.fingerprint };
    }
    this.origin = 'small.example/board';
  }
  document(bytes) {
    const hash = sha256(bytes);
    this.documents.set(hex(hash), bytes);
    return hash;
  }
  reference(bytes) {
    return concat(this.document(bytes), u64(bytes.length));
  }
  push(...list) {
    this.entries.push(...list);
    return this;
  }
  now() {
    return (this.time += 10n);
  }
  act(act, subject = ZERO32, { reason = 0, who = [1, 2], time = this.now() } = {}) {
    return this.college(
      E.ACT,
      this.officers,
      who,
      concat(u8(act), u64(time), subject, u16(reason)),
    );
  }
  begin() {
    this.copies.set('manifest.json', this.manifestBytes);
    return this.push(concat(u8(E.MANIFEST), this.reference(this.manifestBytes)));
  }
  approve(subject = this.fingerprint, options = {}) {
    return this.push(this.act(E.APPROVE, subject, options));
  }

  // ---- the roll ----

  // rows: of each unit [rows, electors, online]: as many as the manifest allows, up to 60
  roll({
    rows = this.m.units.map((u) => {
      const electors = Math.min(50, u.registered);
      return [electors + 10, electors, Math.min(40, electors)];
    }),
    leaves = rows.reduce((n, u) => n + u[0], 0),
    root: rootHash = this.bytes(32),
    time = this.now(),
    who = [1, 2],
  } = {}) {
    const units = concat(...rows.flat().map(u32));
    const body = concat(u64(time), u32(leaves), rootHash, u16(units.length), units);
    return this.college(E.ROLL, this.officers, who, body);
  }
  // A row as a change names it: a leaf made up from a name, unit and standing; none: absent.
  row(name, unit = 0, standing = 1) {
    return concat(sha256(ascii(name)), u16(unit), u8(standing));
  }
  get absent() {
    return new Uint8Array(35);
  }
  // list: pairs of rows, before and after
  changes(list, { time = this.now(), who = [1, 2] } = {}) {
    const all = concat(...list.flat());
    const body = concat(u64(time), u16(all.length), all);
    return this.college(E.CHANGES, this.officers, who, body);
  }
  commitRoll(options) {
    return this.push(this.roll(options));
  }

  // ---- ceremony ----

  who(contest, dealer) {
    const { contests, n, t, fingerprint } = this.m;
    return { fingerprint, contest, n, t, p: contests[contest].p, dealer };
  }
  makeDeal(dealer) {
    const messages = [],
      coefficients = [];
    for (const c of this.m.contests) {
      const a = Array.from({ length: c.p * this.m.t }, () => this.random());
      coefficients.push(a);
      messages.push(this.dealMessage(this.who(c.index, dealer), a));
    }
    return { messages, coefficients, boxes: this.fill(this.m.n * (32 * this.m.points + 48)) };
  }
  fill(n) {
    return concat(...Array.from({ length: Math.ceil(n / 64) }, () => this.bytes(64))).subarray(
      0,
      n,
    );
  }
  dealMessage(who, a, claimed = a, w = this.random()) {
    const F = concat(...a.map((x) => times(G, x).toBytes()));
    const T = times(G, w).toBytes();
    const t = new Transcript('dkg-possession').item('fingerprint', who.fingerprint);
    for (const name of ['contest', 'n', 't', 'p', 'dealer']) t.number(name, who[name]);
    const e = wide(t.item('commitments', F).item('T', T).challenge('e'));
    const z = sum.powers(e, who.p).reduce((z0, x, k) => mod(z0 + x * claimed[k * who.t]), w);
    return concat(F, T, scalarBytes(z));
  }
  dealHash(dealer, messages) {
    return sha256(
      ascii('tapat-v1 deal'),
      ...messages.map((m, c) => dkg.commitment(this.who(c, dealer), m)),
    );
  }
  commit(dealer, { boxKey = this.bytes(32), hash } = {}) {
    return this.single(
      E.COMMIT,
      dealer,
      concat(hash ?? this.dealHash(dealer, this.deals[dealer].messages), boxKey),
    );
  }
  deal(dealer, d = this.deals[dealer]) {
    return this.single(E.DEAL, dealer, concat(...d.messages, d.boxes));
  }
  shareOf(dealer, receiver) {
    return this.deals[dealer].coefficients.flatMap((a, c) =>
      Array.from({ length: this.m.contests[c].p }, (_, k) => {
        let s = 0n;
        for (let j = this.m.t - 1; j >= 0; j--) s = mod(s * BigInt(receiver) + a[k * this.m.t + j]);
        return s;
      }),
    );
  }
  complaint(signer, dealer) {
    return this.single(E.COMPLAINT, signer, u16(dealer));
  }
  opening(dealer, complainant, shares = this.shareOf(dealer, complainant)) {
    return this.single(E.OPENING, dealer, concat(u16(complainant), ...shares.map(scalarBytes)));
  }
  confirm(trustee, digest = this.keyDigest) {
    return this.single(E.CONFIRM, trustee, digest);
  }
  get numbers() {
    return Array.from({ length: this.m.n }, (_, i) => i + 1);
  }
  makeDeals() {
    this.deals = {};
    for (const i of this.numbers) this.deals[i] = this.makeDeal(i);
    this.keysFromDeals();
  }
  // Secrets x_{l,k} and keys, from the coefficients.
  keysFromDeals() {
    const shares = this.numbers.map((l) =>
      this.numbers.map((i) => this.shareOf(i, l)).reduce((a, b) => a.map((x, k) => mod(x + b[k]))),
    );
    let at = 0;
    this.secrets = [];
    this.Y = this.m.contests.map((c) => {
      const own = shares.map((s) => s.slice(at, at + c.p));
      this.secrets.push(own);
      at += c.p;
      return Array.from({ length: c.p }, (_, k) =>
        times(
          G,
          this.numbers.reduce(
            (x, i) => mod(x + this.deals[i].coefficients[c.index][k * this.m.t]),
            0n,
          ),
        ),
      );
    });
    this.V = this.secrets.map((rows) => rows.map((row) => row.map((x) => times(G, x))));
    const flat = (list) => concat(...list.flat(3).map((x) => x.toBytes()));
    this.keyDigest = sha256(
      ascii('tapat-v1 keys'),
      this.fingerprint,
      sha256(flat(this.Y)),
      sha256(flat(this.V)),
    );
  }
  commits() {
    if (!this.deals) this.makeDeals();
    return this.push(...this.numbers.map((i) => this.commit(i)));
  }
  ceremony() {
    this.commits().push(...this.numbers.map((i) => this.deal(i)));
    return this.push(...this.numbers.map((i) => this.confirm(i)));
  }
  liveness(trustee, { time = this.now(), size = this.entries.length, rootHash, wrong = 0n } = {}) {
    const boardRoot = rootHash ?? root(this.entries.slice(0, size).map(leafHash));
    const proofs = this.m.contests.map((c, i) => {
      const message = concat(
        this.fingerprint,
        this.keyDigest,
        u16(i),
        u16(trustee),
        u64(time),
        u64(size),
        boardRoot,
      );
      const use = 'tapat-v1 liveness';
      const delta = sum.powers(
        wide(new Transcript(use).item('message', message).challenge('delta')),
        c.p,
      );
      const x = mod(this.secrets[i][trustee - 1].reduce((s, y, k) => s + delta[k] * y, wrong));
      const key = times(G, mod(x - wrong)).toBytes();
      return this.schnorr('possession', use, { x, key }, message);
    });
    return this.single(E.LIVENESS, trustee, concat(u64(time), u64(size), boardRoot, ...proofs));
  }
  alive(...who) {
    for (const i of who) this.push(this.liveness(i));
    return this;
  }
  open(options = {}) {
    return this.push(this.act(E.OPEN, options.subject ?? this.keyDigest, options));
  }

  // ---- enrol ----

  registration(
    v,
    { unit = v.unit, style = this.m.units[unit]?.style ?? 0, who = [1, 2], key = v.key } = {},
  ) {
    const body = concat(key, u16(unit), u16(style));
    return concat(
      body,
      this.endorse('tapat-v1 registration', this.registrars, who, concat(this.fingerprint, body)),
    );
  }
  registrations(list) {
    const sorted = [...list].sort(compare);
    return concat(u8(E.REGISTRATIONS), ...sorted);
  }
  enrol(voters = this.voters) {
    return this.push(this.registrations(voters.map((v) => this.registration(v))));
  }
  cancel(v, { key = v.key, who = [1, 2] } = {}) {
    return this.college(E.CANCEL, this.registrars, who, concat(key, u16(1), u64(this.now())));
  }

  // ---- cast ----

  // choices: a list of 0 and 1 of the contest's options; cheat: changes what is proved
  prove(c, context, choices, cheat = {}) {
    const bits = [...choices],
      chosen = choices.reduce((a, b) => a + b, 0);
    for (let i = 0; i + choices.length < c.m; i++) bits.push(i + chosen < c.b ? 1 : 0);
    const v = (cheat.bits ?? bits).map(BigInt),
      [H, ...gens] = this.generators(),
      Y = this.Y[c.index];
    const u = Array.from(
      { length: c.p },
      (_, k) => v[2 * k] + (2 * k + 1 < c.n ? sum.M * v[2 * k + 1] : 0n),
    );
    const r = this.random(),
      alpha = this.random(),
      beta = this.random(),
      rho = this.random();
    const tau0 = this.random(),
      tau1 = this.random(),
      s = v.map(() => this.random());
    const points = {
      R: times(G, r).toBytes(),
      C: concat(
        ...Y.map((y, k) =>
          times(y, r)
            .add(times(G, mod(u[k] + (cheat.shift?.[k] ?? 0n))))
            .toBytes(),
        ),
      ),
      A: dot([alpha, ...v], [H, ...gens.slice(0, c.m)]).toBytes(),
      B: dot([beta, ...s], [H, ...gens.slice(0, c.m)]).toBytes(),
      T_R: times(G, mod(rho + (cheat.T_R ?? 0n))).toBytes(),
    };
    const sum0 = mod(s.reduce((a, b) => a + b, cheat.sigma ?? 0n));
    const sigma = scalarBytes(sum0 + (cheat.over ?? 0n));
    const raw = { ...points, sigma, T_d: ZERO32, T0: ZERO32, T1: ZERO32 };
    const delta = sum.challenges(c, context, raw).delta,
      deltas = sum.powers(delta, c.p);
    let us = 0n;
    for (let j = 0; j < c.n; j++) us = mod(us + deltas[j >> 1] * (j % 2 ? sum.M : 1n) * s[j]);
    raw.T_d = dot(deltas, Y).multiply(rho).add(times(G, us)).toBytes();
    const etas = sum.powers(sum.challenges(c, context, raw).eta, c.m);
    const t0 = mod(-s.reduce((a, x, j) => a + etas[j] * x * x, 0n));
    const t1 = mod(s.reduce((a, x, j) => a + etas[j] * x * (1n - 2n * v[j]), 0n));
    raw.T0 = times(G, t0).add(times(H, tau0)).toBytes();
    raw.T1 = times(G, t1).add(times(H, tau1)).toBytes();
    const ch = sum.challenges(c, context, raw).c;
    const f = v.map((x, j) => mod(s[j] + ch * x));
    const responses = [...f, mod(rho + ch * r), mod(beta + ch * alpha), mod(tau0 + ch * tau1)];
    return concat(
      raw.R,
      raw.C,
      raw.A,
      raw.B,
      raw.T_R,
      raw.T_d,
      raw.T0,
      raw.T1,
      sigma,
      ...responses.map(scalarBytes),
    );
  }
  generators() {
    const max = Math.max(...this.m.contests.map((c) => c.m));
    return (this.gens ??= sum.generators(this.fingerprint, max));
  }
  choices(c, pattern) {
    const out = new Array(c.n).fill(0);
    for (let i = 0; i < c.b && (i < c.a || (pattern >> i) % 3 !== 1); i++)
      out[(pattern + i) % c.n] = 1;
    return out;
  }
  ballot(v, pattern = 0, change = {}) {
    const context = {
      fingerprint: this.fingerprint,
      keyDigest: this.keyDigest,
      credential: v.key,
      unit: v.unit,
      style: this.m.units[v.unit].style,
      sequence: v.sequence + 1,
      previous: v.tip,
      ...change,
    };
    const style = this.m.styles[context.style];
    const proofs = style.contests.map((i) => {
      const c = this.m.contests[i];
      return this.prove(c, { ...context, contest: i }, this.choices(c, pattern), change.cheat?.[i]);
    });
    const body = concat(
      context.fingerprint,
      v.key,
      u32(context.sequence),
      context.previous,
      u16(context.unit),
      u16(context.style),
      ...proofs,
    );
    return concat(u8(E.BALLOT), body, this.sign('tapat-v1 ballot', change.signer ?? v, body));
  }
  resign(entry, v) {
    const body = entry.subarray(1, entry.length - 64);
    return concat(u8(E.BALLOT), body, this.sign('tapat-v1 ballot', v, body));
  }
  ballotHash(entry) {
    return sha256(ascii('tapat-v1 ballot'), entry.subarray(1));
  }
  vote(v, pattern = 0, change = {}) {
    const entry = this.ballot(v, pattern, change);
    Object.assign(v, { sequence: v.sequence + 1, tip: this.ballotHash(entry) });
    this.pending.push(entry);
    return this;
  }
  batchEntry({ number = this.batches + 1, time = this.now(), ballots = this.pending.length } = {}) {
    return concat(u8(E.BATCH), u32(number), u64(time), u32(ballots));
  }
  batch(options = {}) {
    const entry = this.batchEntry(options);
    this.pending.sort((a, b) => compare(this.ballotHash(a), this.ballotHash(b)));
    this.push(...this.pending, entry);
    this.batches++;
    this.pending = [];
    return this;
  }
  exclude(hash, options = {}) {
    return this.act(E.EXCLUDE, hash, { reason: 1, ...options });
  }
  close(options = {}) {
    this.push(this.act(E.CLOSE, ZERO32, options));
    this.closeSize = this.entries.length;
    return this;
  }

  // ---- count ----

  // What an observer's state is after these entries; board: of the verifier
  sumsOf(board) {
    const sums = new Sums(this.m);
    for (const c of board.credentials.values()) {
      if (!board.counts(c)) continue;
      const entry = this.entries[c.tipIndex];
      let at = 1 + 104;
      for (const contest of this.m.styles[c.style].contests) {
        sums.add(c.unit, contest, entry.subarray(at));
        at += this.m.contests[contest].length;
      }
    }
    return sums.sets();
  }
  aggregates(board) {
    Object.assign(this, this.sumsOf(board));
    this.board = board;
    const boardRoot = root(this.entries.slice(0, this.closeSize).map(leafHash));
    return writeAggregates(this.fingerprint, this.closeSize, boardRoot, this.sets);
  }
  freeze(bytes, options = {}) {
    this.freezeHash = this.document(bytes);
    return this.push(this.act(E.FREEZE, this.freezeHash, options));
  }
  // One trustee's document. garbage: a share that is false; base: a false commitment to the key
  sharesDocument(
    trustee,
    { garbage = false, base = 0n, hash = this.freezeHash, name = trustee } = {},
  ) {
    const parts = [this.fingerprint, hash, u16(name)];
    for (const c of this.m.contests) {
      const own = this.sets.filter((s) => s.contest === c.index),
        x = this.secrets[c.index][trustee - 1];
      if (!own.length) continue;
      const points = own.flatMap((s) => x.map((xk) => times(s.R, xk)));
      if (garbage) points[0] = points[0].add(G);
      const d = concat(...points.map((y) => y.toBytes())),
        r = concat(...own.map((s) => s.R.toBytes()));
      const v = concat(...this.V[c.index][trustee - 1].map((y) => y.toBytes()));
      const t = new Transcript('shares')
        .item('fingerprint', this.fingerprint)
        .item('key-digest', this.keyDigest)
        .number('contest', c.index)
        .number('trustee', trustee)
        .item('R', r)
        .item('V', v)
        .item('D', d);
      const w = new Weights(t.challenge('weights'));
      const delta = x.map((_, k) => (k ? w.take() : 1n)),
        mu = own.map(() => w.take());
      const secret = mod(x.reduce((a, y, k) => a + delta[k] * y, 0n)),
        nonce = this.random();
      const R = dot(
        mu,
        own.map((s) => s.R),
      );
      const tG = times(G, mod(nonce + base)).toBytes(),
        tR = times(R, nonce).toBytes();
      const ch = wide(t.item('T_G', tG).item('T_R', tR).challenge('c'));
      parts.push(d, tG, tR, scalarBytes(mod(nonce + ch * secret)));
    }
    return concat(...parts);
  }
  shares(trustee, options = {}) {
    const bytes = this.sharesDocument(trustee, options);
    return this.single(E.SHARES, trustee, this.reference(bytes));
  }
  votesOf(s) {
    const { p, n } = this.m.contests[s.contest],
      votes = [];
    const indexes = [1, 2],
      lambda = lagrange(indexes);
    for (let k = 0; k < p; k++) {
      const x = mod(
        indexes.reduce((a, i, j) => a + lambda[j] * this.secrets[s.contest][i - 1][k], 0n),
      );
      let rest = s.C[k].subtract(times(s.R, x)),
        found = null;
      for (let y = 0; y <= s.ballots && !found; y++, rest = rest.subtract(times(G, sum.M)))
        for (let z = 0, q = ZERO; z <= s.ballots; z++, q = q.add(G))
          if (q.equals(rest)) found = [z, y];
      votes.push(...(found ?? [0, 0]));
    }
    return votes.slice(0, n);
  }
  results(change = (x) => x) {
    const votes = this.sets.map((s) => this.votesOf(s));
    const contests = this.m.contests.map((c) => ({
      withheld: this.withheld[c.index],
      sets: this.sets
        .map((s, i) => ({ ...s, votes: votes[i] }))
        .filter((s) => s.contest === c.index),
    }));
    const value = change(
      resultsValue(this.m, hex(this.fingerprint), contests, reconcile(this.board)),
    );
    return { json: resultsJson(value), csv: resultsCsv(value) };
  }
  publish({ json, csv }, options = {}) {
    this.copies.set('results.json', json);
    this.copies.set('results.csv', csv);
    return this.push(this.act(E.PUBLISH, this.document(json), options));
  }
}
