// The trustees' ceremony as its entries tell it, the keys that come of it, and proofs of liveness.
// spec: X-1..X-17
import { x25519 } from '@noble/curves/ed25519';
import { ascii, concat, Fault, Malformed, same, u16, u64 } from './bytes.js';
import * as dkg from './dkg.js';
import * as entries from './entries.js';
import { scalar, sumOfMultiples, wide } from './group.js';
import { sha256, Transcript } from './hash.js';
import { possessionHolds } from './schnorr.js';
import { powers } from './sum.js';

const fail = (code, where) => {
  throw new Fault(code, where);
};

// spec: X-4
function boxKeyIsZero(key) {
  try {
    x25519.scalarMult(new Uint8Array(32).fill(64), key);
    return false;
  } catch {
    return true;
  }
}

export class Ceremony {
  constructor(manifest) {
    this.m = manifest;
    this.commits = [];
    this.deals = [];
    this.complaints = new Map();
    this.confirmed = new Set();
    this.culprit = 0;
    this.keys = null;
  }
  get round() {
    const full = (list) => Object.keys(list).length === this.m.n;
    if (this.culprit) return 4;
    if (!full(this.commits)) return 0;
    if (!full(this.deals)) return 1;
    return this.confirmed.size < this.m.n ? 2 : 3;
  }
  who(contest, dealer) {
    const { fingerprint, n, t, contests } = this.m;
    return { fingerprint, contest, n, t, p: contests[contest].p, dealer };
  }
  apply(e) {
    const where = `trustee ${e.signer}`;
    if (this.culprit) fail('ceremony.dealer-out', `trustee ${this.culprit}`); // spec: X-11
    if (e.type === entries.COMMIT) this.commit(e, where);
    else if (e.type === entries.DEAL) this.deal(e, where);
    else if (e.type === entries.COMPLAINT) this.complaint(e, where);
    else if (e.type === entries.OPENING) this.opening(e, where);
    else this.confirm(e, where);
  }
  commit(e, where) {
    if (this.commits[e.signer]) fail('ceremony.repeat', where);
    if (boxKeyIsZero(e.boxKey)) fail('ceremony.box-key', where);
    this.commits[e.signer] = e;
  }
  deal(e, where) {
    if (this.round < 1) fail('ceremony.order', where);
    if (this.deals[e.signer]) fail('ceremony.repeat', where);
    if (e.deal.length !== this.m.dealLength) fail('ceremony.commitments', where);
    const messages = this.messages(e.deal);
    const hashes = messages.map((bytes, c) => dkg.commitment(this.who(c, e.signer), bytes));
    const dealHash = sha256(ascii('tapat-v1 deal'), ...hashes); // spec: X-3
    if (!same(dealHash, this.commits[e.signer].dealHash)) fail('ceremony.hash', where);
    this.deals[e.signer] = messages.map((bytes, c) => this.judge(bytes, c, e.signer, where));
    if (this.round === 2) this.compute();
  }
  messages(deal) {
    let at = 0;
    return this.m.contests.map((c) => {
      const length = dkg.messageLength(c.p, this.m.t);
      at += length;
      return deal.subarray(at - length, at);
    });
  }
  // spec: X-7
  judge(bytes, contest, dealer, where) {
    const who = this.who(contest, dealer);
    let message;
    try {
      message = dkg.read(who, bytes);
    } catch (e) {
      if (e instanceof Malformed) fail('ceremony.commitments', where);
      throw e;
    }
    if (!dkg.possessionHolds(who, bytes, message)) fail('ceremony.possession', where);
    return message.F;
  }
  complaint(e, where) {
    if (this.round < 2) fail('ceremony.order', where);
    if (e.dealer < 1 || e.dealer > this.m.n || e.dealer === e.signer) fail('ceremony.order', where);
    if (this.confirmed.has(e.signer)) fail('ceremony.order', where);
    const key = `${e.dealer} ${e.signer}`;
    if (this.complaints.has(key)) fail('ceremony.repeat', where);
    this.complaints.set(key, false);
  }
  opening(e, where) {
    const key = `${e.signer} ${e.complainant}`;
    if (this.round < 2 || this.complaints.get(key) !== false) fail('ceremony.order', where);
    if (e.shares.length !== 32 * this.m.points) fail('ceremony.share', where);
    this.complaints.set(key, true);
    if (!this.sharesHold(e)) this.culprit = e.signer;
  }
  // spec: X-9, D-9
  sharesHold(e) {
    let i = 0;
    for (const [c, F] of this.deals[e.signer].entries())
      for (let k = 0; k < this.m.contests[c].p; k++, i++) {
        try {
          const share = scalar(e.shares.subarray(32 * i, 32 * i + 32));
          if (!dkg.shareHolds(F, this.m.t, k, e.complainant, share)) return false;
        } catch (error) {
          if (error instanceof Malformed) return false;
          throw error;
        }
      }
    return true;
  }
  // spec
  confirm(e, where) {
    if (this.round < 2) fail('ceremony.order', where);
    if (this.confirmed.has(e.signer)) fail('ceremony.repeat', where);
    if ([...this.complaints.values()].includes(false)) fail('ceremony.order', where);
    if (!same(e.keyDigest, this.keys.digest)) fail('ceremony.confirm', where);
    this.confirmed.add(e.signer);
  }
  // spec
  compute() {
    const { n, t, contests, fingerprint } = this.m;
    const all = contests.map((c, i) => {
      try {
        return dkg.keys(
          this.deals.slice(1).map((d) => d[i]),
          n,
          t,
          c.p,
        );
      } catch (e) {
        if (e instanceof Malformed) fail('ceremony.commitments', `contest ${i + 1}`);
        throw e;
      }
    });
    const bytes = (list) => concat(...list.map((x) => x.toBytes()));
    const yBytes = all.map((k) => bytes(k.Y)),
      vBytes = all.map((k) => k.V.map(bytes));
    const digest = sha256(
      ascii('tapat-v1 keys'),
      fingerprint,
      sha256(...yBytes),
      sha256(...vBytes.flat()),
    );
    this.keys = { digest, Y: all.map((k) => k.Y), V: all.map((k) => k.V), vBytes };
  }
  // spec: X-17
  checkLiveness(e) {
    const { fingerprint, contests } = this.m;
    const where = `trustee ${e.signer}`;
    if (e.proofs.length !== 64 * contests.length) fail('liveness.length', where);
    contests.forEach((c, i) => {
      const message = concat(
        fingerprint,
        this.keys.digest,
        u16(i),
        u16(e.signer),
        u64(e.time),
        u64(e.boardSize),
        e.boardRoot,
      );
      const use = 'tapat-v1 liveness';
      const delta = wide(new Transcript(use).item('message', message).challenge('delta'));
      const key = sumOfMultiples(this.keys.V[i][e.signer - 1], powers(delta, c.p)).toBytes();
      if (!possessionHolds(use, key, message, e.proofs.subarray(64 * i, 64 * i + 64)))
        fail('liveness.proof', where);
    });
  }
}
