// Mutations of entries, manifests, checkpoints and folders, from a seed: what a stranger, or one
// who
// holds some keys, might put in place of the honest bytes.
import { concat, Reader, u16, u32, u64, u8 } from '../../verifier/bytes.js';
import { L, scalarBytes } from '../../verifier/group.js';
import { E } from '../records/election.mjs';

// xoshiro128** of a seed
export class Dice {
  constructor(seed) {
    this.s = Uint32Array.from([1, 2, 3, 4], (x) => Math.imul(seed + x, 0x9e3779b9) ^ (x << 7));
    for (let i = 0; i < 16; i++) this.word();
  }
  word() {
    const s = this.s,
      rotate = (x, k) => ((x << k) | (x >>> (32 - k))) >>> 0;
    const out = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0,
      t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11);
    return out;
  }
  below(n) {
    return this.word() % n;
  }
  one(list) {
    return list[this.below(list.length)];
  }
  chance(percent) {
    return this.below(100) < percent;
  }
  bytes(n) {
    return Uint8Array.from({ length: n }, () => this.word() & 255);
  }
  shuffled(list) {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }
}

// ---- where the fields of an entry stand ----

const lengths = (...list) => list.reduce((at, n) => [...at, at.at(-1) + n], [1]);
const every = (from, to, step) => {
  const out = [];
  for (let i = from; i < to; i += step) out.push(i);
  return out;
};
// The borders of the fields: where one ends the next begins. No more than a guess if the bytes
// are not well-formed.
export function borders(b) {
  const n = b.length,
    signed = n - 64;
  const of = {
    [E.MANIFEST]: () => lengths(32, 8),
    [E.ACT]: () => [...lengths(1, 8, 32, 2, 2), ...endorsed(46, n)],
    [E.COMMIT]: () => lengths(2, 32, 32, 64),
    [E.DEAL]: () => [1, ...every(3, signed, 32), signed, n],
    [E.COMPLAINT]: () => lengths(2, 2, 64),
    [E.OPENING]: () => [...lengths(2, 2), ...every(37, signed, 32), signed, n],
    [E.CONFIRM]: () => lengths(2, 32, 64),
    [E.LIVENESS]: () => [...lengths(2, 8, 8, 32), ...every(83, signed, 32), signed, n],
    [E.REGISTRATIONS]: () => registered(b),
    [E.CANCEL]: () => [...lengths(32, 2, 8, 2), ...endorsed(45, n)],
    [E.BALLOT]: () => [...lengths(32, 32, 4, 32, 2, 2), ...every(137, n, 32), n],
    [E.BATCH]: () => lengths(4, 8, 4),
    [E.SHARES]: () => lengths(2, 32, 8, 64),
    [E.ROLL]: () => {
      const units = 47 + ((b[45] << 8) | b[46]);
      return [...lengths(8, 4, 32, 2), ...every(47, units + 1, 4), ...endorsed(units + 2, n)];
    },
    [E.CHANGES]: () => {
      const end = 11 + ((b[9] << 8) | b[10]),
        states = every(11, end, 35).flatMap((x) => [x, x + 32, x + 34]);
      return [...lengths(8, 2), ...states, end, ...endorsed(end + 2, n)];
    },
  };
  const list = [0, ...(of[b[0]]?.() ?? every(8, n, 32)), n];
  return [...new Set(list.filter((x) => x >= 0 && x <= n))].sort((x, y) => x - y);
}
const endorsed = (from, n) => every(from, n, 66).flatMap((x) => [x, x + 2, x + 34, x + 66]);
function registered(b) {
  const out = [1];
  for (let at = 1; at + 38 <= b.length; ) {
    const len = (b[at + 36] << 8) | b[at + 37];
    out.push(at + 32, at + 34, at + 36, at + 38, ...endorsed(at + 38, at + 38 + len));
    at += 38 + len;
  }
  return out;
}

// ---- values that a field may get ----

const order = scalarBytes(L).slice();
const minusOne = scalarBytes(L - 1n);
const BASE = Uint8Array.from(
  'e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76'.match(/../g),
  (x) => parseInt(x, 16),
);
const fieldPrime = Uint8Array.from({ length: 32 }, (_, i) => (i ? (i === 31 ? 127 : 255) : 237));
const values32 = [
  new Uint8Array(32),
  new Uint8Array(32).fill(255),
  scalarBytes(1n),
  order,
  minusOne,
  BASE,
  fieldPrime,
];
const numbers = [0n, 1n, 2n, 3n, 4n, 5n, 255n, 256n, 65535n, 65536n, 2n ** 31n, 2n ** 32n - 1n]
  .concat([2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n])
  .concat([2n ** 26n, 2n ** 26n + 1n, 60000n]);
