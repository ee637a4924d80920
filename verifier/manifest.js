// The manifest: the schema and what a schema cannot say. spec: M-1..M-23
import { ed25519 } from '@noble/curves/ed25519';
import { ascii, Fault, Malformed, unhex } from './bytes.js';
import { pointNotIdentity } from './group.js';
import { sha256, SUITE } from './hash.js';
import { parseJson } from './json.js';
import { messageLength } from './dkg.js';
import { isKeyName } from './tree.js';
import { shape } from './sum.js';

const MAX_DOCUMENT = 2 ** 26,
  MAX_ENTRY = 60000,
  MAX_VALUES = 2 ** 19;
const fail = (code, where) => {
  throw new Fault(`manifest.${code}`, where);
};

// ---- kinds of values: each takes (value, where) and returns what is kept ----

const isObject = (v) => v instanceof Map;
const text =
  (empty = false) =>
  (v, where) => {
    if (typeof v !== 'string') fail('type', where);
    const length = ascii(v).length;
    if (length > 400 || (!empty && !length) || v.startsWith(' ') || v.endsWith(' '))
      fail('value', where);
    if (/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(v)) fail('value', where);
    return v;
  };
const matching =
  (pattern, code = 'value') =>
  (v, where) => {
    if (typeof v !== 'string') fail('type', where);
    if (!pattern.test(v)) fail(code, where);
    return v;
  };
const id = matching(/^[A-Za-z0-9._-]{1,40}$/);
const language = matching(/^[a-z]{2,3}$/);
const integer = (min, max) => (v, where) => {
  if (typeof v !== 'number') fail('type', where);
  if (v < min || v > max) fail('value', where);
  return v;
};
const constant = (want) => (v, where) => {
  if (typeof v !== typeof want) fail('type', where);
  if (v !== want) fail('value', where);
  return v;
};
const oneOf =
  (...words) =>
  (v, where) => {
    if (typeof v !== 'string') fail('type', where);
    if (!words.includes(v)) fail('value', where);
    return v;
  };
const boolean = (v, where) => (typeof v === 'boolean' ? v : fail('type', where));
const list = (min, max, kind) => (v, where) => {
  if (!Array.isArray(v)) fail('type', where);
  if (v.length < min || v.length > max) fail('value', where);
  return v.map((x, i) => kind(x, `${where}[${i}]`));
};
// Exactly these members, and perhaps some that may be absent. spec: M-2
const object =
  (members, optional = {}) =>
  (v, where) => {
    if (!isObject(v)) fail('type', where);
    const kinds = { ...members, ...optional };
    for (const name of Object.keys(members))
      if (!v.has(name)) fail('members', where === '/' ? name : `${where}.${name}`);
    for (const name of v.keys()) if (!Object.hasOwn(kinds, name)) fail('members', where);
    const out = {};
    for (const [name, kind] of Object.entries(kinds))
      if (v.has(name)) out[name] = kind(v.get(name), where === '/' ? name : `${where}.${name}`);
    return out;
  };
const distinct = (values, where) => {
  if (new Set(values).size !== values.length) fail('duplicate', where);
};

// 2028-04-10T00:00:00Z to seconds. spec: M-7
const time = (v, where) => {
  if (typeof v !== 'string') fail('type', where);
  if (!/^2[01]\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(v)) fail('value', where);
  const ms = Date.parse(v);
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== v.replace('Z', '.000Z'))
    fail('value', where);
  return BigInt(ms / 1000);
};
const localized = (v, where) => {
  if (!isObject(v)) fail('type', where);
  return new Map([...v].map(([tag, x]) => [tag, text()(x, `${where}.${tag}`)]));
};
const hexKey = matching(/^[0-9a-f]{64}$/, 'key');
const groupKey = (v, where) => {
  const key = unhex(hexKey(v, where));
  try {
    return { key, point: pointNotIdentity(key) };
  } catch (e) {
    if (e instanceof Malformed) fail('key', where);
    throw e;
  }
};
// A point of the prime-order group other than the identity, in its one encoding. spec: M-14
const ed25519Key = (v, where) => {
  const key = unhex(hexKey(v, where));
  let p;
  try {
    p = ed25519.Point.fromBytes(key, false);
  } catch {
    fail('key', where);
  }
  if (p.is0() || !p.isTorsionFree()) fail('key', where);
  return key;
};
const signer = object({ name: text(), key: groupKey });
const college = object({ quorum: integer(1, 32), who: list(1, 32, signer) });

