// In person and by documents, against the daemon itself: the voter's page on one side, the desk of
// two registrars on the other. Every screen at 390 px without an axe violation.

import { AxeBuilder } from '@axe-core/playwright';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import test from 'node:test';

import { launch, open, waitHeading } from './browser.mjs';
import { Election, tapat } from '../support/election.mjs';

const ENROL = { show: true, shared: 4, review_days: 5, routes: ['code', 'desk', 'documents'], posts: {} };
const PHRASE = 'correct horse';

async function sound(page, where) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), [], where);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(wide, false, `${where}: sideways`);
}

async function toRoutes(page, url, number) {
  await page.goto(`${url}/enrol`);
  await page.getByLabel("Voter's number").fill(number);
  await page.getByLabel('Birth date').fill('1990-01-01');
  await page.getByRole('button', { name: 'Continue' }).click();
  await waitHeading(page, 'How do you show who you are?');
}

async function keepKey(page) {
  await waitHeading(page, 'Your recovery code');
  const code = (await page.locator('.slip .code').innerText()).replace(/\s/g, '');
  const fingerprint = await page.locator('.slip p.mono').innerText();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Finish enrolment' }).click();
  return { code, fingerprint };
}

async function openDesk(browser, url, file, phrase, hash = '') {
  const opened = await open(browser);
  await opened.page.goto(`${url}/desk${hash}`);
  await waitHeading(opened.page, "Registrar's desk");
  await opened.page.getByLabel('Your key file').setInputFiles(file);
  if (phrase) {
    await opened.page.getByLabel('Passphrase').fill('wrong');
    await opened.page.getByRole('button', { name: 'Open' }).click();
    await opened.page.getByText('not the passphrase of this file').waitFor({ timeout: 60000 });
    await opened.page.getByLabel('Passphrase').fill(phrase);
  }
  await opened.page.getByRole('button', { name: 'Open', exact: true }).click();
  return opened;
}

const codeOf = async (locator) => (await locator.innerText()).replace(/\s/g, '');

async function sign(page, name) {
  await page.getByRole('button', { name: 'Sign', exact: true }).click();
  await page.getByText('Tick the box first').waitFor();
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Sign', exact: true }).click();
  await waitHeading(page, 'Who waits');
  await page.getByText(name).first().waitFor();
}

// A picture that a camera could give, larger than what is sent.
async function photo(page, file) {
  const data = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 2600;
    canvas.height = 1800;
    const c = canvas.getContext('2d');
    for (let i = 0; i < 3000; i += 1) {
      c.fillStyle = `rgb(${i % 255}, ${(i * 7) % 255}, ${(i * 13) % 255})`;
      c.fillRect((i * 37) % 2600, (i * 53) % 1800, 90, 70);
    }
    return canvas.toDataURL('image/jpeg', 0.95).split(',')[1];
  });
  fs.writeFileSync(file, Buffer.from(data, 'base64'));
}

