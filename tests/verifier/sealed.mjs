// Opens libsodium's sealed box, from the papers: X25519, HSalsa20, XSalsa20, Poly1305. For tests.
// spec: X-7
import { x25519 } from '@noble/curves/ed25519';
import { blake2b } from '@noble/hashes/blake2';

const words = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
};
const bytesOf = (list) => {
  const out = new Uint8Array(4 * list.length),
    view = new DataView(out.buffer);
  list.forEach((w, i) => view.setUint32(4 * i, w >>> 0, true));
  return out;
};
const left = (x, n) => (x << n) | (x >>> (32 - n));
const QUARTERS = [
  [0, 4, 8, 12], [5, 9, 13, 1], [10, 14, 2, 6], [15, 3, 7, 11],
  [0, 1, 2, 3], [5, 6, 7, 4], [10, 11, 8, 9], [15, 12, 13, 14],
];
function rounds(state) {
  const x = [...state];
  for (let i = 0; i < 10; i++)
    for (const [a, b, c, d] of QUARTERS) {
      x[b] ^= left((x[a] + x[d]) | 0, 7);
      x[c] ^= left((x[b] + x[a]) | 0, 9);
      x[d] ^= left((x[c] + x[b]) | 0, 13);
      x[a] ^= left((x[d] + x[c]) | 0, 18);
    }
  return x;
}
const CONSTANTS = words(new TextEncoder().encode('expand 32-byte k'));
function initial(key, input) {
  const [k, n] = [words(key), words(input)];
  return [CONSTANTS[0], ...k.slice(0, 4), CONSTANTS[1], ...n, CONSTANTS[2], ...k.slice(4), CONSTANTS[3]];
}
function hsalsa20(key, input) {
  const x = rounds(initial(key, input));
  return bytesOf([0, 5, 10, 15, 6, 7, 8, 9].map((i) => x[i]));
}
function salsa20(key, nonce, length) {
  const out = new Uint8Array(64 * Math.ceil(length / 64));
  for (let block = 0; 64 * block < length; block++) {
    const state = initial(key, Uint8Array.of(...nonce, ...bytesOf([block, 0])));
    out.set(bytesOf(rounds(state).map((x, i) => (x + state[i]) | 0)), 64 * block);
  }
  return out.subarray(0, length);
}
const number = (bytes) => bytes.reduceRight((n, x) => (n << 8n) | BigInt(x), 0n);
function poly1305(key, message) {
  const r = number(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let i = 0; i < message.length; i += 16) {
    const block = message.subarray(i, i + 16);
    sum = ((sum + number(block) + (1n << BigInt(8 * block.length))) * r) % (2n ** 130n - 5n);
  }
  return Uint8Array.from({ length: 16 }, (_, i) =>
    Number(((sum + number(key.subarray(16))) >> BigInt(8 * i)) & 255n),
  );
}

// The contents, or null if the tag does not fit.
export function openSealed(box, secret, publicKey) {
  const ephemeral = box.subarray(0, 32),
    tag = box.subarray(32, 48),
    sealed = box.subarray(48);
  const nonce = blake2b(Uint8Array.of(...ephemeral, ...publicKey), { dkLen: 24 });
  const shared = hsalsa20(x25519.getSharedSecret(secret, ephemeral), new Uint8Array(16));
  const key = hsalsa20(shared, nonce.subarray(0, 16));
  const stream = salsa20(key, nonce.subarray(16), 32 + sealed.length);
  const fits = poly1305(stream.subarray(0, 32), sealed).every((x, i) => x === tag[i]);
  return fits ? sealed.map((x, i) => x ^ stream[32 + i]) : null;
}
