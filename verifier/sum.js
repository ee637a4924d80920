// Ballots of `sum` contests. spec: B-6, B-7, B-10, B-12..B-14
import { concat, Malformed, u32 } from './bytes.js';
import { G, hashToGroup, L, mod, point, scalar, wide } from './group.js';
import { SUITE, Transcript } from './hash.js';

export const M = 2n ** 24n;

// The numbers that follow from n options of which a to b are chosen. spec: B-6, B-14
export function shape(n, a, b) {
  const m = n + b - a,
    p = Math.ceil(n / 2);
  return { n, a, b, m, p, length: 32 * (p + m + 11) };
}

// H = G_0, G_1..G_count. spec: B-7
export const generators = (fingerprint, count) =>
  Array.from({ length: count + 1 }, (_, i) =>
    hashToGroup(concat(fingerprint, u32(i)), `${SUITE}-sum-generators`),
  );

const pointNames = ['A', 'B', 'T_R', 'T_d', 'T0', 'T1'];

// Where everything stands in the bytes of a proof. spec: B-14
function slices(s, bytes) {
  if (bytes.length !== s.length) throw new Malformed('length');
  const at = (i, n = 1) => bytes.subarray(32 * i, 32 * (i + n));
  const out = { R: at(0), C: at(1, s.p) };
  pointNames.forEach((name, i) => (out[name] = at(1 + s.p + i)));
  const first = s.p + 7;
  out.sigma = at(first);
  out.f = at(first + 1, s.m);
  [out.z_r, out.z_a, out.z_t] = [at(first + 1 + s.m), at(first + 2 + s.m), at(first + 3 + s.m)];
  out.responses = at(first + 1, s.m + 3);
  return out;
}

const each = (bytes) =>
  Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));

// The scalars first, then the points: what is wrong first names the fault. spec: C-8
export function read(s, bytes) {
  const raw = slices(s, bytes),
    v = { raw };
  try {
    v.sigma = scalar(raw.sigma);
    v.f = each(raw.f).map(scalar);
    for (const name of ['z_r', 'z_a', 'z_t']) v[name] = scalar(raw[name]);
  } catch (e) {
    e.what = 'scalar';
    throw e;
  }
  try {
    v.R = point(raw.R);
    if (raw.R.every((x) => x === 0)) throw new Malformed('identity');
    v.C = each(raw.C).map(point);
    for (const name of pointNames) v[name] = point(raw[name]);
  } catch (e) {
    e.what = 'point';
    throw e;
  }
  return v;
}

// spec: B-10. context: { fingerprint, keyDigest, contest, credential, unit, style, sequence,
// previous }
export function challenges(s, context, raw) {
  const t = new Transcript('sum')
    .item('fingerprint', context.fingerprint)
    .item('key-digest', context.keyDigest)
    .number('contest', context.contest)
    .number('n', s.n)
    .number('a', s.a)
    .number('b', s.b)
    .number('packing', M)
    .item('credential', context.credential)
    .number('unit', context.unit)
    .number('style', context.style)
    .number('sequence', context.sequence)
    .item('previous', context.previous)
    .item('R', raw.R)
    .item('C', raw.C)
    .item('A', raw.A);
  const delta = wide(t.challenge('delta'));
  t.item('B', raw.B).item('T_R', raw.T_R).item('T_d', raw.T_d).item('sigma', raw.sigma);
  const eta = wide(t.challenge('eta'));
  t.item('T0', raw.T0).item('T1', raw.T1);
  const cBytes = t.challenge('c');
  return { delta, eta, c: wide(cBytes), cBytes };
}

// x, x^2, ..., x^count
export function powers(x, count) {
  const out = [];
  for (let i = 0, v = 1n; i < count; i++) out.push((v = (v * x) % L));
  return out;
}

// sum_k delta^k * sum_j W_kj*f_j
function packed(s, deltas, f) {
  let sum = 0n;
  for (let j = 0; j < s.n; j++) sum += deltas[j >> 1] * (j % 2 ? M * f[j] : f[j]);
  return mod(sum);
}

// The proof as an item of a batch, or null if E0 is false. keys: Y_1..Y_p; gens: H, G_1, ...
// spec: B-13, B-32
export function item(s, context, v, keys, gens) {
  const { delta, eta, c, cBytes } = challenges(s, context, v.raw);
  if (mod(v.f.reduce((x, y) => x + y, 0n) - v.sigma - c * BigInt(s.b)) !== 0n) return null;
  const deltas = powers(delta, s.p),
    etas = powers(eta, s.m);
  const bits = mod(v.f.reduce((sum, f, j) => sum + etas[j] * ((f * mod(c - f)) % L), 0n));
  const [H, ...rest] = gens;
  return {
    bound: [cBytes, v.raw.responses],
    equations: [
      {
        terms: [
          [v.A, c],
          [v.B, 1n],
        ],
        shared: [[H, L - v.z_a], ...v.f.map((f, j) => [rest[j], L - f])],
      },
      {
        terms: [
          [v.R, c],
          [v.T_R, 1n],
        ],
        shared: [[G, L - v.z_r]],
      },
      {
        terms: [...v.C.map((C, k) => [C, (c * deltas[k]) % L]), [v.T_d, 1n]],
        shared: [
          ...keys.map((Y, k) => [Y, L - ((v.z_r * deltas[k]) % L)]),
          [G, L - packed(s, deltas, v.f)],
        ],
      },
      {
        terms: [
          [v.T0, 1n],
          [v.T1, c],
        ],
        shared: [
          [G, L - bits],
          [H, L - v.z_t],
        ],
      },
    ],
  };
}
