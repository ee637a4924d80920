// The worker that does all mathematics, so that the page stays alive. The credential's secret never
// leaves it; the worker ends with the page.

import { fromHex, toHex } from './hex.js';
import { Core, LETTER_SYMBOLS } from './wasm.js';

const SHORT_SYMBOLS = 10;

let core = null;
let voter = null; // { secret, key } of the voter whose code was typed
let letter = null; // { secret, key } of the letter whose code was typed
let officer = null; // { sign, key, open } of the registrar whose file was opened

function random(len) {
  const bytes = crypto.getRandomValues(new Uint8Array(len));
  // A generator that is stuck gives equal bytes; a good one does so once in 2^120.
  if (bytes.every((b) => b === bytes[0])) throw new Error('no randomness');
  return bytes;
}

const gcm = (head) => ({ name: 'AES-GCM', iv: new Uint8Array(12), additionalData: head });
const aesKey = (raw, use) => crypto.subtle.importKey('raw', raw, 'AES-GCM', false, [use]);

// The lines of a registrar's key file, or null.
function readKeyFile(text) {
  const lines = text.split('\n');
  const word = (i, name) => (lines[i] && lines[i].startsWith(`${name} `) ? lines[i].slice(name.length + 1) : null);
  const key = fromHex(word(3, 'public') || '', 32);
  if (lines[0] !== 'tapat-key v1' || word(1, 'role') !== 'registrar' || !word(2, 'name') || !key) return null;
  const file = { name: word(2, 'name'), key };
  const seed = fromHex(word(4, 'seed') || '', 32);
  if (seed) return { ...file, seed };
  const [salt, box] = (word(4, 'locked') || '').split(' ');
  file.salt = fromHex(salt, 16);
  file.box = fromHex(box || '', 64);
  return file.salt && file.box ? file : null;
}

