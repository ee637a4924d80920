// Texts of the pages: catalogues compiled from i18n/*.po, chosen by ?lang=, else by the browser's
// own setting. Nothing is remembered on the device: links carry the choice.

export const languages = [
  { code: 'en', name: 'English', dir: 'ltr', locale: 'en-PH' },
  { code: 'fil', name: 'Filipino', dir: 'ltr', locale: 'fil-PH' },
];

let current = languages[0];
let catalog = {};
let plural = (n) => (n === 1 ? 0 : 1);

export function language() {
  return current.code;
}

function known(code) {
  const primary = String(code).toLowerCase().split('-')[0];
  return languages.find((l) => l.code === (primary === 'tl' ? 'fil' : primary));
}

function preferred() {
  const asked = known(new URLSearchParams(location.search).get('lang'));
  if (asked) return asked;
  for (const tag of navigator.languages || []) if (known(tag)) return known(tag);
  return languages[0];
}

export async function useLanguage(code) {
  const next = code ? known(code) : preferred();
  const answer = await fetch(`/${next.code}.json`, { credentials: 'omit' });
  catalog = await answer.json();
  plural = pluralRule(catalog[''].plural);
  current = next;
  document.documentElement.lang = next.code;
  document.documentElement.dir = next.dir;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    if (!values || !(name in values)) return whole;
    const v = values[name];
    return typeof v === 'number' ? number(v) : String(v);
  });
}

export function has(id) {
  return typeof catalog[id] === 'string';
}

export function t(id, values) {
  return typeof catalog[id] === 'string' ? fill(catalog[id], values) : id;
}

// The plural form for `count`, which the text may also name as {n}.
export function tn(id, count, values) {
  const forms = catalog[id];
  if (!Array.isArray(forms)) return id;
  const form = forms[Math.min(Number(plural(count)), forms.length - 1)];
  return fill(form, { n: count, ...values });
}

export function number(n) {
  return new Intl.NumberFormat(current.locale).format(n);
}

function clock(seconds, extra) {
  const shape = { year: 'numeric', month: 'long', day: 'numeric', hour: 'numeric', minute: '2-digit' };
  return new Intl.DateTimeFormat(current.locale, { ...shape, ...extra }).format(new Date(seconds * 1000));
}

// By the device's own clock, with its distance from UTC: names of zones in three letters mean
// several. Older browsers write no distance.
function ownTime(seconds) {
  try {
    return clock(seconds, { timeZoneName: 'shortOffset' });
  } catch {
    return clock(seconds, { timeZoneName: 'short' });
  }
}

// In the zone that is named; without one, by the device's clock.
export function dateTime(seconds, zone) {
  if (!zone) return ownTime(seconds);
  try {
    return t('time.in-zone', { time: clock(seconds, { timeZone: zone }), zone });
  } catch {
    return ownTime(seconds);
  }
}

// Of the election, and also by the device's clock where that shows another time.
export function deadline(seconds, zone) {
  let time;
  try {
    time = clock(seconds, { timeZone: zone });
  } catch {
    return ownTime(seconds);
  }
  return t(time === clock(seconds) ? 'time.in-zone' : 'time.in-both', { time, zone, own: ownTime(seconds) });
}

// A text of the manifest: one string, or one per language.
export function words(text) {
  if (text && typeof text === 'object') {
    return String(text[current.code] ?? text.en ?? Object.values(text)[0] ?? '');
  }
  return String(text ?? '');
}

// The expression of a Plural-Forms header (gettext manual, 11.2.6) as a function of n. The grammar
// is C's: ?: || && == != < <= > >= % and parentheses, over n and decimal numbers.
export function pluralRule(expression) {
  const tokens = expression.match(/\d+|n|[?:()%]|\|\||&&|[=!<>]=|[<>]/g) || [];
  let at = 0;
  const take = (token) => tokens[at] === token && (at += 1) > 0;
  const levels = [
    { '||': (a, b) => a || b },
    { '&&': (a, b) => a && b },
    { '==': (a, b) => a === b, '!=': (a, b) => a !== b },
    { '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b },
    { '%': (a, b) => a % b },
  ];
  function atom() {
    const token = tokens[at++];
    if (token === 'n') return (n) => n;
    if (token === '(') {
      const inner = choice();
      take(')');
      return inner;
    }
    return () => Number(token);
  }
  function binary(level) {
    if (level === levels.length) return atom();
    let left = binary(level + 1);
    for (let op = levels[level][tokens[at]]; op; op = levels[level][tokens[at]]) {
      at += 1;
      const [a, b, apply] = [left, binary(level + 1), op];
      left = (n) => Number(apply(a(n), b(n)));
    }
    return left;
  }
  function choice() {
    const condition = binary(0);
    if (!take('?')) return condition;
    const yes = choice();
    take(':');
    const no = choice();
    return (n) => (condition(n) ? yes(n) : no(n));
  }
  return choice();
}
