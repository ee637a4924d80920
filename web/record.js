// Where the files of a public record come from: this server, a folder or one archive of the
// person's own disk. A source is { files: name -> Blob, list: [[name, plain]], server }: names are
// looked for in files, then on the server if `server` says so. Nothing is believed here: whatever is
// wrong with a record, the verifier finds.

import { Refusal } from './api.js';
import { BUNDLE, bundlePath, readBundle, tilePath } from './tiles.js';

const COPIES = ['manifest.json', 'results.json', 'results.csv'];
const MAX_SIZE = 2 ** 26; // entries; a browser has no memory for more
const TRIES = 5;

// In the order of a walk through folders: by bytes of the names in each.
export function sorted(names) {
  const bytes = (text) => Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join('');
  return names.map((name) => [name.split('/').map(bytes), name]).sort(([a], [b]) => {
    const at = a.findIndex((part, i) => part !== b[i]);
    return b[at] === undefined || a[at] > b[at] ? 1 : -1;
  }).map(([, name]) => name);
}

// ---- this server ----

async function get(name) {
  let answer;
  try {
    answer = await fetch(`/board/${name}`, { credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer', cache: 'no-cache' });
    if (answer.ok) return await answer.blob();
  } catch {
    throw new Refusal(0, { code: 'network' });
  }
  if (answer.status === 404) return null;
  throw new Refusal(answer.status, await answer.json().catch(() => ({})));
}

const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

// What a checkpoint says of its size, before anybody believed it.
function sizeOf(note) {
  const line = note.split('\n')[1] || '';
  return /^[1-9][0-9]{0,9}$/.test(line) && Number(line) <= MAX_SIZE ? Number(line) : 0;
}

function tileNames(size) {
  const names = [];
  for (let level = 0; level < 8; level += 1) {
    const hashes = Math.floor(size / 256 ** level);
    for (let i = 0; i * BUNDLE < hashes; i += 1) {
      names.push(tilePath(level, i, hashes));
      if (!level) names.push(bundlePath(i, size).slice('/board/'.length));
    }
  }
  return names;
}

const TYPE = { MANIFEST: 1, ACT: 2, BALLOT: 11, SHARES: 13 };
const NAMING_ACTS = [5, 6]; // freeze, publish

function documentOf(entry) {
  const type = entry[0];
  if (type === TYPE.MANIFEST) return hex(entry.slice(1, 33));
  if (type === TYPE.SHARES) return hex(entry.slice(3, 35));
  return type === TYPE.ACT && NAMING_ACTS.includes(entry[1]) ? hex(entry.slice(10, 42)) : null;
}

// Documents are named by the first entry, and by entries after the last ballot.
async function documentNames(size, fetched) {
  const names = new Set();
  const look = async (index) => {
    const blob = await fetched(bundlePath(index, size).slice('/board/'.length));
    const entries = (blob && readBundle(await bytesOf(blob))) || [];
    for (const entry of entries) {
      const name = documentOf(entry);
      if (name) names.add(`document/${name}`);
    }
    return entries.some((entry) => entry[0] === TYPE.BALLOT);
  };
  for (let i = Math.ceil(size / BUNDLE) - 1; i > 0; i -= 1) if (await look(i)) break;
  if (size) await look(0);
  return [...names];
}

// Partial tiles go when the board grows, so they are fetched before anything else; full ones stay.
async function atOneCheckpoint() {
  const files = new Map();
  const fetched = async (name) => {
    if (!files.has(name)) {
      const blob = await get(name);
      if (blob) files.set(name, blob);
    }
    return files.get(name) || null;
  };
  const note = await fetched('checkpoint');
  const size = note ? sizeOf(await note.text()) : 0;
  const tiles = tileNames(size);
  for (const name of tiles.filter((n) => n.includes('.p/'))) if (!await fetched(name)) return { files, tiles, moved: true };
  for (const name of COPIES) await fetched(name);
  for (const name of await documentNames(size, fetched)) await fetched(name);
  return { files, tiles, moved: false };
}

export async function fromServer() {
  let found;
  for (let i = 0; i < TRIES; i += 1) {
    found = await atOneCheckpoint();
    if (!found.moved) break;
  }
  const { files, tiles } = found;
  const list = sorted([...new Set([...files.keys(), ...tiles])]).map((name) => [name, true]);
  return { files, list, server: true };
}

// ---- a folder ----

export function fromFiles(files) {
  return { files, list: sorted([...files.keys()]).map((name) => [name, true]), server: false };
}

// The files of <input webkitdirectory>, without the folder's own name.
export function fromInput(fileList) {
  return fromFiles(new Map([...fileList].map((f) => [f.webkitRelativePath.replace(/^[^/]*\//, ''), f])));
}

const entriesOf = (reader) => new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
const fileOf = (entry) => new Promise((resolve, reject) => { entry.file(resolve, reject); });

async function walk(entry, name, files) {
  if (entry.isFile) {
    files.set(name, await fileOf(entry));
    return;
  }
  const reader = entry.createReader();
  for (let some = await entriesOf(reader); some.length; some = await entriesOf(reader)) {
    for (const child of some) await walk(child, name ? `${name}/${child.name}` : child.name, files);
  }
}

// What was dropped on the page: one folder, or one archive.
export async function fromDrop(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length !== 1) return null;
  if (entries[0].isFile) return fromArchive(await fileOf(entries[0]));
  const files = new Map();
  await walk(entries[0], '', files);
  return fromFiles(files);
}

// ---- an archive (spec chapter 6) ----

// Its message is the code, if an archive was given.
export class NoArchive extends Error {}

const BLOCK = 512;
const MAX_FILE = 2 ** 26; // bytes

// spec: R-21
const goodName = (name) => /^[\x21-\x7e]{1,99}$/.test(name) && name.split('/').every((part) => part && !part.startsWith('.'));

// The one header that a file of this name and length has.
export function archiveHeader(name, length) {
  const block = new Uint8Array(BLOCK);
  const put = (at, text) => block.set(new TextEncoder().encode(text), at);
  const octal = (value, digits) => value.toString(8).padStart(digits, '0');
  put(0, name);
  put(100, `${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(length, 11)}\0${octal(0, 11)}\0        0`);
  put(257, 'ustar\x0000');
  put(329, `${octal(0, 7)}\0${octal(0, 7)}\0`);
  put(148, `${octal(block.reduce((a, b) => a + b, 0), 6)}\0 `);
  return block;
}

const padded = (length) => Math.ceil(length / BLOCK) * BLOCK;

// The bytes that `tapat archive` writes of a source's files, in order of their names. spec: R-20..R-23
export async function toArchive({ files, list, server }, onProgress) {
  const parts = [];
  for (const [i, name] of list.map(([n]) => n).sort().entries()) {
    const blob = files.get(name) || (server && await get(name));
    if (!blob) throw new Refusal(404, { code: 'files.missing' });
    parts.push(archiveHeader(name, blob.size), blob, new Uint8Array(padded(blob.size) - blob.size));
    onProgress(i + 1, list.length);
  }
  return new Blob([...parts, new Uint8Array(2 * BLOCK)], { type: 'application/x-tar' });
}

// Exactly what `tapat archive` writes, and nothing else. spec: R-24
export async function fromArchive(blob) {
  const files = new Map();
  const latin = (bytes) => String.fromCharCode(...bytes).replace(/\0.*$/s, '');
  let last = '';
  let at = 0;
  for (;;) {
    const block = new Uint8Array(await blob.slice(at, at + BLOCK).arrayBuffer());
    if (block.length !== BLOCK) throw new NoArchive('files.archive');
    if (!block[0]) break;
    const [name, size] = [latin(block.slice(0, 100)), latin(block.slice(124, 136))];
    const length = parseInt(size, 8);
    if (!/^[0-7]{11}$/.test(size) || length > MAX_FILE || !goodName(name) || name <= last) throw new NoArchive('files.archive');
    if (!archiveHeader(name, length).every((b, i) => b === block[i])) throw new NoArchive('files.archive');
    const end = at + BLOCK + padded(length);
    if (end > blob.size) throw new NoArchive('files.archive');
    const rest = new Uint8Array(await blob.slice(at + BLOCK + length, end).arrayBuffer());
    if (rest.some((b) => b)) throw new NoArchive('files.archive');
    const parents = [...name.matchAll(/\//g)].map((m) => name.slice(0, m.index));
    if (parents.some((parent) => files.has(parent))) throw new NoArchive('files.archive');
    files.set(name, blob.slice(at + BLOCK, at + BLOCK + length));
    [last, at] = [name, end];
  }
  const tail = new Uint8Array(await blob.slice(at, at + 3 * BLOCK).arrayBuffer());
  if (tail.length !== 2 * BLOCK || tail.some((b) => b) || !files.size) throw new NoArchive('files.archive');
  return fromFiles(files);
}
