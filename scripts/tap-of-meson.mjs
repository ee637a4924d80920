// Every test case of a meson test log (testlog.json) as one TAP stream, each named by its test and
// its own name. A test without TAP is one case; one that ends badly without a "not ok" is a failed one.
import { readFileSync } from 'node:fs';

let n = 0;
const say = (ok, name, note = '') => console.log(`${ok ? 'ok' : 'not ok'} ${++n} - ${name}${note}`);
const show = (text) => text.trim().split('\n').slice(-12).forEach((l) => console.log(`#   ${l}`));

for (const line of readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  const test = JSON.parse(line);
  const name = test.name.replace(/^.* \/ /, '');
  const out = test.stdout || '';
  const cases = [...out.matchAll(/^(ok|not ok)\b\s*(\d*)\s*-?\s*(.*)$/gm)];
  const good = /^(OK|EXPECTEDFAIL)$/.test(test.result);
  if (test.result === 'SKIP') {
    say(true, name, ' # SKIP');
    continue;
  }
  for (const [, verdict, , what] of cases) {
    say(verdict === 'ok', `${name}: ${what}`);
    if (verdict !== 'ok') show(`${out}\n${test.stderr || ''}`);
  }
  const refused = cases.some(([, verdict]) => verdict === 'not ok');
  if (!cases.length || (!good && !refused)) {
    say(good, name);
    if (!good) show(`${test.result}\n${out}\n${test.stderr || ''}`);
  }
}
console.log(`1..${n}`);
