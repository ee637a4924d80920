// Which entry may follow which, and what the credentials did. spec: S-1..S-16, S-18..S-25, S-30, L-5..L-10
import { concat, compare, Fault, hex, isZero, Malformed, Reader, same, u16 } from './bytes.js';
import { ballotChecks, readBallot } from './ballot.js';
import { Ceremony } from './ceremony.js';
import { Electorate } from './electorate.js';
import * as E from './entries.js';
import { pointNotIdentity } from './group.js';

export const SETUP = 0,
  OPEN = 1,
  CLOSED = 2,
  FROZEN = 3,
  PUBLISHED = 4;
const phaseNames = ['setup', 'open', 'closed', 'frozen', 'published'];
const all = [SETUP, OPEN, CLOSED, FROZEN, PUBLISHED];
// spec: S-2, S-3
const allowed = {
  [E.COMMIT]: [SETUP],
  [E.DEAL]: [SETUP],
  [E.COMPLAINT]: [SETUP],
  [E.OPENING]: [SETUP],
  [E.CONFIRM]: [SETUP],
  [E.LIVENESS]: [SETUP, OPEN],
  [E.REGISTRATIONS]: [SETUP, OPEN],
  [E.ROLL]: [SETUP],
  [E.CHANGES]: [SETUP, OPEN],
  [E.CANCEL]: [SETUP, OPEN, CLOSED],
  [E.BALLOT]: [OPEN],
  [E.BATCH]: all,
  [E.SHARES]: [FROZEN],
};
const actAllowed = {
  [E.APPROVE]: [SETUP],
  [E.OPEN]: [SETUP],
  [E.CLOSE]: [OPEN],
  [E.EXCLUDE]: [OPEN, CLOSED],
  [E.FREEZE]: [CLOSED],
  [E.PUBLISH]: [FROZEN],
};

const DAY = 86400n;
const fail = (code, where) => {
  throw new Fault(code, where);
};

export class Board {
  // rootAt(size): the root of the first `size` entries; gens: the generators
  constructor(manifest, gens, rootAt) {
    Object.assign(this, {
      m: manifest,
      gens,
      rootAt,
      ceremony: new Ceremony(manifest),
      phase: SETUP,
      approved: false,
      size: 0,
      batches: 0,
      openBallots: 0,
      lastBallot: null,
      lastAct: 0n,
      lastBatch: 0n,
      today: 0,
      recent: 0,
      liveness: new Map(),
      shares: new Map(),
      credentials: new Map(),
      tips: new Map(),
      closeSize: 0,
      ballots: 0,
      cancelled: 0,
      ballotsOfUnit: manifest.units.map(() => 0),
      keys: null,
      electorate: null,
    });
  }
  // Applies an entry and returns the checks that a batch is to make: [{ code, item }].
  apply(e) {
    if (this.size === 0) {
      if (e.type !== E.MANIFEST) fail('board.order', 'the manifest is first');
      if (!same(e.document.hash, this.m.fingerprint)) fail('board.subject', 'manifest');
      this.manifest = e.document;
      this.size = 1;
      return [];
    }
    this.mayFollow(e);
    const checks = this.step(e);
    this.size++;
    return checks;
  }
  mayFollow(e) {
    if (e.type === E.MANIFEST) fail('board.phase', 'a second manifest'); // spec: S-1
    const phases = e.type === E.ACT ? actAllowed[e.act] : allowed[e.type];
    if (!phases.includes(this.phase)) fail('board.phase', phaseNames[this.phase]);
    const approve = e.type === E.ACT && e.act === E.APPROVE;
    if (!this.approved && e.type !== E.BATCH && !approve) fail('board.order', 'not approved');
    if (this.approved && approve) fail('board.repeat', 'approval');
    if (this.openBallots && e.type !== E.BATCH && e.type !== E.BALLOT)
      // spec: S-10
      fail('board.batch', 'inside a batch');
  }
  step(e) {
    if (e.type === E.BALLOT) return this.ballot(e);
    if (e.type === E.REGISTRATIONS) return this.registrations(e);
    if (e.type === E.BATCH) return this.batch(e);
    E.verifySignatures(this.m, e);
    if (e.type === E.ACT) this.act(e);
    else if (e.type === E.CANCEL) this.cancel(e);
    else if (e.type === E.ROLL || e.type === E.CHANGES) this.roll(e);
    else if (e.type === E.LIVENESS) this.alive(e);
    else if (e.type === E.SHARES) this.share(e);
    else this.ceremony.apply(e);
    return [];
  }

