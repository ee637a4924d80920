// The voter's way in Chromium, against a double of the server that can lie.

import { AxeBuilder } from '@axe-core/playwright';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';

import { cast, enrol, fill, launch, messageCode, open, openBallot, waitHeading } from './browser.mjs';
import { Double, audit } from './double.mjs';

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

// Runs fn with a double and a fresh page, and lets no error of the page pass.
async function scene(options, fn, context) {
  const double = await new Double({ reviewMs: 50, ...options }).start();
  const opened = await open(browser, context);
  try {
    await fn({ double, url: double.url, ...opened });
    if (!options.faulty) assert.deepEqual(opened.seen.problems, []);
  } finally {
    await opened.context.close();
    double.stop();
  }
}

async function noViolations(page, where) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(', ')}`), [], where);
}

async function noSideways(page, where) {
  const [need, have] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(need <= have, `${where}: ${need} > ${have}`);
}

const recorded = (page) => page.locator('.notice.good', { hasText: 'Recorded' }).waitFor({ timeout: 20000 });
const text = (page) => page.locator('main').innerText();

const trackerOf = async (page) => (await page.locator('.receipt .code').innerText()).replace(/\s/g, '');

test('enrol, vote, receipt, and the ballot found on the board by its tracker; then vote again', async () => {
  await scene({}, async ({ double, url, page, seen, context }) => {
    const { code, fingerprint } = await enrol(page, url, double);
    assert.match(await text(page), /Voting is open until [^]*You can vote now/);
    assert.equal(await page.getByRole('link', { name: 'Vote now' }).getAttribute('href'), '/vote');
    await openBallot(page, url, code);
    assert.ok((await text(page)).includes(fingerprint));
    const tracker = await fill(page, [[3, 5, 7, 66], [2]]);
    assert.equal(double.posted.length, 0, 'the tracker is shown before anything is sent');
    await cast(page);
    assert.equal(await trackerOf(page), tracker);
    await recorded(page);
    assert.equal(double.ballots.length, 1);
    assert.equal(double.ballots[0].tracker, tracker);
    assert.equal(double.entries[double.ballots[0].leaf][0], 11);

    // F10: no candidate's name on the receipt or on the tracker's page
    const names = double.manifest.contests.flatMap((c) => c.options.map((o) => o.name)).filter((n) => n.length > 4);
    const receipt = await text(page);
    assert.deepEqual(names.filter((n) => receipt.includes(n)), []);
    await page.goto('about:blank');
    await page.goto(`${url}/track#${tracker}`);
    await page.getByText('The proof holds').waitFor();
    await page.getByRole('button', { name: 'Check the ballot itself' }).click();
    await page.getByText('has exactly this tracker').waitFor();
    const tracked = await text(page);
    assert.deepEqual(names.filter((n) => tracked.includes(n)), []);

    // again, with the same code
    await openBallot(page, url, code);
    await page.getByText('has already cast ballot number 1, recorded in batch 1').waitFor();
    const second = await fill(page, [[1], []]);
    await cast(page);
    await recorded(page);
    assert.notEqual(second, tracker);
    assert.equal(double.ballots[1].sequence, 2);
    assert.ok(double.ballots[1].bytes.subarray(68, 100).equals(double.ballots[0].hash), 'chained');
    await page.goto('about:blank');
    await page.goto(`${url}/track#${tracker}`);
    await page.getByText('was replaced by a later one').waitFor();

    // one origin, and nothing left behind
    assert.deepEqual([...new Set(seen.requests.map((r) => r.url()).filter((u) => !u.startsWith(url) && !/^(about|blob|data):/.test(u)))], []);
    const left = await page.evaluate(async () => ({
      local: localStorage.length, session: sessionStorage.length, cookies: document.cookie, databases: (await indexedDB.databases()).length,
      caches: (await caches.keys()).length, workers: (await navigator.serviceWorker.getRegistrations()).length,
    }));
    assert.deepEqual(left, { local: 0, session: 0, cookies: '', databases: 0, caches: 0, workers: 0 });
    assert.deepEqual(await context.cookies(), []);
  });
});

test('the board page tells the story and checks the root; a changed entry is noticed', async () => {
  await scene({ phase: 'published' }, async ({ url, page }) => {
    await page.goto(`${url}/board`);
    await page.locator('.check.good').nth(3).waitFor();
    assert.match(await text(page), /Result published[\s\S]*signed by Officer 1, Officer 2/);
  });
  await scene({ lie: { board: true } }, async ({ url, page }) => {
    await page.goto(`${url}/board`);
    await page.getByText('do not fit its signed checkpoint').waitFor();
  });
});

test('the board page says so when the board stands still', async () => {
  const still = /stands still since/;
  await scene({}, async ({ url, page }) => {
    await page.goto(`${url}/board`);
    await page.locator('.check.good').nth(3).waitFor();
    assert.doesNotMatch(await text(page), still);
  });
  await scene({ lie: { still: true } }, async ({ url, page }) => {
    await page.goto(`${url}/board`);
    await page.getByText(still).waitFor();
    await noViolations(page, 'a board that stands still');
  });
});

