// The verifying page against `tapat verify`: the same record, the same verdict of every check, on an
// honest record and on tampered ones, also by a server that holds the log's key and signs its lies.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import AxeBuilder from '@axe-core/playwright';

import { archives } from '../records/archives.mjs';
import { drop, launch, open } from './browser.mjs';
import { RecordServer, makeRecord, nativeReport, pageReport, readFolder, tapat, writeFolder } from './records.mjs';

let dir;
let honest; // name -> bytes
let server;
let browser;
let page;
let seen;

before(async () => {
  dir = makeRecord(60);
  honest = readFolder(path.join(dir, 'record'));
  server = await new RecordServer(honest).start();
  server.manifest = honest.get('manifest.json');
  browser = await launch();
  ({ page, seen } = await open(browser));
});

after(async () => {
  await browser?.close();
  server?.stop();
  if (dir) fs.rmSync(dir, { recursive: true, force: true });
});

// ---- a server that signs what it likes ----

const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), crypto.createHash('sha256')).digest();
const leafHash = (entry) => sha256(Buffer.from([0]), entry);
function treeRoot(leaves) {
  if (leaves.length === 1) return leaves[0];
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha256(Buffer.from([1]), treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)));
}

const nameOf = (files, prefix) => [...files.keys()].find((name) => name.startsWith(prefix));

function entriesOf(files) {
  const bytes = files.get(nameOf(files, 'tile/entries/'));
  const entries = [];
  for (let at = 0; at < bytes.length;) {
    const len = bytes.readUInt16BE(at);
    entries.push(Buffer.from(bytes.subarray(at + 2, at + 2 + len)));
    at += 2 + len;
  }
  return entries;
}

// The record with these entries instead, hashed and signed anew with the log's key.
function signedAnew(files, entries) {
  const { origin, key } = JSON.parse(honest.get('manifest.json')).log;
  const seed = fs.readFileSync(path.join(dir, 'keys/log.key')).subarray(0, 32);
  const secret = crypto.createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8',
  });
  const leaves = entries.map(leafHash);
  const changed = new Map([...files].filter(([name]) => !name.startsWith('tile/')));
  const length = (e) => Buffer.from([e.length >> 8, e.length & 255]);
  changed.set(`tile/0/000.p/${entries.length}`, Buffer.concat(leaves));
  changed.set(`tile/entries/000.p/${entries.length}`, Buffer.concat(entries.flatMap((e) => [length(e), e])));
  const text = `${origin}\n${entries.length}\n${treeRoot(leaves).toString('base64')}\n`;
  const publicKey = Buffer.from(key, 'hex');
  const id = sha256(Buffer.from(`${origin}\n`), Buffer.from([1]), publicKey).subarray(0, 4);
  const signature = crypto.sign(null, Buffer.from(text), secret);
  changed.set('checkpoint', Buffer.from(`${text}\n\u2014 ${origin} ${Buffer.concat([id, signature]).toString('base64')}\n`));
  return changed;
}

function withEntries(change) {
  return (files) => {
    const entries = entriesOf(files);
    return signedAnew(files, change(entries) || entries);
  };
}

const TYPE = { ACT: 2, COMMIT: 3, DEAL: 4, CONFIRM: 7, LIVENESS: 8, REGISTRATIONS: 9, BALLOT: 11, BATCH: 12, SHARES: 13 };
const flip = (bytes, at) => { bytes[at < 0 ? bytes.length + at : at] ^= 1; };
const find = (entries, type, from = 0) => entries.findIndex((e, i) => i >= from && e[0] === type);
const flipped = (type, at) => withEntries((entries) => { flip(entries[find(entries, type)], at); });
const file = (prefix, change) => (files) => {
  const name = nameOf(files, prefix);
  const bytes = change(Buffer.from(files.get(name)));
  if (bytes) files.set(name, bytes);
  else files.delete(name);
  return files;
};
const flippedFile = (prefix, at) => file(prefix, (b) => { flip(b, at); return b; });
const SHARE = (files) => `document/${entriesOf(files).find((e) => e[0] === TYPE.SHARES).subarray(3, 35).toString('hex')}`;

