// Decryption shares: one proof for the whole list of a contest, and their combination.
// spec: K-2, K-4..K-6
import { Malformed } from './bytes.js';
import {
  G,
  inverse,
  L,
  mod,
  point,
  pointNotIdentity,
  scalar,
  sumOfMultiples,
  times,
  Weights,
  wide,
} from './group.js';
import { Transcript } from './hash.js';

// r: R_u, v: V_k, d: D_u,k at u*p + k, each as 32 bytes in a row; proof: 96 bytes.
export function holds({ fingerprint, keyDigest, contest, trustee, r, v, d, proof }) {
  const each = (b) =>
    Array.from({ length: b.length / 32 }, (_, i) => b.subarray(32 * i, 32 * i + 32));
  const count = r.length / 32,
    p = v.length / 32;
  if (!count || !p || d.length !== 32 * count * p || proof.length !== 96)
    throw new Malformed('shares');
  const rs = each(r).map(point),
    vs = each(v).map(pointNotIdentity); // spec: W-9
  const ds = each(d).map(point);
  const [tG, tR, zBytes] = each(proof);
  const TG = point(tG),
    TR = point(tR),
    z = scalar(zBytes);
  const t = new Transcript('shares')
    .item('fingerprint', fingerprint)
    .item('key-digest', keyDigest)
    .number('contest', contest)
    .number('trustee', trustee)
    .item('R', r)
    .item('V', v)
    .item('D', d);
  const w = new Weights(t.challenge('weights'));
  const delta = vs.map((_, k) => (k ? w.take() : 1n)),
    mu = rs.map(() => w.take());
  const c = wide(t.item('T_G', tG).item('T_R', tR).challenge('c'));
  const V = sumOfMultiples(vs, delta),
    R = sumOfMultiples(rs, mu);
  const D = sumOfMultiples(
    ds,
    ds.map((_, i) => mod(mu[Math.floor(i / p)] * delta[i % p])),
  );
  return times(G, z).equals(TG.add(times(V, c))) && times(R, z).equals(TR.add(times(D, c)));
}

// The coefficients of K-6 for distinct indexes.
export const lagrange = (indexes) =>
  indexes.map((i) => {
    let top = 1n,
      bottom = 1n;
    for (const j of indexes) {
      if (j === i) continue;
      top = mod(top * BigInt(j));
      bottom = mod(bottom * BigInt(j - i));
    }
    return (top * inverse(bottom)) % L;
  });