test('witnesses: a checkpoint counts with the quorum, and not with one fewer', async () => {
  await scene({ witnesses: 3 }, async ({ double, url, page }) => {
    const { code } = await enrol(page, url, double);
    await openBallot(page, url, code);
    await fill(page, [[3, 5, 7, 66], [2]]);
    await cast(page);
    await recorded(page);
    await page.goto(`${url}/board`);
    await page.locator('.check.good').nth(3).waitFor();
    double.cosigning.pop();
    await page.goto(`${url}/`);
    await page.goto(`${url}/board`);
    await page.locator('.check.bad').waitFor();
  });
  await scene({ witnesses: 3 }, async ({ double, url, page }) => {
    double.cosigning.pop();
    const { code } = await enrol(page, url, double);
    await openBallot(page, url, code);
    await fill(page, [[3], [2]]);
    await cast(page);
    await page.locator('main').getByText('its proof does not hold').waitFor();
    assert.equal(await page.locator('.notice.good', { hasText: 'Recorded' }).count(), 0);
  });
});

test('a slow recorder: casting again waits for the last ballot, in words', async () => {
  await scene({ intervalS: 600 }, async ({ double, url, page }) => {
    const { code } = double.voterWithCode();
    await openBallot(page, url, code);
    await fill(page, [[1], [1]]);
    await cast(page);
    await page.getByText('Accepted', { exact: true }).waitFor();
    await openBallot(page, url, code);
    await page.getByText('in about 3 seconds').waitFor();
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Review', exact: true }).click();
    await page.getByRole('button', { name: 'Seal the ballot' }).click();
    await page.getByText('One moment').waitFor();
    assert.equal(double.posted.length, 1);
    double.closeBatch();
    await page.getByRole('button', { name: 'Seal the ballot' }).click();
    await waitHeading(page, 'Cast your ballot');
    await cast(page);
    assert.equal(double.ballots.length, 2);
  });
});

test('over-vote cannot happen; under-vote and blank are named; search finds without marks', async () => {
  await scene({
    change: (m) => { m.contests[0].options[15].name = 'CASIÑO, TEDDY'; },
  }, async ({ double, url, page }) => {
    const { code } = double.voterWithCode();
    await openBallot(page, url, code);
    await page.getByRole('button', { name: 'Begin' }).click();
    const boxes = page.locator('.option input');
    for (let i = 0; i < 12; i += 1) await boxes.nth(i).check();
    await page.getByText('12 of 12', { exact: true }).waitFor();
    await boxes.nth(20).click({ force: true });
    await page.getByText('You have chosen all 12').waitFor();
    assert.equal(await page.locator('.option input:checked').count(), 12);
    await boxes.nth(20).focus();
    await page.keyboard.press('Space');
    assert.equal(await page.locator('.option input:checked').count(), 12);
    await boxes.nth(0).uncheck();
    await page.getByText('11 of 12', { exact: true }).waitFor();
    await page.getByLabel('Search by name').fill('casino ted');
    assert.equal(await page.locator('.option:visible').count(), 1);
    await page.getByLabel('Search by name').fill('zzz');
    await page.getByText('Nothing here fits').waitFor();
    await page.getByLabel('Search by name').fill('');
    await page.getByLabel('Show only my choices').check();
    assert.equal(await page.locator('.option:visible').count(), 11);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.locator('h1', { hasText: 'Party list' }).waitFor();
    await page.locator('.option input').nth(0).check();
    await page.locator('.option input').nth(1).check();
    assert.equal(await page.locator('.option input:checked').count(), 1);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('button', { name: 'Review', exact: true }).click();
    await page.getByText('You chose 11 of at most 12. 1 choice is unused').waitFor();
    await page.getByText('You chose nobody here').waitFor();
    // the browser's back button walks the steps; choices are still there
    await page.goBack();
    await page.locator('h1', { hasText: 'Party list' }).waitFor();
    await page.goBack();
    await page.getByText('11 of 12', { exact: true }).waitFor();
  });
});

test('C9: requests of the cast path have one length and order whatever the choice', async () => {
  const traces = [];
  for (const choices of [[[], []], [[1], [155]], [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [1]], [[66, 65, 64], []]]) {
    await scene({}, async ({ double, url, page, seen }) => {
      const { code } = double.voterWithCode();
      await openBallot(page, url, code);
      seen.requests.length = 0;
      await fill(page, choices);
      await page.getByRole('button', { name: 'Cast my ballot' }).click();
      await waitHeading(page, 'Your receipt');
      const trace = seen.requests.filter((r) => !r.url().includes('/api/tracker/')).map((r) => {
        const headers = Object.entries(r.headers()).filter(([k]) => !['referer', 'origin'].includes(k)).map(([k, v]) => k + v).join('').length;
        return `${r.method()} ${new URL(r.url()).pathname} ${(r.postDataBuffer() || '').length} ${headers}`;
      });
      traces.push(trace.join('\n'));
      assert.equal(double.posted[0].length, 11912);
    });
  }
  assert.equal(new Set(traces).size, 1, traces.join('\n--\n'));
  assert.match(traces[0], /^POST \/api\/credential \d+ \d+\nPOST \/api\/ballots 11912 \d+$/);
});

