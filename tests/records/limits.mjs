// More records that must be refused: each check alone, where everything else holds. What is out of
// its bounds by one, a value in a second encoding, one equation of many. spec: Y-2, Y-3
import { ascii, concat, hex, u16, u32, u64, u8 } from '../../verifier/bytes.js';
import { L, mod, scalarBytes } from '../../verifier/group.js';
import { sha512 } from '../../verifier/hash.js';
import { E } from './election.mjs';
import { ed25519Public, ed25519Sign, link, noteLine } from './folder.mjs';

const X = new Uint8Array(32).fill(7),
  ZERO32 = new Uint8Array(32),
  BAD_POINT = new Uint8Array(32).fill(1);

// The scalar at `at` with the group's order added: the same number in another encoding.
function plusOrder(bytes, at) {
  const i = at < 0 ? bytes.length + at : at;
  let v = 0n;
  for (let k = 31; k >= 0; k--) v = (v << 8n) | BigInt(bytes[i + k]);
  return concat(bytes.subarray(0, i), scalarBytes(v + L), bytes.subarray(i + 32));
}

// ---- entries: N-1, N-4, N-6, N-8, B-4

function entries({ add, onward }) {
  add(
    'manifest: more commas than a reader makes values of', // M-1
    'begun',
    (e) => {
      const value = e.manifestValue(),
        commas = ','.repeat(400);
      for (let i = value.units.length; i < 1024; i++)
        value.units.push({ ...value.units[0], id: `u${i}`, name: commas, country: commas, registered: 0 });
      e.setManifest(value);
      Object.assign(e, { entries: [], documents: new Map(), copies: new Map() });
      e.begin();
    },
    'manifest',
    'manifest.size',
  );
  const acts = (name, stage, how, code) => add(`act: ${name}`, stage, how, 'acts', code);
  acts('number 0', 'approved', (e) => e.push(e.act(0)), 'entry.malformed');
  const approve = (e, options) => e.push(e.act(E.APPROVE, e.fingerprint, options));
  acts('no signer', 'begun', (e) => approve(e, { who: [] }), 'entry.malformed');
  acts(
    'more signers than a college has',
    'begun',
    (e) => {
      e.officers = Array.from({ length: 33 }, (_, i) => e.officers[i] ?? e.keyPair());
      approve(e, { who: e.officers.map((_, i) => i + 1) });
    },
    'entry.malformed',
  );
  acts(
    'signer 0',
    'begun',
    (e) => {
      const entry = e.act(E.APPROVE, e.fingerprint, { who: [1, 2] });
      entry.set(u16(0), entry.length - 2 * 66);
      e.push(entry);
    },
    'entry.signer',
  );
  acts('a byte more', 'approved', (e) => e.push(concat(e.entries.pop(), u8(0))), 'entry.malformed');
  acts(
    'a signature with R the identity',
    'begun',
    (e) => {
      e.officers = e.officers.map((s) => ({ ...s, w: 0n }));
      approve(e);
    },
    'entry.signature',
  );
  acts(
    'a signature that does not decode',
    'begun',
    (e) => {
      const entry = e.act(E.APPROVE, e.fingerprint);
      entry.set(BAD_POINT, entry.length - 64);
      e.push(entry);
    },
    'entry.signature',
  );
  const single = (name, how, code) =>
    add(
      `commit: ${name}`,
      'approved',
      (e) => {
        e.makeDeals();
        how(e);
      },
      'ceremony',
      code,
    );
  single(
    'a signature that holds with R the identity',
    (e) => {
      e.trustees = e.trustees.map((s) => ({ ...s, w: 0n }));
      e.push(e.commit(1));
    },
    'entry.signature',
  );
  single(
    'a signature with its z in a second encoding',
    (e) => e.push(plusOrder(e.commit(1), -32)),
    'entry.signature',
  );
  add(
    'manifest: entry 0 names another document',
    'begun',
    (e) => {
      const other = e.manifestValue();
      other.title.en = 'Another election';
      const bytes = ascii(JSON.stringify(other));
      e.entries = [concat(u8(E.MANIFEST), e.reference(bytes))];
    },
    'manifest',
    'board.subject',
  );
  add(
    'manifest: entry 0 is no manifest',
    'begun',
    (e) => {
      e.entries = [concat(u8(E.BATCH), u32(1), u64(1), u32(0))];
    },
    'batches',
    'board.order',
  );
  add(
    'manifest: its length is another',
    'begun',
    (e) => {
      e.entries = [concat(u8(E.MANIFEST), e.fingerprint, u64(e.manifestBytes.length + 1))];
    },
    'files',
    'document.length',
  );
  add(
    'manifest: its length is none',
    'begun',
    (e) => {
      e.entries = [concat(u8(E.MANIFEST), e.fingerprint, u64(0))];
    },
    'files',
    'document.length',
  );
  add(
    'manifest: its length is another, and a second one', // the manifest's before entry 1: Y-4
    'begun',
    (e) => {
      const one = concat(u8(E.MANIFEST), e.fingerprint, u64(e.manifestBytes.length + 1));
      e.entries = [one, one];
    },
    'files',
    'document.length',
  );
  add(
    'shares: the length of the document is another',
    'frozen',
    (e) => {
      const bytes = e.sharesDocument(1);
      e.push(e.single(E.SHARES, 1, concat(e.document(bytes), u64(bytes.length + 1))));
    },
    'files',
    'document.length',
  );
}

