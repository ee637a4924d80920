// Chromium for the tests, with a record of every request.

import { chromium } from 'playwright-core';

export async function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
}

// A page whose requests, console errors and policy violations are kept.
export async function open(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 390, height: 844 }, ...options });
  const page = await context.newPage();
  const seen = { requests: [], problems: [] };
  page.on('request', (r) => seen.requests.push(r));
  page.on('pageerror', (e) => seen.problems.push(String(e)));
  page.on('console', (m) => {
    if (m.type() === 'error' && !/status of 4\d\d|status of 5\d\d/.test(m.text())) seen.problems.push(m.text());
  });
  return { context, page, seen };
}

export async function waitHeading(page, text) {
  await page.locator('h1', { hasText: text }).waitFor({ timeout: 15000 });
}

// The whole way from a voter's number to an enrolled credential; gives the recovery code.
export async function enrol(page, url, double, number = 'G-01') {
  await page.goto(`${url}/enrol`);
  await page.getByLabel("Voter's number").fill(number);
  await page.getByLabel('Birth date').fill('1990-01-01');
  await page.getByRole('button', { name: 'Continue' }).click();
  await waitHeading(page, 'Type the code from the message');
  await page.getByText('the message with the mark KT').waitFor();
  await page.getByLabel('Code from the message').fill(await messageCode(page, url));
  await page.getByRole('button', { name: 'Continue' }).click();
  await waitHeading(page, 'Your recovery code');
  const code = await page.locator('.slip .code').innerText().then((t) => t.replace(/\s/g, ''));
  const fingerprint = await page.locator('.slip p.mono').innerText();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery code').fill(code.toLowerCase().replaceAll('-', ' '));
  await page.getByRole('button', { name: 'Finish enrolment' }).click();
  await waitHeading(page, 'Your enrolment');
  await page.locator('main .notice:is(.good, .bad)').waitFor({ timeout: 30000 });
  return { code, fingerprint };
}

// The newest code in the outbox of a test election.
export async function messageCode(page, url) {
  const messages = await page.evaluate((u) => fetch(`${u}/api/outbox`).then((r) => r.json()), url);
  return /\b[0-9]{6}\b/.exec(messages[0].text)[0];
}

export async function openBallot(page, url, code) {
  await page.goto(`${url}/vote`);
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Continue' }).click();
  await waitHeading(page, 'Your ballot');
}

// Chooses options by number in each contest, seals, and stops before the cast; gives the tracker.
export async function fill(page, choices) {
  await page.getByRole('button', { name: 'Begin' }).click();
  for (const [i, numbers] of choices.entries()) {
    await page.locator('.option-list').waitFor();
    for (const n of numbers) {
      await page.locator('.option', { has: page.locator('.option-number', { hasText: new RegExp(`^${n}$`) }) }).locator('input').check();
    }
    await page.getByRole('button', { name: i + 1 < choices.length ? 'Next' : 'Review', exact: true }).click();
  }
  await waitHeading(page, 'Review your ballot');
  await page.getByRole('button', { name: 'Seal the ballot' }).click();
  await waitHeading(page, 'Cast your ballot');
  return (await page.locator('.tracker-card .code').innerText()).replace(/\s/g, '');
}

export async function cast(page) {
  await page.getByRole('button', { name: /Cast my ballot|Send again/ }).click();
  await waitHeading(page, 'Your receipt');
}

// Drops a file from the disk on an element, as a hand does.
export async function drop(page, selector, file) {
  const target = page.locator(selector);
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  const session = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2, data: { items: [], files: [file], dragOperationsMask: 1 } };
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, ...at });
  await session.detach();
}