// name, what is done to the record, the code that the native verifier is known to give
const tampered = [
  ['a byte of a ballot', flippedFile('tile/entries/', 90000), 'log.entry'],
  ['a byte of a tile', flippedFile('tile/0/', 40), 'log.tile'],
  ['a bundle cut short', file('tile/entries/', (b) => b.subarray(0, -1)), 'log.bundle'],
  ['no bundle', file('tile/entries/', () => null), 'files.missing'],
  ['no checkpoint', file('checkpoint', () => null), 'record.missing'],
  ['a checkpoint of another size', file('checkpoint', (b) => Buffer.from(b.toString().replace(/\n(\d+)\n/, (_, n) => `\n${n - 1}\n`))), null],
  ['a checkpoint without its signature', file('checkpoint', (b) => Buffer.from(b.toString().split('\n\n')[0])), 'checkpoint.malformed'],
  ['a false signature of the log', file('checkpoint', (b) => { const s = b.toString(); const at = s.length - 20; return Buffer.from(s.slice(0, at) + (s[at] === 'A' ? 'B' : 'A') + s.slice(at + 1)); }), 'checkpoint.signature'],
  ['another manifest.json', file('manifest.json', (b) => Buffer.concat([b, Buffer.from('\n')])), 'files.copy'],
  ['a manifest that does not parse', (files) => {
    const bytes = Buffer.concat([honest.get('manifest.json'), Buffer.from(']')]);
    files.set('manifest.json', bytes);
    files.set(`document/${sha256(bytes).toString('hex')}`, bytes);
    return files;
  }, 'manifest.json'],
  ['a share that is not there', (files) => { files.delete(SHARE(files)); return files; }, 'document.missing'],
  ['a byte of a share', (files) => { const b = Buffer.from(files.get(SHARE(files))); flip(b, 100); files.set(SHARE(files), b); return files; }, 'document.hash'],
  ['another results.json', flippedFile('results.json', 200), 'files.copy'],
  ['another results.csv', flippedFile('results.csv', -10), 'results.csv'],
  ['no results.csv', file('results.csv', () => null), 'files.missing'],
  ['signed: a ballot with a false proof', flipped(TYPE.BALLOT, -100), 'ballot.scalar|ballot.proof|ballot.signature'],
  ['signed: a ballot that says another style', withEntries((e) => { e[find(e, TYPE.BALLOT)][1 + 103] ^= 1; }), 'ballot.style'],
  ['signed: a ballot twice', withEntries((e) => { const i = find(e, TYPE.BALLOT); e.splice(i, 0, e[i]); }), 'board.order'],
  ['signed: a ballot left out', withEntries((e) => { e.splice(find(e, TYPE.BALLOT), 1); }), 'board.batch'],
  ['signed: two ballots in another order', withEntries((e) => { const i = find(e, TYPE.BALLOT); [e[i], e[i + 1]] = [e[i + 1], e[i]]; }), 'board.order'],
  ['signed: an officer\'s signature', flipped(TYPE.ACT, -1), 'entry.signature'],
  ['signed: a registration', flipped(TYPE.REGISTRATIONS, -1), 'registration.signature'],
  ['signed: a deal', flipped(TYPE.DEAL, 60), null],
  ['signed: a confirmation', flipped(TYPE.CONFIRM, 10), null],
  ['signed: a proof of liveness', flipped(TYPE.LIVENESS, -70), null],
  ['signed: a share of another document', flipped(TYPE.SHARES, 5), 'entry.signature'],
  ['signed: the log ends inside a batch', withEntries((e) => e.slice(0, find(e, TYPE.BALLOT) + 1)), null],
  ['signed: the voting is not closed, but results are there', withEntries((e) => e.slice(0, find(e, TYPE.BATCH, find(e, TYPE.BALLOT)) + 1)), 'files.unknown'],
];

// ---- comparing ----

const outline = (checks) => checks.map(({ check, verdict, code }) => [check, verdict, ...(code ? [code] : [])].join(' '));

function native(files, ...more) {
  const folder = path.join(dir, 'changed');
  writeFolder(folder, files);
  return nativeReport(folder, ...more);
}

async function verifyHere(on = page) {
  await on.goto(`${server.url}/verify`);
  await on.getByRole('button', { name: 'Verify the record of this site' }).click();
  return pageReport(on);
}

const headline = (on = page) => on.locator('#outcome + .notice .notice-title').innerText();

test('an honest record: every check holds, with the words of `tapat verify`', async (t) => {
  const want = nativeReport(path.join(dir, 'record'));
  const checks = await verifyHere();
  assert.deepEqual(outline(checks), outline(want.checks));
  checks.forEach((c, i) => assert.equal(c.detail, `${c.check}${want.checks[i].detail ? ' ' : ''}${want.checks[i].detail}`));
  assert.match(await headline(), /Verified/);
  t.diagnostic(await page.locator('#rate').innerText());
  assert.deepEqual(seen.problems, []);
  assert.ok(seen.requests.every((r) => r.url().startsWith(server.url) || r.url().startsWith('blob:')));
});