// ---- registrations: L-6..L-9

function registrations({ add }) {
  const one = (name, how, code) =>
    add(
      `registration: ${name}`,
      'confirmed',
      (e) => e.push(concat(u8(E.REGISTRATIONS), how(e, e.voters[0]))),
      'registrations',
      code,
    );
  one(
    'registrar 0',
    (e, v) => {
      const r = e.registration(v);
      r.set(u16(0), r.length - 2 * 66);
      return r;
    },
    'registration.signer',
  );
  one(
    'registrars out of order',
    (e, v) => e.registration(v, { who: [2, 1] }),
    'registration.malformed',
  );
  one('no registrar', (e, v) => e.registration(v, { who: [] }), 'registration.malformed');
  one(
    'a signature that holds with R the identity',
    (e, v) => {
      e.registrars = e.registrars.map((s) => ({ ...s, w: 0n }));
      return e.registration(v);
    },
    'registration.signature',
  );
  one(
    'a signature with its z in a second encoding',
    (e, v) => plusOrder(e.registration(v), -32),
    'registration.signature',
  );
  one(
    'a signature that does not decode',
    (e, v) => {
      const r = e.registration(v);
      r.set(BAD_POINT, r.length - 64);
      return r;
    },
    'registration.signature',
  );
  one(
    'the second of two is cut',
    (e, v) => {
      const two = [v, e.voters[1]].map((x) => e.registration(x));
      two.sort((a, b) => Buffer.compare(a, b));
      return concat(two[0], two[1].subarray(0, 90));
    },
    'registration.malformed',
  );
}

// ---- ceremony: D-6, D-10, X-7, X-9, X-17

function ceremony({ add, dealWith, patch }) {
  const deal = (name, how, code) =>
    add(`deal: ${name}`, 'approved', (e) => dealWith(e, (d) => how(e, d)), 'ceremony', code);
  const first = (d, how) => (d.messages = [how(d.messages[0]), ...d.messages.slice(1)]);
  deal(
    'a commitment T that is the identity',
    (e, d) => {
      const a = d.coefficients[0];
      d.messages = [e.dealMessage(e.who(0, 1), a, a, 0n), d.messages[1]];
    },
    'ceremony.commitments',
  );
  deal(
    'a commitment T that does not decode',
    (e, d) => first(d, (m) => patch(m, m.length - 64, BAD_POINT)),
    'ceremony.commitments',
  );
  deal(
    'its z in a second encoding',
    (e, d) => first(d, (m) => plusOrder(m, -32)),
    'ceremony.commitments',
  );
  deal(
    'a coefficient of 0',
    (e, d) => {
      const a = [0n, ...d.coefficients[0].slice(1)];
      d.messages = [e.dealMessage(e.who(0, 1), a), d.messages[1]];
    },
    'ceremony.commitments',
  );
  add(
    'deal: the last one makes a verification key the identity',
    'approved',
    (e) => {
      e.makeDeals();
      const shares = [1, 2, 3].map((i) => e.shareOf(i, 1)[0]),
        [, slope, ...rest] = e.deals[4].coefficients[0];
      const a = [mod(-shares.reduce((x, y) => x + y, slope)), slope, ...rest];
      e.deals[4].messages = [e.dealMessage(e.who(0, 4), a), e.deals[4].messages[1]];
      e.push(...e.numbers.map((i) => e.commit(i)), ...e.numbers.map((i) => e.deal(i)));
    },
    'ceremony',
    'ceremony.commitments',
  );
  add(
    'after an opening in a second encoding: confirm',
    'dealt',
    (e) => {
      const [share, ...rest] = e.shareOf(2, 1);
      e.push(e.complaint(1, 2), e.opening(2, 1, [share + L, ...rest]), e.confirm(1));
    },
    'ceremony',
    'ceremony.dealer-out',
  );
  for (const complainant of [0, 5])
    add(
      `opening for complainant ${complainant}`,
      'dealt',
      (e) => {
        const entry = e.opening(2, 1);
        const shares = entry.subarray(5, entry.length - 64);
        e.push(e.complaint(1, 2), e.single(E.OPENING, 2, concat(u16(complainant), shares)));
      },
      'ceremony',
      'ceremony.order',
    );
  add(
    'liveness: a proof whose z is in a second encoding',
    'confirmed',
    (e) => {
      const entry = plusOrder(e.liveness(1), -96);
      e.push(e.single(E.LIVENESS, 1, entry.subarray(3, entry.length - 64)));
    },
    'ceremony',
    'liveness.proof',
  );
}

