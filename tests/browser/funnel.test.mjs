// How far voters have come, as everyone and as a registrar is shown it: at 390 and 1280 px, in both
// languages, without an axe violation, renewed while one looks. spec: J-31

import { AxeBuilder } from '@axe-core/playwright';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { launch, open, waitHeading } from './browser.mjs';
import { Election, tapat } from '../support/election.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const shots = process.env.SHOTS;

async function sound(page, where) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], where);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(wide, false, `${where}: sideways`);
  if (shots) await page.screenshot({ path: path.join(shots, `${where}-${page.viewportSize().width}.png`), fullPage: true });
}

async function lookAtAll(page, where) {
  for (const [width, height] of [[390, 844], [1280, 900]]) {
    await page.setViewportSize({ width, height });
    await sound(page, where);
  }
}

async function begin(election, number) {
  const { enrolment, contacts } = await election.post('/api/enrol/start', { number, birth_date: '1990-01-01' });
  await election.post('/api/enrol/send', { enrolment, contact: contacts[0].contact });
}

test('the funnel: published, and of officers alone', { skip, timeout: 240000 }, async () => {
  const election = new Election({
    guests: 60, enrol: { show: true, shared: 4, review_days: 5, routes: ['code', 'desk'], posts: {} },
  });
  election.write('serve.ini', '[funnel]\npublic = 5\n');
  election.more.serve = ['--config', election.at('serve.ini')];
  const browser = await launch();
  try {
    election.define();
    await election.serve();
    election.act('approve', '--proof', election.proof());
    for (let i = 1; i <= 6; i += 1) await begin(election, `G-0${i}`);

    const { page, seen } = await open(browser);
    await page.goto(`${election.url}/`);
    await page.getByRole('link', { name: 'How far the voters of each post have come' }).click();
    await waitHeading(page, 'How far voters have come');
    const row = page.locator('tbody tr').first();
    const cells = async () => (await row.locator('td').allInnerTexts());
    const [roll, enrolled, share, begun, none, off] = await cells();
    assert.deepEqual([enrolled, share, begun, off], ['0', '0 %', '6', '0']);
    assert.equal(Number(roll), 6 + Number(none));
    await lookAtAll(page, 'funnel');
    await page.getByRole('button', { name: 'Filipino' }).click();
    await waitHeading(page, 'Gaano na kalayo ang mga botante');
    await lookAtAll(page, 'funnel-fil');
    assert.doesNotMatch(await page.locator('main').innerText(), /funnel\./); // no text is missing

    const desk = await open(browser);
    await desk.page.goto(`${election.url}/desk`);
    await desk.page.getByLabel('Your key file').setInputFiles(election.at('r1'));
    await desk.page.getByRole('button', { name: 'Open', exact: true }).click();
    await waitHeading(desk.page, 'Who waits');
    await desk.page.getByRole('button', { name: 'How far voters have come' }).click();
    const sent = desk.page.getByRole('row', { name: /^Code sent, not typed yet/ });
    await sent.getByText('6', { exact: true }).waitFor();
    await lookAtAll(desk.page, 'funnel-desk');
    await desk.page.getByLabel('Post', { exact: true }).selectOption({ index: 1 });
    const chosen = await desk.page.getByLabel('Post', { exact: true }).inputValue();
    await begin(election, 'G-07'); // and it is shown without a touch, with the post still chosen
    await sent.getByText('7', { exact: true }).waitFor({ timeout: 60000 });
    assert.equal(await desk.page.getByLabel('Post', { exact: true }).inputValue(), chosen);
    await desk.page.getByRole('button', { name: 'Filipino' }).click();
    await desk.page.getByText('Naipadala ang code').waitFor();
    await lookAtAll(desk.page, 'funnel-desk-fil');
    assert.doesNotMatch(await desk.page.locator('main').innerText(), /funnel\./);
    assert.deepEqual([...seen.problems, ...desk.seen.problems], []);
  } finally {
    await browser.close();
    election.end();
  }
});

test('the funnel: where nothing is published, the page says so', { skip, timeout: 120000 }, async () => {
  const election = new Election();
  const browser = await launch();
  try {
    election.define();
    await election.serve();
    const { page } = await open(browser);
    await page.goto(`${election.url}/funnel`);
    await page.getByText('These numbers are not published').waitFor();
    await sound(page, 'funnel-private');
    await page.goto(`${election.url}/`);
    await waitHeading(page, '');
    assert.equal(await page.getByRole('link', { name: 'How far the voters of each post' }).count(), 0);
  } finally {
    await browser.close();
    election.end();
  }
});
