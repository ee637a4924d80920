// A small QR code encoder (ISO/IEC 18004, model 2): byte and alphanumeric mode, versions 1 to 10,
// error correction level M, the mask of least penalty. Gives rows of booleans.

import { h } from './dom.js';

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
// Per version, level M: error correction codewords per block; blocks and their data codewords.
const BLOCKS = [
  null, [10, [1, 16]], [16, [1, 28]], [26, [1, 44]], [18, [2, 32]], [24, [2, 43]], [16, [4, 27]],
  [18, [4, 31]], [22, [2, 38], [2, 39]], [22, [3, 36], [2, 37]], [26, [4, 43], [1, 44]],
];
const ALIGN = [null, [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42],
  [6, 26, 46], [6, 28, 50]];
const LEVEL_M = 0;

// GF(256) with x^8 + x^4 + x^3 + x^2 + 1
const exp = new Uint8Array(512);
const log = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i += 1) {
  exp[i] = x;
  exp[i + 255] = x;
  log[x] = i;
  x = (x << 1) ^ (x & 0x80 ? 0x11d : 0);
}
const times = (a, b) => (a && b ? exp[log[a] + log[b]] : 0);

function generator(degree) {
  let g = [1];
  for (let i = 0; i < degree; i += 1) {
    const next = [...g, 0];
    for (let j = 0; j < g.length; j += 1) next[j + 1] ^= times(g[j], exp[i]);
    g = next;
  }
  return g;
}

function remainder(data, degree) {
  const g = generator(degree);
  const out = [...data, ...new Array(degree).fill(0)];
  for (let i = 0; i < data.length; i += 1) {
    const factor = out[i];
    for (let j = 0; factor && j < g.length; j += 1) out[i + j] ^= times(g[j], factor);
  }
  return out.slice(data.length);
}

const capacity = (version) => BLOCKS[version].slice(1).reduce((sum, [n, k]) => sum + n * k, 0);

class Bits {
  constructor() {
    this.list = [];
  }

  put(value, width) {
    for (let i = width - 1; i >= 0; i -= 1) this.list.push((value >> i) & 1);
  }
}

function payload(text, version) {
  const bits = new Bits();
  const wide = version >= 10;
  if ([...text].every((c) => ALPHANUMERIC.includes(c))) {
    bits.put(2, 4);
    bits.put(text.length, wide ? 11 : 9);
    for (let i = 0; i < text.length; i += 2) {
      const a = ALPHANUMERIC.indexOf(text[i]);
      if (i + 1 < text.length) bits.put(a * 45 + ALPHANUMERIC.indexOf(text[i + 1]), 11);
      else bits.put(a, 6);
    }
  } else {
    const bytes = new TextEncoder().encode(text);
    bits.put(4, 4);
    bits.put(bytes.length, wide ? 16 : 8);
    for (const b of bytes) bits.put(b, 8);
  }
  return bits;
}

function codewords(bits, version) {
  const total = 8 * capacity(version);
  if (bits.list.length > total) return null;
  bits.put(0, Math.min(4, total - bits.list.length));
  bits.put(0, (8 - (bits.list.length % 8)) % 8);
  for (let pad = 0xec; bits.list.length < total; pad ^= 0xec ^ 0x11) bits.put(pad, 8);
  const data = [];
  for (let i = 0; i < total; i += 8) data.push(bits.list.slice(i, i + 8).reduce((v, b) => v * 2 + b, 0));
  const [ecLen, ...groups] = BLOCKS[version];
  const blocks = [];
  let at = 0;
  for (const [n, k] of groups) {
    for (let i = 0; i < n; i += 1, at += k) blocks.push(data.slice(at, at + k));
  }
  const corrections = blocks.map((block) => remainder(block, ecLen));
  const interleave = (lists) => {
    const out = [];
    for (let i = 0; i < Math.max(...lists.map((l) => l.length)); i += 1) {
      for (const l of lists) if (i < l.length) out.push(l[i]);
    }
    return out;
  };
  return [...interleave(blocks), ...interleave(corrections)];
}

const BCH = (value, width, poly, degree) => {
  let r = value << degree;
  for (let i = width - 1; i >= 0; i -= 1) if (r & (1 << (i + degree))) r ^= poly << i;
  return (value << degree) | r;
};

class Matrix {
  constructor(version) {
    this.version = version;
    this.size = 17 + 4 * version;
    this.dark = Array.from({ length: this.size }, () => new Array(this.size).fill(false));
    this.fixed = Array.from({ length: this.size }, () => new Array(this.size).fill(false));
  }

  set(row, column, dark) {
    this.dark[row][column] = Boolean(dark);
    this.fixed[row][column] = true;
  }

  finder(row, column) {
    for (let r = -1; r <= 7; r += 1) {
      for (let c = -1; c <= 7; c += 1) {
        if (row + r < 0 || row + r >= this.size || column + c < 0 || column + c >= this.size) continue;
        const ring = Math.max(Math.abs(r - 3), Math.abs(c - 3));
        this.set(row + r, column + c, ring !== 2 && ring !== 4);
      }
    }
  }

