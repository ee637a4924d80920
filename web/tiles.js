// Entry bundles of the board (C2SP tlog-tiles): 256 entries each, every one with a 16-bit length.

export const BUNDLE = 256;

// "x001/x234/067" for 1234067, with ".p/W" for a tile that holds W of so far `size` things.
export function tilePath(level, index, size) {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0').match(/.../g);
  const name = digits.map((d, i) => (i + 1 < digits.length ? `x${d}` : d)).join('/');
  const held = Math.min(BUNDLE, size - index * BUNDLE);
  return `tile/${level}/${name}${held < BUNDLE ? `.p/${held}` : ''}`;
}

export function bundlePath(index, size) {
  return `/board/${tilePath('entries', index, size)}`;
}

// null if the bundle does not parse.
export function readBundle(bytes) {
  const entries = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 2 > bytes.length) return null;
    const len = bytes[at] * 256 + bytes[at + 1];
    at += 2;
    if (at + len > bytes.length) return null;
    entries.push(bytes.subarray(at, at + len));
    at += len;
  }
  return entries;
}

// get: path -> bytes. The bundle may have grown since the checkpoint: its full form is tried too.
export async function bundle(get, index, size) {
  const path = bundlePath(index, size);
  try {
    return readBundle(await get(path));
  } catch (e) {
    if (!path.includes('.p/') || e.status !== 404) throw e;
    return readBundle(await get(path.slice(0, path.indexOf('.p/'))));
  }
}

export async function entryAt(get, leaf, size) {
  const entries = await bundle(get, Math.floor(leaf / BUNDLE), size);
  return entries && entries[leaf % BUNDLE];
}