test('tampered records: refused with the code of `tapat verify`', async (t) => {
  for (const [name, change, code] of tampered) {
    await t.test(name, async () => {
      const files = change(new Map(honest));
      const plain = native(files);
      const want = native(files, '--fingerprint', sha256(honest.get('manifest.json')).toString('hex')); // which the page has from the site
      assert.equal(plain.verified, false);
      if (code) assert.match(plain.checks.find((c) => c.verdict === 'FAIL').code, new RegExp(`^(${code})$`));
      server.files = files;
      try {
        assert.deepEqual(outline(await verifyHere()), outline(want.checks));
        assert.equal(await headline(), 'Not verified');
      } finally {
        server.files = honest;
      }
    });
  }
});

test('a board that is still open: what is not there yet is no failure', async () => {
  const cut = withEntries((e) => e.slice(0, find(e, TYPE.BATCH, find(e, TYPE.BALLOT)) + 1))(new Map(honest));
  const manifest = `document/${sha256(honest.get('manifest.json')).toString('hex')}`;
  const files = new Map([...cut].filter(([name]) => !name.startsWith('results.') && (!name.startsWith('document/') || name === manifest)));
  const want = native(files);
  assert.equal(want.verified, true);
  server.files = files;
  assert.deepEqual(outline(await verifyHere()), outline(want.checks));
  server.files = honest;
  assert.equal(await page.locator('[data-check="totals"].unknown').count(), 1);
});

test('another fingerprint: refused', async () => {
  const other = 'a'.repeat(64);
  const want = nativeReport(path.join(dir, 'record'), '--fingerprint', other);
  await page.goto(`${server.url}/verify`);
  await page.getByLabel('Fingerprint of the election').fill('xyz');
  await page.getByRole('button', { name: 'Verify the record of this site' }).click();
  await page.getByText('A fingerprint is 64 digits').waitFor();
  await page.getByLabel('Fingerprint of the election').fill(other);
  await page.getByRole('button', { name: 'Verify the record of this site' }).click();
  assert.deepEqual(outline(await pageReport(page)), outline(want.checks));
});

test('a folder from the disk; a file too many in it', async () => {
  const folder = path.join(dir, 'changed');
  for (const extra of [null, 'tile/0/001.p/3', 'readme.txt', `document/${sha256(Buffer.from('x')).toString('hex')}`]) {
    const files = new Map(honest);
    if (extra) files.set(extra, Buffer.from('x'));
    const want = native(files);
    assert.equal(want.verified, !extra);
    await page.goto(`${server.url}/verify`);
    server.requests = [];
    await page.locator('input[webkitdirectory]').setInputFiles(folder);
    assert.deepEqual(outline(await pageReport(page)), outline(want.checks));
    assert.ok(!server.requests.some((url) => url.startsWith('/board/')));
  }
});

