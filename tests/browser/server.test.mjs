// The voter's way against the daemon itself: keys by the trustees' tool, enrolment by a registrar,
// the ballot found on the board, the count, the result.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import { cast, fill, launch, open, openBallot, waitHeading } from './browser.mjs';
import { Election, tapat } from '../support/election.mjs';

async function enrolGuest(page, url, number) {
  await page.goto(`${url}/enrol`);
  await page.getByLabel("Voter's number").fill(number);
  await page.getByLabel('Birth date').fill('1990-01-01');
  await page.getByRole('button', { name: 'Continue' }).click();
  await waitHeading(page, 'How do you show who you are?');
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await waitHeading(page, 'Type the code from the message');
  await page.getByLabel('Code from the message').fill(await newestCode(page, url));
  await page.getByRole('button', { name: 'Continue' }).click();
  await waitHeading(page, 'Your recovery code');
  const code = (await page.locator('.slip .code').innerText()).replace(/\s/g, '');
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Finish enrolment' }).click();
  await page.getByText('on the public record, without your name').waitFor({ timeout: 40000 });
  return code;
}

// As a person does it: from the page of messages.
async function newestCode(page, url) {
  const other = await page.context().newPage();
  await other.goto(`${url}/outbox`);
  await other.locator('.message').first().waitFor();
  const text = await other.locator('.message').first().innerText();
  await other.close();
  return /\b\d{6}\b/.exec(text)[0];
}

test('an election of two guests, from enrolment to result, in the browser', { timeout: 300000 }, async (t) => {
  if (!fs.existsSync(tapat)) {
    t.skip('no build/tapat');
    return;
  }
  const election = new Election();
  const { url } = election;
  const browser = await launch();
  try {
    election.define();
    await election.serve();
    election.act('approve', '--proof', election.proof());
    for (let round = 0; round < 3; round += 1) for (const i of [1, 2, 3]) election.trustee(i);
    election.act('roll', 'commit', '--data', election.at('data'));
    election.act('open');
    election.start('registrar', '--server', url, '--key', election.at('r1'), '--manifest', election.at('manifest.json'), '--watch', '--trust-server');

    const { page, seen } = await open(browser);
    const policy = await page.goto(`${url}/`).then((r) => r.headers()['content-security-policy']);
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /require-trusted-types-for 'script'/);
    const code = await enrolGuest(page, url, 'G-01');
    const other = await enrolGuest(page, url, 'G-02');

    await openBallot(page, url, code);
    const first = await fill(page, [[1, 2], [5]]);
    await cast(page);
    await page.locator('.notice.good', { hasText: 'Recorded' }).waitFor({ timeout: 30000 });
    await openBallot(page, url, code);
    await page.getByText('has already cast ballot number 1, recorded in batch').waitFor();
    const second = await fill(page, [[28, 5], [2]]);
    await cast(page);
    await page.locator('.notice.good', { hasText: 'Recorded' }).waitFor({ timeout: 30000 });
    await openBallot(page, url, other);
    await fill(page, [[28], []]);
    await cast(page);
    await page.locator('.notice.good', { hasText: 'Recorded' }).waitFor({ timeout: 30000 });

    const track = async (tracker, state) => {
      await page.goto('about:blank');
      await page.goto(`${url}/track#${tracker}`);
      await page.getByText(state).waitFor();
      await page.getByText('The proof holds').waitFor();
      await page.getByRole('button', { name: 'Check the ballot itself' }).click();
      await page.getByText('has exactly this tracker').waitFor();
    };
    await track(first, 'was replaced by a later one');
    await track(second, 'is the newest of its voter');

    election.act('close');
    election.act('tally', 'freeze');
    for (const i of [1, 3]) election.trustee(i);
    election.act('tally', 'publish');
    election.mirror();
    election.run('verify', election.at('record'));

    await page.goto(`${url}/results`);
    await page.getByText('It adds up: 3 = 1 + 0 + 0 + 2.').waitFor();
    const row = page.locator('#contest-0 tbody tr').first();
    assert.match(await row.innerText(), /28[\s\S]*\n?\s*2\b/);
    await track(second, 'was counted');
    await page.goto(`${url}/board`);
    await page.locator('.check.good').nth(3).waitFor({ timeout: 20000 });
    election.run('archive', election.at('record'), election.at('record.tar'));
    for (const name of ['board', 'results']) {
      await page.goto(`${url}/${name}`);
      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save the whole record as one file' }).click();
      const file = await (await saved).path();
      assert.ok(fs.readFileSync(file).equals(fs.readFileSync(election.at('record.tar'))), name);
    }
    await page.goto(`${url}/board`);
    await page.locator('.check.good').nth(3).waitFor({ timeout: 20000 });
    assert.equal(await page.locator('.story li.open').count(), 0, await page.locator('.story li.open').allInnerTexts().then(String));
    assert.deepEqual(seen.problems, []);
  } finally {
    await browser.close();
    election.end();
  }
});
