// Every check of a record, in order. spec: Y-1..Y-19, Y-21, Y-22
import { ascii, compare, Fault, hex, Malformed, Reader, same } from './bytes.js';
import { firstFault, readBallot } from './ballot.js';
import { Board, CLOSED, FROZEN, OPEN, PUBLISHED } from './board.js';
import * as E from './entries.js';
import { sha256 } from './hash.js';
import { parseManifest } from './manifest.js';
import { writeAggregates } from './merge.js';
import { reconcile, resultsCsv, resultsJson, resultsValue } from './results.js';
import { generators } from './sum.js';
import { readShares, Sums, totals } from './tally.js';
import * as tree from './tree.js';

export const MAX_FILE = 2 ** 26 + 1; // bytes of a file that are looked at: more is too long for any
const MAX_DOCUMENT = 2 ** 26,
  BATCH_ITEMS = 300;

// spec: Y-3
const checkOfType = {
  [E.MANIFEST]: 'manifest',
  [E.ACT]: 'acts',
  [E.COMMIT]: 'ceremony',
  [E.DEAL]: 'ceremony',
  [E.COMPLAINT]: 'ceremony',
  [E.OPENING]: 'ceremony',
  [E.CONFIRM]: 'keys',
  [E.LIVENESS]: 'ceremony',
  [E.REGISTRATIONS]: 'registrations',
  [E.CANCEL]: 'cancels',
  [E.BALLOT]: 'batches',
  [E.BATCH]: 'batches',
  [E.SHARES]: 'shares',
  [E.ROLL]: 'roll',
  [E.CHANGES]: 'roll',
};
const chainCodes = ['ballot.sequence', 'ballot.previous'];
export function checkOf(code, type) {
  const prefix = code.split('.')[0];
  if (code === 'board.batch') return 'batches';
  if (chainCodes.includes(code)) return 'chains';
  if (prefix === 'entry' || prefix === 'board') return checkOfType[type] ?? 'log';
  const byPrefix = {
    ceremony: 'ceremony',
    liveness: 'ceremony',
    registration: 'registrations',
    cancel: 'cancels',
    ballot: 'ballots',
    exclusion: 'acts',
  };
  return byPrefix[prefix] ?? prefix;
}

// A check that failed: ends the verification unless it is said otherwise.
class Failed extends Error {
  constructor(check, fault) {
    super(fault.code);
    this.check = check;
    this.fault = fault;
  }
}

// By the bytes of their parts between slashes. spec: Y-4
function inOrder(names) {
  const parts = (name) => name.split('/').map(ascii);
  const before = (a, b) => {
    for (let i = 0; i < a.length && i < b.length; i++) if (!same(a[i], b[i])) return compare(a[i], b[i]);
    return a.length - b.length;
  };
  return names
    .map((name) => [name, parts(name)])
    .sort((x, y) => before(x[1], y[1]))
    .map(([name]) => name);
}