  // ---- acts: S-4..S-9, S-15 ----

  act(e) {
    if (e.time < this.lastAct) fail('board.time', `act ${e.act}`); // spec: S-5
    const acts = {
      [E.APPROVE]: () => this.approve(e),
      [E.OPEN]: () => this.open(e),
      [E.CLOSE]: () => this.close(e),
      [E.EXCLUDE]: () => this.exclude(e),
      [E.FREEZE]: () => {
        this.freezeHash = e.subject;
        this.phase = FROZEN;
      },
      [E.PUBLISH]: () => this.publish(e),
    };
    acts[e.act]();
    this.lastAct = e.time;
  }
  approve(e) {
    if (!same(e.subject, this.m.fingerprint)) fail('board.subject', 'approval');
    this.approved = true;
  }
  open(e) {
    if (this.ceremony.round !== 3) fail('board.order', 'ceremony');
    if (!same(e.subject, this.ceremony.keys.digest)) fail('board.subject', 'opening');
    if (!this.electorate) fail('board.order', 'roll');
    if (this.liveness.size < this.m.t + 1) fail('board.quorum', 'liveness');
    if (!this.m.test && e.time < this.m.times.open) fail('board.time', 'opening');
    this.keys = this.ceremony.keys;
    this.phase = OPEN;
  }
  close(e) {
    if (!isZero(e.subject)) fail('board.subject', 'close');
    if (!this.m.test && e.time < this.m.times.close) fail('board.time', 'close');
    this.phase = CLOSED;
    this.closeSize = this.size + 1;
  }
  exclude(e) {
    const c = this.tips.get(hex(e.subject)); // an exclusion holds for the credential: S-15
    if (!c) fail('exclusion.ballot', 'ballot');
    if (c.excluded) fail('exclusion.repeat', 'ballot');
    c.excluded = true;
  }
  publish(e) {
    if (this.shares.size < this.m.t) fail('board.quorum', 'shares'); // spec: S-9
    this.publishHash = e.subject;
    this.phase = PUBLISHED;
  }

  // spec: S-30
  roll(e) {
    if (e.time < this.lastAct) fail('board.time', 'roll'); // spec: S-5
    if (e.type === E.ROLL) {
      if (this.electorate) fail('board.repeat', 'roll');
      this.electorate = new Electorate(this.m, e);
    } else {
      if (!this.electorate) fail('board.order', 'roll');
      this.electorate.change(e.changes);
    }
    this.lastAct = e.time;
  }

  // ---- trustees ----

  alive(e) {
    // spec: S-13
    if (!this.ceremony.keys) fail('ceremony.order', `trustee ${e.signer}`);
    const last = this.liveness.get(e.signer) ?? 0n;
    this.ceremony.checkLiveness(e);
    if (e.time <= last) fail('board.repeat', `trustee ${e.signer}`);
    if (e.boardSize > BigInt(this.size)) fail('board.root', `trustee ${e.signer}`);
    if (!same(e.boardRoot, this.rootAt(Number(e.boardSize))))
      fail('board.root', `trustee ${e.signer}`);
    if (e.boardSize < BigInt(this.recent)) fail('board.stale', `trustee ${e.signer}`); // spec: S-19
    this.liveness.set(e.signer, e.time);
  }
  share(e) {
    // spec: S-14
    if (this.shares.has(e.signer)) fail('board.repeat', `trustee ${e.signer}`);
    if (e.document.length === 0n) fail('board.subject', `trustee ${e.signer}`);
    this.shares.set(e.signer, e.document);
  }

  // ---- credentials ----