const number = (bytes) => bytes.reduce((v, x) => (v << 8n) | BigInt(x), 0n);
function written(n, v) {
  const x = BigInt.asUintN(8 * n, v);
  return { 1: u8, 2: u16, 4: u32, 8: u64 }[n](x);
}
const little = (bytes) => bytes.reduceRight((v, x) => (v << 8n) | BigInt(x), 0n);

function value(dice, old, donor) {
  const n = old.length;
  if ([1, 2, 4, 8].includes(n)) {
    const near = number(old) + dice.one([-2n, -1n, 1n, 2n, 10n, -10n]);
    return written(n, dice.chance(60) ? near : dice.one(numbers));
  }
  if (n === 32 || n === 64) {
    const kind = dice.below(6),
      head = n === 64 ? old.subarray(0, 32) : new Uint8Array(0),
      tail = old.subarray(n - 32);
    if (kind === 0) return concat(head, dice.one(values32));
    if (kind === 1) return dice.bytes(n);
    if (kind === 2 && little(tail) + L < 2n ** 256n)
      return concat(head, scalarBytes(little(tail) + L)); // not canonical
    if (kind === 3 && n === 64) return concat(dice.one(values32), tail);
    if (kind === 4 && donor.length >= n) {
      const at = dice.below(donor.length - n + 1);
      return donor.subarray(at, at + n);
    }
  }
  if (!n) return old;
  const out = old.slice();
  out[dice.below(n)] ^= 1 << dice.below(8);
  return out;
}

// ---- mutations of bytes by their fields ----

const splice = (b, from, to, put) => concat(b.subarray(0, from), put, b.subarray(to));
function field(dice, at) {
  const i = dice.below(Math.max(1, at.length - 1));
  return [at[i], at[Math.min(i + 1, at.length - 1)]];
}
const ways = [
  (dice, b, at, donor) => {
    const [from, to] = field(dice, at);
    return splice(b, from, to, value(dice, b.subarray(from, to), donor));
  },
  (dice, b, at, donor) => {
    // a field of the same kind of another entry
    const [from, to] = field(dice, at);
    return donor.length >= to ? splice(b, from, to, donor.subarray(from, to)) : b;
  },
  (dice, b, at) => {
    // two fields of one length change places
    const [from, to] = field(dice, at),
      others = at.filter((x, i) => x >= to && at[i + 1] - x === to - from);
    if (!others.length) return b;
    const x = dice.one(others),
      first = b.slice(from, to);
    return splice(splice(b, from, to, b.subarray(x, x + to - from)), x, x + to - from, first);
  },
  (dice, b, at) => b.subarray(0, Math.max(0, dice.one(at) + dice.one([0, 0, -1, 1, 2]))),
  (dice, b, at) => {
    const [from, to] = field(dice, at);
    return splice(b, from, to, new Uint8Array(0));
  },
  (dice, b, at) => {
    const [from, to] = field(dice, at);
    return splice(b, to, to, b.subarray(from, to));
  },
  (dice, b) => {
    const kind = dice.below(100);
    if (!kind) return concat(b, new Uint8Array(60000 - (dice.chance(50) ? b.length : 0)));
    return concat(b, kind < 50 ? dice.bytes(1 + dice.below(70)) : new Uint8Array(1 + dice.below(3)));
  },
  (dice, b) => concat(u8(dice.chance(80) ? 1 + dice.below(13) : dice.below(256)), b.subarray(1)),
  (dice, b, at, donor) => {
    const x = dice.one(at);
    return concat(b.subarray(0, x), donor.subarray(Math.min(x, donor.length)));
  },
  (dice, b) => {
    if (!b.length) return b;
    const out = b.slice();
    out[dice.below(b.length)] ^= 1 << dice.below(8);
    return out;
  },
];
const weighted = [0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9];
export function mutateBytes(dice, b, donor) {
  return ways[dice.one(weighted)](dice, b, borders(b), donor);
}

