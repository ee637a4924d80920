// The tampered records by what they show: each kind of entry, and each attack of the design that a
// record can hold. `node tests/records/list.mjs --list` prints a line a row: its name and its records.
// Attacks that no record can show (what a page, a server or a voter does) have tests of their own in
// tests/attacks/.
import { fileURLToPath } from 'node:url';

import { tampered } from './tampered.mjs';

const rows = {
  // kinds of entries: N-1
  MANIFEST: /^manifest: (entry 0|a second|its length)/,
  ACT: /^(act|approval|open|close|freeze|publish|exclusion)\b/,
  COMMIT: /^commit\b/,
  DEAL: /^deal\b/,
  COMPLAINT: /^complaint\b/,
  OPENING: /^(opening|after (a false|an) opening)/,
  CONFIRM: /^confirm\b/,
  LIVENESS: /^liveness\b/,
  REGISTRATIONS: /^registrations?\b/,
  CANCEL: /^cancel\b/,
  BALLOT: /^ballot\b/,
  BATCH: /^batch\b/,
  SHARES: /^shares\b/,
  // proofs and hashing
  A1: /^ballot: (sigma made to fit|another point than the bits say|C plus G)/,
  A3: /^shares: (too few are good|false for the key alone)/,
  A4: /^manifest: (another suite|suite)/,
  A6: /signed by (another|registrars|an officer)|the signature of another/,
  A8: /^ballot: a byte (less|more)|^deal: a share box too few|^opening: a share too few|^liveness: one proof too few/,
  A9: /^ballot: (a vote of|three of two)/,
  A10: /of another election/,
  A12: /^ballot: (the bits are not|the nonce of R|a response changed)/,
  // groups and encodings
  B1: /does not decode|that is no point/,
  B2: /identity/,
  B3: /^manifest: (another suite|suite)/,
  B5: /second encoding|a byte more|a member twice|base64|padding inside|with a zero before/,
  // secrecy of ballots
  C1: /^ballot: (proofs for another|the same bytes again|the same number again)/,
  C2: /^ballot: (the same bytes again|R is the identity)/,
  C3: /^aggregates: /,
  C4: /^freeze twice|^shares twice/,
  C5: /^close: before the closing time|^shares when closed|^freeze when open/,
  C6: /^open: other keys|^confirm of other keys|^approval of another manifest/,
  C7: /floor|^ballot: of another unit/,
  C12: /^ballots not sorted|^batch: back in time/,
  D6: /^aggregates: an? (excluded|cancelled) ballot/,
  // keys, trustees, decryption
  E1: /^deal: other than committed|^deal before all commits/,
  E2: /^deal: (possession is not proved|the proof of another dealer|the last one makes)/,
  E3: /^deal: a share box too few/,
  E4: /trustee 0|dealer 0|complainant 0|signer 0|registrar 0/,
  E5: /^after (a false|an) opening/,
  E6: /^shares: too few are good/,
  E7: /^manifest: all of n/,
  E8: /^liveness|^open: too few proved liveness/,
  E10: /^commit: signed by another trustee/,
  // board and verification
  F1: /^ballot: the same bytes again/,
  F2: /^cosignatures/,
  F5: /^ballot: (another predecessor|a gap in the numbers|the same number again|number)/,
  F6: /^batch: (a ballot left out|the log ends inside)/,
  F7: /^file: (an older checkpoint|a tile|an entry is changed)/,
  F8: /^two faults/,
  F9: /^ballot: (no such style|a style of another length|of another style)/,
  F16: /^registration twice|^reconciliation|^manifest: more voters/,
};

const names = tampered.map((t) => t.name.replace(/^ballot: ballot:/, 'ballot:'));
export const list = Object.entries(rows).map(([row, pattern]) => ({
  row,
  records: names.filter((name) => pattern.test(name)),
}));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] !== '--list') {
    console.error('usage: list.mjs --list');
    process.exit(2);
  }
  for (const { row, records } of list)
    console.log(`${row.padEnd(14)} ${records.length}\t${records.join('; ')}`);
  console.log(`${names.length} tampered records`);
}