  registrations(e) {
    // spec: L-6..L-9
    const checks = [];
    try {
      this.enrol(this.readRegistrations(e, checks));
    } catch (error) {
      // a false signature before it is named first
      throw Object.assign(error, { checks });
    }
    return checks;
  }
  // One after the other: its place, its own rules, its signatures.
  readRegistrations(e, checks) {
    const r = new Reader(e.registrations),
      found = [];
    let last = null;
    while (r.left) {
      const one = this.registration(r);
      if (last && compare(last, one.key) >= 0) fail('registration.order', 'registration');
      last = one.key;
      found.push(one);
      checks.push(...this.registrationChecks(one));
    }
    return found;
  }
  enrol(found) {
    for (const one of found) {
      const name = hex(one.key);
      if (this.credentials.has(name)) fail('registration.repeat', 'credential'); // spec: L-5
      this.credentials.set(name, {
        ...one,
        cancelled: false,
        excluded: false,
        sequence: 0,
        tip: null,
      });
    }
  }
  registration(r) {
    try {
      const one = { key: r.bytes(32), unit: r.u16(), style: r.u16() };
      return { ...one, by: E.endorsements(r) };
    } catch (e) {
      if (e instanceof Malformed) fail('registration.malformed', 'registration');
      throw e;
    }
  }
  registrationChecks(one) {
    try {
      one.point = pointNotIdentity(one.key);
    } catch {
      fail('registration.credential', 'credential');
    }
    const unit = this.m.units[one.unit];
    if (!unit) fail('registration.unit', 'unit');
    if (unit.style !== one.style) fail('registration.style', 'style');
    const message = concat(this.m.fingerprint, one.key, u16(one.unit), u16(one.style));
    const { who, quorum } = this.m.registrars;
    return E.collegeItems(
      'registration',
      'tapat-v1 registration',
      one.by,
      who,
      quorum,
      message,
    ).map((item) => ({ code: 'registration.signature', item }));
  }
  cancel(e) {
    // spec: L-10
    const c = this.credentials.get(hex(e.credential));
    if (!c) fail('cancel.credential', 'credential');
    if (c.cancelled) fail('cancel.repeat', 'credential');
    c.cancelled = true;
    this.cancelled++;
  }

  // ---- ballots ----

  ballot(e) {
    const b = readBallot(this.m, e.ballot);
    const checks = ballotChecks(this.m, b, this.keys, this.gens);
    const c = this.credentials.get(hex(b.credential));
    try {
      if (this.openBallots && compare(this.lastBallot, b.hash) >= 0) fail('board.order', 'ballot');
      this.castRule(c, b);
    } catch (error) {
      // a false proof or signature of the same ballot is named first
      throw Object.assign(error, { checks });
    }
    if (c.tip) this.tips.delete(hex(c.tip));
    Object.assign(c, { sequence: b.sequence, tip: b.hash, tipIndex: this.size });
    this.tips.set(hex(b.hash), c);
    this.lastBallot = b.hash;
    this.openBallots++;
    this.ballots++;
    this.ballotsOfUnit[c.unit]++;
    return checks;
  }
  castRule(c, b) {
    // spec: S-20..S-24
    if (!c) fail('ballot.credential', 'credential');
    if (c.cancelled) fail('ballot.cancelled', 'credential');
    if (b.unit !== c.unit) fail('ballot.unit', 'unit');
    if (b.style !== c.style) fail('ballot.style', 'style');
    if (b.sequence !== c.sequence + 1) fail('ballot.sequence', 'sequence');
    if (c.tip && !same(b.previous, c.tip)) fail('ballot.previous', 'previous');
  }
  batch(e) {
    // spec: S-11
    if (e.number !== this.batches + 1 || e.ballots !== this.openBallots)
      fail('board.batch', `batch ${e.number}`);
    if (e.time < this.lastBatch) fail('board.time', `batch ${e.number}`);
    this.clock(e.time);
    this.batches = e.number;
    this.openBallots = 0;
    return [];
  }

  // The batches are the board's clock. spec: S-19
  clock(time) {
    const days = time / DAY - this.lastBatch / DAY;
    if (this.batches && days > 0n) {
      this.recent = days === 1n ? this.today : this.size;
      this.today = this.size;
    }
    this.lastBatch = time;
  }

  // spec: S-25
  counts(c) {
    return c.tip !== null && !c.cancelled && !c.excluded;
  }
}