test('an archive: written, verified by the program and by the page, and refused when it is changed', async () => {
  const record = path.join(dir, 'record');
  const archive = path.join(dir, 'record.tar');
  const run = (...words) => spawnSync(tapat, words, { encoding: 'utf8' });
  assert.equal(run('archive', record, archive).status, 0);
  assert.notEqual(run('archive', record, archive).status, 0); // it exists
  const bytes = fs.readFileSync(archive);
  const want = nativeReport(record);
  assert.deepEqual(nativeReport(archive), want);
  assert.equal(run('archive', '--extract', archive, path.join(dir, 'unpacked')).status, 0);
  assert.deepEqual(readFolder(path.join(dir, 'unpacked')), honest);
  const here = async (content) => {
    await page.goto(`${server.url}/verify`);
    await page.locator('input[accept=".tar"]').setInputFiles({ name: 'record.tar', mimeType: 'application/x-tar', buffer: content });
    return pageReport(page);
  };
  assert.deepEqual(outline(await here(bytes)), outline(want.checks));
  for (const at of [0, 110, 150, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    flip(changed, at);
    fs.writeFileSync(archive, changed);
    assert.deepEqual(nativeReport(archive).checks.map((c) => c.code), ['files.archive']);
    assert.deepEqual(await here(changed), []);
    assert.match(await page.locator('main .notice.bad').innerText(), /This is not one record[^]*files\.archive/);
  }
  const inside = Buffer.from(bytes);
  flip(inside, bytes.length - 2500); // of a tile
  fs.writeFileSync(archive, inside);
  assert.deepEqual(outline(await here(inside)), outline(nativeReport(archive).checks));
  const bad = path.join(dir, 'changed');
  writeFolder(bad, flippedFile('results.csv', -10)(new Map(honest)));
  fs.rmSync(archive);
  assert.equal(run('archive', bad, archive).status, 1);
  assert.ok(!fs.existsSync(archive));
  assert.equal(run('archive', bad, archive, '--unverified').status, 0);
});

test('an archive that is dropped: verified, or refused by its name', async () => {
  const dropped = path.join(dir, 'dropped.tar');
  const here = async () => {
    await page.goto(`${server.url}/verify`);
    await page.locator('.drop button.primary').waitFor();
    await page.getByLabel('Fingerprint').fill('');
    await drop(page, '.drop', dropped);
    return pageReport(page);
  };
  const refused = /^an archive$|: (a name that goes up|a symbolic link|a hard link|a wrong sum|a name twice|a file cut|a byte after the end|a file over 64 MiB)$/;
  const some = archives.filter((a) => refused.test(a.name));
  assert.equal(some.length, 9);
  for (const { name, code, make } of some) {
    fs.writeFileSync(dropped, make());
    const checks = await here();
    if (code) assert.deepEqual([checks, await page.locator('main .notice.bad .fault').innerText()], [[], code], name);
    else assert.ok(checks.length && checks.every((c) => c.verdict !== 'FAIL'), name);
  }
});

test('a site that is not isolated: one worker, the same verdict', async () => {
  const plain = await new RecordServer(honest, { isolated: false }).start();
  const other = await open(browser);
  await other.page.goto(`${plain.url}/verify`);
  await other.page.getByRole('button', { name: 'Verify the record of this site' }).click();
  const checks = await pageReport(other.page);
  assert.ok(checks.every((c) => c.verdict === 'ok'));
  assert.match(await other.page.locator('#rate').innerText(), /1 worker/);
  await other.context.close();
  plain.stop();
});

test('results: every post and region with its turnout, in the order that is asked for, from results.json', async () => {
  const { reconciliation } = JSON.parse(honest.get('results.json'));
  const units = JSON.parse(honest.get('manifest.json')).units;
  await page.goto(`${server.url}/results`);
  const rows = () => page.locator('#posts tbody tr').evaluateAll((list) => list.map((tr) => [...tr.cells].map((c) => c.textContent)));
  const plain = (text) => Number(text.replaceAll(',', ''));
  await page.locator('#posts').waitFor();
  const grouped = await rows();
  const groups = [...new Set(units.map((u) => u.group))];
  assert.equal(grouped.length, units.length + groups.length);
  const sums = await page.locator('#posts tr.sum').evaluateAll((list) => list.map((tr) => tr.cells[8].textContent));
  assert.equal(sums.reduce((a, b) => a + plain(b), 0), reconciliation.total.counted);
  await page.getByRole('button', { name: 'ballots counted' }).click();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'ballots counted');
  const counted = await rows();
  assert.equal(counted.length, units.length);
  const figures = counted.map((r) => plain(r[8]));
  assert.deepEqual(figures, [...figures].sort((a, b) => b - a));
  for (const u of reconciliation.units) {
    const row = counted.find((r) => r[0] === units.find((x) => x.id === u.unit).name);
    assert.deepEqual(row.slice(1, 9).map(plain), ['registered', 'enrolled', 'cancelled', 'ballots', 'replaced', 'voided', 'excluded', 'counted'].map((f) => u[f]));
  }
  assert.equal(await page.getByRole('link', { name: 'Verify in this browser' }).getAttribute('href'), '/verify');
});

test('results whose numbers do not add up are said to be wrong, at the top and where they stand', async (t) => {
  const json = JSON.parse(honest.get('results.json'));
  const other = await new RecordServer(new Map(honest)).start();
  t.after(() => other.stop());
  other.manifest = honest.get('manifest.json');
  const said = async (change) => {
    const copy = structuredClone(json);
    change(copy);
    other.files.set('results.json', Buffer.from(JSON.stringify(copy)));
    await page.goto(`${other.url}/results`);
    await page.locator('main section, main .notice').first().waitFor();
    return page.locator('main .notice.bad').allInnerTexts();
  };
  assert.deepEqual(await said(() => {}), []);
  assert.match(await page.locator('#reconciliation .notice.good').innerText(), /It adds up[^]*in every contest/);
  const unit = json.reconciliation.units.findIndex((u) => u.counted);
  const post = await said((j) => { j.reconciliation.units[unit].ballots += 1; j.reconciliation.total.ballots += 1; });
  assert.equal(post.length, 2);
  assert.match(post[0], /do not add up[^]*How the numbers add up/);
  assert.match(post[1], /: \d+ ballots, but replaced, voided, excluded and counted are \d+/);
  assert.equal(await page.locator('#reconciliation .notice.good').count(), 0);
  const votes = await said((j) => { j.contests[0].options[0].votes += 1; });
  assert.equal(votes.length, 2);
  assert.match(votes[1], /votes, but the posts add up to/);
  assert.equal(await page.locator('#contest-0 .notice.bad').count(), 1);
  assert.deepEqual((await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id), []);
  assert.match((await said((j) => j.contests[0].options.reverse())).join(), /not the results of this election/);
});

