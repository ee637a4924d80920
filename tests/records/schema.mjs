// A manifest for each thing that its schema says, which is wrong in that alone: every member of
// every object missing, one more, every value of another type, out of its bounds, of another form.
// spec: M-1..M-23
import { ascii, hex } from '../../verifier/bytes.js';
import { G, times } from '../../verifier/group.js';
import { sha256 } from '../../verifier/hash.js';
import { ed25519Public } from './folder.mjs';

// The first of each kind of object: its path, and what is wrong with a member, by code.
const long = 'x'.repeat(401);
const textual = [['value', '', ' x', 'x ', long, 'a\u0001b', 'a\u007fb', 'a\u2028b', 'a\u2066b']];
const key = [
  [
    'key',
    '0'.repeat(63),
    `${'0'.repeat(63)}g`,
    `${'0'.repeat(63)}G`,
    '01'.repeat(32),
    (x) => `${x}x`,
  ],
];
const idLike = [['value', '', 'x'.repeat(41), 'a b', 'a/b', 'é']];
const number = (min, max) => [
  ['value', min - 1, max + 1],
  ['type', { real: `${min}.5` }, { real: `${min}e0` }],
];
const none = [];
const objects = {
  '': {
    tapat: [['value', 0, 2]],
    suite: [['value', '']],
    id: idLike,
    title: none,
    languages: [
      ['value', [], ['e', 'fil'], ['engl', 'fil'], ['EN', 'fil'], ['e1', 'fil']],
      ['value', 'aa ab ac ad ae af ag ah ai'.split(' ')],
      ['type', ['en', 7]],
      ['duplicate', ['en', 'en']],
    ],
    zone: textual,
    test: none,
    times: none,
    contests: [['value', []]],
    styles: [['value', []]],
    units: [['value', []]],
    merge: none,
    trustees: none,
    registrars: none,
    officers: none,
    log: none,
    batch: none,
    check: [
      ['value', ['other'], ['challenge', 'second-device', 'challenge']],
      ['type', [7]],
    ],
    revote: [['value', 'first']],
    witnesses: none,
    enrol: none,
  },
  title: { en: [...textual], fil: [...textual] },
  times: Object.fromEntries(
    ['enrol', 'open', 'close'].map((name) => [
      name,
      [
        [
          'value',
          ...['', '2028-04-31T00:00:00Z', '2027-02-29T00:00:00Z', '2028-00-10T00:00:00Z'],
          ...['2028-13-10T00:00:00Z', '2028-04-00T00:00:00Z', '2028-04-10T24:00:00Z'],
          ...['2028-04-10T00:60:00Z', '2028-04-10T00:00:60Z', '2028-04-10 00:00:00Z'],
          ...['2028-04-10T00:00:00', '2028-04-10T00:00:00+', '1999-04-10T00:00:00Z'],
          ...[
            '2028-04-10T00:00:00Zx',
            '2200-04-10T00:00:00Z',
            '2100-02-29T00:00:00Z',
            '2028-04-1:T00:00:00Z',
          ],
          ...['2028-04-1/T00:00:00Z'],
        ],
      ],
    ]),
  ),
  'contests.0': {
    id: idLike,
    title: none,
    options: [['value', []]],
    min: [...number(0, 3)],
    max: [...number(1, 64)],
    seats: [...number(1, 3)],
    method: [['value', 'other']],
    tally: [['value', 'other']],
  },
  'contests.0.title': { en: textual },
  'contests.0.options.0': {
    number: number(1, 9999),
    name: textual,
    party: [['value', ' x', 'x ', long, 'a\u0001b']],
  },
  'styles.0': {
    id: idLike,
    contests: [
      ['value', []],
      ['type', ['one', 7]],
      ['duplicate', ['one', 'one']],
    ],
  },
  'units.0': {
    id: idLike,
    name: textual,
    country: textual,
    group: idLike,
    registered: number(0, 8388608),
    style: none,
  },
  merge: { floor: number(2, 1000000) },
  trustees: {
    threshold: [
      ['value', 15, 0],
      ['type', { real: '2.0' }],
    ],
    who: [['value', []]],
  },
  'trustees.who.0': { name: textual, key },
  registrars: { quorum: number(1, 32), who: [['value', []]] },
  'registrars.who.0': { name: textual, key },
  officers: { quorum: number(1, 32), who: [['value', []]] },
  'officers.who.0': { name: textual, key },
  log: { origin: [...textual, ['value', 'a+b', 'a b', 'x'.repeat(256), 'a\u3000b']], key },
  batch: { interval_s: number(1, 86400), deadline_s: number(1, 604800) },
  witnesses: { quorum: number(0, 16), who: none },
  'witnesses.who.0': { name: [...textual, ['value', 'a+b', 'x'.repeat(256), 'a\u3000b']], key },
  enrol: {
    show: none,
    shared: number(1, 100),
    review_days: number(1, 90),
    routes: [
      ['value', [], ['fax']],
      ['type', [7]],
      ['duplicate', ['code', 'documents', 'code']],
    ],
    posts: none,
    documents: [['type', [7, 7]]],
    oidc: none,
  },
  'enrol.oidc': {
    issuer: [...textual, ['value', 'http://a']],
    client: textual,
    name: textual,
    claim: textual,
  },
  'enrol.posts': {
    rome: [
      ['type', [7]],
      ['value', [], ['fax']],
    ],
  },
};
const optional = new Set(['enrol', 'enrol.documents', 'enrol.oidc', 'enrol.posts.rome']);
const open = new Set(['enrol.posts']); // its members are what it says