  patterns() {
    const { size, version } = this;
    for (let i = 8; i < size - 8; i += 1) {
      this.set(6, i, i % 2 === 0);
      this.set(i, 6, i % 2 === 0);
    }
    this.finder(0, 0);
    this.finder(0, size - 7);
    this.finder(size - 7, 0);
    const centres = ALIGN[version];
    const last = centres.length - 1;
    centres.forEach((row, i) => centres.forEach((column, j) => {
      if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
      for (let r = -2; r <= 2; r += 1) {
        for (let c = -2; c <= 2; c += 1) {
          this.set(row + r, column + c, Math.max(Math.abs(r), Math.abs(c)) !== 1);
        }
      }
    }));
    if (version >= 7) {
      const v = BCH(version, 6, 0x1f25, 12);
      for (let i = 0; i < 18; i += 1) {
        const [a, b] = [Math.floor(i / 3), size - 11 + (i % 3)];
        this.set(a, b, (v >> i) & 1);
        this.set(b, a, (v >> i) & 1);
      }
    }
    this.format(0);
  }

  format(mask) {
    const { size } = this;
    const f = BCH((LEVEL_M << 3) | mask, 5, 0x537, 10) ^ 0x5412;
    for (let i = 0; i < 15; i += 1) {
      const bit = (f >> i) & 1;
      // beside the upper left finder, skipping the timing patterns
      if (i < 6) this.set(i, 8, bit);
      else if (i < 8) this.set(i + 1, 8, bit);
      else if (i === 8) this.set(8, 7, bit);
      else this.set(8, 14 - i, bit);
      // and once more, split over the other two
      if (i < 8) this.set(8, size - 1 - i, bit);
      else this.set(size - 15 + i, 8, bit);
    }
    this.set(size - 8, 8, true);
  }

  place(words) {
    let at = 0;
    for (let right = this.size - 1; right > 0; right -= 2) {
      if (right === 6) right = 5;
      const up = ((right + 1) & 2) === 0;
      for (let i = 0; i < this.size; i += 1) {
        const row = up ? this.size - 1 - i : i;
        for (const column of [right, right - 1]) {
          if (this.fixed[row][column]) continue;
          this.dark[row][column] = at < 8 * words.length && ((words[at >> 3] >> (7 - (at & 7))) & 1) === 1;
          at += 1;
        }
      }
    }
  }

  masked(mask) {
    const out = new Matrix(this.version);
    const flips = [
      (r, c) => (r + c) % 2, (r) => r % 2, (r, c) => c % 3, (r, c) => (r + c) % 3,
      (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2,
      (r, c) => ((r * c) % 2) + ((r * c) % 3), (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2,
      (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2,
    ];
    for (let r = 0; r < this.size; r += 1) {
      for (let c = 0; c < this.size; c += 1) {
        out.fixed[r][c] = this.fixed[r][c];
        out.dark[r][c] = this.dark[r][c] !== (!this.fixed[r][c] && flips[mask](r, c) === 0);
      }
    }
    out.format(mask);
    return out;
  }

  penalty() {
    const { size, dark } = this;
    let total = 0;
    let count = 0;
    const lines = [...dark, ...dark.map((_, c) => dark.map((row) => row[c]))];
    for (const line of lines) {
      const text = line.map((d) => (d ? '1' : '0')).join('');
      for (const run of text.match(/0{5,}|1{5,}/g) || []) total += run.length - 2;
      for (let i = 0; i + 11 <= size; i += 1) {
        const part = text.slice(i, i + 11);
        if (part === '10111010000' || part === '00001011101') total += 40;
      }
    }
    for (let r = 0; r < size; r += 1) {
      for (let c = 0; c < size; c += 1) {
        count += dark[r][c];
        if (r && c && dark[r][c] === dark[r - 1][c] && dark[r][c] === dark[r][c - 1]
          && dark[r][c] === dark[r - 1][c - 1]) total += 3;
      }
    }
    return total + 10 * Math.floor(Math.abs(count * 20 - size * size * 10) / (size * size));
  }
}

// Rows of booleans, true for dark; null if the text is too long.
export function qrMatrix(text) {
  for (let version = 1; version < BLOCKS.length; version += 1) {
    const words = codewords(payload(text, version), version);
    if (!words) continue;
    const plain = new Matrix(version);
    plain.patterns();
    plain.place(words);
    const tries = Array.from({ length: 8 }, (_, mask) => plain.masked(mask));
    const costs = tries.map((m) => m.penalty());
    return tries[costs.indexOf(Math.min(...costs))].dark;
  }
  return null;
}

// As an image with the quiet zone of four modules that readers ask for.
export function qrImage(text, label) {
  const rows = qrMatrix(text);
  if (!rows) return null;
  const edge = rows.length + 8;
  const path = rows.flatMap((row, y) => row.map((d, x) => (d ? `M${x + 4} ${y + 4}h1v1h-1z` : ''))).join('');
  return h('svg', { class: 'qr', viewBox: `0 0 ${edge} ${edge}`, role: 'img', 'aria-label': label },
    h('rect', { width: edge, height: edge, fill: '#fff' }), h('path', { d: path, fill: '#000' }));
}
