// The leaves of node's nested TAP as one flat stream: a case that only holds others is not counted,
// unless it fails though all of them pass.
import { readFileSync } from 'node:fs';

let n = 0;
const open = []; // per depth: { failed } of the results since the last one of less depth
const say = (ok, name) => console.log(`${ok ? 'ok' : 'not ok'} ${++n} - ${name}`);
const all = readFileSync(process.argv[2], 'utf8').split('\n');

for (let i = 0; i < all.length; i++) {
  const result = /^( *)(ok|not ok) \d+(?: - )?(.*)$/.exec(all[i]);
  if (!result) continue;
  const depth = result[1].length / 4, ok = result[2] === 'ok';
  const inner = open[depth + 1];
  open.length = depth + 1;
  for (let d = 0; d <= depth; d++) open[d] ??= { failed: false };
  if (!ok) open[depth].failed = true;
  if (inner && (ok || inner.failed)) continue;
  say(ok, result[3]);
  for (let k = i + 1; !ok && k < i + 16 && k < all.length; k++) console.log(`#   ${all[k].trim()}`);
}
if (!n) console.log(all.slice(-15).map((l) => `# ${l}`).join('\n'));
console.log(`1..${n}`);