// A number with a fraction, which JSON.stringify would not write.
const written = (value) =>
  JSON.stringify(value, null, 1).replace(/\{\s*"real": "([^"]+)"\s*\}/g, '$1');
const keyOf = (name) => ed25519Public(sha256(ascii(`witness ${name}`)));
const pointOf = (n) => hex(times(G, BigInt(n)).toBytes());

export function schema({ manifest, enrolment }) {
  const whole = (v, e) => {
    enrolment(() => {})(v, e);
    v.witnesses = { quorum: 0, who: [{ name: 'w', key: hex(keyOf('w')) }] };
    return v;
  };
  const one = (name, how, code) =>
    manifest(
      name,
      (v, e) => {
        const value = whole(v, e);
        how(value, e);
        return written(value);
      },
      code,
    );
  const at = (v, path) => path.split('.').reduce((x, name) => (name ? x[name] : x), v);
  for (const [path, members] of Object.entries(objects)) {
    const where = path || 'the whole';
    if (!open.has(path))
      one(`${where}: a member more`, (v) => void (at(v, path).extra = 'x'), 'members');
    for (const [name, wrong] of Object.entries(members)) {
      const full = path ? `${path}.${name}` : name;
      if (!optional.has(full))
        one(`${full}: left out`, (v) => void delete at(v, path)[name], 'members');
      one(
        `${full}: of another type`,
        (v) => void (at(v, path)[name] = typeof at(v, path)[name] === 'number' ? 'x' : 7),
        'type',
      );
      wrong
        .flatMap(([code, ...values]) => values.map((x) => [code, x]))
        .forEach(([code, x], i) =>
          one(
            `${full}: wrong in way ${i + 1}`,
            (v) => {
              const old = at(v, path)[name];
              at(v, path)[name] = typeof x === 'function' ? x(old) : x;
            },
            code,
          ),
        );
    }
  }
  one(
    'a member of another name',
    (v) => {
      v.zones = v.zone;
      delete v.zone;
    },
    'members',
  );
  lists(one);
  texts(manifest);
}