const routes = list(1, 5, oneOf('code', 'letter', 'desk', 'documents', 'oidc'));
// spec: M-23
const enrol = object(
  {
    show: boolean,
    shared: integer(1, 100),
    review_days: integer(1, 90),
    routes,
    posts: (v, where) => {
      if (!isObject(v)) fail('type', where);
      return new Map([...v].map(([unit, x]) => [unit, routes(x, `${where}.${unit}`)]));
    },
  },
  {
    documents: list(1, 32, groupKey),
    oidc: object({ issuer: text(), client: text(), name: text(), claim: text() }),
  },
);

const manifestMembers = {
  tapat: constant(1),
  suite: constant(SUITE),
  id,
  title: localized,
  languages: list(1, 8, language),
  zone: text(),
  test: boolean,
  times: object({ enrol: time, open: time, close: time }),
  contests: list(
    1,
    16,
    object({
      id,
      title: localized,
      options: list(1, 512, object({ number: integer(1, 9999), name: text(), party: text(true) })),
      min: integer(0, 64),
      max: integer(1, 64),
      seats: integer(0, 512),
      method: oneOf('plurality-at-large', 'totals'),
      tally: constant('sum'),
    }),
  ),
  styles: list(1, 64, object({ id, contests: list(1, 16, id) })),
  units: list(
    1,
    1024,
    object({
      id,
      name: text(),
      country: text(),
      group: id,
      registered: integer(0, 8388608),
      style: id,
    }),
  ),
  merge: object({ floor: integer(2, 1000000) }),
  trustees: object({ threshold: integer(2, 14), who: list(3, 15, signer) }),
  registrars: college,
  officers: college,
  log: object({ origin: text(), key: ed25519Key }),
  batch: object({ interval_s: integer(1, 86400), deadline_s: integer(1, 604800) }),
  check: list(0, 2, oneOf('second-device', 'challenge')),
  revote: constant('last'),
  witnesses: object({
    quorum: integer(0, 16),
    who: list(0, 16, object({ name: text(), key: ed25519Key })),
  }),
};
const schema = object(manifestMembers, { enrol });

// ---- what a schema cannot say ----

function languagesFit(m) {
  distinct(m.languages, 'languages');
  const all = [m.title, ...m.contests.map((c) => c.title)];
  for (const t of all)
    // spec: M-6
    if (t.size !== m.languages.length || !m.languages.every((l) => t.has(l)))
      fail('members', 'title');
}
function contestsFit(m) {
  distinct(
    m.contests.map((c) => c.id),
    'contests',
  );
  m.contests.forEach((c, i) => {
    const where = `contests[${i}]`,
      n = c.options.length;
    distinct(
      c.options.map((o) => o.number),
      where,
    );
    distinct(
      c.options.map((o) => o.name),
      where,
    );
    if (c.max > n || c.min > c.max) fail('value', where); // spec: M-11
    const seats = c.method === 'totals' ? c.seats === 0 : c.seats >= 1 && c.seats <= n;
    if (!seats) fail('value', where);
    Object.assign(c, { index: i }, shape(n, c.min, c.max));
  });
}
function stylesFit(m) {
  distinct(
    m.styles.map((s) => s.id),
    'styles',
  );
  distinct(
    m.units.map((u) => u.id),
    'units',
  );
  for (const s of m.styles) {
    s.contests = s.contests.map((name) => m.contests.findIndex((c) => c.id === name));
    if (s.contests.includes(-1)) fail('reference', `style ${s.id}`);
    for (let i = 1; i < s.contests.length; i++)
      // spec: M-12
      if (s.contests[i] === s.contests[i - 1]) fail('duplicate', `style ${s.id}`);
      else if (s.contests[i] < s.contests[i - 1]) fail('reference', `style ${s.id}`);
    // spec: C-2
    s.ballotLength = 168 + s.contests.reduce((sum, c) => sum + m.contests[c].length, 0);
    if (1 + s.ballotLength > MAX_ENTRY) fail('size', `style ${s.id}`); // spec: M-18
  }
  for (const u of m.units) {
    u.style = m.styles.findIndex((s) => s.id === u.style);
    if (u.style < 0) fail('reference', `unit ${u.id}`);
  }
  m.contests.forEach((c, i) => {
    // spec: M-17
    if (!m.styles.some((s) => s.contests.includes(i))) fail('reference', `contest ${c.id}`);
  });
  m.styles.forEach((s, i) => {
    if (!m.units.some((u) => u.style === i)) fail('reference', `style ${s.id}`);
  });
}
function collegeFits(c, name) {
  distinct(
    c.who.map((s) => s.name),
    name,
  );
  distinct(
    c.who.map((s) => s.key.key.join()),
    name,
  );
  if (c.quorum !== undefined && c.quorum > c.who.length) fail('value', `${name}.quorum`);
}

