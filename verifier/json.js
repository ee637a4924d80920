// A strict reader of JSON (RFC 8259). Objects become Maps. Refused: duplicate members, U+0000, lone
// surrogates, a byte order mark, anything after the value, a value that is neither object nor list,
// numbers that are no integers. spec: M-1, M-3
import { Fault } from './bytes.js';

const MAX_DEPTH = 2048; // of values, the outermost one counted

class Text {
  constructor(text) {
    this.s = text;
    this.at = 0;
  }
  fail(code = 'manifest.json') {
    const line = this.s.slice(0, this.at).split('\n').length;
    throw new Fault(code, `line ${line}`);
  }
  space() {
    while (/[ \t\n\r]/.test(this.s[this.at] ?? '')) this.at++;
  }
  eat(c) {
    this.space();
    if (this.s[this.at] !== c) return false;
    this.at++;
    return true;
  }
  must(c) {
    if (!this.eat(c)) this.fail();
  }
  value(depth) {
    if (depth > MAX_DEPTH) this.fail();
    this.space();
    const c = this.s[this.at];
    if (c === '{') return this.object(depth);
    if (c === '[') return this.array(depth);
    if (c === '"') return this.string();
    for (const [word, v] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ])
      if (this.s.startsWith(word, this.at)) {
        this.at += word.length;
        return v;
      }
    return this.number();
  }
  object(depth) {
    const out = new Map();
    this.must('{');
    if (this.eat('}')) return out;
    do {
      this.space();
      const name = this.string();
      if (out.has(name)) this.fail();
      this.must(':');
      out.set(name, this.value(depth + 1));
    } while (this.eat(','));
    this.must('}');
    return out;
  }
  array(depth) {
    const out = [];
    this.must('[');
    if (this.eat(']')) return out;
    do out.push(this.value(depth + 1));
    while (this.eat(','));
    this.must(']');
    return out;
  }
  string() {
    this.must('"');
    let out = '';
    for (;;) {
      const c = this.s[this.at++];
      if (c === undefined || c < ' ') this.fail();
      if (c === '"') break;
      out += c === '\\' ? this.escape() : c;
    }
    if (/\u0000/.test(out)) this.fail();
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(out))
      this.fail();
    return out;
  }
  escape() {
    const c = this.s[this.at++];
    const plain = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
    if (c in plain) return plain[c];
    const code = this.s.slice(this.at, this.at + 4);
    if (c !== 'u' || !/^[0-9a-fA-F]{4}$/.test(code)) this.fail();
    this.at += 4;
    return String.fromCharCode(parseInt(code, 16));
  }
  // An integer is a number; a number with fraction or exponent is { real } for the schema to
  // refuse.
  number() {
    const form = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
    form.lastIndex = this.at;
    const m = form.exec(this.s);
    if (!m) this.fail();
    this.at += m[0].length;
    if (m[2] || m[3]) {
      if (!Number.isFinite(Number(m[0]))) this.fail();
      return { real: m[0] };
    }
    if (m[0].length > 20) this.fail();
    const big = BigInt(m[0]);
    if (big >= 2n ** 63n || big < -(2n ** 63n)) this.fail();
    return Number(big);
  }
}

export function parseJson(bytes) {
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Fault('manifest.json', 'UTF-8');
  }
  const t = new Text(text);
  t.space();
  if (!'{['.includes(text[t.at] ?? ' ')) t.fail();
  const v = t.value(1);
  t.space();
  if (t.at !== text.length) t.fail();
  return v;
}
