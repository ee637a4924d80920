// Hashes, the transcript, the stream. spec: P-1, P-4..P-8
import { sha256 as sha256Noble, sha512 as sha512Noble } from '@noble/hashes/sha2';
import { ascii, concat, u64, u8 } from './bytes.js';

export const SUITE = 'tapat-v1-ristretto255-sha512';

export const sha256 = (...parts) => {
  const h = sha256Noble.create();
  for (const p of parts) h.update(p);
  return h.digest();
};
export const sha512 = (...parts) => sha512Noble(concat(...parts));

const frameHead = (kind, label, length) =>
  concat(u8(kind), u8(label.length), ascii(label), u64(length));

// A running SHA-512 over frames; the suite and the domain come first. spec: P-4..P-6
export class Transcript {
  constructor(domain) {
    this.h = sha512Noble.create();
    this.item('suite', ascii(SUITE)).item('domain', ascii(domain));
  }
  item(label, data) {
    this.h.update(frameHead(0, label, data.length)).update(data);
    return this;
  }
  number(label, value) {
    return this.item(label, u64(value));
  }
  // 64 bytes; the hash goes on. spec: P-5
  challenge(label) {
    this.h.update(frameHead(1, label, 0));
    return this.h.clone().digest();
  }
}

// Blocks of 64 bytes under a key of 64. spec: P-8
export const streamBlock = (key, index) => sha512(key, u64(index));