// Such that the bytes rather fall to the rules that come before arithmetic: lengths, types, numbers.
const outer = [3, 4, 5, 6, 7, 8];
export function mutateShape(dice, b, donor) {
  const at = borders(b),
    small = at.flatMap((x, i) => (at[i + 1] - x <= 8 ? [i] : []));
  const carriesNone = [E.MANIFEST, E.REGISTRATIONS, E.BALLOT, E.BATCH].includes(b[0]); // signature
  if (!small.length || dice.chance(carriesNone ? 40 : 85)) return ways[dice.one(outer)](dice, b, at, donor);
  const i = dice.one(small),
    old = b.subarray(at[i], at[i + 1]);
  return splice(b, at[i], at[i + 1], value(dice, old, donor));
}

// ---- lists that entries hold ----

// One list of endorsements, changed, its length right again.
function changeList(dice, list) {
  const kind = dice.below(5);
  if (kind === 0) return dice.shuffled(list);
  if (kind === 1) return list.filter(() => dice.chance(60));
  if (kind === 2 && list.length) return [...list, dice.one(list)];
  if (kind === 3 && list.length)
    return list.map((x) => splice(x, 0, 2, u16(dice.below(6))));
  return [...list, concat(u16(dice.below(5)), dice.bytes(64))];
}
export function mutateList(dice, b, donor) {
  if (b[0] === E.REGISTRATIONS) {
    const all = [...readRegistrations(b), ...(dice.chance(30) ? readRegistrations(donor) : [])];
    return concat(u8(E.REGISTRATIONS), ...changeRegistrations(dice, all));
  }
  const at = { [E.ACT]: 44, [E.CANCEL]: 43 }[b[0]];
  if (!at || b.length < at + 2 || (b.length - at - 2) % 66) return null;
  const list = every(at + 2, b.length, 66).map((x) => b.subarray(x, x + 66));
  const changed = concat(...changeList(dice, list));
  return concat(b.subarray(0, at), u16(changed.length), changed);
}
export function readRegistrations(b) {
  const out = [];
  if (b[0] !== E.REGISTRATIONS) return out;
  const r = new Reader(b.subarray(1));
  try {
    while (r.left) {
      const from = r.at;
      r.bytes(36);
      r.opaque(66, 2112);
      out.push(b.subarray(1 + from, 1 + r.at));
    }
  } catch {
    // what was read until then
  }
  return out;
}
function changeRegistrations(dice, list) {
  const kind = dice.below(4);
  if (kind === 0) return dice.shuffled(list);
  if (kind === 1) return list.filter(() => dice.chance(70));
  if (kind === 2 && list.length) return [...list, dice.one(list)];
  return list.map((x) =>
    dice.chance(20)
      ? splice(x, 32, 36, concat(u16(dice.below(5)), u16(dice.below(4))))
      : x,
  );
}

// ---- signing again ----

// The entry with signatures that hold for what it says now, as far as the keys are at hand.
export function signAgain(dice, e, b) {
  const type = b[0];
  const officers = [E.ACT, E.ROLL, E.CHANGES].includes(type);
  const pairs = officers ? e.officers : { [E.CANCEL]: e.registrars }[type];
  if (pairs) {
    const after = (at) => at + 2 + ((b[at] << 8) | b[at + 1]);
    const cut = { [E.ACT]: 44, [E.CANCEL]: 43, [E.ROLL]: after(45), [E.CHANGES]: after(9) }[type];
    if (!(b.length >= cut)) return b;
    const who = dice.one([[1, 2], [1, 2], [1, 2], [1], [2, 3], [1, 2, 3]]);
    return e.college(type, pairs, who.filter((i) => i <= pairs.length), b.subarray(1, cut));
  }
  if ([E.COMMIT, E.DEAL, E.COMPLAINT, E.OPENING, E.CONFIRM, E.LIVENESS, E.SHARES].includes(type)) {
    if (b.length < 67) return b;
    const named = (b[1] << 8) | b[2],
      known = named >= 1 && named <= e.trustees.length;
    return e.single(type, known ? named : 1 + dice.below(e.trustees.length), b.subarray(3, -64));
  }
  if (type === E.BALLOT && b.length > 200) {
    const key = b.subarray(33, 65),
      voter = e.voters.find((v) => v.key.every((x, i) => x === key[i]));
    return e.resign(b, voter ?? dice.one(e.voters));
  }
  if (type === E.REGISTRATIONS) {
    const list = readRegistrations(b).map((x) => {
      const unit = (x[32] << 8) | x[33],
        style = (x[34] << 8) | x[35];
      const who = dice.chance(90) ? [1, 2] : [1];
      return e.registration({ key: x.subarray(0, 32), unit }, { unit, style, who });
    });
    return list.length ? concat(u8(type), ...list) : b;
  }
  return b;
}
