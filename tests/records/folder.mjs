// A record's folder: reading one into memory, and writing one with tiles, checkpoint and copies
// made
// anew, as a server does that keeps the log's key. spec: R-1..R-6, R-8, R-9
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { ascii, concat, hex, opaque, Reader, u64 } from '../../verifier/bytes.js';
import { sha256 } from '../../verifier/hash.js';
import { keyId, leafHash, root, tilePath, tilesOf } from '../../verifier/tree.js';

const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
export function ed25519Sign(seed, message) {
  const key = crypto.createPrivateKey({
    key: Buffer.concat([pkcs8, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  return new Uint8Array(crypto.sign(null, message, key));
}
export function ed25519Public(seed) {
  const key = crypto.createPrivateKey({
    key: Buffer.concat([pkcs8, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  return new Uint8Array(
    crypto.createPublicKey(key).export({ format: 'der', type: 'spki' }).slice(-32),
  );
}

const base64 = (b) => Buffer.from(b).toString('base64');

// A signature line of a note: type 1 signs, type 4 cosigns at a time.
export function noteLine(text, name, seed, type, { time = 5n, sign = ed25519Sign } = {}) {
  const id = keyId(name, type, ed25519Public(seed));
  const message = type === 1 ? text : `cosignature/v1\ntime ${time}\n${text}`;
  const signature = sign(seed, ascii(message));
  const rest = type === 1 ? signature : concat(u64(time), signature);
  return `\u2014 ${name} ${base64(concat(id, rest))}\n`;
}

// { origin, seed, size, root, cosigning } to the bytes of a checkpoint; cosigning: the witnesses
// { name, seed } that do
export function checkpoint({ origin, seed, size, root: rootHash, cosigning = [] }) {
  const text = `${origin}\n${size}\n${base64(rootHash)}\n`;
  const lines = cosigning.map((w) => noteLine(text, w.name, w.seed, 4));
  return ascii(`${text}\n${noteLine(text, origin, seed, 1)}${lines.join('')}`);
}

// Tiles and bundles of a list of entries, as a map from path to bytes.
export function tiles(entries) {
  const files = new Map(),
    levels = [entries.map(leafHash)];
  while (levels.at(-1).length >= 256) {
    const below = levels.at(-1),
      above = [];
    for (let i = 0; i + 256 <= below.length; i += 256) above.push(root(below.slice(i, i + 256)));
    levels.push(above);
  }
  for (const t of tilesOf(entries.length)) {
    const from = 256 * t.index,
      to = from + t.width;
    files.set(tilePath(t.level, t.index, t.width), concat(...levels[t.level].slice(from, to)));
    if (t.level === 0)
      files.set(
        tilePath('entries', t.index, t.width),
        concat(...entries.slice(from, to).map((e) => opaque(0, 65535, e))),
      );
  }
  return { files, root: root(levels[0]) };
}

// record: { entries, documents: Map(hex, bytes), copies: Map(name, bytes), origin, seed }
export function files(record) {
  const { files: all, root: rootHash } = tiles(record.entries);
  for (const [name, bytes] of record.documents) all.set(`document/${name}`, bytes);
  for (const [name, bytes] of record.copies) all.set(name, bytes);
  all.set('checkpoint', checkpoint({ ...record, size: record.entries.length, root: rootHash }));
  return all;
}

// A link's name in a list of files, as cli.js names what is no plain file; its bytes are where it leads.
export const link = (name) => `${name}/`;

// No files: no folder either.
export function writeFolder(dir, all) {
  fs.rmSync(dir, { recursive: true, force: true });
  for (const [name, bytes] of all) {
    const to = path.join(dir, name.replace(/\/$/, ''));
    fs.mkdirSync(path.dirname(to), { recursive: true });
    if (name.endsWith('/')) fs.symlinkSync(Buffer.from(bytes), to);
    else fs.writeFileSync(to, bytes);
  }
}

// A folder in memory, as the verifier reads one.
export const memory = (all) => ({
  list: async () => (all.size ? [...all.keys()] : null),
  read: async (name) => all.get(name) ?? null,
});

// The entries, documents and copies of a folder that verifies.
export function readFolder(dir) {
  const names = fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => path.relative(dir, path.join(e.parentPath ?? e.path, e.name)));
  const get = (name) => new Uint8Array(fs.readFileSync(path.join(dir, name)));
  const documents = new Map(),
    copies = new Map();
  for (const name of names) {
    if (name.startsWith('document/')) documents.set(name.slice(9), get(name));
    else if (!name.includes('/') && name !== 'checkpoint') copies.set(name, get(name));
  }
  const size = Number(new TextDecoder().decode(get('checkpoint')).split('\n')[1]),
    entries = [];
  for (const t of tilesOf(size).filter((x) => x.level === 0)) {
    const r = new Reader(get(tilePath('entries', t.index, t.width)));
    while (r.left) entries.push(r.opaque(0, 65535));
  }
  return { entries, documents, copies };
}

export function addDocument(record, bytes) {
  const hash = sha256(bytes);
  record.documents.set(hex(hash), bytes);
  return hash;
}
