// Pictures of the voter's pages for people to look at: node tests/browser/screenshots.mjs DIR
// Each screen at the width of a phone and of a desk, as DIR/NAME-390.png and DIR/NAME-1280.png.

import fs from 'node:fs';
import path from 'node:path';

import { cast, launch, messageCode, open, openBallot, waitHeading } from './browser.mjs';
import { Double } from './double.mjs';

const dir = process.argv[2];
if (!dir) {
  console.error('usage: node tests/browser/screenshots.mjs DIR');
  process.exit(2);
}
fs.mkdirSync(dir, { recursive: true });

async function journey(page, url, shot) {
  await page.goto(`${url}/`);
  await waitHeading(page, '');
  await shot('start');
  await page.goto(`${url}/enrol`);
  await page.getByLabel("Voter's number").fill('G-01');
  await page.getByLabel('Birth date').fill('1990-01-01');
  await shot('enrol-who');
  await page.getByRole('button', { name: 'Continue' }).click();
  await waitHeading(page, 'Type the code from the message');
  await shot('enrol-code');
  await page.getByLabel('Code from the message').fill(await messageCode(page, url));
  await page.getByRole('button', { name: 'Continue' }).click();
  await waitHeading(page, 'Your recovery code');
  await shot('enrol-recovery');
  const code = (await page.locator('.slip .code').innerText()).replace(/\s/g, '');
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Finish enrolment' }).click();
  await waitHeading(page, 'Your enrolment');
  await page.locator('main .notice.good').waitFor();
  await shot('enrol-done');

  await openBallot(page, url, code);
  await shot('vote-begin');
  await page.getByRole('button', { name: 'Begin' }).click();
  const pick = (n) => page.locator('.option', { has: page.locator('.option-number', { hasText: new RegExp(`^${n}$`) }) }).locator('input');
  await page.locator('.option-list').waitFor();
  for (const n of [1, 3, 5, 7, 16, 28, 66]) await pick(n).check();
  await page.evaluate(() => window.scrollTo(0, 0));
  await shot('vote-senator');
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await page.locator('.option-list').waitFor();
  await pick(4).check();
  await page.evaluate(() => window.scrollTo(0, 0));
  await shot('vote-party');
  await page.getByRole('button', { name: 'Review', exact: true }).click();
  await waitHeading(page, 'Review your ballot');
  await shot('vote-review');
  await page.getByRole('button', { name: 'Seal the ballot' }).click();
  await waitHeading(page, 'Cast your ballot');
  await shot('vote-cast');
  const tracker = (await page.locator('.tracker-card .code').innerText()).replace(/\s/g, '');
  await cast(page);
  await page.locator('.notice.good', { hasText: 'Recorded' }).waitFor({ timeout: 20000 });
  await shot('vote-receipt');
  await page.goto('about:blank');
  await page.goto(`${url}/track#${tracker}`);
  await page.getByText('The proof holds').waitFor();
  await shot('track');
}

const browser = await launch();
for (const [width, height] of [[390, 844], [1280, 900]]) {
  const double = await new Double({ reviewMs: 50 }).start();
  const { page, context } = await open(browser, { viewport: { width, height } });
  await journey(page, double.url, async (name) => {
    await page.waitForTimeout(150);
    await page.screenshot({ path: path.join(dir, `${name}-${width}.png`) });
  });
  await context.close();
  double.stop();
}
await browser.close();