test('in person, refused, documents: two registrars decide', { timeout: 400000 }, async (t) => {
  if (!fs.existsSync(tapat)) {
    t.skip('no build/tapat');
    return;
  }
  const election = new Election({ enrol: ENROL, registrars: 2 });
  const browser = await launch();
  try {
    election.define();
    await election.serve();
    const { url } = election;
    // the first registrar's file is locked with a passphrase
    const backup = election.run('key', 'print', election.at('r1')).split('\n').filter((l) => /^ {2}\d/.test(l)).map((l) => l.slice(5)).join('\n');
    execFileSync(tapat, ['key', 'restore', election.at('r1-locked'), '--role', 'registrar', '--name', 'Registrar 1'],
      { input: `${backup}\n`, env: { ...process.env, TAPAT_PASSPHRASE: PHRASE } });
    assert.match(fs.readFileSync(election.at('r1-locked'), 'utf8'), /^locked [0-9a-f]{32} [0-9a-f]{128}$/m);

    const { page, seen } = await open(browser);
    await toRoutes(page, url, 'G-01');
    await sound(page, 'ways');
    await page.getByRole('button', { name: 'I go to the post' }).click();
    const { fingerprint, code } = await keepKey(page);
    await page.getByText('Show this at your post').waitFor();
    await sound(page, 'applied, desk');
    const short = await codeOf(page.locator('[aria-label="Short code"]'));
    assert.match(short, /^[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]$/);
    assert.equal((await codeOf(page.locator('.slip [aria-label*="ingerprint"]').last())), fingerprint);

    // the link goes on, on another device, and shows the same
    await page.getByRole('button', { name: 'Go on on another device' }).click();
    await sound(page, 'applied, with link');
    const link = page.url();
    assert.match(link, /#[0-9a-f]{100,}$/);
    const elsewhere = await open(browser);
    await elsewhere.page.goto(link);
    // but only to who has its recovery code: a link that somebody else made leads to their key
    await waitHeading(elsewhere.page, 'Is this yours?');
    await sound(elsewhere.page, 'is this yours');
    assert.equal(await elsewhere.page.getByText('Show this at your post').count(), 0);
    await elsewhere.page.getByLabel('Recovery code').fill('ABC');
    await elsewhere.page.getByRole('button', { name: 'Continue' }).click();
    await elsewhere.page.getByText('not a complete recovery code').waitFor();
    await elsewhere.page.getByLabel('Recovery code').fill(code);
    await elsewhere.page.getByRole('button', { name: 'Continue' }).click();
    await elsewhere.page.getByText('Show this at your post').waitFor();
    await elsewhere.context.close();

    const first = await openDesk(browser, url, election.at('r1-locked'), PHRASE);
    await waitHeading(first.page, 'Who waits');
    await sound(first.page, 'queue');
    await first.page.getByLabel('Short code or link').fill('ABC');
    await first.page.getByRole('button', { name: 'Find' }).click();
    await first.page.getByText('Nothing that waits has this code').waitFor();
    await first.page.getByLabel('Short code or link').fill(short);
    await first.page.getByRole('button', { name: 'Find' }).click();
    await first.page.getByText('Compare this with the fingerprint').waitFor();
    await first.page.locator('.slip .code').waitFor();
    assert.equal(await codeOf(first.page.locator('.slip .code')), fingerprint);
    await sound(first.page, 'row');
    await sign(first.page, '1 of 2');
    await sound(first.page, 'queue, signed once');

    // the second registrar's phone followed the code on the voter's screen
    const row = await election.post('/api/enrol/status', { enrolment: link.split('#')[1] });
    assert.equal(row.state, 'applied');
    const second = await openDesk(browser, url, election.at('r2'), '', `#${row.application}`);
    await second.page.getByText('Signed by 1 of 2').waitFor();
    await sign(second.page, 'is enrolled');
    await page.getByText('Your key is signed').or(page.locator('main .notice.good')).first().waitFor({ timeout: 30000 });

    // another voter is refused in person, reads why, and goes on by documents
    const other = await open(browser);
    await toRoutes(other.page, url, 'G-02');
    await other.page.getByRole('button', { name: 'I go to the post' }).click();
    await keepKey(other.page);
    await other.page.getByText('Show this at your post').waitFor();
    await first.page.getByRole('button', { name: 'Look again' }).click();
    await first.page.getByRole('button', { name: /^Open / }).last().click();
    await first.page.getByRole('button', { name: 'Refuse' }).click();
    await first.page.getByText('Choose the reason first').waitFor();
    await first.page.getByLabel('Could not be confirmed because').selectOption('unreadable');
    await first.page.getByRole('button', { name: 'Refuse' }).click();
    await first.page.getByText('could not be confirmed').waitFor();
    await other.page.getByText('The photos could not be read').waitFor({ timeout: 30000 });
    await sound(other.page, 'rejected');
    await other.page.getByRole('button', { name: 'I photograph my ID' }).click();
    await keepKey(other.page);
    await waitHeading(other.page, 'Photos of your ID');
    await sound(other.page, 'documents');
    await other.page.getByRole('button', { name: 'Hand in' }).click();
    await other.page.getByText('The front of the ID is needed').waitFor();
    const sent = await open(browser);
    await sent.page.goto(other.page.url());
    await waitHeading(sent.page, 'Is this yours?');
    await sent.page.getByLabel('Recovery code').fill(code); // of another key
    await sent.page.getByRole('button', { name: 'Continue' }).click();
    await sent.page.getByText('belongs to another key').waitFor();
    assert.equal(await sent.page.getByLabel('Front of the ID').count(), 0);
    await sent.page.getByRole('button', { name: 'Begin anew' }).click();
    await waitHeading(sent.page, 'How do you show who you are?');
    await sent.context.close();
    await photo(other.page, election.at('id.jpg'));
    const [request] = await Promise.all([
      other.page.waitForRequest((r) => r.url().endsWith('/api/enrol/document')),
      other.page.getByLabel('Front of the ID').setInputFiles(election.at('id.jpg')),
    ]);
    await other.page.getByText('Sealed and sent').waitFor();
    const body = request.postDataBuffer();
    assert.ok(body.length > 10000 && body.length < 1600000);
    assert.equal(body.includes(Buffer.from('JFIF')), false, 'nothing of the picture in clear');
    await other.page.getByLabel('Back of the ID').setInputFiles(election.write('no.jpg', 'no picture'));
    await other.page.getByText('not a picture that this browser can read').waitFor();
    await sound(other.page, 'documents, sent');
    await other.page.getByRole('button', { name: 'Hand in' }).click();
    await other.page.getByText('A registrar looks at your documents').waitFor();
    await sound(other.page, 'applied, documents');

    await first.page.getByRole('button', { name: 'Look again' }).click();
    await first.page.getByRole('button', { name: /^Open / }).last().click();
    await first.page.getByRole('button', { name: 'Show: Front of the ID' }).click();
    const image = first.page.getByAltText('Front of the ID');
    await image.waitFor();
    assert.ok(await image.evaluate((i) => i.decode().then(() => i.naturalWidth)) > 1000);
    await sound(first.page, 'row, document');
    await sign(first.page, '1 of 2');

    // the second registrar works on the command line
    const registrar = (...args) => election.run('registrar', '--server', url, '--key', election.at('r2'), '--manifest', election.at('manifest.json'), ...args);
    assert.throws(() => election.run('registrar', '--server', url, '--key', election.at('r2'), '--list'), /--fingerprint or --manifest is needed/);
    assert.throws(() => election.run('registrar', '--server', url, '--key', election.at('r2'), '--fingerprint', '00'.repeat(32), '--list'), /another election/);
    const applied = (await election.post('/api/enrol/status', { enrolment: other.page.url().split('#')[1] })).application;
    fs.mkdirSync(election.at('opinions'));
    election.write(`opinions/${applied}.txt`, 'looks genuine\u0007\nsecond line');
    const rows = registrar('--list', '--opinions', election.at('opinions'));
    assert.match(rows, new RegExp(`^${applied}  .*  documents  due in [45] days  signed 1 of 2  [0-9A-Z-]{25}$`, 'm'));
    assert.match(rows, /^ {4}outside check, which decides nothing: looks genuine\?$/m);
    assert.match(registrar('--yes'), /^0 credentials signed$/m); // nobody is signed unseen
    assert.throws(() => registrar('--documents', '0'.repeat(32), '--out', election.at('opened')), /does not wait/);
    const [opened] = registrar('--documents', applied, '--out', election.at('opened')).split('\n');
    assert.equal(fs.readFileSync(opened).subarray(0, 3).toString('hex'), 'ffd8ff');
    assert.equal(fs.statSync(opened).mode & 0o77, 0);
    assert.throws(() => registrar('--reject', applied, '--reason', 'whim'), /--reason is/);
    assert.match(registrar('--yes', '--approve', applied), /^signed$/m);
    await other.page.locator('main .notice.good').waitFor({ timeout: 30000 });
    assert.throws(() => registrar('--reject', applied, '--reason', 'absent'), /does not wait/);
    assert.throws(() => registrar('--documents', applied, '--out', election.at('opened')), /does not wait/);
    for (const side of [{ seen }, first, second, other]) assert.deepEqual(side.seen.problems, []);
  } finally {
    await browser.close();
    election.end();
  }
});