test('by keyboard alone, from the code to the receipt', async () => {
  await scene({}, async ({ double, url, page }) => {
    const { code } = double.voterWithCode();
    await page.goto(`${url}/vote`);
    await page.getByLabel('Recovery code').waitFor();
    const tabTo = async (matches) => {
      for (let i = 0; i < 250; i += 1) {
        await page.keyboard.press('Tab');
        if (await page.evaluate(matches[0], matches[1])) return;
      }
      throw new Error(`no way by Tab to ${matches[1]}`);
    };
    const named = (name) => [(n) => {
      const e = document.activeElement;
      const label = e.labels && e.labels[0] ? e.labels[0].innerText : e.innerText;
      return Boolean(label) && label.replace(/\s+/g, ' ').includes(n);
    }, name];
    await tabTo(named('Recovery code'));
    await page.keyboard.type(code);
    await page.keyboard.press('Enter');
    await waitHeading(page, 'Your ballot');
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1', 'focus is on the heading');
    await tabTo(named('Begin'));
    await page.keyboard.press('Enter');
    await waitHeading(page, 'Senator');
    await tabTo(named('ADONIS, JEROME'));
    await page.keyboard.press('Space');
    await page.getByText('1 of 12', { exact: true }).waitFor();
    const visible = await page.evaluate(() => {
      const e = document.activeElement.getBoundingClientRect();
      return e.bottom < document.querySelector('.dock').getBoundingClientRect().top && e.top > 0;
    });
    assert.ok(visible, 'what has the focus is not under the counter');
    await tabTo(named('Next'));
    await page.keyboard.press('Enter');
    await waitHeading(page, 'Party list');
    await tabTo(named('Review'));
    await page.keyboard.press('Enter');
    await waitHeading(page, 'Review your ballot');
    await tabTo(named('Seal the ballot'));
    await page.keyboard.press('Enter');
    await waitHeading(page, 'Cast your ballot');
    await tabTo(named('Cast my ballot'));
    await page.keyboard.press('Enter');
    await waitHeading(page, 'Your receipt');
  }, { viewport: { width: 1024, height: 700 } });
});

