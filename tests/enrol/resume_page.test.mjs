// Who left the page finds the place again, though the browser forgot it: a code that is under way is
// still good, photos that came are not asked for again, and each state says by when. spec: H-4, H-15, Q-1

import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import AxeBuilder from '@axe-core/playwright';

import { launch, messageCode, open, waitHeading } from '../browser/browser.mjs';
import { Daemon, tapat } from '../server/daemon.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const ways = ['code', 'desk', 'documents'];
const enrol = { show: true, shared: 4, review_days: 5, routes: ways, posts: {} };
const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

const axe = async (page) => {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id} ${v.nodes[0].html}`), []);
};

async function who(page, url, number) {
  await page.goto(`${url}/enrol?lang=en`);
  await page.getByLabel("Voter's number").fill(number);
  await page.getByLabel('Birth date').fill('1990-01-01');
  await page.getByRole('button', { name: 'Continue' }).click();
}

async function keep(page) {
  await waitHeading(page, 'Your recovery code');
  const code = (await page.locator('.slip .code').innerText()).replace(/\s/g, '');
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Finish enrolment' }).click();
  return code;
}

async function served(fn) {
  const d = new Daemon();
  const browser = await launch();
  try {
    d.define();
    const manifest = JSON.parse(fs.readFileSync(d.at('manifest.json'), 'utf8'));
    manifest.enrol = { ...enrol, documents: [d.run('key', 'document', d.at('r1'))] };
    d.write('manifest.json', JSON.stringify(manifest));
    d.roll([{ number: 'V-1', contact: 'v1@example.org', contact2: 'w1@example.org' }, { number: 'V-2', contact: 'v2@example.org' }]);
    await d.start();
    const { page, seen } = await open(browser, { timezoneId: 'America/Los_Angeles' });
    await fn({ d, page, seen, browser });
    assert.deepEqual(seen.problems, []);
  } finally {
    await browser.close();
    await d.end();
  }
}

test('a reload while the message is read: the same screen, and the code still works', { skip, timeout: 90000 }, async () => {
  await served(async ({ d, page, seen }) => {
    await who(page, d.url, 'V-1');
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await waitHeading(page, 'Type the code from the message');
    const mark = await page.getByText('the message with the mark').innerText();
    const code = await messageCode(page, d.url);
    await page.reload();
    await waitHeading(page, 'Type the code from the message');
    assert.equal(await page.getByText('the message with the mark').innerText(), mark);
    await page.getByText('We sent a code to v•••@example.org').waitFor();
    assert.equal(seen.requests.filter((r) => r.url().endsWith('/api/enrol/send')).length, 1, 'no further code');
    await page.getByRole('button', { name: 'Back', exact: true }).click();
    await waitHeading(page, 'How do you show who you are?');
    await page.reload();
    await page.getByLabel('Code from the message').fill(code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await keep(page);
    await waitHeading(page, 'Your enrolment');
    await page.getByText(/It is to be decided by .* GMT-[78]\./).waitFor();
    await page.reload();
    await waitHeading(page, 'Your enrolment');
    await page.getByText('In review').waitFor();
    await axe(page);

    // A server that is away: another try is offered, and it goes on there.
    const status = '**/api/enrol/status';
    await page.route(status, (r) => r.fulfill({ status: 500, body: '' }));
    await page.reload();
    await waitHeading(page, 'This page could not be shown');
    await page.unroute(status);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('In review').waitFor();
  });
});

test('a code can be asked for again after a request that was lost', { skip, timeout: 60000 }, async () => {
  await served(async ({ d, page }) => {
    await who(page, d.url, 'V-1');
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await waitHeading(page, 'Type the code from the message');
    const send = '**/api/enrol/send';
    await page.route(send, (r) => r.fulfill({ status: 500, body: '' }));
    const again = page.getByRole('button', { name: 'Send it again' });
    await again.click();
    await page.getByText('The server has a fault.').waitFor();
    await page.unroute(send);
    await again.click();
    await page.getByText('Sent again to v•••@example.org').waitFor();
    assert.equal(await again.isDisabled(), true, 'the server would send none yet');
  });
});

test('a code that cannot be tried again, or is too old, is said so and not waited for', { skip, timeout: 60000 }, async () => {
  await served(async ({ d, page }) => {
    await who(page, d.url, 'V-1');
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await waitHeading(page, 'Type the code from the message');
    const right = await messageCode(page, d.url);
    for (let left = 4; left >= 0; left -= 1) {
      await page.getByLabel('Code from the message').fill(right === `10000${left}` ? '200000' : `10000${left}`);
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByText(left ? `You have ${left} tr` : 'Press “Send it again” and type the new one.').waitFor();
    }
    await page.route('**/api/election', async (r) => {
      const answer = await r.fetch();
      const json = await answer.json();
      await r.fulfill({ json: { ...json, time: json.time + 3600 } });
    });
    await page.reload();
    await waitHeading(page, 'How do you show who you are?');
  });
});

test('with no code under way a link leads to the ways, and the address to where they lead', { skip, timeout: 90000 }, async () => {
  await served(async ({ d, page }) => {
    await who(page, d.url, 'V-1');
    await waitHeading(page, 'How do you show who you are?');
    const before = page.url();
    await page.reload();
    await waitHeading(page, 'How do you show who you are?');
    assert.notEqual(page.url(), before, 'another token, in the address too');
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await waitHeading(page, 'Type the code from the message');
    const code = await messageCode(page, d.url);
    await page.getByLabel('Code from the message').fill(code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await keep(page);
    await waitHeading(page, 'Your enrolment');
    await page.reload();
    await page.getByText('In review').waitFor();
  });
});

test('photos that came are not asked for again', { skip, timeout: 90000 }, async () => {
  await served(async ({ d, page }) => {
    await who(page, d.url, 'V-2');
    await page.getByRole('button', { name: 'I photograph my ID' }).click();
    const code = await keep(page);
    await waitHeading(page, 'Photos of your ID');
    await page.getByRole('button', { name: 'Hand in' }).click();
    await page.getByText('The front of the ID is needed.').waitFor();
    await page.getByLabel('Front of the ID').setInputFiles({ name: 'id.png', mimeType: 'image/png', buffer: PICTURE });
    await page.getByText('✓ Sealed and sent').waitFor();
    await page.reload();
    await waitHeading(page, 'Is this yours?');
    await page.getByLabel('Recovery code').fill(code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await waitHeading(page, 'Photos of your ID');
    assert.equal(await page.getByText('✓ Sealed and sent').count(), 1);
    await page.getByRole('button', { name: 'Hand in' }).click();
    await page.getByText('A registrar looks at your documents').waitFor();
  });
});

test('the opening, by the clock of the election and by that of the device', { skip, timeout: 60000 }, async () => {
  await served(async ({ d, page, browser }) => {
    const phase = async (at, lang) => {
      await at.goto(`${d.url}/?lang=${lang}`);
      return at.locator('.phase').innerText();
    };
    assert.match(await phase(page, 'en'), /\(Asia\/Manila\), by this device's clock .* GMT-[78]\.$/);
    assert.match(await phase(page, 'fil'), /\(Asia\/Manila\), .* GMT-[78] sa orasan ng device na ito\.$/);
    const { page: there } = await open(browser, { timezoneId: 'Asia/Manila' });
    assert.match(await phase(there, 'en'), /\(Asia\/Manila\)\.$/);
    const { page: singapore } = await open(browser, { timezoneId: 'Asia/Singapore' });
    assert.match(await phase(singapore, 'en'), /\(Asia\/Manila\)\.$/);
    await page.goto(`${d.url}/enrol?lang=fil`);
    await page.getByText('Pambansang Halalan').first().waitFor();
  });
});

test('who is enrolled sees it after the close too, and who is not, that it is over', { skip, timeout: 60000 }, async () => {
  await served(async ({ d, page }) => {
    const election = await fetch(`${d.url}/api/election`).then((r) => r.json());
    await page.route('**/api/election', (r) => r.fulfill({ json: { ...election, phase: 'closed' } }));
    const credential = '11'.repeat(32);
    const as = async (state) => {
      await page.route('**/api/enrol/status', (r) => r.fulfill({ json: { state, unit: 0, style: 0, credential } }));
      await page.goto('about:blank');
      await page.goto(`${d.url}/enrol?lang=en#${'ab'.repeat(56)}`);
    };
    await as('recorded');
    await page.getByText('You are enrolled').waitFor();
    await page.getByText('Voting is closed. The count is being prepared.').waitFor();
    assert.equal(await page.getByText('You can vote').count(), 0);
    await as('started');
    await page.getByText('Enrolment is over').waitFor();
  });
});

test('the first field that is wrong has the focus', { skip, timeout: 60000 }, async () => {
  await served(async ({ d, page }) => {
    await page.goto(`${d.url}/enrol?lang=en`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Enter your birth date.').waitFor();
    assert.equal(await page.getByLabel("Voter's number").evaluate((x) => x === document.activeElement), true);
    await page.keyboard.type('V-1');
    await page.keyboard.press('Enter');
    await page.getByText("Enter your voter's number.").waitFor({ state: 'hidden' });
    assert.equal(await page.getByLabel('Birth date').evaluate((x) => x === document.activeElement), true);
  });
});
