// Bytes as text.

export function toHex(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

// null unless the text is an even number of lower-case hex digits (of `length` bytes, if given).
export function fromHex(text, length) {
  if (typeof text !== 'string' || !/^([0-9a-f]{2})*$/.test(text)) return null;
  if (length !== undefined && text.length !== 2 * length) return null;
  return Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
}

export function same(a, b) {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