for (const [language, locale, colorScheme] of [['en', 'en-US', 'light'], ['fil', 'fil-PH', 'dark']]) {
  test(`every page and state: no axe violation, nothing sideways at 320 px (${language}, ${colorScheme})`, async () => {
    await scene({}, async ({ double, url, page, context, seen }) => {
      const look = async (where) => {
        await noViolations(page, where);
        await noSideways(page, where);
        assert.equal(await page.evaluate(() => document.documentElement.lang), language, where);
        assert.doesNotMatch(await page.locator('body').innerText(), /\{\w+\}|\b[a-z]+\.[a-z]+-[a-z]+\b(?!\.)/, where);
      };
      const visit = async (where, path2) => {
        await page.goto(url + path2);
        await page.locator('h1').waitFor();
        await page.waitForLoadState('networkidle');
        await look(where);
      };
      const primary = () => page.locator('main .primary').last();
      const field = (i) => page.locator('main input').nth(i);
      await visit('desk', '/desk');
      await visit('start', '/');
      await page.locator('.menu').click();
      await look('menu');
      await field(0).fill('G-03');
      await field(1).fill('1990-01-01');
      await page.locator('main form button').click();
      await page.locator('.notice.good').waitFor();
      await look('on the list');
      await field(0).fill('G-3');
      await page.locator('main form button').click();
      await page.locator('.notice.bad').waitFor();
      await look('not on the list');

      await visit('enrol 1', '/enrol');
      await primary().click();
      await page.locator('.field-error').first().waitFor();
      await look('enrol 1, empty');
      await field(0).fill('G-03');
      await field(1).fill('1990-01-01');
      await primary().click();
      await field(0).waitFor();
      await page.locator('.steps li.done').first().waitFor();
      await look('enrol 2');
      await field(0).fill('000');
      await primary().click();
      await page.locator('.field-error:visible').waitFor();
      await look('enrol 2, wrong');
      await field(0).fill(await messageCode(page, url));
      await primary().click();
      await page.locator('.slip').waitFor();
      await look('enrol 3');
      const code = (await page.locator('.slip .code').innerText()).replace(/\s/g, '');
      await primary().click();
      await field(0).waitFor();
      await look('enrol 3, typed back');
      await field(0).fill('AAAAA');
      await primary().click();
      await page.locator('.field-error:visible').waitFor();
      await look('enrol 3, differs');
      await field(0).fill(code);
      double.options.reviewMs = 1000;
      await primary().click();
      await page.locator('.notice.wait').waitFor();
      await look('enrol 4, in review');
      await page.locator('.notice.good').waitFor({ timeout: 20000 });
      await look('enrol 4');
      await visit('messages', '/outbox');

      await visit('vote', '/vote');
      await page.locator('details summary').click();
      await look('vote, checked');
      await field(0).fill('AAA');
      await primary().click();
      await page.locator('.field-error:visible').waitFor();
      await look('vote, wrong code');
      await field(0).fill('00000-00000-00000-00000-00000-0');
      await primary().click();
      await page.locator('.notice.bad').waitFor();
      await look('vote, not enrolled');
      await field(0).fill(code);
      await primary().click();
      await page.locator('.facts').waitFor();
      await look('ballot');
      await primary().click();
      await page.locator('.option-list').waitFor();
      for (let i = 0; i < 12; i += 1) await page.locator('.option input').nth(i).check();
      await page.locator('.option input').nth(12).click({ force: true });
      await look('contest, full');
      await primary().click();
      await page.locator('.steps li:nth-child(2)[aria-current]').waitFor();
      await look('contest 2');
      await primary().click();
      await page.locator('.review').first().waitFor();
      await look('review');
      await primary().click();
      await page.locator('.tracker-card').waitFor();
      await look('cast');
      await primary().click();
      await page.locator('.receipt').waitFor();
      await look('receipt, accepted');
      await page.locator('.status-region .notice.good').waitFor({ timeout: 20000 });
      await look('receipt, recorded');
      const tracker = double.ballots[0].tracker;

      await visit('track', '/track');
      await page.goto('about:blank');
      await visit('track, found', `/track#${tracker}`);
      await page.goto('about:blank');
      await visit('track, unknown', '/track#00000-00000-00000-00000-00000-0');
      await visit('results, none', '/results');
      await visit('record', '/board');
      assert.deepEqual(seen.problems, []);
      assert.ok(context);
    }, { viewport: { width: 320, height: 640 }, locale, colorScheme });
  });
}

// Numbers that add up: two sets of two posts, and a post with 12 ballots whose votes are withheld.
function someResults(double) {
  const { contests, units } = double.manifest;
  const none = { registered: 0, added: 0, removed: 0, changes: 0, online: 0, enrolled: 0, cancelled: 0, ballots: 0, replaced: 0, voided: 0, excluded: 0, counted: 0 };
  const at = [
    { registered: 10000, added: 5, removed: 4, changes: 12, online: 9001, enrolled: 2100, cancelled: 3, ballots: 547, replaced: 95, voided: 2, excluded: 3, counted: 447 },
    ...[447, 447, 447, 12].map((n) => ({ ballots: n, counted: n })),
  ];
  const posts = units.map((u, i) => ({ unit: u.id, ...none, ...at[i] }));
  const total = Object.fromEntries(Object.keys(none).map((name) => [name, posts.reduce((n, u) => n + u[name], 0)]));
  const set = (c, k) => ({ units: [units[k].id, units[k + 1].id], ballots: 894, votes: c.options.map((_, i) => (i * 37) % (c.max > 1 ? 299 : 10)) });
  return {
    tapat: 1,
    fingerprint: double.fingerprint.toString('hex'),
    contests: contests.map((c) => {
      const sets = [set(c, 0), set(c, 2)];
      const votes = c.options.map((_, i) => sets[0].votes[i] + sets[1].votes[i]);
      const outcome = (i) => {
        if (!c.seats) return 'none';
        if (votes.filter((v, k) => k !== i && v >= votes[i]).length < c.seats) return 'won';
        return votes.filter((v) => v > votes[i]).length >= c.seats ? 'lost' : 'tied';
      };
      return {
        id: c.id, title: c.title.en, method: c.method, seats: c.seats, ballots: 1788, withheld: 12,
        options: c.options.map((o, i) => ({ ...o, votes: votes[i], outcome: outcome(i) })), sets,
      };
    }),
    reconciliation: { total, units: posts },
  };
}

test('results: totals, tables and a reconciliation that adds up, accessible at 320 px', async () => {
  await scene({ phase: 'published', results: someResults }, async ({ url, page }) => {
    await page.goto(`${url}/results`);
    await page.getByText('It adds up: 1,900 = 95 + 2 + 3 + 1,800.').waitFor();
    await page.locator('details summary').first().click();
    assert.equal(await page.locator('#contest-0 .tag.won').count() >= 12, true);
    await noViolations(page, 'results');
    await noSideways(page, 'results');
  }, { viewport: { width: 320, height: 640 } });
  await scene({ phase: 'published', results: (d) => { const r = someResults(d); r.reconciliation.total.counted -= 1; return r; } }, async ({ url, page }) => {
    await page.goto(`${url}/results`);
    await page.getByText('do not add up').first().waitFor();
  });
});