const operations = {
  async load() {
    const answer = await fetch('/tapat.wasm', { credentials: 'omit' });
    if (!answer.ok) throw new Error('no wasm');
    core = new Core(await WebAssembly.compile(await answer.arrayBuffer()));
    return true;
  },

  sha256: (bytes) => core.sha256(bytes),
  newCode: () => core.codeWrite(random(16)),
  readCode: (text, symbols) => Boolean(core.codeRead(text, symbols)),
  // What a person reads out of an application's id, and the beginning of the id that it stands for.
  shortId: (hex) => core.codeWrite(fromHex(hex, 16), SHORT_SYMBOLS),
  readShort(text) {
    const bytes = core.codeRead(text, SHORT_SYMBOLS);
    return bytes && toHex(bytes.slice(0, 6));
  },
  // The canonical writing of a code, or null.
  tidyCode(text, symbols) {
    const bytes = core.codeRead(text, symbols);
    return bytes && core.codeWrite(bytes, symbols);
  },

  // From the recovery code to the credential; answers its public key and fingerprint.
  derive(text, fingerprint) {
    const code = core.codeRead(text);
    if (!code) return null;
    voter = core.derive(code, fingerprint);
    code.fill(0);
    return { key: voter.key, name: core.credentialFingerprint(voter.key, fingerprint) };
  },
  possession: (fingerprint) => core.possession(voter.secret, voter.key, fingerprint, random(32)),
  ask: (fingerprint, time) => core.ask(voter.secret, voter.key, fingerprint, time, random(32)),
  // ---- what shows who the voter is, bound to this credential. spec: L-19..L-21 ----

  // The public key of a letter, or null if this is no letter's code.
  openLetter(text, fingerprint) {
    const code = core.codeRead(text, LETTER_SYMBOLS);
    if (!code) return null;
    letter = core.letterKey(code, fingerprint);
    code.fill(0);
    return letter.key;
  },
  signLetter: (fingerprint) => core.letterSign(letter.secret, fingerprint, voter.key, random(32)),
  newLogin(fingerprint) {
    const blind = random(32);
    return { blind, nonce: core.loginNonce(fingerprint, voter.key, blind) };
  },

  credentialFingerprint: (key, fingerprint) => core.credentialFingerprint(key, fingerprint),

  // ---- a registrar's desk: the key stays in here ----

  // Opens a key file; answers { name, key } or { fault }. spec: L-18
  openKeyFile(text, passphrase) {
    const file = readKeyFile(text);
    if (!file) return { fault: 'file' };
    const seed = file.seed || core.unlock(file.box, passphrase, file.salt);
    if (!seed) return { fault: 'passphrase' };
    officer = core.registrar(seed);
    seed.fill(0);
    return officer.key.every((b, i) => b === file.key[i]) ? { name: file.name, key: officer.key } : { fault: 'file' };
  },
  registrarAsk: (fingerprint, time, subject) => core.registrarAsk(officer.sign, fingerprint, time, subject, random(32)),
  approve: (fingerprint, row) => core.approve(officer.sign, fingerprint, row, random(32)),
  refuse: (fingerprint, row) => core.refuse(officer.sign, fingerprint, row, random(32)),
  async openDocument({ registrars, registrar, ...of }, bytes) {
    const at = 64 + 32 * registrars;
    const head = bytes.slice(0, at);
    const raw = core.openDocument(officer.open, of, head, registrars, registrar);
    return new Uint8Array(await crypto.subtle.decrypt(gcm(head), await aesKey(raw, 'decrypt'), bytes.slice(at)));
  },

  // The voter's side of the same: the bytes, sealed to all registrars. spec: L-16
  async sealDocument({ keys, ...of }, bytes) {
    const { head, aes } = core.sealDocument(of, keys, random(32));
    const sealed = new Uint8Array(await crypto.subtle.encrypt(gcm(head), await aesKey(aes, 'encrypt'), bytes));
    const box = new Uint8Array(head.length + sealed.length);
    box.set(head);
    box.set(sealed, head.length);
    return box;
  },

  // Checks that every trustee confirmed these keys; answers the digest, or the first trustee that
  // did not.
  checkKeys(fingerprint, y, vHash, trustees) {
    const digest = core.keyDigest(fingerprint, y, vHash);
    const missing = trustees.findIndex(
      // trustees are named by their position, 1..n
      (who, i) => !core.confirmed(fingerprint, digest, i + 1, who.key, who.signature));
    return { digest, missing };
  },

  seal(style, place, choices) {
    const ballot = core.seal(style, { ...voter, ...place }, choices, random(32));
    choices.fill(0);
    return { ballot, hash: core.ballotHash(ballot), tracker: core.tracker(ballot) };
  },
  forget() {
    for (const held of [voter, letter]) if (held) held.secret.fill(0);
    voter = null;
    letter = null;
    return true;
  },

  promiseHolds: (promise, logKey, fingerprint) => core.promiseHolds(promise, logKey, fingerprint),
  ballotHash: (ballot) => core.ballotHash(ballot),
  tracker: (ballot) => core.tracker(ballot),
  leaf: (entry) => core.leaf(entry),
  leaves: (entries) => entries.map((entry) => core.leaf(entry)),
  root: (leaves) => core.root(leaves),
  checkpoint: (note, log) => core.checkpoint(note, log),

  // May the voter's next ballot follow the one that the server says is the newest? { size, root } of
  // the checkpoint that covers it, or { fault }. spec: C-13
  predecessor({ fingerprint, hash, sequence }, entry, index, proof, note, log) {
    const checkpoint = core.checkpoint(note, log);
    if (!checkpoint) return { fault: 'checkpoint' };
    if (!core.isTip(entry, { fingerprint, key: voter.key, hash, sequence })) return { fault: 'other' };
    const { size, root } = checkpoint;
    if (index >= size || !core.included(core.leaf(entry), index, size, root, proof)) return { fault: 'proof' };
    return { size, root };
  },

  // Does the checkpoint, signed by the log and its witnesses, cover this leaf? { size } or null.
  recorded(leaf, index, proof, note, log) {
    const checkpoint = core.checkpoint(note, log);
    if (!checkpoint || index >= checkpoint.size) return null;
    const { size, root } = checkpoint;
    return core.included(leaf, index, size, root, proof) ? { size } : null;
  },
};

self.addEventListener('message', async (event) => {
  const { id, name, args } = event.data;
  try {
    self.postMessage({ id, value: await operations[name](...args) });
  } catch (e) {
    self.postMessage({ id, error: String(e && e.message) });
  }
});
