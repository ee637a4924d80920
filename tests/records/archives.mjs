// Archives of a record: one as it is, and others that a reader must refuse before it looks at the
// record. spec: R-20..R-24
import { writeArchive } from '../../verifier/archive.js';
import { concat } from '../../verifier/bytes.js';
import { at } from './tampered.mjs';

const BLOCK = 512;
const latin = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const zeros = (n) => new Uint8Array(n);
const octal = (n, digits) => n.toString(8).padStart(digits, '0');

// A header as chapter 6 has it, whatever the name is; fields, offset to text, are put over it before
// it is summed up, `after` when it was.
function header(name, length, { fields = {}, after = {} } = {}) {
  const h = zeros(BLOCK);
  const put = (from, text) => h.set(latin(text), from);
  put(0, name);
  put(100, '0000644\0' + '0000000\0'.repeat(2) + `${octal(length, 11)}\0` + '00000000000\0');
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\0' + '00');
  put(329, '0000000\0'.repeat(2));
  for (const [from, text] of Object.entries(fields)) put(Number(from), text);
  put(148, `${octal(h.reduce((a, b) => a + b, 0), 6)}\0 `);
  for (const [from, text] of Object.entries(after)) put(Number(from), text);
  return h;
}
// A member: { name, bytes, pad (what follows the bytes), fields, after }
const member = ({ name, bytes = zeros(0), pad = zeros(-bytes.length & (BLOCK - 1)), ...more }) =>
  concat(header(name, bytes.length, more), bytes, pad);
const end = zeros(2 * BLOCK);

// The smallest record that verifies, its members ascending.
const members = () =>
  [...at('begun').fileList()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bytes]) => ({ name, bytes }));
const pack = (list, tail = end) => concat(...list.map(member), tail);
const whole = () => pack(members());

// More members, first and last; a member changed.
const first = (...more) => pack([...more, ...members()]);
const last = (...more) => pack([...members(), ...more]);
const changed = (name, change) =>
  pack(members().map((m) => (m.name === name ? { ...m, ...change(m) } : m)));
const checkpoint = (change) => changed('checkpoint', () => change);
const oneByte = latin('x');

const names = {
  'that goes up': '../x',
  'that goes up from a folder': 'a/../x',
  'from the root': '/x',
  'with an empty part': 'a//x',
  'that ends in a slash': 'a/',
  'of this folder': './x',
  'that is hidden': '.x',
  'that is hidden in a folder': 'a/.x',
  'with a space': 'a b',
  'with a control character': 'a\x1fb',
  'with a character above ASCII': 'a\xe9',
  'with DEL': 'a\x7f',
  'of 100 bytes': 'a'.repeat(100),
};
const kinds = {
  'a hard link': '1',
  'a symbolic link': '2',
  'a device': '3',
  'a folder': '5',
  'a pipe': '6',
  'a header of pax': 'x',
  'a global header of pax': 'g',
  'a long name of GNU': 'L',
  'a file of no stated kind': '\0',
};

const forms = {
  'nothing': () => zeros(0),
  'no file': () => end,
  'a header cut': () => whole().subarray(0, 300),
  'a file cut': () => whole().subarray(0, BLOCK + 1),
  'the last byte missing': () => whole().subarray(0, -1),
  'the end missing': () => whole().subarray(0, -2 * BLOCK),
  'half of the end missing': () => whole().subarray(0, -BLOCK),
  'a byte after the end': () => concat(whole(), zeros(1)),
  'a block after the end': () => concat(whole(), zeros(BLOCK)),
  'another archive after the end': () => concat(whole(), whole()),
  'something in the end': () => pack(members(), concat(zeros(2 * BLOCK - 1), oneByte)),
  'a wrong sum': () => checkpoint({ after: { 148: '000000' } }),
  'something after the bytes': () =>
    changed('checkpoint', ({ bytes }) => {
      const pad = zeros(-bytes.length & (BLOCK - 1));
      pad[pad.length - 1] = 1;
      return { pad };
    }),
  'no room after the bytes': () => checkpoint({ pad: zeros(0) }),
  'a name twice': () => pack(members().flatMap((m) => (m.name === 'checkpoint' ? [m, m] : [m]))),
  'a name twice with other bytes': () =>
    pack(members().flatMap((m) => (m.name === 'checkpoint' ? [m, { ...m, bytes: oneByte }] : [m]))),
  'files in another order': () => pack(members().reverse()),
  'a length that is not octal': () => checkpoint({ fields: { 124: '00000000008' } }),
  'a length with spaces': () => checkpoint({ fields: { 124: '          1' } }),
  'a length in base 256': () => checkpoint({ fields: { 124: '\x80' } }),
  'a length beyond the archive': () => checkpoint({ fields: { 124: '00000777777' } }),
  'a length of most bits': () => checkpoint({ fields: { 124: '77777777777' } }),
  'a file over 64 MiB': () => last({ name: 'x', bytes: zeros(2 ** 26 + 1) }),
  'another mode': () => checkpoint({ fields: { 100: '0000755' } }),
  'an owner': () => checkpoint({ fields: { 108: '0001750' } }),
  'a group': () => checkpoint({ fields: { 116: '0001750' } }),
  'a time': () => checkpoint({ fields: { 136: '14747500000' } }),
  'the target of a link': () => checkpoint({ fields: { 157: 'manifest.json' } }),
  'the magic of GNU': () => checkpoint({ fields: { 257: 'ustar  ' } }),
  "an owner's name": () => checkpoint({ fields: { 265: 'root' } }),
  'a prefix of the name': () => checkpoint({ fields: { 345: '..' } }),
  'something after the header': () => checkpoint({ fields: { 511: 'x' } }),
  'something after the name': () => checkpoint({ fields: { 90: 'x' } }),
};

const refused = [
  ...Object.entries(forms).map(([name, make]) => ({ name, make })),
  ...Object.entries(names).map(([name, path]) => ({
    name: `a name ${name}`,
    make: () => (path < 'checkpoint' ? first : last)({ name: path, bytes: oneByte }),
  })),
  {
    name: 'a file that is a folder too',
    make: () => last({ name: 'x', bytes: oneByte }, { name: 'x/y/z', bytes: oneByte }),
  },
  {
    name: 'a file that is a folder too, another between them',
    make: () => last({ name: 'x', bytes: oneByte }, { name: 'x!', bytes: oneByte }, { name: 'x/y', bytes: oneByte }),
  },
  { name: 'a file without a name', make: () => first({ name: '', bytes: oneByte }) },
  ...Object.entries(kinds).map(([name, kind]) => ({
    name,
    make: () => last({ name: 'x', fields: { 156: kind, 157: 'checkpoint' } }),
  })),
];

// [{ name, code, make }]; code: null of an archive that holds.
export const archives = [
  { name: 'an archive', code: null, make: whole },
  ...refused.map((a) => ({ ...a, name: `an archive: ${a.name}`, code: 'files.archive' })),
];
// The maker of these makes what the program makes.
export const sameAsWritten = () => [whole(), writeArchive(at('begun').fileList())];
