// The ballot as a whole, and the checks of its signature and proofs. spec: C-1..C-9
import { ascii, Fault, Malformed, Reader, same } from './bytes.js';
import { badItems } from './batch.js';
import { sha256 } from './hash.js';
import * as schnorr from './schnorr.js';
import * as sum from './sum.js';

const fail = (code) => {
  throw new Fault(code, 'ballot');
};

// Before any arithmetic. spec: C-5
export function readBallot(m, bytes) {
  if (bytes.length < 168) fail('ballot.length');
  const r = new Reader(bytes),
    b = { bytes };
  b.fingerprint = r.bytes(32);
  b.credential = r.bytes(32);
  b.sequence = r.u32();
  b.previous = r.bytes(32);
  b.unit = r.u16();
  b.style = r.u16();
  const style = m.styles[b.style];
  if (style && bytes.length !== style.ballotLength) fail('ballot.length');
  if (!same(b.fingerprint, m.fingerprint)) fail('ballot.fingerprint');
  if (!style) fail('ballot.style');
  b.proofs = style.contests.map((c) => r.bytes(m.contests[c].length));
  b.contests = style.contests;
  b.signature = r.bytes(64);
  if (b.sequence === 0) fail('ballot.sequence'); // spec: C-6
  if ((b.sequence === 1) !== b.previous.every((x) => x === 0)) fail('ballot.previous');
  b.hash = sha256(ascii('tapat-v1 ballot'), bytes); // spec: C-9
  return b;
}

// The items of a ballot's proofs and signature, in order; null stands for one that is false on its
// own. Throws the fault of one that cannot be read. spec: C-3, C-4, C-8
export function ballotChecks(m, b, keys, gens) {
  const made = [];
  b.contests.forEach((index, i) => {
    const c = m.contests[index],
      context = { ...b, keyDigest: keys.digest, contest: index };
    let v;
    try {
      v = sum.read(c, b.proofs[i]);
    } catch (e) {
      if (!(e instanceof Malformed)) throw e;
      made.push({ code: `ballot.${e.what}` });
      return;
    }
    made.push({ code: 'ballot.proof', item: sum.item(c, context, v, keys.Y[index], gens) });
  });
  let item = null;
  try {
    const message = b.bytes.subarray(0, b.bytes.length - 64);
    item = schnorr.item('signature', 'tapat-v1 ballot', b.credential, message, b.signature);
  } catch (e) {
    if (!(e instanceof Malformed)) throw e;
  }
  made.push({ code: 'ballot.signature', item });
  return made;
}

// groups: [{ index, checks: [{ code, item }] }]; the first false check of the lowest index, or
// null.
export function firstFault(groups) {
  const list = [],
    places = [];
  for (const g of groups)
    for (const c of g.checks)
      if (c.item) {
        list.push(c.item);
        places.push(c);
      }
  const bad = new Set(badItems(list).map((i) => places[i]));
  for (const g of [...groups].sort((a, b) => a.index - b.index))
    for (const c of g.checks) if (!c.item || bad.has(c)) return { index: g.index, code: c.code };
  return null;
}