// What spans several members.
function lists(one) {
  const copies = (list, n, change) =>
    Array.from({ length: n }, (_, i) => change({ ...list[0] }, i));
  one('enrolment after the opening', (v) => void (v.times.enrol = '2028-04-10T00:00:01Z'), 'times');
  one(
    '17 contests',
    (v) => void (v.contests = copies(v.contests, 17, (c, i) => ({ ...c, id: `c${i}` }))),
    'value',
  );
  one(
    '17 contests of a style',
    (v) => void (v.styles[0].contests = Array.from({ length: 17 }, () => 'one')),
    'value',
  );
  one(
    '65 styles',
    (v) => void (v.styles = copies(v.styles, 65, (s, i) => ({ ...s, id: `s${i}` }))),
    'value',
  );
  one(
    '1025 units',
    (v) => void (v.units = copies(v.units, 1025, (u, i) => ({ ...u, id: `u${i}`, registered: 1 }))),
    'value',
  );
  one(
    '513 options',
    (v) =>
      void (v.contests[0].options = copies(v.contests[0].options, 513, (o, i) => ({
        ...o,
        number: i + 1,
        name: `o${i}`,
      }))),
    'value',
  );
  one('two styles of one id', (v) => void (v.styles[1].id = v.styles[0].id), 'duplicate');
  one('two units of one id', (v) => void (v.units[1].id = v.units[0].id), 'duplicate');
  one(
    'a style that names a contest twice',
    (v) => void (v.styles[1].contests = ['one', 'one']),
    'duplicate',
  );
  one('a style of a stranger', (v) => void (v.styles[1].contests = ['three']), 'reference');
  one('a log key off the curve', (v) => void (v.log.key = `02${'00'.repeat(31)}`), 'key');
  one('a language more in a title', (v) => void (v.contests[0].title.es = 'x'), 'members');
  one(
    'a language instead of another',
    (v) => {
      delete v.contests[0].title.fil;
      v.contests[0].title.es = 'x';
    },
    'members',
  );
  one('seats above the options', (v) => void (v.contests[0].seats = 4), 'value');
  const who = (n) => Array.from({ length: n }, (_, i) => ({ name: `s${i}`, key: pointOf(i + 2) }));
  one('two trustees', (v) => void (v.trustees.who = who(2)), 'value');
  one('16 trustees', (v) => void (v.trustees.who = who(16)), 'value');
  one(
    '33 registrars',
    (v) => {
      v.registrars.who = who(33);
      v.enrol.documents = who(33).map((s) => s.key);
    },
    'value',
  );
  one('33 officers', (v) => void (v.officers.who = who(33)), 'value');
  one('a threshold of 1', (v) => void (v.trustees.threshold = 1), 'value');
  one('a threshold above the trustees', (v) => void (v.trustees.threshold = 5), 'threshold');
  one('quorum over the registrars', (v) => void (v.registrars.quorum = 3), 'value');
  one(
    'the identity as a key of documents',
    (v) => void (v.enrol.documents[1] = '00'.repeat(32)),
    'key',
  );
  one('no hexadecimal key of documents', (v) => void (v.enrol.documents[1] = 'x'), 'key');
  one(
    'two witnesses of one name',
    (v) => {
      const [w] = v.witnesses.who;
      v.witnesses.who.push({ name: w.name, key: hex(keyOf('x')) });
    },
    'duplicate',
  );
  one(
    'two witnesses of one key',
    (v) => {
      const [w] = v.witnesses.who;
      v.witnesses.who.push({ name: 'other', key: w.key });
    },
    'duplicate',
  );
  one(
    '17 witnesses',
    (v) =>
      void (v.witnesses.who = copies(v.witnesses.who, 17, (w, i) => ({ ...w, name: `w${i}` }))),
    'value',
  );
  one(
    'a witness whose key is of small order',
    (v) => void (v.witnesses.who[0].key = `01${'00'.repeat(31)}`),
    'key',
  );
  one(
    "one trustee's key twice",
    (v) => void (v.trustees.who[1].key = v.trustees.who[0].key),
    'duplicate',
  );
  one(
    "one registrar's key twice",
    (v) => void (v.registrars.who[1].key = v.registrars.who[0].key),
    'duplicate',
  );
}

// What is no JSON of M-1.
function texts(manifest) {
  const text = (name, change, code = 'json') =>
    manifest(`${name}`, (v) => change(JSON.stringify(v, null, 1)), code);
  text('a member without a colon', (t) => t.replace('"tapat": 1', '"tapat" 1'));
  text('a member without quotes', (t) => t.replace('"tapat"', 'tapat"'));
  text('a comma at the end of a list', (t) => t.replace(/\]/, ',]'));
  text('a list that does not end', (t) => t.replace(/\](\s*\}\s*,\s*"log")/, '$1'));
  text('a word that is none', (t) => t.replace('true', 'yes'));
  text('a control character in a text', (t) => t.replace('A small', 'A\nsmall'));
  text('a text that does not end', (t) => t.slice(0, t.indexOf('small')));
  text('another escape', (t) => t.replace('A small', 'A\\xsmall'));
  text('an escape of another letter', (t) => t.replace('A small', 'A \\x0041 small'));
  text('an escape cut', (t) => t.replace('A small', 'A \\u12g4 small'));
  text('an integer of 2^63', (t) => t.replace('"tapat": 1', '"tapat": 9223372036854775808'));
  text('an integer below -2^63', (t) => t.replace('"tapat": 1', '"tapat": -9223372036854775809'));
  text('a number with a zero before it', (t) => t.replace('"tapat": 1', '"tapat": 01'));
  text('a low surrogate first', (t) => t.replace('A small', 'A \\udc00 small'));
  text('2^12 lists in each other', (t) =>
    t.replace('"tapat": 1', `"tapat": ${'['.repeat(4096)}${']'.repeat(4096)}`),
  );
  text('a number above any double', (t) => t.replace('"tapat": 1', '"tapat": 1e309'));
  text('a text and nothing else', () => '"tapat"');
  manifest(
    'not UTF-8',
    (v) => {
      const bytes = ascii(JSON.stringify(v, null, 1));
      bytes[bytes.indexOf(0x41)] = 0xff;
      return bytes;
    },
    'json',
  );
}
