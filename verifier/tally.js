// Sums of the counted ballots, the trustees' shares, and totals. spec: W-1, W-7, W-10..W-14,
// K-6..K-8
import { concat, Fault, hex, Malformed, Reader, same } from './bytes.js';
import * as eqlog from './eqlog.js';
import { G, L, mod, point, sumOfMultiples, times, ZERO } from './group.js';
import { M } from './sum.js';
import { reportingSets } from './merge.js';

// The sums of R and C per contest and unit, one counted ballot after the other.
export class Sums {
  constructor(m) {
    this.m = m;
    this.rows = new Map();
  }
  add(unit, contest, proof) {
    const { p } = this.m.contests[contest],
      key = `${contest} ${unit}`;
    const all = Array.from({ length: 1 + p }, (_, i) => point(proof.subarray(32 * i, 32 * i + 32)));
    const row = this.rows.get(key);
    if (row) {
      row.ballots++;
      row.points = row.points.map((x, i) => x.add(all[i]));
    } else {
      this.rows.set(key, { ballots: 1, points: all });
    }
  }
  row(contest, unit) {
    return this.rows.get(`${contest} ${unit}`) ?? { ballots: 0 };
  }
  // All reporting sets in order, and the ballots that are withheld of each contest. spec: W-5, W-6
  sets() {
    const sets = [],
      withheld = [];
    this.m.contests.forEach((c, contest) => {
      const units = this.m.units
        .map((u, unit) => ({ unit, group: u.group, ballots: this.row(contest, unit).ballots }))
        .filter((u) => u.ballots > 0);
      const made = reportingSets(units, this.m.floor);
      withheld.push(made ? 0 : units.reduce((n, u) => n + u.ballots, 0));
      for (const s of made ?? []) {
        if (s.ballots >= 2 ** 24) throw new Fault('aggregates.rule', `contest ${contest + 1}`);
        const all = s.units
          .map((u) => this.row(contest, u).points)
          .reduce((a, b) => a.map((x, i) => x.add(b[i])));
        sets.push({ ...s, contest, R: all[0], C: all.slice(1) });
      }
    });
    return { sets, withheld };
  }
}

// A trustee's document, judged against the sets. Returns D of each contest; throws Malformed or
// Fault. spec: W-10, W-11, W-13
export function readShares(m, keys, aggregatesHash, sets, trustee, bytes) {
  const r = new Reader(bytes),
    out = new Map();
  if (!same(r.bytes(32), m.fingerprint) || !same(r.bytes(32), aggregatesHash))
    throw new Malformed('shares');
  if (r.u16() !== trustee) throw new Malformed('shares');
  for (const c of m.contests) {
    const own = sets.filter((s) => s.contest === c.index);
    if (!own.length) continue;
    const d = r.bytes(32 * own.length * c.p),
      proof = r.bytes(96);
    const ok = eqlog.holds({
      fingerprint: m.fingerprint,
      keyDigest: keys.digest,
      contest: c.index,
      trustee,
      r: concat(...own.map((s) => s.R.toBytes())),
      v: keys.vBytes[c.index][trustee - 1],
      d,
      proof,
    });
    if (!ok) throw new Fault('shares.proof', `trustee ${trustee}`);
    out.set(c.index, d);
  }
  r.end();
  return out;
}

// Finds (x, y), both at most n, with target = (x + M*y)*G; y = 0 if alone. spec: K-7, K-8
export class Logarithms {
  constructor(n) {
    this.table = new Map();
    for (let i = 0, p = ZERO; i <= n; i++, p = p.add(G)) this.table.set(hex(p.toBytes()), i);
    this.step = times(G, L - M);
  }
  find(target, n, alone) {
    for (let y = 0, p = target; y <= (alone ? 0 : n); y++, p = p.add(this.step)) {
      const x = this.table.get(hex(p.toBytes()));
      if (x !== undefined && x <= n) return [x, y];
    }
    return null;
  }
}

// Votes of every option of every set, from t good documents. spec: W-14
export function totals(m, sets, good) {
  const indexes = good.map((g) => g.trustee),
    lambda = eqlog.lagrange(indexes).map(mod);
  const table = new Logarithms(Math.max(0, ...sets.map((s) => s.ballots)));
  const seen = m.contests.map(() => 0);
  return sets.map((s) => {
    const { p, n } = m.contests[s.contest],
      u = seen[s.contest]++,
      votes = [];
    for (let k = 0; k < p; k++) {
      const at = 32 * (u * p + k);
      const shares = good.map((g) => point(g.shares.get(s.contest).subarray(at, at + 32)));
      const plain = s.C[k].subtract(sumOfMultiples(shares, lambda));
      const found = table.find(plain, s.ballots, 2 * k + 1 >= n);
      if (!found) throw new Fault('totals.range', `contest ${s.contest + 1}`);
      votes.push(...found);
    }
    return votes.slice(0, n);
  });
}
