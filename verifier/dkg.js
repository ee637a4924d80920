// Key generation as everyone sees it. spec: D-2, D-3, D-5..D-7, D-9..D-11
import { Malformed } from './bytes.js';
import { G, mod, pointNotIdentity, scalar, sumOfMultiples, times, wide, ZERO } from './group.js';
import { Transcript } from './hash.js';
import { powers } from './sum.js';

export const messageLength = (p, t) => 32 * p * t + 64;

// who: { fingerprint, contest, n, t, p, dealer }
const begin = (domain, who) =>
  new Transcript(domain)
    .item('fingerprint', who.fingerprint)
    .number('contest', who.contest)
    .number('n', who.n)
    .number('t', who.t)
    .number('p', who.p)
    .number('dealer', who.dealer);

// spec: D-3
export const commitment = (who, message) =>
  begin('dkg-commitment', who).item('message', message).challenge('commitment').subarray(0, 32);

// The commitments F[k*t + j] and the proof (T, z). spec: D-2, D-7
export function read(who, message) {
  if (message.length !== messageLength(who.p, who.t)) throw new Malformed('length');
  const count = who.p * who.t,
    at = (i) => message.subarray(32 * i, 32 * i + 32);
  const F = Array.from({ length: count }, (_, i) => pointNotIdentity(at(i)));
  return { F, T: pointNotIdentity(at(count)), z: scalar(at(count + 1)) };
}

// spec: D-5, D-6
export function possessionHolds(who, message, { F, T, z }) {
  const count = who.p * who.t;
  const e = wide(
    begin('dkg-possession', who)
      .item('commitments', message.subarray(0, 32 * count))
      .item('T', message.subarray(32 * count, 32 * count + 32))
      .challenge('e'),
  );
  const constants = Array.from({ length: who.p }, (_, k) => F[k * who.t]);
  return times(G, z).equals(T.add(sumOfMultiples(constants, powers(e, who.p))));
}

// sum_j l^j * F[k*t + j]: what the share of receiver l for secret k is a multiple to.
export function expected(F, t, k, l) {
  let sum = ZERO;
  for (let j = t - 1; j >= 0; j--) sum = times(sum, BigInt(l)).add(F[k * t + j]);
  return sum;
}

// spec: D-9
export const shareHolds = (F, t, k, l, share) => times(G, mod(share)).equals(expected(F, t, k, l));

const addUp = (lists) => lists.reduce((a, b) => a.map((x, i) => x.add(b[i])));

// Y_k and V_{l,k} for l = 1..n; the identity among them is refused. spec: D-10, D-11
export function keys(dealers, n, t, p) {
  const F = addUp(dealers);
  const Y = Array.from({ length: p }, (_, k) => F[k * t]);
  const V = Array.from({ length: n }, (_, l) =>
    Array.from({ length: p }, (_, k) => expected(F, t, k, l + 1)),
  );
  if ([Y, ...V].some((row) => row.some((x) => x.equals(ZERO)))) throw new Malformed('identity');
  return { Y, V };
}