// spec: M-20
function witnessesFit({ witnesses: w, log }) {
  distinct(
    w.who.map((x) => x.name),
    'witnesses',
  );
  distinct(
    [log, ...w.who].map((x) => x.key.join()),
    'witnesses',
  );
  for (const x of w.who) if (!isKeyName(x.name)) fail('value', 'witnesses');
  if (w.quorum > w.who.length) fail('value', 'witnesses.quorum');
}

// spec: M-23
function enrolFits({ enrol: e, units, registrars, test }) {
  if (!e) return;
  const lists = [e.routes, ...e.posts.values()];
  for (const routes of lists) distinct(routes, 'enrol.routes');
  for (const unit of e.posts.keys())
    if (!units.some((u) => u.id === unit)) fail('reference', 'enrol.posts');
  const used = (route) => units.some((u) => (e.posts.get(u.id) ?? e.routes).includes(route));
  if (!e.documents === used('documents')) fail('members', 'enrol.documents');
  if (!e.oidc === used('oidc')) fail('members', 'enrol.oidc');
  if (e.documents) {
    if (e.documents.length !== registrars.who.length) fail('value', 'enrol.documents');
    distinct(
      e.documents.map((k) => k.key.join()),
      'enrol.documents',
    );
  }
  if (e.oidc && !e.oidc.issuer.startsWith('https://'))
    if (!test || !e.oidc.issuer.startsWith('http://127.0.0.1:')) fail('value', 'enrol.oidc.issuer');
}

// The bytes { [ , which bound what a parser makes. spec: M-1
const values = (bytes) => {
  let count = 0;
  for (const b of bytes) if (b === 0x7b || b === 0x5b || b === 0x2c) count++;
  return count;
};

export function parseManifest(bytes) {
  if (bytes.length > MAX_DOCUMENT || values(bytes) > MAX_VALUES) fail('size', 'manifest');
  const m = schema(parseJson(bytes), '/');
  m.fingerprint = sha256(bytes);
  languagesFit(m);
  if (m.times.enrol > m.times.open || m.times.open >= m.times.close) fail('times', 'times');
  contestsFit(m);
  stylesFit(m);
  for (const name of ['trustees', 'registrars', 'officers']) collegeFits(m[name], name);
  m.n = m.trustees.who.length;
  m.t = m.trustees.threshold;
  if (m.t >= m.n) fail('threshold', 'trustees.threshold'); // spec: M-15
  m.floor = m.merge.floor;
  distinct(m.check, 'check');
  if (m.batch.interval_s > m.batch.deadline_s) fail('value', 'batch.deadline_s');
  if (!isKeyName(m.log.origin)) fail('value', 'log.origin');
  witnessesFit(m);
  enrolFits(m);
  m.points = m.contests.reduce((sum, c) => sum + c.p, 0);
  const messages = m.contests.reduce((sum, c) => sum + messageLength(c.p, m.t), 0);
  m.dealLength = messages + m.n * (32 * m.points + 48); // spec: X-7
  if (67 + m.dealLength > MAX_ENTRY) fail('size', 'deal');
  if (m.units.reduce((sum, u) => sum + u.registered, 0) >= 2 ** 24) fail('size', 'units'); // M-19
  return m;
}
