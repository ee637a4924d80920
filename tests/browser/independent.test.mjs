// The independent verifier as a page (verifier/index.html), served as plain files: an archive and a
// folder of a published record, and one with a byte changed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import AxeBuilder from '@axe-core/playwright';

import { writeArchive } from '../../verifier/archive.js';
import { unhex } from '../../verifier/bytes.js';
import { archives } from '../records/archives.mjs';
import { writeFolder } from '../records/folder.mjs';
import { drop, launch, open } from './browser.mjs';

const root = new URL('../../', import.meta.url).pathname;
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const { report, files } = JSON.parse(fs.readFileSync(path.join(root, 'spec/vectors/record.json')));
const record = new Map(Object.entries(files).map(([name, text]) => [name, unhex(text)]));

const refusedWhenDropped = /: (a name that goes up|a symbolic link|a wrong sum|a name twice|a file cut|a byte after the end)$/;

test('an archive, a folder, and what is refused', async (t) => {
  const server = http.createServer((q, r) => {
    const name = q.url === '/' ? '/index.html' : q.url;
    const at = name.startsWith('/node_modules/') ? path.join(root, name) : path.join(root, 'verifier', name);
    const found = !name.includes('..') && fs.existsSync(at);
    r.writeHead(found ? 200 : 404, { 'content-type': types[path.extname(name)] ?? 'text/plain' });
    r.end(found ? fs.readFileSync(at) : '');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const browser = await launch();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'independent-'));
  t.after(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  const { page, seen } = await open(browser);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const lines = async () => {
    await page.locator('#outcome:not([hidden])').waitFor({ timeout: 120000 });
    return page.locator('#checks li').allTextContents();
  };
  const want = report.checks.map((c) => `${c.verdict} \u2014 ${c.check}: ${c.detail}`);
  const tar = (bytes) => ({ name: 'record.tar', mimeType: 'application/x-tar', buffer: Buffer.from(bytes) });
  await page.locator('#archive').setInputFiles(tar(writeArchive(record)));
  assert.deepEqual(await lines(), want);
  assert.match(await page.locator('#verdict').innerText(), /^Verified/);
  assert.deepEqual((await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id), []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));

  await page.getByRole('button', { name: 'Filipino' }).click();
  assert.match(await page.locator('#verdict').innerText(), /^Nasuri: tama/);
  assert.equal(await page.getByText('What is checked').isVisible(), false);
  await page.getByRole('heading', { name: 'Ang sinusuri' }).waitFor();
  assert.deepEqual((await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id), []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await page.getByRole('button', { name: 'English' }).click();

  await page.locator('#known').fill('0'.repeat(64));
  writeFolder(dir, record);
  await page.locator('#folder').setInputFiles(dir);
  assert.match((await lines()).join(), /FAIL \u2014 manifest: manifest.fingerprint/);
  await page.locator('#known').fill(report.fingerprint);
  await page.locator('#folder').setInputFiles(dir);
  assert.deepEqual(await lines(), want);

  const changed = writeArchive(record).map((x, i) => (i === 110 ? x ^ 1 : x));
  await page.locator('#archive').setInputFiles(tar(changed));
  assert.deepEqual(await lines(), ['FAIL \u2014 files: files.archive ']);
  assert.equal(await page.locator('#verdict').innerText(), 'Not verified.');

  const dropped = path.join(dir, 'dropped.tar');
  fs.writeFileSync(dropped, writeArchive(record));
  await drop(page, '#archive', dropped);
  await page.locator('#verdict', { hasText: /^Verified/ }).waitFor({ timeout: 120000 });
  for (const { name, make } of archives.filter((a) => refusedWhenDropped.test(a.name))) {
    fs.writeFileSync(dropped, make());
    await page.evaluate(() => document.getElementById('checks').replaceChildren());
    await drop(page, '#archive', dropped);
    await page.locator('#checks li').waitFor();
    assert.deepEqual(await lines(), ['FAIL \u2014 files: files.archive '], name);
  }
  assert.deepEqual(seen.problems, []);
});