test('every phase has its words on the start page and on the voting page', async () => {
  for (const [phase, home, vote] of [
    ['setup', 'Voting has not begun', 'Voting opens on'], ['closed', 'count is being prepared', 'Voting has closed'],
    ['frozen', 'being counted', 'being counted'], ['published', 'The result is published', 'the result is published']]) {
    await scene({ phase, test: false }, async ({ url, page }) => {
      await page.goto(`${url}/`);
      await page.getByText(home).first().waitFor();
      assert.equal(await page.locator('.test-banner').count(), 0);
      await page.goto(`${url}/vote`);
      await page.getByText(vote).waitFor();
      assert.equal(await page.locator('main input').count(), 0);
      await page.goto(`${url}/outbox`);
      await page.getByText('no such page in a real election').waitFor();
    });
  }
});

test('h1: markup in names, titles and messages is text', async () => {
  const payloads = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', "'-alert(1)-'", '<svg/onload=alert(1)>', '{{7*7}}', 'javascript:alert(1)', '</h1><iframe srcdoc="x">'];
  await scene({
    change: (m) => {
      m.title = { en: payloads[1], fil: payloads[1] };
      m.contests[0].title = { en: payloads[3], fil: payloads[3] };
      m.contests[0].options.forEach((o, i) => { o.name = `${i} ${payloads[i % payloads.length]}`; o.party = payloads[(i + 1) % payloads.length]; });
      m.units[0].name = payloads[0];
      m.trustees.who[0].name = payloads[6];
    },
  }, async ({ double, url, page, context }) => {
    let alerts = 0;
    page.on('dialog', (d) => { alerts += 1; d.dismiss(); });
    const { code } = double.voterWithCode();
    double.outbox.unshift({ to: payloads[0], subject: payloads[1], text: payloads[3], time: 1 });
    await page.goto(`${url}/outbox`);
    await page.getByText(payloads[3]).waitFor();
    await openBallot(page, url, code);
    await page.getByText(payloads[0]).first().waitFor();
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByText(`1 ${payloads[1]}`, { exact: false }).first().waitFor();
    for (let i = 0; i < 7; i += 1) await page.locator('.option input').nth(i).check();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Review', exact: true }).click();
    await waitHeading(page, 'Review your ballot');
    for (let i = 0; i < 7; i += 1) assert.ok((await text(page)).includes(payloads[i]));
    await page.goto(`${url}/board`);
    await page.getByText(payloads[6]).first().waitFor();
    assert.equal(await page.locator('main img, main iframe, main script').count(), 0);
    assert.equal(alerts, 0);
    assert.ok(context);
  });
});

// ---- a server that lies ----

async function upToCast(double, url, page) {
  const { code } = double.voterWithCode();
  await openBallot(page, url, code);
  return fill(page, [[1], [1]]);
}

for (const [what, lie] of [['another ballot', { otherHash: true }], ['a false signature', { badSignature: true }],
  ['another tracker', { otherTracker: '00000-00000-00000-00000-00000-0' }]]) {
  test(`f3: a promise with ${what} raises an alarm with evidence, and no receipt`, async () => {
    await scene({ lie }, async ({ double, url, page }) => {
      const tracker = await upToCast(double, url, page);
      await page.getByRole('button', { name: 'Cast my ballot' }).click();
      await waitHeading(page, 'Stop: the answer is not about your ballot');
      assert.ok((await text(page)).replace(/\s/g, '').includes(tracker));
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the evidence' }).click()]);
      const saved = JSON.parse(fs.readFileSync(await file.path(), 'utf8'));
      assert.equal(saved.tracker, tracker);
      assert.ok(saved.promise.signature);
      await noViolations(page, 'alarm');
    });
  });
}

test('a proof that does not hold, and a promise not kept, are said', async () => {
  await scene({ lie: { badProof: true } }, async ({ double, url, page }) => {
    await upToCast(double, url, page);
    await cast(page);
    await page.getByText('The proof does not fit').waitFor({ timeout: 15000 });
  });
  await scene({ lie: { neverRecord: true, lateDeadline: true } }, async ({ double, url, page }) => {
    await upToCast(double, url, page);
    await cast(page);
    await page.getByText('The promise was not kept').waitFor({ timeout: 15000 });
  });
});

