// The Merkle tree, tiles, notes and checkpoints. spec: T-1, T-2, T-7..T-15
import { ed25519 } from '@noble/curves/ed25519';
import { ascii, hex, Malformed, Reader, same, u8 } from './bytes.js';
import { sha256, sha512 } from './hash.js';

export const leafHash = (entry) => sha256(u8(0), entry);
export const nodeHash = (left, right) => sha256(u8(1), left, right);

// The root over roots of subtrees of one height; an empty list is the empty tree. spec: T-2
export function root(hashes) {
  if (!hashes.length) return sha256();
  let level = hashes;
  while (level.length > 1) {
    const above = [];
    for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i], level[i + 1]));
    if (level.length % 2) above.push(level[level.length - 1]);
    level = above;
  }
  return level[0];
}

// The roots of the tree as it grew. Keeps one hash for each bit of the size.
export class Growing {
  constructor() {
    this.size = 0;
    this.peaks = [];
  }
  add(leaf) {
    let h = leaf;
    for (let n = this.size++; n % 2; n = (n - 1) / 2) h = nodeHash(this.peaks.pop(), h);
    this.peaks.push(h);
  }
  root() {
    if (!this.size) return sha256();
    return this.peaks.reduceRight((right, left) => nodeHash(left, right));
  }
}

const group = (n) => {
  const digits = String(n);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const parts = padded.match(/.../g);
  return parts.map((x, i) => (i < parts.length - 1 ? `x${x}` : x)).join('/');
};
// level: a number or 'entries'. spec: T-8
export const tilePath = (level, index, width) =>
  `tile/${level}/${group(index)}${width < 256 ? `.p/${width}` : ''}`;

// All tiles of a tree of a BigInt of leaves: { level, index, width }, level by level. spec: T-7
export function* eachTile(size) {
  let count = size;
  for (let level = 0; level < 8 && count > 0n; level++, count /= 256n)
    for (let i = 0n; 256n * i < count; i++) {
      const left = count - 256n * i;
      yield { level, index: i, width: left < 256n ? Number(left) : 256 };
    }
}
export const tilesOf = (size) =>
  [...eachTile(BigInt(size))].map((t) => ({ ...t, index: Number(t.index) }));

// Is this the name of a tile or bundle of a tree of that size? spec: R-3, T-8
export function isTile(name, size) {
  const m = /^tile\/(entries|[0-7])\/((?:x\d{3}\/)*\d{3})(?:\.p\/\d+)?$/.exec(name);
  if (!m) return false;
  const index = BigInt(m[2].replace(/[x/]/g, '')),
    level = m[1] === 'entries' ? 0 : Number(m[1]);
  const left = size / 256n ** BigInt(level) - 256n * index;
  return left > 0n && name === tilePath(m[1], index, left < 256n ? Number(left) : 256);
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
// Padded, no other characters, unused bits zero. spec: T-10
export function base64(text) {
  if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Malformed('base64');
  const digits = text.replace(/=+$/, ''),
    out = new Uint8Array(Math.floor((digits.length * 6) / 8));
  let bits = 0,
    value = 0,
    at = 0;
  for (const d of digits) {
    value = (value << 6) | alphabet.indexOf(d);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = value >> bits;
      value &= (1 << bits) - 1;
    }
  }
  if (value) throw new Malformed('base64');
  return out;
}

// The text and the signature lines { name, id, signature }. spec: T-10, T-11
export function readNote(bytes) {
  if (bytes.length > 65536) throw new Malformed('note');
  let whole;
  try {
    whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed('note');
  }
  if (/[\u0000-\u0009\u000b-\u001f\u007f]/.test(whole)) throw new Malformed('note');
  const cut = whole.lastIndexOf('\n\n');
  if (cut < 0 || !whole.endsWith('\n')) throw new Malformed('note');
  const text = whole.slice(0, cut + 1),
    lines = whole.slice(cut + 2, -1).split('\n');
  if (whole.length === cut + 2 || lines.length > 64) throw new Malformed('note');
  const signatures = lines.map(readLine),
    seen = new Set();
  for (const s of signatures) {
    const key = `${s.name}\n${s.id}`;
    if (seen.has(key)) throw new Malformed('note');
    seen.add(key);
  }
  return { text, signatures };
}

// spec: T-12
const spaces = /[\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]/;
export const isKeyName = (name) => name !== '' && ascii(name).length <= 255 && !spaces.test(name);

function readLine(line) {
  const parts = line.split(' ');
  if (parts.length !== 3 || parts[0] !== '\u2014' || !isKeyName(parts[1]))
    throw new Malformed('note');
  const r = new Reader(base64(parts[2]));
  const id = r.bytes(4);
  if (!r.left) throw new Malformed('note');
  return { name: parts[1], id, signature: r.rest() };
}

export const keyId = (name, type, key) => sha256(ascii(name), u8(10), u8(type), key).subarray(0, 4);

// Is this line by the key of that name? Type 1 signs the text, type 4 cosigns it. spec: T-12, T-13
export const lineIsOf = (line, name, type, key) =>
  line.name === name && same(line.id, keyId(name, type, key));
// Does it hold? spec: T-13
export const lineSigns = (note, line, key) =>
  line.signature.length === 64 && signed(line.signature, ascii(note.text), key);
// spec: T-15
export function lineCosigns(note, line, key) {
  if (line.signature.length !== 72) return false;
  const r = new Reader(line.signature),
    time = r.u64();
  if (time >= 2n ** 63n) return false;
  return signed(r.rest(), ascii(`cosignature/v1\ntime ${time}\n${note.text}`), key);
}

// Ed25519 without the cofactor: R is the one encoding of S*B - h*A, and not the identity. The key
// was
// found to be in the prime-order group. spec: T-13, M-14
export function signed(signature, message, key) {
  const r = signature.subarray(0, 32),
    number = (b) => BigInt(`0x${hex(b.slice().reverse())}`);
  const s = number(signature.subarray(32)),
    order = ed25519.Point.Fn.ORDER;
  if (s >= order) return false;
  const h = number(sha512(r, key, message)) % order;
  const minus = ed25519.Point.fromBytes(key, false).negate();
  const sum = (p, x) => (x === 0n ? ed25519.Point.ZERO : p.multiplyUnsafe(x));
  const want = sum(ed25519.Point.BASE, s).add(sum(minus, h));
  return !want.is0() && same(want.toBytes(), r);
}

// spec: T-14
export function readCheckpoint(text) {
  const lines = text.split('\n');
  if (lines.length !== 4 || lines[3] !== '') throw new Malformed('checkpoint');
  const [origin, size, rootText] = lines;
  if (!isKeyName(origin) || !/^(0|[1-9][0-9]{0,18})$/.test(size)) throw new Malformed('checkpoint');
  if (BigInt(size) >= 2n ** 63n) throw new Malformed('checkpoint');
  const rootHash = base64(rootText);
  if (rootHash.length !== 32) throw new Malformed('checkpoint');
  return { origin, size: BigInt(size), root: rootHash };
}
