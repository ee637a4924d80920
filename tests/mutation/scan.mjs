// Finds the checks of a source file and rewrites it so that each of them can be switched off by a
// number. Knows C as clang-format writes it and JavaScript as prettier does; it looks at brackets,
// not at meaning.
//
//   if (A || B) refuse;       each of A, B            site(n, A)
//   err = call(x);            the call's verdict      site(n, call(x))
//   return A && B;            each of A, B            site(n, A)
//   refuse;                   the refusal itself      if (site(n)) refuse;

// The text with every character of comments, strings and patterns made a space, in place.
export function blank(text, language) {
  const out = [...text];
  const wipe = (from, to) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  const end = (i, quote) => {
    for (i++; text[i] !== quote; i++) if (text[i] === '\\') i++;
    return i;
  };
  for (let i = 0; i < text.length; i++) {
    const two = text.slice(i, i + 2);
    if (two === '//' || two === '/*') {
      const stop = two === '//' ? text.indexOf('\n', i) : text.indexOf('*/', i) + 2;
      wipe(i, stop);
      i = stop - 1;
    } else if (text[i] === '"' || text[i] === "'" || text[i] === '`') {
      const stop = end(i, text[i]);
      wipe(i + 1, stop);
      i = stop;
    } else if (language === 'js' && text[i] === '/') {
      if (!/([(,=:[!&|?{};]|=>|return)\s*$/.test(out.slice(Math.max(0, i - 20), i).join('')))
        continue;
      let stop = i + 1;
      for (let inside = false; text[stop] !== '/' || inside; stop++) {
        if (text[stop] === '\\') stop++;
        else if (text[stop] === '[') inside = true;
        else if (text[stop] === ']') inside = false;
      }
      wipe(i + 1, stop);
      i = stop;
    }
  }
  return out.join('');
}

const closing = { '(': ')', '[': ']', '{': '}' };
// The place of the bracket that closes the one at i.
export function match(b, i) {
  for (let depth = 0, at = i; at < b.length; at++) {
    if (b[at] in closing) depth++;
    else if (')]}'.includes(b[at]) && --depth === 0) return at;
  }
  throw new Error(`no closing bracket: ${b.slice(i, i + 60)}`);
}
// Where `mark` stands between from and to outside all brackets.
export function tops(b, from, to, mark) {
  const found = [];
  for (let i = from; i < to; i++) {
    if (b[i] in closing) i = match(b, i);
    else if (b.startsWith(mark, i)) found.push(i);
  }
  return found;
}
// The parts of an expression between operators.
export function parts(b, from, to, operator) {
  const cuts = tops(b, from, to, operator);
  const starts = [from, ...cuts.map((c) => c + operator.length)];
  return starts.map((s, i) => [s, cuts[i] ?? to]).map(([s, t]) => trim(b, s, t));
}
function trim(b, from, to) {
  while (/\s/.test(b[from])) from++;
  while (/\s/.test(b[to - 1])) to--;
  return [from, to];
}
// The end of the statement at i, one past its semicolon or brace.
export function statementEnd(b, i) {
  if (b[i] === '{') return match(b, i) + 1;
  const head = /^(if|for|while)\b[^(]*\(/.exec(b.slice(i, i + 40));
  if (head) return statementEnd(b, skip(b, match(b, i + head[0].length - 1) + 1));
  return tops(b, i, b.length, ';')[0] + 1;
}
export function skip(b, i) {
  while (/\s/.test(b[i])) i++;
  return i;
}
// Is what stands at i the first of a statement that nothing governs but an enclosing block or label?
export const free = (b, i) => /[;{}:]\s*$/.test(b.slice(Math.max(0, i - 200), i));

// All ifs: { at, from, to (of the condition), then, end (of the statement) }.
export function* ifs(b) {
  for (const m of b.matchAll(/\bif \(/g)) {
    const open = m.index + 3,
      close = match(b, open),
      then = skip(b, close + 1);
    yield { at: m.index, from: open + 1, to: close, then, end: statementEnd(b, then) };
  }
}

// sites: [{ from, to, open, close, ... }], which nest or are apart; the text with all of them put in.
export function rewrite(text, sites) {
  const marks = sites.flatMap((s, i) => [
    { at: s.from, text: s.open, close: 0, order: -s.to, i },
    { at: s.to, text: s.close, close: 1, order: -s.from, i: -i },
  ]);
  marks.sort((x, y) => x.at - y.at || y.close - x.close || x.order - y.order || x.i - y.i);
  let out = '',
    last = 0;
  for (const m of marks) {
    out += text.slice(last, m.at) + m.text;
    last = m.at;
  }
  return out + text.slice(last);
}

// The name by which a site is known: what it says, with a number if a function says it twice.
export function nameSites(file, text, sites) {
  const seen = new Map();
  for (const s of sites) {
    const says = text.slice(s.from, s.to).replace(/\s+/g, ' ');
    const base = `${file} ${s.inside}: ${s.what ?? says}`;
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    s.name = count > 1 ? `${base} (${count})` : base;
    s.line = text.slice(0, s.from).split('\n').length;
  }
}
