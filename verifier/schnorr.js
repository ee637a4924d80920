// Signatures and proofs of possession. spec: B-1..B-5
import { ascii, Malformed } from './bytes.js';
import { badItems } from './batch.js';
import { G, L, pointNotIdentity, scalar, wide } from './group.js';
import { Transcript } from './hash.js';

// One signature as an item of a batch: R + c*P - z*G = 0. Throws Malformed. spec: B-4, B-5, B-32
export function item(kind, use, key, message, signature, known) {
  if (signature.length !== 64) throw new Malformed('signature');
  const r = signature.subarray(0, 32),
    zBytes = signature.subarray(32);
  const z = scalar(zBytes),
    p = known ?? pointNotIdentity(key),
    rPoint = pointNotIdentity(r);
  const c = new Transcript(kind)
    .item('use', ascii(use))
    .item('public-key', key)
    .item('R', r)
    .item('message', message)
    .challenge('c');
  return {
    bound: [c, zBytes],
    equations: [
      {
        terms: [
          [rPoint, 1n],
          [p, wide(c)],
        ],
        shared: [[G, L - z]],
      },
    ],
  };
}

export function holds(kind, use, key, message, signature) {
  try {
    return badItems([item(kind, use, key, message, signature)]).length === 0;
  } catch (e) {
    if (e instanceof Malformed) return false;
    throw e;
  }
}

export const signatureHolds = (use, key, message, signature) =>
  holds('signature', use, key, message, signature);
export const possessionHolds = (use, key, message, proof) =>
  holds('possession', use, key, message, proof);