// ---- ballots: B-12, B-13, C-8

function ballots({ ballot, patch }) {
  const made = (name, how, code) => ballot(name, how, 'ballots', `ballot.${code}`);
  const one = (e, v, cheat = {}) => e.ballot(v, 1, { cheat: { 0: cheat } });
  // where the first contest's points and scalars stand
  const points = 1 + 104;
  const at = (e, name) => {
    const { p, m } = e.m.contests[0];
    const order = { R: 0, C: 1, A: 1 + p, T1: 6 + p, f: 8 + p, z_r: 8 + p + m };
    return points + 32 * { ...order, z_a: 9 + p + m, z_t: 10 + p + m }[name];
  };
  for (const name of ['R', 'C', 'A', 'T1'])
    made(
      `${name} does not decode`,
      (e, v) => e.resign(patch(one(e, v), at(e, name), BAD_POINT), v),
      'point',
    );
  for (const name of ['f', 'z_r', 'z_a', 'z_t'])
    made(
      `${name} in a second encoding`,
      (e, v) => e.resign(plusOrder(one(e, v), at(e, name)), v),
      'scalar',
    );
  made('sigma in a second encoding', (e, v) => one(e, v, { over: L }), 'scalar');
  made(
    'the bits are not what A holds',
    (e, v) => {
      const entry = one(e, v),
        i = at(e, 'z_a');
      entry[i] ^= 1;
      return e.resign(entry, v);
    },
    'proof',
  );
  made('the nonce of R is not what T_R holds', (e, v) => one(e, v, { T_R: 1n }), 'proof');
  made(
    'a signature that holds with R the identity',
    (e, v) => e.resign(one(e, v), { ...v, w: 0n }),
    'signature',
  );
  made(
    'a signature with its z in a second encoding',
    (e, v) => plusOrder(one(e, v), -32),
    'signature',
  );
  made(
    'a signature that does not decode',
    (e, v) => {
      const entry = one(e, v);
      return patch(entry, entry.length - 64, BAD_POINT);
    },
    'signature',
  );
  made('shorter than any', (e, v) => one(e, v).slice(0, 20), 'length');
}

// ---- the checkpoint: T-10..T-14, R-8