// The board's story: { step: state }, and what it says of each.
async function story(p) {
  const list = await p.locator('.story li').evaluateAll((all) => all.map((li) => [li.className, li.querySelector('h3').textContent, li.querySelector('.mark')?.textContent]));
  return list.filter(([state]) => state !== 'open');
}

test('the story: no step has a mark before it was verified here; then each has its own, or the fault by name', async (t) => {
  const other = await new RecordServer(new Map(honest)).start();
  t.after(() => other.stop());
  other.manifest = honest.get('manifest.json');
  const read = async () => {
    await page.goto(`${other.url}/board`);
    await page.locator('.story li.told').nth(5).waitFor();
    const steps = await story(page);
    assert.ok(steps.length > 10);
    for (const [state, title, mark] of steps) assert.deepEqual([state, mark], ['told', 'Told by the record, not yet checked here.'], title);
  };
  const verified = async () => {
    await page.getByRole('button', { name: 'Verify every step here' }).click();
    await page.locator('#verify-here ~ .notice, #verdict').first().waitFor({ timeout: 60000 });
    return story(page);
  };
  await read();
  for (const [state, title, mark] of await verified()) assert.deepEqual([state, mark], ['good', 'Verified here, in this browser.'], title);
  assert.match(await page.locator('#verdict').innerText(), /Verified: everything/);
  await page.reload(); // nothing is kept
  await read();

  other.files = flippedFile('results.csv', -10)(new Map(honest));
  await read();
  for (const [state, title, mark] of await verified()) {
    if (title.startsWith('Result')) assert.match(`${state} ${mark}`, /^bad Fails here:.* results\.csv/);
    else assert.equal(state, 'good', title);
  }
  other.files = withEntries((e) => { e.splice(find(e, TYPE.BALLOT), 1); })(new Map(honest));
  await read();
  const steps = await verified();
  assert.match(steps.find(([, title]) => title.startsWith('Ballots'))[2], /Fails here:.* board\.batch/);
  assert.match(steps.find(([, title]) => title.startsWith('Result'))[2], /another check failed first/);

  assert.deepEqual((await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id), []);

  // one story for the reader and another record for the verifier
  const entries = nameOf(honest, 'tile/entries/');
  const changed = Buffer.from(honest.get(entries));
  flip(changed, 400);
  other.files = new Map(honest).set(entries, changed);
  await page.goto(`${other.url}/board`);
  await page.getByText('do not fit its signed checkpoint').waitFor();
  other.files = honest;
  for (const [state, title] of await verified()) assert.equal(state, 'told', title);
  assert.match(await page.locator('main').innerText(), /The story and the record do not belong together/);
});

test('accessible, in both languages, on a narrow screen and by keyboard', async () => {
  for (const [lang, width] of [['en', 1280], ['fil', 390], ['en', 320]]) {
    const { context, page: p } = await open(browser, { viewport: { width, height: 800 } });
    await p.goto(`${server.url}/verify?lang=${lang}`);
    await p.locator('.drop button.primary').waitFor();
    const check = async () => {
      const { violations } = await new AxeBuilder({ page: p }).analyze();
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`), []);
      assert.ok(await p.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${lang} ${width}: too wide`);
      assert.doesNotMatch(await p.locator('main').innerText(), /\b(verify|board|results)\.(?!json|csv)[a-z-]+\b/);
    };
    await check();
    await p.locator('.drop button.primary').focus();
    await p.keyboard.press('Enter');
    await pageReport(p);
    await check();
    for (const name of ['results', 'board']) {
      await p.goto(`${server.url}/${name}?lang=${lang}`);
      await p.locator('main section.card').first().waitFor();
      for (const details of await p.locator('main section > details > summary').all()) await details.click();
      await check();
      if (name === 'results') continue;
      await p.locator('[aria-labelledby="verify-here"] button.primary').click();
      await p.locator('#verdict').waitFor({ timeout: 60000 });
      await check();
    }
    await context.close();
  }
});
