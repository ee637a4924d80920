// Encrypting and proving the real ballot (12 of 66 and 1 of 155) in Chromium, with build/web/tapat.wasm: as it is and
// with the processor slowed sixfold, on the page's own thread and in a worker. Beside each a loop of plain JavaScript,
// which shows whether the slowing reached that thread. usage: node bench/page.mjs [RUNS]

import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';

import { launch } from '../tests/browser/browser.mjs';
import { build, root } from '../tests/browser/double.mjs';

const runs = Number(process.argv[2] || 9);
const wasm = fs.readFileSync(path.join(build, 'web/tapat.wasm'));
const v = JSON.parse(fs.readFileSync(path.join(root, 'spec/vectors/voter.json'), 'utf8'));

// Runs in the page and in the worker alike.
const work = `
import { Core } from './wasm.js';
const bytes = (hex) => Uint8Array.from(hex.match(/../g), (x) => parseInt(x, 16));
const clock = (fn) => { const start = performance.now(); fn(); return performance.now() - start; };
function loop() { let x = 1; for (let i = 0; i < 5e6; i += 1) x = (x * 48271) % 2147483647; return x; }
export async function measure(v, runs) {
  const module = await WebAssembly.compile(await (await fetch('/tapat.wasm')).arrayBuffer());
  const core = new Core(module);
  const points = (n) => { // any valid points will do as keys
    const all = bytes(v.y), out = new Uint8Array(32 * n);
    for (let i = 0; i < n; i += 1) out.set(all.subarray(32 * (i % 5), 32 * (i % 5) + 32), 32 * i);
    return out;
  };
  const style = { style: 0, fingerprint: bytes(v.fingerprint), digest: bytes(v.key_digest), contests: [
    { index: 0, n: 66, a: 0, b: 12, y: points(33) }, { index: 1, n: 155, a: 0, b: 1, y: points(78) }] };
  const voter = { secret: new Uint8Array(32).fill(1), key: bytes(v.credential), unit: 0, sequence: 1, previous: new Uint8Array(32) };
  const choices = new Uint8Array(66 + 155);
  for (let i = 0; i < 12; i += 1) choices[5 * i] = 1;
  choices[66 + 50] = 1;
  const seal = [], plain = [];
  let size = 0;
  for (let i = 0; i < runs; i += 1) {
    const random = crypto.getRandomValues(new Uint8Array(32));
    seal.push(clock(() => { size = core.seal(style, voter, choices, random).length; }));
    plain.push(clock(loop));
  }
  return { seal, plain, size };
}`;
const worker = `import { measure } from './work.js';
onmessage = async (m) => postMessage(await measure(...m.data));`;

const files = {
  '/': ['text/html', '<!doctype html><title>bench</title>'],
  '/work.js': ['text/javascript', work],
  '/worker.js': ['text/javascript', worker],
  '/wasm.js': ['text/javascript', fs.readFileSync(path.join(root, 'web/wasm.js'))],
  '/tapat.wasm': ['application/wasm', wasm],
};
const server = http.createServer((request, response) => {
  const [type, body] = files[request.url] || ['text/plain', ''];
  response.writeHead(200, { 'content-type': type }).end(body);
}).listen(0, '127.0.0.1');
await new Promise((resolve) => { server.once('listening', resolve); });

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const inPage = (args) => import('/work.js').then((m) => m.measure(...args));
const inWorker = (args) => new Promise((resolve, reject) => {
  const w = new Worker('/worker.js', { type: 'module' });
  w.onmessage = (m) => resolve(m.data);
  w.onerror = reject;
  w.postMessage(args);
});

const browser = await launch();
const page = await browser.newPage();
const cdp = await page.context().newCDPSession(page);
await page.goto(`http://127.0.0.1:${server.address().port}/`);
console.log(`machine: ${os.cpus()[0].model}, ${os.cpus().length} processors, load ${os.loadavg()[0].toFixed(1)}; Chromium ${browser.version()}\n`);
console.log('| thread | slowed | ballot: median ms | least ms | plain loop: median ms |\n|---|---|---|---|---|');
let quick = 0; // the page's median, not slowed
for (const rate of [1, 6]) {
  await cdp.send('Emulation.setCPUThrottlingRate', { rate });
  for (const [where, run] of [['page', inPage], ['worker', inWorker]]) {
    const took = await page.evaluate(run, [v, runs]);
    console.log(`| ${where} | ${rate} times | ${median(took.seal).toFixed(0)} | ${Math.min(...took.seal).toFixed(0)} | ${median(took.plain).toFixed(0)} |`);
    quick ||= median(took.seal);
    if (took.size !== 11912) throw new Error(`a ballot of ${took.size} bytes`);
  }
}
console.log(`\nsix times the page's median as it is: ${(6 * quick).toFixed(0)} ms`);
console.log(`tapat.wasm: ${wasm.length} bytes, ${zlib.gzipSync(wasm, { level: 9 }).length} with gzip, ${zlib.brotliCompressSync(wasm).length} with brotli`);
await browser.close();
server.close();