function notes({ file, edit, lines, at, list }) {
  const note = (name, how, code = 'malformed') =>
    file(`checkpoint, ${name}`, 'begun', edit('checkpoint', how), 'log', `checkpoint.${code}`);
  const text = (name, how, code) => note(name, lines(how), code);
  const signature = (name, how) =>
    text(`signature ${name}`, (t) => t.replace(/[^ ]*\n$/, (s) => `${how(s.trim())}\n`));
  const root = (name, how) =>
    text(`root ${name}`, (t) => t.replace(/^(.*\n\d+\n)(.*)/, (_, head, s) => head + how(s)));
  const base64 = (bytes) => Buffer.from(bytes).toString('base64');
  for (const kind of [signature, root]) {
    kind('not of groups of four', (s) => s.slice(0, -1));
    kind('with another character', (s) => `!${s.slice(1)}`);
    kind('with padding inside', (s) => `AA==${s.slice(4)}`);
  }
  root('with bits of no byte', (s) => s.replace(/.=$/, (x) => `${x === 'B=' ? 'D' : 'B'}=`));
  root('of 33 bytes', () => base64(new Uint8Array(33)));
  root('of 30 bytes', () => base64(new Uint8Array(30)));
  signature('of no bytes', (s) => base64(Buffer.from(s, 'base64').subarray(0, 4)));
  signature('without a whole ID', () => 'AAA=');
  signature('of nothing', () => '');
  text(
    'signature a byte short',
    (t) => t.replace(/[^ ]*\n$/, (s) => `${base64(Buffer.from(s, 'base64').subarray(0, 67))}\n`),
    'signature',
  );
  text(
    'signature a byte long',
    (t) => t.replace(/[^ ]*\n$/, (s) => `${base64([...Buffer.from(s, 'base64'), 0])}\n`),
    'signature',
  );
  note('not UTF-8', (b) => concat(b.subarray(0, 5), u8(255), b.subarray(5)));
  text('a control character', (t) => t.replace('small', 'sm\u0001all'));
  text('a tab', (t) => t.replace('small', 'sm\tall'));
  text('U+007F', (t) => t.replace('small', 'sm\u007fall'));
  text('no empty line', (t) => t.replace('\n\n', '\n'));
  text('an empty line more', (t) => t.replace('\n\n', '\n\n\n'));
  text('no signatures', (t) => t.replace(/\n\n[^]*/, '\n\n'));
  text('no line feed at the end', (t) => t.replace(/\n$/, 'x'));
  text('a hyphen for the dash', (t) => t.replace('\u2014', '-'));
  text('no space after the dash', (t) => t.replace('\u2014 ', '\u2014'));
  text('a word more in the line', (t) => t.replace(/\n$/, ' AAAA\n'));
  text('a word less in the line', (t) => t.replace(/ [^ ]*\n$/, '\n'));
  text('a line of two bytes', (t) => t.replace(/\n\n[^]*/, '\n\nxx\n'));
  text('a line twice', (t) => t.replace(/\n\n([^]*)$/, '\n\n$1$1'));
  const stranger = (i) => `\u2014 w${i} AAAAAAAA\n`;
  text(
    '64 lines of strangers',
    (t) => t + Array.from({ length: 64 }, (_, i) => stranger(i)).join(''),
  );
  text('65536 bytes and more', (t) => `${t}\u2014 w ${base64(new Uint8Array(49200))}\n`);
  const spaces = [0x20, 0x2b, 0x80, 0x85, 0x9f, 0xa0, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029];
  for (const c of [...spaces, 0x202f, 0x205f, 0x3000]) {
    const code = c.toString(16).padStart(4, '0').toUpperCase();
    text(`U+${code} in the origin`, (t) => t.replace('small', `sm${String.fromCodePoint(c)}all`));
  }
  text('U+3000 in the name of a line', (t) => `${t}\u2014 w\u3000 AAAAAAAA\n`);
  text('no name in the line', (t) => `${t}\u2014  AAAAAAAA\n`);
  text('no origin', (t) => t.replace(/^[^\n]*/, ''));
  text('an origin of 256 bytes', (t) => t.replace(/^[^\n]*/, 'x'.repeat(256)));
  text('another name in the first line', (t) => t.replace('\u2014 small', '\u2014 other'), 'key');
  text('a longer origin', (t) => t.replace(/^small/, 'xsmall'), 'origin');
  const size = (name, s) =>
    text(`a size ${name}`, (t) => t.replace(/^(.*\n)\d+/, (_, head) => head + s));
  size('of nothing', '');
  size('with a sign', '+1');
  size('with a letter', '1a');
  size('of 20 digits', '18446744073709551617');
  size('of 2^63', '9223372036854775808');
  size('of 2^63 - 1', '9223372036854775807');
  size('above 2^40', '1099511627777');
  text('a line less', (t) => t.replace(/^(.*\n\d+\n).*\n/, '$1'));
  list.push({
    name: 'file: an empty log',
    check: 'log',
    code: 'record.empty',
    make: () => at('begun'),
    files: (f, e) => {
      for (const name of [...f.keys()]) if (name.startsWith('tile/')) f.delete(name);
      f.set('checkpoint', e.fileList([]).get('checkpoint'));
    },
  });
  file('no folder', 'begun', (f) => f.clear(), 'log', 'record.missing');
}