// A stranger's name as it is reported; one that ends in a slash is of what is no plain file. spec: Y-3
const written = (name) =>
  name
    .replace(/\/$/, '')
    .replace(/[^\x21-\x7e]|\\/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .slice(0, 90);

// The lines of a checkpoint. spec
function checkNote({ log, witnesses }, note, head) {
  const [first, ...further] = note.signatures;
  const stop = (code) => {
    throw new Fault(`checkpoint.${code}`, 'checkpoint');
  };
  if (head.origin !== log.origin) stop('origin');
  if (!tree.lineIsOf(first, log.origin, 1, log.key)) stop('key');
  if (!tree.lineSigns(note, first, log.key)) stop('signature');
  let next = 0;
  for (const line of further) {
    const at = witnesses.who.findIndex((w) => tree.lineIsOf(line, w.name, 4, w.key));
    if (at < next || !tree.lineCosigns(note, line, witnesses.who[at].key)) stop('cosignature');
    next = at + 1;
  }
  if (further.length < witnesses.quorum) stop('quorum');
}
// spec: R-8
function readHead(note) {
  const head = tree.readCheckpoint(note.text);
  if (head.size > 2n ** 40n) throw new Malformed('size');
  return head;
}
// A checkpoint by itself: throws Malformed or a Fault.
export function checkCheckpoint(manifest, bytes) {
  const note = tree.readNote(bytes);
  checkNote(manifest, note, readHead(note));
}

class Verification {
  constructor(folder, known, progress) {
    Object.assign(this, {
      folder,
      known,
      progress,
      checks: [],
      fingerprint: new Uint8Array(32),
      lengths: new Map(),
    });
  }
  pass(check, detail) {
    this.checks.push({ check, verdict: 'ok', detail });
  }
  notYet(check, detail = '') {
    this.checks.push({ check, verdict: 'not yet', detail });
  }
  passIf(done, check, detail) {
    if (done) this.pass(check, detail);
    else this.notYet(check, detail);
  }
  fail(check, fault) {
    this.checks.push({ check, verdict: 'FAIL', detail: '', code: fault.code, where: fault.where });
  }
  guard(check, action) {
    try {
      return action();
    } catch (e) {
      if (e instanceof Fault) throw new Failed(check, e);
      throw e;
    }
  }

  async run() {
    try {
      await this.head();
      await this.files();
      await this.log();
      await this.rest();
    } catch (e) {
      if (!(e instanceof Failed)) throw e;
      this.fail(e.check, e.fault);
      if (e.check === 'files') this.checks.unshift(this.checks.pop());
    }
    return {
      fingerprint: hex(this.fingerprint),
      verified: this.checks.every((c) => c.verdict !== 'FAIL'),
      checks: this.checks,
    };
  }
  stop(check, code, where) {
    throw new Failed(check, new Fault(code, where));
  }

  // ---- what everything hangs on: checkpoint and manifest ----

  async head() {
    const names = await this.folder.list();
    if (!names) this.stop('log', 'record.missing', 'folder');
    this.names = new Set(names);
    const bytes = await this.folder.read('checkpoint');
    if (!bytes) this.stop('log', 'record.missing', 'checkpoint');
    this.readCheckpoint(bytes);
    if (!this.names.has('manifest.json')) this.stop('files', 'files.missing', 'manifest.json');
    const manifest = await this.folder.read('manifest.json');
    if (manifest.length > MAX_DOCUMENT) this.stop('manifest', 'manifest.size', 'manifest.json');
    this.fingerprint = sha256(manifest);
    if (!this.names.has(`document/${hex(this.fingerprint)}`))
      this.stop('files', 'files.copy', 'manifest.json');
    if (this.known && !same(this.known, this.fingerprint))
      this.stop('manifest', 'manifest.fingerprint', 'manifest.json');
    this.m = this.guard('manifest', () => parseManifest(manifest));
    this.checkSignature();
  }
  readCheckpoint(bytes) {
    try {
      this.note = tree.readNote(bytes);
      this.head = readHead(this.note);
    } catch (e) {
      if (!(e instanceof Malformed)) throw e;
      this.stop('log', 'checkpoint.malformed', 'checkpoint');
    }
  }
  checkSignature() {
    this.guard('log', () => checkNote(this.m, this.note, this.head));
  }

  // ---- files: Y-4 ----

  // Before the entries are read: all tiles, no stranger's name, each document under its hash.
  async files() {
    const { size } = this.head,
      known = /^(checkpoint|manifest\.json|document\/[0-9a-f]{64}|results\.(json|csv))$/;
    for (const name of inOrder([...this.names])) {
      if (!known.test(name) && !tree.isTile(name, size)) this.stop('files', 'files.unknown', written(name));
      if (name.startsWith('document/')) await this.checkDocument(name);
    }
    const due = (name) => {
      if (!this.names.has(name)) this.stop('files', 'files.missing', name);
    };
    for (const t of tree.eachTile(size)) due(tree.tilePath(t.level, t.index, t.width));
    for (const t of tree.eachTile(size)) {
      if (t.level) break;
      due(tree.tilePath('entries', t.index, t.width));
    }
    this.size = Number(size);
    this.tiles = tree.tilesOf(size);
    this.zero = this.tiles.filter((t) => t.level === 0);
  }
  async checkDocument(path) {
    const bytes = await this.folder.read(path);
    if (bytes.length > MAX_DOCUMENT) this.stop('files', 'document.length', path);
    if (hex(sha256(bytes)) !== path.slice(9)) this.stop('files', 'document.hash', path);
    this.lengths.set(path, BigInt(bytes.length));
  }
  // After them: the documents that they name and the copies that are due. spec
  filesNamed() {
    const published = this.board.phase === PUBLISHED,
      documents = this.documentsNamed(),
      named = new Set(documents.map((d) => d.path));
    for (const { path, length } of documents) {
      const have = this.lengths.get(path);
      if (have === undefined) this.stop('files', 'document.missing', path);
      if (length !== null && have !== length) this.stop('files', 'document.length', path);
    }
    for (const path of this.lengths.keys())
      if (!named.has(path)) this.stop('files', 'files.unknown', path);
    for (const name of ['results.json', 'results.csv']) {
      if (published && !this.names.has(name)) this.stop('files', 'files.missing', name);
      if (!published && this.names.has(name)) this.stop('files', 'files.unknown', name);
    }
    this.checks.unshift({
      check: 'files',
      verdict: 'ok',
      detail: `${this.tiles.length + this.zero.length} tiles, ${named.size} documents`,
    });
  }
  // What entries name: the manifest, the aggregates, each trustee's shares, the results.
  documentsNamed() {
    const { manifest, freezeHash, publishHash, shares } = this.board;
    const list = [manifest, { hash: freezeHash }];
    for (const trustee of [...shares.keys()].sort((x, y) => x - y)) list.push(shares.get(trustee));
    return [...list, { hash: publishHash }]
      .filter((d) => d.hash)
      .map((d) => ({ path: `document/${hex(d.hash)}`, length: d.length ?? null }));
  }
  document(hash) {
    return this.folder.read(`document/${hex(hash)}`);
  }

  // ---- log: Y-5, and every entry in order ----

  // The entries of a bundle, exactly as many as its width; null if it is none. spec: R-4, T-9
  async bundle(t, strict) {
    const path = tree.tilePath('entries', t.index, t.width);
    const r = new Reader(await this.folder.read(path)),
      entries = [];
    try {
      for (let i = 0; i < t.width; i++) entries.push(r.opaque(0, 65535));
      r.end();
    } catch (e) {
      if (!(e instanceof Malformed)) throw e;
      if (strict) this.stop('log', 'log.bundle', path);
      return null;
    }
    return entries;
  }
  async hashesOf(t) {
    const path = tree.tilePath(t.level, t.index, t.width),
      bytes = await this.folder.read(path);
    if (bytes.length !== 32 * t.width) this.stop('log', 'log.tile', path);
    return Array.from({ length: t.width }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
  }
  // All tiles of all levels, and the root that level 0 gives. spec: R-7, T-7
  async log() {
    if (!this.size) this.stop('log', 'record.empty', 'checkpoint');
    this.leaves = [];
    const levels = [];
    for (const t of this.tiles) (levels[t.level] ??= []).push(...(await this.hashesOf(t)));
    this.leaves = levels[0] ?? [];
    const above = this.tiles.find((t) => t.level > 0 && !this.tileFits(levels, t));
    const rooted = same(tree.root(this.leaves), this.head.root);
    if (!rooted) await this.blameTile();
    if (above) this.stop('log', 'log.tile', tree.tilePath(above.level, above.index, above.width));
    await this.replay();
  }
  tileFits(levels, t) {
    for (let i = 256 * t.index; i < 256 * t.index + t.width; i++) {
      const below = levels[t.level - 1].slice(256 * i, 256 * i + 256);
      if (!same(tree.root(below), levels[t.level][i])) return false;
    }
    return true;
  }
  // If the entries give the root, the tile that differs from them is at fault.
  async blameTile() {
    const hashes = [],
      { zero } = this;
    for (const t of zero) hashes.push(...(await this.bundle(t, true)).map(tree.leafHash));
    if (!same(tree.root(hashes), this.head.root)) this.stop('log', 'log.root', 'checkpoint');
    const at = hashes.findIndex((h, i) => !same(h, this.leaves[i]));
    const t = zero[Math.floor(at / 256)];
    this.stop('log', 'log.tile', tree.tilePath(0, t.index, t.width));
  }

  async replay() {
    const width = Math.max(1, ...this.m.contests.map((c) => c.m));
    const roots = new Map();
    const rootAt = (size) => {
      if (!roots.has(size)) roots.set(size, tree.root(this.leaves.slice(0, size)));
      return roots.get(size);
    };
    this.rootAt = rootAt;
    this.board = new Board(this.m, generators(this.m.fingerprint, width), rootAt);
    this.pending = [];
    this.items = 0;
    let index = 0;
    for (const t of this.zero) {
      for (const bytes of await this.bundle(t, true)) this.entry(bytes, index++);
      this.progress?.('entries', index, this.size);
    }
    this.flush();
    if (this.board.openBallots) this.stop('batches', 'board.batch', `entry ${this.size - 1}`);
    const { who } = this.m.witnesses,
      cosigned = this.note.signatures.length - 1;
    this.pass('log', `${this.size} entries, ${cosigned} of ${who.length} witnesses`);
  }
  entry(bytes, index) {
    if (!same(tree.leafHash(bytes), this.leaves[index])) {
      this.flush();
      this.stop('log', 'log.entry', `entry ${index}`);
    }
    try {
      const e = E.readEntry(bytes);
      this.wait(index, this.board.apply(e), bytes[0]);
      if (!index) this.checkLength(e.document);
    } catch (e) {
      if (!(e instanceof Fault)) throw e;
      if (e.checks) this.wait(index, e.checks, bytes[0]);
      this.flush();
      this.stop(checkOf(e.code, bytes[0]), e.code, `entry ${index}: ${e.where}`);
    }
    if (this.items >= BATCH_ITEMS) this.flush();
  }
  checkLength({ hash, length }) {
    const path = `document/${hex(hash)}`;
    if (this.lengths.get(path) !== length) this.stop('files', 'document.length', path);
  }
  wait(index, checks, type) {
    if (checks.length) this.pending.push({ index, checks, type });
    this.items += checks.length;
  }
  // Signatures and proofs that wait, in one batch.
  flush() {
    const bad = firstFault(this.pending),
      { pending } = this;
    this.pending = [];
    this.items = 0;
    if (!bad) return;
    const { type } = pending.find((p) => p.index === bad.index);
    this.stop(checkOf(bad.code, type), bad.code, `entry ${bad.index}`);
  }

  // ---- what the entries gave ----

  async rest() {
    this.stages();
    this.filesNamed();
    const reconciliation = reconcile(this.board);
    await this.count(reconciliation);
    this.reconciliation(reconciliation);
  }
  // spec: Y-21
  roll(electorate) {
    if (!electorate) {
      this.notYet('roll');
      return;
    }
    const sum = (key) => electorate.units.reduce((n, u) => n + u[key], 0);
    const { changes } = electorate;
    this.pass('roll', `${sum('electors')} voters, ${sum('online')} online, ${changes} changes`);
  }
  stages() {
    const b = this.board,
      { ceremony } = b,
      after = (phase) => b.phase >= phase;
    this.pass(
      'manifest',
      `${hex(this.fingerprint)}${this.m.test ? ', a test' : ''}`,
    );
    if (b.approved) this.pass('approval', "signed by the officers' quorum");
    else this.notYet('approval');
    const round = `round ${ceremony.round}, ${this.m.t} of ${this.m.n} needed`;
    if (ceremony.culprit) this.notYet('ceremony', "ended by a dealer's fault");
    else this.passIf(ceremony.round >= 2, 'ceremony', round);
    const proved = `trustees, ${b.liveness.size} proved their share`;
    if (ceremony.round === 3) this.pass('keys', `confirmed by all ${this.m.n} ${proved}`);
    else this.notYet('keys', `to be confirmed by all ${this.m.n} ${proved}`);
    this.roll(b.electorate);
    this.passIf(b.credentials.size, 'registrations', `${b.credentials.size} credentials`);
    this.passIf(b.approved, 'cancels', `${b.cancelled} cancelled`);
    const replaced = [...b.credentials.values()].reduce(
      (n, c) => n + Math.max(0, c.sequence - 1),
      0,
    );
    if (after(OPEN)) {
      this.pass('ballots', `${b.ballots} ballots`);
      this.pass('chains', `${replaced} replaced by a later ballot`);
    } else {
      this.notYet('ballots');
      this.notYet('chains');
    }
    this.passIf(b.batches, 'batches', `${b.batches} batches`);
    this.passIf(b.approved, 'acts', ['setup', 'open', 'closed', 'frozen', 'published'][b.phase]);
  }

  // ---- aggregates, shares, totals, results: Y-13..Y-16 ----

  async count(reconciliation) {
    const b = this.board,
      names = ['aggregates', 'shares', 'totals', 'results'];
    if (b.phase < CLOSED) {
      for (const name of names) this.notYet(name);
      return;
    }
    const sums = await this.sums();
    const { sets, withheld } = this.guard('aggregates', () => sums.sets());
    if (b.phase < FROZEN) {
      for (const name of names) this.notYet(name);
      return;
    }
    const hash = sha256(
      writeAggregates(this.m.fingerprint, b.closeSize, this.rootAt(b.closeSize), sets),
    );
    if (!same(hash, b.freezeHash)) {
      this.fail('aggregates', new Fault('aggregates.hash', `document/${hex(b.freezeHash)}`));
      return;
    }
    this.pass('aggregates', `${sets.length} sets, none below ${this.m.floor} ballots`);
    const good = await this.shares(hash, sets);
    if (good) await this.totals(sets, withheld, good, reconciliation);
  }
  async sums() {
    const sums = new Sums(this.m),
      tips = new Map();
    for (const c of this.board.credentials.values())
      if (this.board.counts(c)) tips.set(c.tipIndex, c);
    for (const t of this.zero) {
      (await this.bundle(t, true)).forEach((bytes, i) => {
        const c = tips.get(256 * t.index + i);
        if (!c) return;
        const ballot = readBallot(this.m, bytes.subarray(1));
        ballot.contests.forEach((contest, j) => sums.add(c.unit, contest, ballot.proofs[j]));
      });
    }
    return sums;
  }
  async shares(hash, sets) {
    const b = this.board,
      good = [],
      bad = [];
    for (const trustee of [...b.shares.keys()].sort((x, y) => x - y)) {
      const bytes = await this.document(b.shares.get(trustee).hash);
      try {
        const shares = readShares(this.m, b.keys, hash, sets, trustee, bytes);
        good.push({ trustee, shares });
      } catch (e) {
        if (!(e instanceof Malformed || e instanceof Fault)) throw e;
        bad.push(`${trustee} (${e.code ?? 'shares.malformed'})`);
      }
    }
    const detail =
      `good: ${good.map((g) => g.trustee).join(' ')}` +
      (bad.length ? `; bad: ${bad.join(' ')}` : '');
    if (good.length >= this.m.t) {
      this.pass('shares', detail);
      return good.slice(0, this.m.t);
    }
    if (b.phase === PUBLISHED) {
      this.fail('shares', new Fault('shares.quorum', `${good.length} good shares of ${this.m.t}`));
    } else {
      this.notYet('shares', b.shares.size ? detail : '');
      this.notYet('totals');
      this.notYet('results');
    }
    return null;
  }
  async totals(sets, withheld, good, reconciliation) {
    let votes;
    try {
      votes = totals(this.m, sets, good);
    } catch (e) {
      if (!(e instanceof Fault)) throw e;
      this.fail('totals', e);
      return;
    }
    this.pass('totals', `${sets.length} sets decrypted`);
    if (this.board.phase < PUBLISHED) {
      this.notYet('results');
      return;
    }
    const contests = this.m.contests.map((c) => ({
      withheld: withheld[c.index],
      sets: sets.map((s, i) => ({ ...s, votes: votes[i] })).filter((s) => s.contest === c.index),
    }));
    await this.results(resultsValue(this.m, hex(this.fingerprint), contests, reconciliation));
  }
  async results(value) {
    const json = resultsJson(value),
      csv = resultsCsv(value),
      subject = this.board.publishHash;
    const fault = !same(sha256(json), subject)
      ? ['results.hash', `document/${hex(subject)}`]
      : !same(json, await this.folder.read('results.json'))
        ? ['files.copy', 'results.json']
        : !same(csv, await this.folder.read('results.csv'))
          ? ['results.csv', 'results.csv']
          : null;
    if (fault) this.fail('results', new Fault(...fault));
    else this.pass('results', 'computed again, byte for byte');
  }
  // spec: Y-17
  reconciliation({ total: t, units }) {
    for (const u of units) {
      if (u.ballots !== u.replaced + u.voided + u.excluded + u.counted) {
        this.fail('reconciliation', new Fault('reconciliation.sum', `unit ${u.unit}`));
        return;
      }
      if (u.enrolled - u.cancelled > u.online) {
        this.fail('reconciliation', new Fault('reconciliation.roll', `unit ${u.unit}`));
        return;
      }
    }
    this.pass(
      'reconciliation',
      `${t.ballots} ballots = ${t.replaced} replaced + ${t.voided} voided + ` +
        `${t.excluded} excluded + ${t.counted} counted`,
    );
  }
}

// folder: { list(): paths of all files or null, read(path): bytes or null }, both may be async. A path
// is text of one character a byte; one that ends in a slash is of what is no plain file. Of a longer
// file the first 2^26 + 1 bytes will do.
// known: the fingerprint that the caller knows, or null. progress(what, done, total): may be left
// out.
export const verify = (folder, known = null, progress = null) =>
  new Verification(folder, known, progress).run();
