// ristretto255, scalars, hashing to the group, sums of many multiples. All of it is public data.
// spec: P-9..P-11
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519';
import { ascii, Malformed } from './bytes.js';
import { streamBlock } from './hash.js';

const Point = ristretto255.Point;
export const G = Point.BASE;
export const ZERO = Point.ZERO;
export const L = 2n ** 252n + 27742317777372353535851937790883648493n;

export const mod = (x) => {
  const r = x % L;
  return r < 0n ? r + L : r;
};

const little = (bytes) => {
  let digits = '';
  for (let i = bytes.length - 1; i >= 0; i--) digits += bytes[i].toString(16).padStart(2, '0');
  return BigInt(`0x${digits || 0}`);
};

// A scalar of L or more is refused. spec: P-9
export function scalar(bytes) {
  const x = little(bytes);
  if (bytes.length !== 32 || x >= L) throw new Malformed('scalar');
  return x;
}
// 64 bytes reduced: the only reduction of bytes. spec: P-10
export function wide(bytes) {
  if (bytes.length !== 64) throw new Error('64 bytes');
  return little(bytes) % L;
}
export const number128 = (bytes) => little(bytes);

export function scalarBytes(x) {
  const out = new Uint8Array(32);
  for (let i = 0, v = x; i < 32; i++, v >>= 8n) out[i] = Number(v & 255n);
  return out;
}

export function inverse(x) {
  let result = 1n,
    base = mod(x);
  for (let e = L - 2n; e > 0n; e >>= 1n, base = (base * base) % L)
    if (e & 1n) result = (result * base) % L;
  return result;
}

// The decoder of RFC 9496 section 4.3.1 is the one way from bytes to a point. spec: P-9
export function point(bytes) {
  try {
    return Point.fromBytes(bytes);
  } catch {
    throw new Malformed('point');
  }
}
export function pointNotIdentity(bytes) {
  const p = point(bytes);
  if (bytes.every((x) => x === 0)) throw new Malformed('identity');
  return p;
}
export const points = (bytes) =>
  Array.from({ length: bytes.length / 32 }, (_, i) => point(bytes.subarray(32 * i, 32 * i + 32)));

export const times = (p, x) => (x === 0n ? ZERO : p.multiplyUnsafe(x));

// spec: P-11
export const hashToGroup = (message, tag) =>
  ristretto255_hasher.hashToCurve(message, { DST: typeof tag === 'string' ? ascii(tag) : tag });

// The 128-bit numbers of a stream, least significant byte first. spec: B-31, K-5
export class Weights {
  constructor(key) {
    this.key = key;
    this.next = 0;
  }
  take() {
    const i = this.next++;
    if (i % 4 === 0) this.block = streamBlock(this.key, i / 4);
    return number128(this.block.subarray(16 * (i % 4), 16 * (i % 4) + 16));
  }
}

// Digits of `width` bits of a scalar, least significant first.
function digits(x, width) {
  const bytes = scalarBytes(x),
    out = new Uint16Array(Math.ceil(256 / width));
  let bits = 0,
    value = 0,
    k = 0;
  for (let i = 0; i < 32; i++) {
    value |= bytes[i] << bits;
    for (bits += 8; bits >= width; bits -= width) {
      out[k++] = value & ((1 << width) - 1);
      value >>>= width;
    }
  }
  if (bits) out[k] = value;
  return out;
}

// The sum of x_i*P_i for a few points, by tables of their multiples: one run of doublings for all.
function sumOfFew(list, scalars) {
  let total = ZERO;
  const tables = [],
    rows = [];
  list.forEach((p, i) => {
    if (p === G) {
      total = total.add(times(G, scalars[i]));
      return;
    }
    const table = [ZERO, p];
    for (let d = 2; d < 16; d++) table.push(table[d - 1].add(p));
    tables.push(table);
    rows.push(digits(scalars[i], 4));
  });
  let sum = ZERO;
  for (let k = 63; k >= 0; k--) {
    if (sum !== ZERO) for (let i = 0; i < 4; i++) sum = sum.double();
    for (let i = 0; i < rows.length; i++)
      if (rows[i][k]) sum = sum.add(tables[i][rows[i][k]]);
  }
  return total.add(sum);
}

// The sum of x_i*P_i, by buckets: for each window the points of one digit are added up, and the
// buckets weighted by running sums.
export function sumOfMultiples(list, scalars) {
  const n = list.length;
  if (n < 16) return sumOfFew(list, scalars);
  const width = n < 64 ? 5 : n < 512 ? 7 : n < 4096 ? 9 : n < 32768 ? 11 : 13;
  const rows = scalars.map((x) => digits(x, width));
  let total = ZERO;
  for (let k = Math.ceil(256 / width) - 1; k >= 0; k--) {
    if (total !== ZERO) for (let i = 0; i < width; i++) total = total.double();
    const buckets = new Array(1 << width);
    let top = 0;
    for (let i = 0; i < n; i++) {
      const d = rows[i][k];
      if (!d) continue;
      buckets[d] = buckets[d] ? buckets[d].add(list[i]) : list[i];
      if (d > top) top = d;
    }
    if (!top) continue;
    let running = ZERO,
      window = ZERO;
    for (let d = top; d > 0; d--) {
      if (buckets[d]) running = running.add(buckets[d]);
      window = window.add(running);
    }
    total = total.add(window);
  }
  return total;
}