// ---- witnesses, T-13, T-15

// The signature of nonce 0, which everybody can check and R tells the key of.
function zeroNonce(seed, message) {
  const h = sha512(seed).subarray(0, 32);
  h[0] &= 248;
  h[31] = (h[31] & 63) | 64;
  const number = (b) => b.reduceRight((v, x) => (v << 8n) | BigInt(x), 0n);
  const R = concat(u8(1), new Uint8Array(31));
  const c = mod(number(sha512(R, ed25519Public(seed), message)));
  return concat(R, scalarBytes(mod(c * number(h))));
}
const secondEncoding = (seed, message) => plusOrder(ed25519Sign(seed, message), 32);

function witnesses({ list, at }) {
  const options = { witnesses: 3, quorum: 2 };
  // how: of the text, a maker of lines and the election, the lines of the note
  const cosigned = (name, how, code) =>
    list.push({
      name: `cosignatures: ${name}`,
      check: 'log',
      code: `checkpoint.${code}`,
      make: () => at('begun', options),
      files: (f, e) => {
        const note = new TextDecoder().decode(f.get('checkpoint')),
          text = note.slice(0, note.indexOf('\n\n') + 1);
        const own = (more) => noteLine(text, e.origin, e.seed, 1, more);
        const by = (i, more) =>
          noteLine(text, e.witnesses[i - 1].name, e.witnesses[i - 1].seed, 4, more);
        f.set('checkpoint', ascii(`${text}\n${how({ own, by, text, e }).join('')}`));
      },
    });
  cosigned('one of two', ({ own, by }) => [own(), by(1)], 'quorum');
  cosigned('none', ({ own }) => [own()], 'quorum');
  cosigned('out of order', ({ own, by }) => [own(), by(2), by(1)], 'cosignature');
  cosigned("before the log's line", ({ own, by }) => [by(1), own(), by(2)], 'key');
  const bad = (name, line) => cosigned(name, (x) => [x.own(), x.by(1), line(x)], 'cosignature');
  const sign = (how) => ({ sign: (seed, message) => how(ed25519Sign(seed, message)) });
  bad('a false one', ({ by }) =>
    by(
      2,
      sign((s) => s.map((x, i) => (i === 9 ? x ^ 1 : x))),
    ),
  );
  bad('a byte short', ({ by }) =>
    by(
      2,
      sign((s) => s.subarray(0, 63)),
    ),
  );
  bad('a byte long', ({ by }) =>
    by(
      2,
      sign((s) => concat(s, u8(0))),
    ),
  );
  bad('of a time of 2^63', ({ by }) => by(2, { time: 2n ** 63n }));
  bad('of nonce 0', ({ by }) => by(2, { sign: zeroNonce }));
  bad('in a second encoding', ({ by }) => by(2, { sign: secondEncoding }));
  bad("under another's name", ({ text, e }) =>
    noteLine(text, e.witnesses[1].name, e.witnesses[2].seed, 4),
  );
  bad('of the type that signs', ({ text, e }) =>
    noteLine(text, e.witnesses[1].name, e.witnesses[1].seed, 1),
  );
  const log = (name, more) =>
    cosigned(`the log's line ${name}`, ({ own, by }) => [own(more), by(1), by(2)], 'signature');
  log('of nonce 0', { sign: zeroNonce });
  log('in a second encoding', { sign: secondEncoding });
}

// ---- other files: R-1..R-7, Y-4, Y-5

