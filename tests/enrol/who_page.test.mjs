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
