// A record as one file. spec: R-20..R-24
import { ascii, compare, concat, Malformed } from './bytes.js';

const BLOCK = 512,
  MAX_FILE = 2 ** 26;

const octal = (n, digits) => n.toString(8).padStart(digits, '0');

// spec: R-22
function header(name, length) {
  const h = new Uint8Array(BLOCK);
  const put = (at, text) => h.set(ascii(text), at);
  put(0, name);
  put(100, '0000644');
  put(108, '0000000');
  put(116, '0000000');
  put(124, octal(length, 11));
  put(136, '00000000000');
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\0' + '00');
  put(329, '0000000');
  put(337, '0000000');
  put(148, `${octal(h.reduce((a, b) => a + b, 0), 6)}\0 `);
  return h;
}
// spec: R-21
const goodPart = (part) => part !== '' && !part.startsWith('.');
const goodName = (name) =>
  name.length <= 99 && /^[\x21-\x7e]+$/.test(name) && name.split('/').every(goodPart);

// What stands before each of its slashes.
const parents = (name) => [...name.matchAll(/\//g)].map((m) => name.slice(0, m.index));

// The name and length that a header gives; it must be the one that these have.
function readHeader(h) {
  const text = (from, to) => String.fromCharCode(...h.subarray(from, to));
  const name = text(0, 100).replace(/\0[^]*$/, ''),
    digits = text(124, 135);
  if (!goodName(name) || !/^[0-7]{11}$/.test(digits)) throw new Malformed('header');
  const length = parseInt(digits, 8);
  if (length > MAX_FILE || compare(header(name, length), h)) throw new Malformed('header');
  return { name, length };
}
const isZero = (b) => b.every((x) => x === 0);

// The files of an archive, name to { at, length }. size: of the whole; read(at, length): its bytes,
// may be async. Throws Malformed for what is no archive byte for byte.
export async function archiveFiles(size, read) {
  const files = new Map();
  const block = async (at, length) => {
    if (at + length > size) throw new Malformed('cut');
    return read(at, length);
  };
  let at = 0,
    last = new Uint8Array(0);
  for (;;) {
    const h = await block(at, BLOCK);
    at += BLOCK;
    if (isZero(h)) break;
    const { name, length } = readHeader(h),
      bytes = ascii(name);
    if (compare(last, bytes) >= 0) throw new Malformed('order');
    if (parents(name).some((p) => files.has(p))) throw new Malformed('a file is no folder');
    last = bytes;
    files.set(name, { at, length });
    const end = at + length,
      pad = (BLOCK - (length % BLOCK)) % BLOCK;
    if (!isZero(await block(end, pad))) throw new Malformed('padding');
    at = end + pad;
  }
  if (!files.size || !isZero(await block(at, BLOCK)) || at + BLOCK !== size)
    throw new Malformed('end');
  return files;
}

// The archive as a folder, or null if it is none.
export async function archiveFolder(size, read) {
  let files;
  try {
    files = await archiveFiles(size, read);
  } catch (e) {
    if (e instanceof Malformed) return null;
    throw e;
  }
  return {
    list: () => [...files.keys()],
    read: async (name) => {
      const f = files.get(name);
      return f ? read(f.at, f.length) : null;
    },
  };
}

// What stands in place of a report on an archive that is none. spec: R-24
export const noArchive = {
  fingerprint: '0'.repeat(64),
  verified: false,
  checks: [{ check: 'files', verdict: 'FAIL', detail: '', code: 'files.archive', where: '' }],
};

// One record has one archive. files: name to bytes
export function writeArchive(files) {
  const names = [...files.keys()].sort((a, b) => compare(ascii(a), ascii(b))),
    parts = [];
  for (const name of names) {
    const bytes = files.get(name),
      pad = (BLOCK - (bytes.length % BLOCK)) % BLOCK;
    parts.push(header(name, bytes.length), bytes, new Uint8Array(pad));
  }
  return concat(...parts, new Uint8Array(2 * BLOCK));
}
