// The first screen of enrolment by name: found whatever the order and the marks; two of one name
// are as unknown as nobody is. At 390 px. spec: J-30
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import AxeBuilder from '@axe-core/playwright';

import { launch, open } from '../browser/browser.mjs';
import { Daemon, tapat } from '../server/daemon.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';

test('enrolment begins with a name', { skip, timeout: 60000 }, async () => {
  const d = new Daemon();
  const browser = await launch();
  try {
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['desk'], posts: {} } });
    d.roll([{ number: 'V-1', name: 'Peña María Santos' }, { number: 'V-2', name: 'Juan Cruz' },
      { number: 'V-3', name: 'Cruz Juan' }]);
    await d.start();
    const { page } = await open(browser);
    const ask = async (name) => {
      await page.getByLabel('Full name').fill(name);
      await page.getByLabel('Birth date').fill('1990-01-01');
      await page.getByRole('button', { name: 'Continue' }).click();
    };
    await page.goto(`${d.url}/enrol?lang=en`);
    await page.getByRole('button', { name: 'I do not know my number' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Enter your full name.').waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(violations.map((v) => `${v.id} ${v.nodes[0].html}`), []);
    await ask('Juan Cruz');
    const refusal = page.locator('.notice.bad');
    await refusal.waitFor();
    const several = await refusal.innerText();
    await ask('Nobody Here');
    await refusal.waitFor();
    assert.equal(await refusal.innerText(), several);
    await page.getByRole('button', { name: "Use my voter's number" }).click();
    await page.getByLabel("Voter's number").waitFor();
    await page.getByRole('button', { name: 'I do not know my number' }).click();
    assert.equal(await page.getByLabel('Full name').inputValue(), 'Nobody Here');
    await ask('santos, MARIA pena');
    await page.getByLabel('Full name').waitFor({ state: 'detached' });
    assert.equal(await page.locator('.notice.bad').count(), 0);
  } finally {
    await browser.close();
    await d.end();
  }
});

test('"Am I on the list?" takes the number or the name', { skip, timeout: 60000 }, async () => {
  const d = new Daemon();
  const browser = await launch();
  try {
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['code', 'letter', 'desk'], posts: {} } });
    d.roll([{ number: 'V-1', name: 'Peña María Santos', contact: 'v1@example.org' }, { number: 'V-2', name: 'Juan Cruz' },
      { number: 'V-3', name: 'Cruz Juan' }]);
    await d.start();
    const { page, seen } = await open(browser);
    const look = page.getByRole('button', { name: 'Look', exact: true });
    const sound = async (where) => {
      for (const [width, height] of [[390, 844], [1280, 900]]) {
        await page.setViewportSize({ width, height });
        const { violations } = await new AxeBuilder({ page }).analyze();
        assert.deepEqual(violations.map((v) => `${v.id} ${v.nodes[0].html}`), [], where);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${where}-${width}.png`, fullPage: true });
      }
    };
    await page.goto(`${d.url}/?lang=en`);
    await page.getByLabel("Voter's number").fill('V-1');
    await page.getByLabel('Birth date').fill('1990-01-01');
    await look.click();
    await page.locator('.notice.good').getByText('A code letter').waitFor();
    assert.equal(await page.locator('.notice.good li').count(), 3); // what the post offers, and what each needs
    await sound('home-found');
    await page.getByRole('button', { name: 'I do not know my number' }).click();
    assert.equal(await page.locator('.notice').count(), 0);
    await look.click();
    await page.getByText('Enter your full name.').waitFor();
    await page.getByLabel('Full name').fill('santos MARIA pena');
    assert.equal(await page.getByLabel('Birth date').inputValue(), '1990-01-01');
    const [request] = await Promise.all([page.waitForRequest((r) => r.url().endsWith('/api/roll/lookup')), look.click()]);
    assert.deepEqual(request.postDataJSON(), { name: 'santos MARIA pena', birth_date: '1990-01-01' });
    await page.locator('.notice.good').waitFor();
    // two of one name, and nobody: the same words
    const said = [];
    for (const name of ['Juan Cruz', 'Nobody Here']) {
      await page.getByLabel('Full name').fill(name);
      await look.click();
      await page.locator('.notice.bad').waitFor();
      said.push(await page.locator('.notice.bad').innerText());
    }
    assert.equal(said[0], said[1]);
    await sound('home-unknown');
    await page.getByRole('button', { name: 'Filipino' }).click();
    await page.getByText('Hindi ko alam ang aking numero').or(page.getByLabel('Buong pangalan')).first().waitFor();
    assert.doesNotMatch(await page.locator('main').innerText(), /\blist\.|\bwho\./);
    assert.deepEqual(seen.problems, []);
  } finally {
    await browser.close();
    await d.end();
  }
});

test('a name that only comes near leads to the ways that a registrar decides', { skip, timeout: 60000 }, async () => {
  const d = new Daemon();
  const browser = await launch();
  try {
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['code', 'desk'], posts: {} } });
    d.roll([{ number: 'V-1', name: 'Peña María Santos', contact: 'v1@example.org' }]);
    await d.start();
    const { page, seen } = await open(browser);
    await page.goto(`${d.url}/enrol?lang=en`);
    await page.getByRole('button', { name: 'I do not know my number' }).click();
    await page.getByLabel('Full name').fill('Maria Santos');
    await page.getByLabel('Birth date').fill('1990-01-01');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('nearly one of the list').waitFor();
    assert.equal(await page.locator('.cards .card').count(), 1);
    for (const [width, height] of [[390, 844], [1280, 900]]) {
      await page.setViewportSize({ width, height });
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map((v) => `${v.id} ${v.nodes[0].html}`), []);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/near-${width}.png`, fullPage: true });
    }
    await page.reload(); // the link goes on there
    await page.getByText('nearly one of the list').waitFor();
    await page.getByRole('button', { name: 'I go to the post' }).click();
    await page.locator('.slip .code').first().waitFor();
    const code = (await page.locator('.slip .code').first().innerText()).replace(/\s/g, '');
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByLabel('Recovery code').fill(code);
    await page.getByRole('button', { name: 'Finish enrolment' }).click();
    await page.getByText('Show this at your post').waitFor();
    // the desk says what only comes near
    const desk = await open(browser);
    await desk.page.goto(`${d.url}/desk?lang=en`);
    await desk.page.getByLabel('Your key file').setInputFiles(d.at('r1'));
    await desk.page.getByRole('button', { name: 'Open', exact: true }).click();
    await desk.page.getByText('Comes near only').waitFor();
    await desk.page.getByRole('button', { name: /^Open / }).click();
    await desk.page.getByText('one word more, fewer or other').waitFor();
    const { violations } = await new AxeBuilder({ page: desk.page }).analyze();
    assert.deepEqual(violations.map((v) => `${v.id} ${v.nodes[0].html}`), []);
    if (process.env.SHOTS) await desk.page.screenshot({ path: `${process.env.SHOTS}/desk-near-390.png`, fullPage: true });
    assert.deepEqual([...seen.problems, ...desk.seen.problems], []);
  } finally {
    await browser.close();
    await d.end();
  }
});