function files({ file, edit, at, list }) {
  const two = (name, how, check, code) =>
    list.push({
      name: `file: ${name}`,
      check,
      code,
      make: () => {
        const e = at('approved');
        for (let i = 0; i < 300; i++) e.batch();
        return e;
      },
      files: how,
    });
  const flip = (i) => (b) => b.map((x, j) => (j === i ? x ^ 1 : x));
  two('a tile of level 1 is changed', edit('tile/1/000.p/1', flip(3)), 'log', 'log.tile');
  two(
    'a tile of level 1 goes on',
    edit('tile/1/000.p/1', (b) => concat(b, b)),
    'log',
    'log.tile',
  );
  two('a tile of level 1 is missing', (f) => f.delete('tile/1/000.p/1'), 'files', 'files.missing');
  two(
    'a full tile under a partial name',
    (f) => f.set('tile/0/000.p/256', f.get('tile/0/000')),
    'files',
    'files.unknown',
  );
  file(
    'a tile goes on',
    'voted',
    (f) => {
      const name = [...f.keys()].find((x) => x.startsWith('tile/0/'));
      f.set(name, concat(f.get(name), u8(0)));
    },
    'log',
    'log.tile',
  );
  for (const name of [
    'tile/0/0000.p/1',
    'tile/00/000.p/1',
    'tile/0/x000/000.p/1',
    'tile/0/000.p/01',
    'tile/0/00.p/1',
    'tile/0/000.q/1',
    'tile/9/000.p/1',
    'tile/entry/000.p/1',
    'tile/x',
    'tile/0/x999/x999/x999/x999/x999/x999/x999/999.p/1',
    'til',
    '0/000.p/1',
    `document/${'0'.repeat(63)}`,
    `document/${'A'.repeat(64)}`,
    `document/${'0'.repeat(64)}x`,
    'document/x',
  ])
    file(
      `named ${name.replace(/0{9,}/, (x) => `${x.length} zeros `).slice(0, 40)}`,
      'begun',
      (f) => f.set(name, X),
      'files',
      'files.unknown',
    );
  file(
    'a table that is a link',
    'published',
    (f) => {
      f.delete('results.csv');
      f.set(link('results.csv'), ascii('checkpoint'));
    },
    'files',
    'files.unknown',
  );
  const documentOf = (f) => [...f.keys()].find((name) => name.startsWith('document/'));
  file(
    "a link in place of the documents, beside the manifest's",
    'begun',
    (f) => {
      const name = documentOf(f);
      f.set(name.slice('document/'.length), f.get(name));
      f.delete(name);
      f.set(link('document'), ascii('.'));
    },
    'files',
    'files.copy',
  );
  file(
    "a folder in place of the manifest's document",
    'begun',
    (f) => {
      const name = documentOf(f);
      f.delete(name);
      f.set(`${name}/x`, X);
    },
    'files',
    'files.copy',
  );
  file(
    'a document of 64 MiB and a byte',
    'begun',
    (f) => f.set(`document/${hex(X)}`, new Uint8Array(2 ** 26 + 1)),
    'files',
    'document.length',
  );
  file(
    'a manifest of 64 MiB and a byte',
    'begun',
    (f) => f.set('manifest.json', new Uint8Array(2 ** 26 + 1)),
    'manifest',
    'manifest.size',
  );
}

// ---- counting: W-13

function counting({ add, patch }) {
  const shares = (name, how) =>
    add(
      `shares: ${name}`,
      'frozen',
      (e) => {
        const results = e.results(),
          bytes = how(e.sharesDocument(3), e);
        e.push(e.shares(1), e.single(E.SHARES, 3, e.reference(bytes))).publish(results);
      },
      'shares',
      'shares.quorum',
    );
  const places = badShares({ patch });
  for (const [name, how] of Object.entries(places)) shares(name, how);
}

// What is done to a good document of shares.
const badShares = ({ patch }) => ({
  'of another election': (b) => patch(b, 0, X),
  'a byte more': (b) => concat(b, u8(0)),
  'shorter than its head': (b) => b.subarray(0, 65),
  'a share that does not decode': (b) => patch(b, 66, BAD_POINT),
  'T_G does not decode': (b) => patch(b, b.length - 96, BAD_POINT),
  'T_R does not decode': (b) => patch(b, b.length - 64, BAD_POINT),
  'z in a second encoding': (b) => plusOrder(b, -32),
  'false for the key alone': (b, e) => e.sharesDocument(3, { base: 1n }),
});

// Good records: one bad document of shares, and two good ones, so that the report says what is bad.
export const goodAtTheLimit = ({ at, patch }) =>
  Object.entries(badShares({ patch })).map(([name, how]) => ({
    name: `bad shares of one trustee: ${name}`,
    make: () => {
      const e = at('frozen'),
        results = e.results(),
        bytes = how(e.sharesDocument(3), e);
      e.push(e.shares(1), e.single(E.SHARES, 3, e.reference(bytes)), e.shares(4));
      return e.publish(results);
    },
  }));

export function limits(kit) {
  entries(kit);
  registrations(kit);
  ceremony(kit);
  ballots(kit);
  notes(kit);
  witnesses(kit);
  files(kit);
  counting(kit);
}
