// What bench/browser-verify does with the record: serves pages and files from the disk, opens /verify, presses the
// button, and says every half minute where it is. The browser's memory is the sum over its processes.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { launch, open } from '../tests/browser/browser.mjs';
import { RecordServer, pageReport } from '../tests/browser/records.mjs';

const LIMIT_S = 6 * 3600;
const EVERY_MS = 30000;
const record = path.resolve(process.argv[2]);
const onDisk = { get: (name) => (fs.existsSync(path.join(record, name)) ? fs.readFileSync(path.join(record, name)) : undefined) };

// Resident memory of a process and all below it, in MiB.
function resident(pid) {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,rss='], { encoding: 'utf8' }).trim().split('\n').map((l) => l.trim().split(/\s+/).map(Number));
  const below = new Set([pid]);
  for (let grew = true; grew;) {
    grew = false;
    for (const [p, parent] of rows) if (below.has(parent) && !below.has(p)) grew = Boolean(below.add(p));
  }
  return rows.filter(([p]) => below.has(p) && p !== pid).reduce((a, [, , rss]) => a + rss, 0) / 1024;
}

console.log(`machine: ${os.cpus()[0].model}, ${os.cpus().length} processors, load ${os.loadavg()[0].toFixed(1)}`);
const server = await new RecordServer(onDisk).start();
server.manifest = onDisk.get('manifest.json');
const browser = await launch();
const { page } = await open(browser);
await page.goto(`${server.url}/verify`);
console.log(await page.evaluate(() => navigator.userAgent));
const began = Date.now();
let peak = 0;
const look = setInterval(() => { peak = Math.max(peak, resident(process.pid)); }, 5000);
const tell = setInterval(async () => {
  const text = await page.locator('#progress-text').textContent({ timeout: 1000 }).catch(() => '');
  console.log(`${Math.round((Date.now() - began) / 1000)} s: ${text}`);
}, EVERY_MS);
await page.locator('.drop button.primary').click();
const checks = await pageReport(page, 1000 * LIMIT_S);
clearInterval(look);
clearInterval(tell);
for (const c of checks) console.log(`${c.verdict} ${c.detail}${c.where ?? ''}`);
console.log(await page.locator('#rate').innerText().catch(() => 'no report'));
console.log(`peak of the browser's memory, all processes: ${Math.round(peak)} MiB`);
process.exitCode = checks.length && checks.every((c) => c.verdict === 'ok') ? 0 : 1;
await browser.close();
server.stop();
