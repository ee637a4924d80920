// Makes spec/vectors/codes.json and witness.json with Node's cryptography; C and the tests of
// JavaScript check them by other code.
//   node tests/verifier/make_vectors.mjs codes|witness > spec/vectors/NAME.json
import crypto from 'node:crypto';
import fs from 'node:fs';

const hash = (...parts) => parts.reduce((h, p) => h.update(p), crypto.createHash('sha256')).digest();
const seed = (label) => hash(`tapat vectors ${label}`);
const uint = (length, value) => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out.subarray(8 - length);
};

// ---- codes: Q-1 ----

const hmac = (key, ...parts) =>
  parts.reduce((h, p) => h.update(p), crypto.createHmac('sha256', key)).digest();

function oneTime(serial, expires) {
  const session = seed('session key'),
    token = seed(`token ${serial}`);
  const key = hmac(session, 'tapat-v1 one-time code'),
    mac = hmac(key, token, uint(4, serial), uint(8, expires));
  const code = String(mac.readBigUInt64BE(0) % 1000000n).padStart(6, '0');
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZ',
    mark = letters[mac[8] % 24] + letters[mac[9] % 24];
  return { session_key: session.toString('hex'), token: token.toString('hex'), serial, expires,
    key: key.toString('hex'), code, mark };
}
const codes = () => ({
  one_time: [oneTime(1, 1835000600), oneTime(2, 1835000900), oneTime(65537, 1835001200)],
});

// ---- witness: T-5, T-15..T-18 ----

const root = (leaves) => {
  if (leaves.length === 1) return leaves[0];
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return hash(Buffer.of(1), root(leaves.slice(0, k)), root(leaves.slice(k)));
};
// spec: T-5
function consistency(leaves, m, whole = true) {
  if (m === leaves.length) return whole ? [] : [root(leaves)];
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return m <= k
    ? [...consistency(leaves.slice(0, k), m, whole), root(leaves.slice(k))]
    : [...consistency(leaves.slice(k), m - k, false), root(leaves.slice(0, k))];
}
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
function keyOf(name, type, label) {
  const secret = crypto.createPrivateKey({ key: Buffer.concat([PKCS8, seed(label)]), format: 'der', type: 'pkcs8' });
  const key = crypto.createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(12);
  const id = hash(name, '\n', Buffer.of(type), key).subarray(0, 4);
  const vkey = `${name}+${id.toString('hex')}+${Buffer.concat([Buffer.of(type), key]).toString('base64')}`;
  return { name, id, vkey, sign: (text) => crypto.sign(null, Buffer.from(text), secret) };
}
const line = (key, signature) =>
  `\u2014 ${key.name} ${Buffer.concat([key.id, signature]).toString('base64')}\n`;

function witness() {
  const tree = JSON.parse(fs.readFileSync(new URL('../../spec/vectors/tree.json', import.meta.url)));
  const leaves = tree.entries.map((e) => hash(Buffer.of(0), Buffer.from(e, 'hex')));
  const log = keyOf('log.example/board', 1, 'log'),
    other = keyOf('log.example/board', 1, 'another log'),
    stranger = keyOf('stranger.example/board', 1, 'stranger'),
    w = keyOf('witness.example/1', 4, 'witness');
  const text = (key, size) => `${key.name}\n${size}\n${root(leaves.slice(0, size)).toString('base64')}\n`;
  const body = (old, size, { key = log, proof = null, first = `old ${old}` } = {}) => {
    const hashes = proof ?? (old ? consistency(leaves.slice(0, size), old) : []);
    const lines = [first, ...hashes.map((h) => h.toString('base64'))];
    return `${lines.join('\n')}\n\n${text(key, size)}\n${line(key, key.sign(text(key, size)))}`;
  };
  const cosigned = (size, time) => {
    const message = `cosignature/v1\ntime ${time}\n${text(log, size)}`;
    return { message, answer: line(w, Buffer.concat([uint(8, time), w.sign(message)])) };
  };
  const good = (old, size, time) => ({ body: body(old, size), status: 200, time, ...cosigned(size, time) });
  const bad = (status, answer, request) => ({ body: request, status, answer });
  return {
    log: log.vkey,
    witness: w.vkey,
    witness_seed: seed('witness').toString('hex'),
    exchanges: [
      bad(400, '', body(0, 5, { first: 'old 00' })),
      good(0, 5, 1835000000),
      good(5, 13, 1835000060),
      bad(409, '13\n', body(5, 21)),
      bad(422, '', body(13, 21, { proof: consistency(leaves.slice(0, 21), 12) })),
      bad(403, '', body(13, 21, { key: other })),
      bad(404, '', body(13, 21, { key: stranger })),
      good(13, 21, 1835000120),
      good(21, 21, 1835000180),
    ],
  };
}

export const make = { codes, witness };
if (import.meta.url === `file://${process.argv[1]}`)
  process.stdout.write(`${JSON.stringify(make[process.argv[2]](), null, 1)}\n`);
