// The queue at the desk: by post and way, what is due or waits longest first, and what an outside
// check said, which stays on the registrar's device. At 390 and 1280 px, in both languages.

import { AxeBuilder } from '@axe-core/playwright';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';

import { launch, open, waitHeading } from '../browser/browser.mjs';
import { Core } from '../../web/wasm.js';
import { Daemon, build, tapat } from '../server/daemon.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const DAY_S = 86400;

async function apply(d, core, number) {
  const fingerprint = crypto.createHash('sha256').update(fs.readFileSync(d.at('manifest.json'))).digest();
  const { enrolment } = await d.post('/api/enrol/start', { number, birth_date: '1990-01-01' });
  const { sign, key } = core.registrar(crypto.randomBytes(32));
  const { application } = await d.post('/api/enrol/apply', {
    enrolment, route: 'desk', credential: hex(key), possession: hex(core.possession(sign, key, fingerprint, crypto.randomBytes(32))),
  });
  return application;
}

test('the queue is sorted and filtered, and shows an outside check', { skip, timeout: 120000 }, async () => {
  const d = new Daemon();
  const browser = await launch();
  try {
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['code', 'desk'], posts: {} } });
    d.roll(['A', 'B', 'C'].map((n) => ({ number: `V-${n}`, name: `Voter ${n}`, contact: `${n}@example.org` })));
    assert.equal(await d.start(), true, d.log());
    const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    const ids = [];
    for (const n of ['A', 'B', 'C']) ids.push(await apply(d, core, `V-${n}`));
    // A came 9 days ago and was handed in again, B 6 days ago and is overdue, C today.
    const db = new DatabaseSync(d.at('data/tapat.db'));
    const now = Math.floor(Date.now() / 1000);
    const set = db.prepare('UPDATE application SET created = ?, due = ? WHERE id = ?');
    set.run(now - 9 * DAY_S, now + 4 * DAY_S, Buffer.from(ids[0], 'hex'));
    set.run(now - 6 * DAY_S, now - DAY_S, Buffer.from(ids[1], 'hex'));
    db.close();

    const { page, seen } = await open(browser);
    await page.goto(`${d.url}/desk?lang=en`);
    await page.getByLabel('Your key file').setInputFiles(d.at('r1'));
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await waitHeading(page, 'Who waits');
    const names = () => page.locator('.queue h2').allInnerTexts();
    assert.deepEqual(await names(), ['Voter B', 'Voter A', 'Voter C']);
    await page.getByText('1 is overdue').waitFor();
    await page.getByText('the longest wait is 9 days').waitFor();
    await page.getByLabel('Order').selectOption('oldest');
    assert.deepEqual(await names(), ['Voter A', 'Voter B', 'Voter C']);
    await page.getByLabel('Order').selectOption('newest');
    assert.deepEqual(await names(), ['Voter C', 'Voter B', 'Voter A']);
    await page.getByLabel('Way', { exact: true }).selectOption('documents');
    await page.getByText('Nobody waits by this way').waitFor();
    await page.getByLabel('Way', { exact: true }).selectOption('desk');
    assert.equal((await names()).length, 3);

    const bytes = seen.requests.length;
    await page.getByText('Opinions of an outside identity check').click();
    fs.mkdirSync(d.at('opinions'));
    fs.writeFileSync(d.at(`opinions/${ids[1]}.txt`), 'same face 0.93 <b>\u202E\nsecond line');
    fs.writeFileSync(d.at('opinions/notes.txt'), 'of nobody');
    await page.getByLabel('Its files').setInputFiles([d.at(`opinions/${ids[1]}.txt`), d.at('opinions/notes.txt')]);
    await page.getByText('1 opinion was read.').waitFor();
    assert.equal(await page.locator('.queue .opinion').count(), 1);
    assert.match(await page.locator('.queue .opinion').innerText(), /which decides nothing: same face 0\.93 <b>\?$/);
    assert.equal(seen.requests.length, bytes, 'nothing was sent');
    for (const [width, height] of [[390, 844], [1280, 900]]) {
      await page.setViewportSize({ width, height });
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map((v) => `${v.id} ${v.nodes[0].html}`), []);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      assert.equal(wide, false);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/desk-queue-${width}.png`, fullPage: true });
    }
    await page.getByRole('button', { name: 'Open Voter B' }).click();
    await page.getByText('same face 0.93').waitFor();
    await page.getByRole('button', { name: 'Back to the queue' }).click();
    await page.getByText('1 opinion was read.').waitFor(); // and order and way are as they were
    assert.deepEqual(await names(), ['Voter C', 'Voter B', 'Voter A']);
    // a server that is away on the way back
    await page.getByRole('button', { name: 'Open Voter B' }).click();
    const asked = '**/api/registrar/waiting';
    await page.route(asked, (r) => r.fulfill({ status: 500, body: '' }));
    await page.getByRole('button', { name: 'Back to the queue' }).click();
    await page.getByText('The server has a fault.').waitFor();
    await page.unroute(asked);
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByText('1 opinion was read.').waitFor();
    // what voters are sent, in each language
    await page.getByRole('button', { name: 'Messages to voters' }).click();
    await waitHeading(page, 'Messages to voters');
    assert.equal(await page.locator('main section.card').count(), 6);
    const english = await page.locator('main pre').first().innerText();
    assert.match(english, /123456/);
    await page.getByLabel('Language of the messages').selectOption('fil');
    assert.notEqual(await page.locator('main pre').first().innerText(), english);
    assert.match(await page.locator('main pre').first().innerText(), /123456/);
    const messages = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(messages.violations.map((v) => `${v.id} ${v.nodes[0].html}`), []);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/desk-messages-1280.png`, fullPage: true });
    await page.setViewportSize({ width: 390, height: 844 });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth), false);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/desk-messages-390.png`, fullPage: true });
    await page.getByRole('button', { name: 'Back to the queue' }).click();
    await waitHeading(page, 'Who waits');
    await page.getByRole('button', { name: 'Filipino' }).click();
    await page.getByText('9 araw ang pinakamatagal').waitFor();
    assert.doesNotMatch(await page.locator('main').innerText(), /desk\\.|opinion\\./);
    assert.deepEqual(seen.problems, []);
  } finally {
    await browser.close();
    await d.end();
  }
});
