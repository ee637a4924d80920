// The election as this device checked it: manifest against its fingerprint, keys against the
// confirmations of every trustee. Nothing is used before it is checked.

import { getBytes, optional } from './api.js';
import { fromHex, same } from './hex.js';

export class Untrusted extends Error {
  constructor(what, detail) {
    super(what);
    this.what = what; // the part of the check that failed: a text's id
    this.detail = detail || '';
  }
}

// The manifest, if its bytes have the fingerprint that the election goes by.
export async function loadManifest(core, election) {
  const bytes = await getBytes('/api/manifest');
  const fingerprint = fromHex(election.fingerprint, 32);
  if (!fingerprint || !same(await core.sha256(bytes), fingerprint)) throw new Untrusted('manifest');
  const manifest = readManifest(JSON.parse(new TextDecoder().decode(bytes)), fingerprint);
  election.title = manifest.title; // in all languages
  return manifest;
}

const list = (value) => (Array.isArray(value) ? value : []);
const seconds = (iso) => Math.floor(Date.parse(iso) / 1000);

// The one place that knows the manifest's member names (spec/manifest.schema.json).
function readManifest(m, fingerprint) {
  const contests = list(m.contests).map((c, index) => ({
    index,
    id: c.id,
    title: c.title,
    min: c.min,
    max: c.max,
    seats: c.seats,
    method: c.method,
    options: list(c.options),
  }));
  const at = (id) => contests.findIndex((c) => c.id === id);
  const styles = list(m.styles).map((s, index) => ({
    index, id: s.id, contests: list(s.contests).map(at).sort((a, b) => a - b).map((i) => contests[i]),
  }));
  return {
    fingerprint,
    title: m.title,
    zone: m.zone,
    test: m.test,
    contests,
    styles,
    units: list(m.units),
    floor: m.merge.floor,
    times: { enrol: seconds(m.times.enrol), open: seconds(m.times.open), close: seconds(m.times.close) },
    trustees: list(m.trustees.who),
    threshold: m.trustees.threshold,
    registrars: list(m.registrars.who),
    registrarQuorum: m.registrars.quorum,
    documentKeys: list(m.enrol?.documents).map((key) => fromHex(key, 32)),
    reviewDays: m.enrol?.review_days ?? 5,
    officers: list(m.officers.who),
    log: {
      origin: m.log.origin,
      key: fromHex(m.log.key, 32),
      witnesses: list(m.witnesses.who).map((w) => ({ name: w.name, key: fromHex(w.key, 32) })),
      quorum: m.witnesses.quorum,
    },
    batchInterval: m.batch.interval_s,
  };
}

const pointsOf = (contest) => Math.ceil(contest.options.length / 2);

// null while the trustees have not confirmed the keys; throws if a confirmation is wrong.
export async function loadKeys(core, manifest) {
  const bytes = await optional(getBytes('/api/keys'));
  if (!bytes) return null;
  const points = manifest.contests.reduce((sum, c) => sum + pointsOf(c), 0);
  const trustees = manifest.trustees;
  if (bytes.length !== 32 * points + 32 + 2 + 64 * trustees.length) throw new Untrusted('keys');
  const y = bytes.slice(0, 32 * points);
  const vHash = bytes.slice(y.length, y.length + 32);
  const signatures = bytes.slice(y.length + 34);
  if (bytes[y.length + 32] * 256 + bytes[y.length + 33] !== trustees.length) throw new Untrusted('keys');
  const signed = trustees.map((who, i) => ({
    key: fromHex(who.key, 32), signature: signatures.slice(64 * i, 64 * i + 64),
  }));
  const { digest, missing } = await core.checkKeys(manifest.fingerprint, y, vHash, signed);
  if (missing >= 0) throw new Untrusted('trustee', trustees[missing].name);
  const start = [];
  manifest.contests.reduce((sum, c) => {
    start.push(sum);
    return sum + pointsOf(c);
  }, 0);
  const keysOf = (c) => y.slice(32 * start[c.index], 32 * (start[c.index] + pointsOf(c)));
  return { digest, keysOf };
}

// What the worker needs to seal a ballot of this style.
export function sealingStyle(manifest, keys, style) {
  return {
    style: style.index,
    fingerprint: manifest.fingerprint,
    digest: keys.digest,
    contests: style.contests.map((c) => ({
      index: c.index, n: c.options.length, a: c.min, b: c.max, y: keys.keysOf(c),
    })),
  };
}

const ENTRY_BALLOT = 11;

export function ballotEntry(ballot) {
  const entry = new Uint8Array(ballot.length + 1);
  entry[0] = ENTRY_BALLOT;
  entry.set(ballot, 1);
  return entry;
}

// The nodes of an inclusion proof as bytes, or null; an answer without one has no leaf.
function proofOf(answer) {
  const proof = list(answer.proof).map((node) => fromHex(node, 32));
  if (typeof answer.checkpoint !== 'string' || !Number.isSafeInteger(answer.leaf) || answer.leaf < 0
    || proof.includes(null)) return null;
  const nodes = new Uint8Array(32 * proof.length);
  proof.forEach((node, i) => nodes.set(node, 32 * i));
  return nodes;
}

// Whether an answer of GET /api/tracker proves that the leaf is on the board: { size } or null.
export async function provenRecorded(core, manifest, answer, leaf) {
  const nodes = proofOf(answer);
  return nodes && core.recorded(leaf, answer.leaf, nodes, answer.checkpoint, manifest.log);
}

// What this page has seen of the board: no later answer may know less, or otherwise.
export class Horizon {
  constructor(size) {
    this.size = Number.isSafeInteger(size) ? size : 0;
    this.root = null;
  }

  admits({ size, root }) {
    if (size < this.size || (size === this.size && this.root && !same(root, this.root))) return false;
    this.size = size;
    this.root = root;
    return true;
  }
}

// Whether an answer of POST /api/credential proves that the ballot which it names is on the board, so
// that the next may be sealed over it: '' or what is wrong. spec: C-13
export async function provenPredecessor(core, manifest, answer, horizon) {
  const nodes = proofOf(answer);
  const entry = fromHex(answer.entry);
  const hash = fromHex(answer.previous, 32);
  if (!nodes || !entry || !hash) return 'proof';
  const tip = { fingerprint: manifest.fingerprint, hash, sequence: answer.sequence };
  const seen = await core.predecessor(tip, entry, answer.leaf, nodes, answer.checkpoint,
    manifest.log);
  if (seen.fault) return seen.fault;
  return horizon.admits(seen) ? '' : 'stale';
}
