// Bytes and the presentation language. spec: E-1..E-9

export class Malformed extends Error {}

// A fault that a report names: one code of the closed list and one place. spec: Y-3
export class Fault extends Error {
  constructor(code, where = '') {
    super(`${code}: ${where}`);
    this.code = code;
    this.where = where;
  }
}

export const hex = (b) => Array.from(b, (x) => x.toString(16).padStart(2, '0')).join('');

export function unhex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Malformed('not hexadecimal');
  return Uint8Array.from(text.match(/../g) ?? [], (x) => parseInt(x, 16));
}

export const ascii = (text) => new TextEncoder().encode(text);

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export function compare(a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}
export const same = (a, b) => compare(a, b) === 0;
export const isZero = (b) => b.every((x) => x === 0);

// Unsigned, most significant byte first. spec: E-1
export function uint(bytes, value) {
  const out = new Uint8Array(bytes);
  let v = BigInt(value);
  for (let i = bytes - 1; i >= 0; i--, v >>= 8n) out[i] = Number(v & 255n);
  return out;
}
export const u8 = (v) => uint(1, v);
export const u16 = (v) => uint(2, v);
export const u32 = (v) => uint(4, v);
export const u64 = (v) => uint(8, v);

// The width of a length prefix follows from the largest length. spec: E-4
const prefixWidth = (max) => (max < 256 ? 1 : max < 65536 ? 2 : max < 16777216 ? 3 : 4);

export function opaque(min, max, bytes) {
  if (bytes.length < min || bytes.length > max) throw new Malformed('length'); // spec: E-5
  return concat(uint(prefixWidth(max), bytes.length), bytes);
}

// Reads to the end and not past it. spec: E-6, E-7
export class Reader {
  constructor(bytes) {
    this.b = bytes;
    this.at = 0;
  }
  get left() {
    return this.b.length - this.at;
  }
  bytes(n) {
    if (n > this.left) throw new Malformed('cut');
    this.at += n;
    return this.b.subarray(this.at - n, this.at);
  }
  big(n) {
    let v = 0n;
    for (const x of this.bytes(n)) v = (v << 8n) | BigInt(x);
    return v;
  }
  num(n) {
    let v = 0;
    for (const x of this.bytes(n)) v = v * 256 + x;
    return v;
  }
  u8() {
    return this.num(1);
  }
  u16() {
    return this.num(2);
  }
  u32() {
    return this.num(4);
  }
  u64() {
    return this.big(8);
  }
  opaque(min, max) {
    const n = this.num(prefixWidth(max));
    if (n < min || n > max) throw new Malformed('length');
    return this.bytes(n);
  }
  rest() {
    return this.bytes(this.left);
  }
  end() {
    if (this.left) throw new Malformed('bytes left over');
  }
}
