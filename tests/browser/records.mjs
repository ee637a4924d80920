// Real records for the tests of the verifying page: made by the program, changed in memory, and served
// the way any web server would.

import { execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

import { CSP, build, root } from './double.mjs';

export const tapat = path.join(build, 'tapat');

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.svg': 'image/svg+xml', '.wasm': 'application/wasm',
};

// A finished election of N test voters on the real ballot; gives the folder that holds record/.
export function makeRecord(voters) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tapat-record-'));
  execFileSync(path.join(root, 'bench/electorate'), [String(voters), dir], { stdio: 'ignore' });
  return dir;
}

export function readFolder(folder, under = '') {
  const files = new Map();
  for (const e of fs.readdirSync(path.join(folder, under), { withFileTypes: true })) {
    const name = under ? `${under}/${e.name}` : e.name;
    if (e.isDirectory()) for (const [k, v] of readFolder(folder, name)) files.set(k, v);
    else files.set(name, fs.readFileSync(path.join(folder, name)));
  }
  return files;
}

export function writeFolder(folder, files) {
  fs.rmSync(folder, { recursive: true, force: true });
  for (const [name, bytes] of files) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), bytes);
  }
}

// What `tapat verify --json` says of the folder.
export function nativeReport(folder, ...more) {
  return JSON.parse(spawnSync(tapat, ['verify', folder, '--json', '--threads', '2', ...more], { encoding: 'utf8' }).stdout);
}

const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

// Pages of the product and a record under /board. isolated: with the headers that let workers share memory.
export class RecordServer {
  constructor(files, { isolated = true } = {}) {
    this.files = files;
    this.isolated = isolated;
    this.requests = [];
  }

  answer(url) {
    const manifest = this.manifest || this.files.get('manifest.json');
    const name = url === '/' ? 'index.html' : url.includes('.') ? url.slice(1) : `${url.slice(1)}.html`;
    if (url.startsWith('/board/')) return this.files.get(url.slice(7)) || null;
    if (url === '/api/manifest') return manifest;
    if (url === '/api/results') return this.files.get('results.json') || null;
    if (url === '/api/election') {
      const m = JSON.parse(manifest);
      return Buffer.from(JSON.stringify({
        fingerprint: sha256(manifest), title: Object.values(m.title)[0], test: m.test, phase: 'published', time: 0,
        board: { size: 1, batches: 1, batch_interval_s: 1 }, keys: false,
      }));
    }
    for (const dir of [path.join(root, 'web'), path.join(build, 'web')]) {
      const full = path.join(dir, name);
      if (/^[a-z0-9-]+\.[a-z]+$/.test(name) && fs.existsSync(full)) return fs.readFileSync(full);
    }
    return null;
  }

  handle(request, response) {
    const url = request.url.replace(/\?.*/, '');
    const found = this.answer(url);
    this.requests.push(url);
    response.writeHead(found ? 200 : 404, {
      'content-type': types[path.extname(url)] || (url.startsWith('/board/') || url.startsWith('/api/') ? 'application/octet-stream' : types['.html']),
      'content-security-policy': CSP,
      'x-content-type-options': 'nosniff',
      ...(this.isolated ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' } : {}),
      'cache-control': 'no-store',
    });
    response.end(found || 'not here');
  }

  async start() {
    this.server = http.createServer((q, r) => this.handle(q, r));
    await new Promise((done) => { this.server.listen(0, '127.0.0.1', done); });
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

// What the page says: [{ check, verdict, code }], once it has an outcome.
export async function pageReport(page, timeout = 120000) {
  await page.locator('#outcome, main .notice.bad').first().waitFor({ timeout });
  return page.locator('.checks [data-check]').evaluateAll((list) => list.map((li) => ({
    check: li.dataset.check,
    verdict: li.classList.contains('good') ? 'ok' : li.classList.contains('bad') ? 'FAIL' : 'not yet',
    code: li.querySelector('.fault code')?.textContent,
    where: li.querySelector('.fault')?.textContent,
    detail: li.querySelector('.hint').textContent,
  })));
}