test('another manifest, unconfirmed keys or a foreign credential stop the voter', async () => {
  await scene({ lie: { manifest: true } }, async ({ url, page }) => {
    await page.goto(`${url}/vote`);
    await page.getByText('not the one that this election was frozen with').waitFor();
    assert.equal(await page.locator('main input').count(), 0);
  });
  await scene({ lie: { trustee: 4 } }, async ({ url, page }) => {
    await page.goto(`${url}/vote`);
    await page.getByText('The trustee Trustee 4 has not confirmed').waitFor();
    assert.equal(await page.locator('main input').count(), 0);
    await noViolations(page, 'untrusted');
  });
  await scene({ noKeys: true }, async ({ url, page }) => {
    await page.goto(`${url}/vote`);
    await page.getByText('have not all confirmed the keys').waitFor();
  });
  await scene({ lie: { otherCredential: 'ab'.repeat(32) } }, async ({ double, url, page }) => {
    await enrol(page, url, double);
    await page.getByText('Another credential than yours was enrolled').waitFor();
  });
  await scene({ lie: { cancelled: true } }, async ({ double, url, page }) => {
    const { code } = double.voterWithCode();
    await page.goto(`${url}/vote`);
    await page.getByLabel('Recovery code').fill(code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('This code was cancelled').waitFor();
  });
});

// ---- the ballot before (spec: C-12, C-13) ----

const hex = (b) => b.toString('hex');
const cover = (double, leaf, size) => {
  const leaves = double.leaves.slice(0, size);
  return { leaf, proof: audit(leaf, leaves).map(hex), checkpoint: double.checkpoint(leaves) };
};
// What a server may say of the newest ballot, and what the page says to it.
const predecessorLies = [
  ['a ballot that is not on the board, with the proof of another entry', 'proof does not fit',
    (a, d) => Object.assign(a, cover(d, 0, d.leaves.length))],
  ['another leaf', 'proof does not fit', (a) => { a.leaf += 1; }],
  ['a path with one node more', 'proof does not fit', (a) => { a.proof.push('00'.repeat(32)); }],
  ['a checkpoint from before the ballot', 'proof does not fit',
    (a, d) => { a.checkpoint = d.checkpoint(d.leaves.slice(0, a.leaf)); }],
  ['an older checkpoint than the page knows of', 'older or another state', (a, d) => Object.assign(a, cover(d, a.leaf, a.leaf + 1))],
  ['a checkpoint without a good signature', 'not signed with the key', (a) => {
    a.checkpoint = a.checkpoint.replace(/(.)\n$/, (_, c) => `${c === 'A' ? 'B' : 'A'}\n`).replace(/^(.*\n)(\d+)/, (_, o, n) => `${o}${+n + 1}`);
  }],
  ["another voter's ballot", 'not yours', (a, d) => {
    const other = d.ballots.find((b) => b.sequence === 1 && hex(b.hash) !== a.previous);
    Object.assign(a, { previous: hex(other.hash), entry: hex(d.entries[other.leaf]) }, cover(d, other.leaf, d.leaves.length));
  }],
  ['the right ballot under another number', 'not yours', (a) => { a.sequence = 2; }],
  ['the right ballot under another hash', 'not yours', (a) => { a.previous = 'ab'.repeat(32); }],
  ['a ballot that the server made and put on the board', 'not yours', (a, d) => {
    const made = Buffer.from(a.entry, 'hex');
    made[made.length - 40] ^= 1;
    const leaf = d.append(made);
    const hash = createHash('sha256').update('tapat-v1 ballot').update(made.subarray(1)).digest();
    Object.assign(a, { previous: hex(hash), entry: hex(made) }, cover(d, leaf, d.leaves.length));
  }],
  ['no bytes of the ballot', 'proof does not fit', (a) => { delete a.entry; }],
  ['no proof', 'proof does not fit', (a) => { delete a.proof; }],
];

async function typeCode(page, url, code) {
  await page.goto('about:blank');
  await page.goto(`${url}/vote`);
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Continue' }).click();
}

async function castOne(double, url, page, code) {
  await openBallot(page, url, code);
  await fill(page, [[1], [1]]);
  await cast(page);
  double.closeBatch();
  await recorded(page);
}

test('nothing is sealed over a ballot that the server does not prove to be on the board', async () => {
  await scene({ intervalS: 600 }, async ({ double, url, page }) => {
    const [{ code }, other] = [double.voterWithCode(), double.voterWithCode()];
    await castOne(double, url, page, other.code);
    await castOne(double, url, page, code);
    const { lie } = double.options;
    for (const [what, words, tell] of predecessorLies) {
      lie.predecessor = tell;
      await typeCode(page, url, code);
      await page.locator('.notice.bad').waitFor();
      assert.ok((await text(page)).includes(words), `${what}: ${await text(page)}`);
      assert.equal(await page.getByRole('button', { name: 'Begin' }).count(), 0, what);
    }
    await noViolations(page, 'unproven');
    await page.getByRole('button', { name: 'Filipino' }).click();
    assert.equal(double.posted.length, 2);

    // honest at the code, lying when the ballot is sealed
    delete lie.predecessor;
    await page.goto(`${url}/vote?lang=en`);
    await typeCode(page, url, code);
    await page.getByText('has already cast ballot number 1, recorded in batch 2').waitFor();
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Review', exact: true }).click();
    [, , lie.predecessor] = predecessorLies[1];
    await page.getByRole('button', { name: 'Seal the ballot' }).click();
    await page.getByText('is not proven to be on the public record').waitFor();
    assert.equal(await page.locator('.tracker-card').count(), 0);
    delete lie.predecessor;
    await page.getByRole('button', { name: 'Seal the ballot' }).click();
    await waitHeading(page, 'Cast your ballot');
    await cast(page);
    assert.ok(double.posted[2].subarray(68, 100).equals(double.ballots[1].hash));
  });
});

test('f4: a ballot that the voter does not know of is named before another is sealed', async () => {
  await scene({ intervalS: 600 }, async ({ double, url, page, context }) => {
    const { code } = double.voterWithCode();
    await openBallot(page, url, code);
    await page.getByText('None yet, says the server').waitFor();
    const second = await context.newPage();
    await castOne(double, url, second, code);
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Review', exact: true }).click();
    await page.getByRole('button', { name: 'Seal the ballot' }).click();
    await page.getByText('Another ballot was cast with this code').waitFor();
    assert.match(await text(page), /ballot number 1, recorded in batch 1[\s\S]*If you did not cast that ballot/);
    assert.equal(await page.locator('.notice code').innerText(), double.ballots[0].tracker);
    assert.equal(double.posted.length, 1);
  });
});

test('a page that is opened again after a lost answer names the ballot that was accepted', async () => {
  await scene({ faulty: true, intervalS: 600 }, async ({ double, url, page }) => {
    const { code } = double.voterWithCode();
    await openBallot(page, url, code);
    const tracker = await fill(page, [[1], [1]]);
    await page.route('**/api/ballots', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await page.getByRole('button', { name: 'Cast my ballot' }).click();
    await page.getByText('it counts once').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Back to the review' }).isDisabled(), true);
    await page.goBack(); // within the page: the sealed ballot stays
    await waitHeading(page, 'Cast your ballot');
    await page.unroute('**/api/ballots');
    await page.reload();
    await typeCode(page, url, code);
    await page.getByText('has already cast ballot number 1; it is accepted').waitFor();
    assert.ok((await text(page)).replace(/\s/g, '').includes(tracker));
    assert.equal(double.ballots.length, 1);
  });
});

test('a second ballot with a number that is taken is refused, and the tracker of the first is shown', async () => {
  await scene({ faulty: true, intervalS: 600 }, async ({ double, url, page }) => {
    const { code } = double.voterWithCode();
    await openBallot(page, url, code);
    await fill(page, [[1], [1]]);
    const late = [];
    await page.route('**/api/ballots', async (route) => { // on its way for long
      late.push(route.request().postDataBuffer());
      await route.abort();
    });
    await page.getByRole('button', { name: 'Cast my ballot' }).click();
    await page.getByText('it counts once').waitFor();
    await page.unroute('**/api/ballots');
    await page.goto('about:blank');
    await openBallot(page, url, code);
    await fill(page, [[2], [2]]);
    assert.equal(double.cast(late[0])[0], 201);
    await page.getByRole('button', { name: 'Cast my ballot' }).click();
    await page.getByText('The server has accepted ballot number 1 of your credential').waitFor();
    assert.equal(await page.locator('#cast-message code').innerText(), double.ballots[0].tracker);
    assert.equal(double.ballots.length, 1);
    const [opened] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Look it up' }).click()]);
    await opened.getByText(double.ballots[0].tracker.split('-')[0]).first().waitFor();
  });
});

test('a lost answer: the same bytes are sent again, and count once', async () => {
  await scene({ faulty: true }, async ({ double, url, page }) => {
    await upToCast(double, url, page);
    let lost = 0;
    await page.route('**/api/ballots', async (route) => {
      if (lost === 0) {
        lost += 1;
        await route.fetch();
        await route.abort();
      } else {
        await route.continue();
      }
    });
    await page.getByRole('button', { name: 'Cast my ballot' }).click();
    await page.getByText('it counts once').waitFor();
    await page.getByRole('button', { name: 'Send again' }).click();
    await waitHeading(page, 'Your receipt');
    assert.equal(double.ballots.length, 1);
    assert.equal(double.posted.length, 2);
    assert.ok(double.posted[0].equals(double.posted[1]));
  });
});

test('c10: without WebAssembly or randomness the page stops, and no choice is asked for', async () => {
  await scene({ noWasm: true, faulty: true }, async ({ url, page, double }) => {
    for (const where of ['/vote', '/enrol']) {
      await page.goto(url + where);
      await page.getByText('This browser cannot seal a ballot').waitFor();
      assert.equal(await page.locator('main input').count(), 0);
    }
    assert.equal(double.posted.length, 0);
    await noViolations(page, 'stop');
  });
  for (const take of ['delete globalThis.WebAssembly', 'Object.defineProperty(globalThis, "crypto", { value: undefined })']) {
    await scene({ faulty: true }, async ({ url, page }) => {
      await page.addInitScript(take);
      await page.goto(`${url}/vote`);
      await page.getByText('This browser cannot seal a ballot').waitFor();
    });
  }
});

test('h10: the way back shows nothing of a voter', async () => {
  await scene({}, async ({ double, url, page }) => {
    await upToCast(double, url, page);
    await page.goto(`${url}/track`);
    await page.locator('h1').waitFor();
    await page.goBack();
    await page.getByLabel('Recovery code').waitFor();
    assert.equal(await page.getByLabel('Recovery code').inputValue(), '');
    assert.equal(await page.getByLabel('Recovery code').getAttribute('autocomplete'), 'off');
    assert.equal(await page.locator('.code, .option').count(), 0);
  });
});

test('the language changes in the middle of the way, and nothing is lost', async () => {
  await scene({}, async ({ double, url, page }) => {
    const { code } = double.voterWithCode();
    await openBallot(page, url, code);
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.locator('.option input').nth(4).check();
    await page.getByRole('button', { name: 'Filipino' }).click();
    await page.locator('h1', { hasText: 'Senador' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'fil');
    assert.equal(await page.locator('.option input').nth(4).isChecked(), true);
    assert.ok(page.url().includes('lang=fil'));
    await page.getByText('1 sa 12', { exact: true }).waitFor();
  });
});

test('the QR code on the receipt leads to the tracker', async (t) => {
  await scene({}, async ({ double, url, page }) => {
    const tracker = await upToCast(double, url, page);
    await cast(page);
    const file = path.join(os.tmpdir(), `qr-${process.pid}.png`);
    await page.locator('.qr').screenshot({ path: file });
    let read;
    try {
      read = execFileSync('zbarimg', ['-q', '--raw', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch (e) {
      if (e.code !== 'ENOENT') throw e;
      t.skip('no zbarimg');
    }
    fs.rmSync(file);
    if (read) assert.equal(read, `${url}/track#${tracker}`);
  });
});

test('sealing a ballot in the worker', async (t) => {
  await scene({}, async ({ double, url, page }) => {
    const { code } = double.voterWithCode();
    await openBallot(page, url, code);
    await fill(page, [[1, 2, 3], [1]]);
    await page.getByRole('button', { name: 'Back to the review' }).click();
    const times = [];
    for (let i = 0; i < 3; i += 1) {
      await waitHeading(page, 'Review your ballot');
      times.push(await page.evaluate(() => new Promise((done) => {
        const from = performance.now();
        const watch = new MutationObserver(() => {
          if (document.querySelector('.tracker-card')) done(performance.now() - from);
        });
        watch.observe(document.getElementById('main'), { childList: true, subtree: true });
        document.querySelector('main .primary').click();
      })));
      await page.getByRole('button', { name: 'Back to the review' }).click();
    }
    t.diagnostic(`from "Seal" to the tracker on the screen, 12 of 66 and 1 of 155, ms: ${times.map((x) => Math.round(x)).join(', ')}`);
    assert.ok(Math.min(...times) < 1500);
  });
});

test('before its time enrolment says when it opens; a test election does not wait', async () => {
  const later = (m) => { m.times.enrol = new Date(Date.now() + 864e5).toISOString().replace(/\.\d+/, ''); };
  const manila = { timezoneId: 'Asia/Manila' };
  await scene({ phase: 'setup', test: false, change: later }, async ({ url, page }) => {
    await page.goto(`${url}/enrol`);
    await page.getByText(/It opens on .* \(Asia\/Manila\)\./).waitFor();
    assert.equal(await page.getByLabel("Voter's number").count(), 0);
    await noViolations(page, 'too early');
    await page.goto(`${url}/`);
    await page.getByText(/^Enrolment opens on .* \(Asia\/Manila\)\. Voting opens on/).waitFor();
  }, manila);
  await scene({ phase: 'setup', test: true, change: later }, async ({ url, page }) => {
    await page.goto(`${url}/enrol`);
    await page.getByLabel("Voter's number").waitFor();
  }, manila);
});

test('the close in the middle of an enrolment is said in words, with the way on', async () => {
  await scene({}, async ({ url, page }) => {
    await page.goto(`${url}/enrol`);
    await page.getByLabel("Voter's number").fill('G-01');
    await page.getByLabel('Birth date').fill('1990-01-01');
    await page.route('**/api/enrol/start', (r) => r.fulfill({ status: 409, contentType: 'application/json', body: '{"code":"board.phase"}' }));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Enrolment is not open now').waitFor();
    await noViolations(page, 'closed in the middle');
    await page.locator('.notice.bad').getByRole('link', { name: 'Back to the start' }).click();
    await page.getByText('Voting is open until').waitFor();
  });
});
