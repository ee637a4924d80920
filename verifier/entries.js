// Entries of the board, taken apart and signed bytes put together. spec: N-1..N-9, N-20, N-21
import { concat, Fault, Malformed, Reader, u8 } from './bytes.js';
import { item } from './schnorr.js';
import { badItems } from './batch.js';

export const MANIFEST = 1,
  ACT = 2,
  COMMIT = 3,
  DEAL = 4,
  COMPLAINT = 5,
  OPENING = 6,
  CONFIRM = 7,
  LIVENESS = 8,
  REGISTRATIONS = 9,
  CANCEL = 10,
  BALLOT = 11,
  BATCH = 12,
  SHARES = 13,
  ROLL = 14,
  CHANGES = 15;
export const APPROVE = 1,
  OPEN = 2,
  CLOSE = 3,
  EXCLUDE = 4,
  FREEZE = 5,
  PUBLISH = 6;

// spec: N-1
function document(r) {
  const d = { hash: r.bytes(32), length: r.u64() };
  if (d.length > 2n ** 26n) throw new Malformed('length');
  return d;
}
// Ascending signers, one or more. spec: N-4
export function endorsements(r) {
  const inside = new Reader(r.opaque(66, 2112)),
    list = [];
  while (inside.left) {
    const signer = inside.u16(),
      signature = inside.bytes(64);
    if (list.length && signer <= list[list.length - 1].signer) throw new Malformed('signers');
    list.push({ signer, signature });
  }
  return list;
}
function act(r) {
  const e = { act: r.u8(), time: r.u64(), subject: r.bytes(32), reason: r.u16() };
  if (e.act < APPROVE || e.act > PUBLISH) throw new Malformed('act');
  const reason = e.act === EXCLUDE ? e.reason === 1 || e.reason === 2 : e.reason === 0; // spec: N-5
  if (!reason) throw new Malformed('reason');
  return e;
}
function multiple(bytes, of) {
  // spec: N-8
  if (!bytes.length || bytes.length % of) throw new Malformed('length');
  return bytes;
}
const notEmpty = (bytes) => multiple(bytes, 1);

// A list of items of one size, one at least.
function items(r, size, max, read) {
  const inside = new Reader(r.opaque(size, size * max)),
    list = [];
  while (inside.left) list.push(read(inside));
  return list;
}
const unitRoll = (r) => ({ rows: r.u32(), electors: r.u32(), online: r.u32() }); // spec: N-20
const rollState = (r) => ({ leaf: r.bytes(32), unit: r.u16(), standing: r.u8() }); // spec: N-21

// Types with one signer: what stands between signer and signature.
const single = {
  [COMMIT]: (r) => ({ dealHash: r.bytes(32), boxKey: r.bytes(32) }),
  [DEAL]: (r) => ({ deal: notEmpty(r.rest()) }),
  [COMPLAINT]: (r) => ({ dealer: r.u16() }),
  [OPENING]: (r) => ({ complainant: r.u16(), shares: multiple(r.rest(), 32) }),
  [CONFIRM]: (r) => ({ keyDigest: r.bytes(32) }),
  [LIVENESS]: (r) => ({
    time: r.u64(),
    boardSize: r.u64(),
    boardRoot: r.bytes(32),
    proofs: multiple(r.rest(), 64),
  }),
  [SHARES]: (r) => ({ document: document(r) }),
};
const college = {
  [ACT]: act,
  [CANCEL]: (r) => ({ credential: r.bytes(32), reason: r.u16(), time: r.u64() }),
  [ROLL]: (r) => ({
    time: r.u64(),
    leaves: r.u32(),
    root: r.bytes(32),
    units: items(r, 12, 1024, unitRoll),
  }),
  [CHANGES]: (r) => ({
    time: r.u64(),
    changes: items(r, 70, 800, (c) => ({ before: rollState(c), after: rollState(c) })),
  }),
};
const plain = {
  [MANIFEST]: (r) => ({ document: document(r) }),
  [REGISTRATIONS]: (r) => ({ registrations: notEmpty(r.rest()) }),
  [BALLOT]: (r) => ({ ballot: notEmpty(r.rest()) }),
  [BATCH]: (r) => ({ number: r.u32(), time: r.u64(), ballots: r.u32() }),
};

function body(type, bytes) {
  if (type in single) {
    if (bytes.length < 67) throw new Fault('entry.length', 'entry');
    const cut = bytes.length - 64,
      r = new Reader(bytes.subarray(1, cut));
    const e = {
      signer: r.u16(),
      signature: bytes.subarray(cut),
      signedBody: bytes.subarray(1, cut),
    };
    Object.assign(e, single[type](r));
    r.end();
    return e;
  }
  const r = new Reader(bytes.subarray(1));
  if (!(type in college)) {
    const e = plain[type](r);
    r.end();
    return e;
  }
  const e = college[type](r);
  e.signedBody = bytes.subarray(1, 1 + r.at);
  e.endorsements = endorsements(r);
  r.end();
  return e;
}

export function readEntry(bytes) {
  const type = bytes[0],
    tooLong = bytes.length > 60000 && type !== BALLOT; // C-5 judges a ballot's
  if (!bytes.length || tooLong) throw new Fault('entry.length', 'entry');
  if (type < MANIFEST || type > CHANGES) throw new Fault('entry.type', 'entry');
  try {
    return { type, ...body(type, bytes) };
  } catch (e) {
    if (e instanceof Malformed) throw new Fault('entry.malformed', 'entry');
    throw e;
  }
}

// spec: N-6
export const signedBytes = (fingerprint, type, signedBody) =>
  concat(fingerprint, u8(type), signedBody);
export const ENTRY_USE = 'tapat-v1 entry';

function signatureItem(use, signer, message, signature) {
  try {
    return item('signature', use, signer.key.key, message, signature, signer.key.point);
  } catch (e) {
    if (e instanceof Malformed) return null;
    throw e;
  }
}

// The signatures of a college: known signers, enough of them, each one good; the prefix names the
// stage's codes. Returns the items of signatures. spec: N-7, L-7
export function collegeItems(prefix, use, list, who, quorum, message) {
  for (const e of list)
    if (e.signer < 1 || e.signer > who.length)
      throw new Fault(`${prefix}.signer`, `signer ${e.signer}`);
  if (list.length < quorum) throw new Fault(`${prefix}.quorum`, `${list.length} of ${quorum}`);
  return list.map((e) => {
    const made = signatureItem(use, who[e.signer - 1], message, e.signature);
    if (!made) throw new Fault(`${prefix}.signature`, `signer ${e.signer}`);
    return made;
  });
}

// Checks the signature or signatures that an entry carries itself. spec: N-6, N-7, N-9
export function verifySignatures(m, e) {
  if (!e.signedBody) return;
  const message = signedBytes(m.fingerprint, e.type, e.signedBody);
  if (e.endorsements) {
    const { who, quorum } = e.type === CANCEL ? m.registrars : m.officers;
    const items = collegeItems('entry', ENTRY_USE, e.endorsements, who, 0, message);
    const [bad] = badItems(items);
    if (bad !== undefined)
      throw new Fault('entry.signature', `signer ${e.endorsements[bad].signer}`);
    if (items.length < quorum) throw new Fault('entry.quorum', `${items.length} of ${quorum}`);
    return;
  }
  const signer = m.trustees.who[e.signer - 1]; // spec: N-3
  if (!signer) throw new Fault('entry.signer', `trustee ${e.signer}`);
  const made = signatureItem(ENTRY_USE, signer, message, e.signature);
  if (!made || badItems([made]).length) throw new Fault('entry.signature', `trustee ${e.signer}`);
}
