// The page against a mail server that refuses: the voter reads why and takes the other contact; and
// a letter's link, whose secret leaves the address at once. spec

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';

import { launch, open, waitHeading } from '../browser/browser.mjs';
import { Daemon, build, tapat, until } from '../server/daemon.mjs';
import { Smtp } from '../server/smtp.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';

async function who(page, url, number) {
  await page.goto(url);
  await page.getByLabel("Voter's number").fill(number);
  await page.getByLabel('Birth date').fill('1990-01-01');
  await page.getByRole('button', { name: 'Continue' }).click();
}

test('a refused mail, the other contact, and a letter', { skip, timeout: 120000 }, async () => {
  const d = new Daemon();
  const smtp = await new Smtp().listen();
  const sms = [];
  const gateway = http.createServer((q, r) => {
    let body = '';
    q.on('data', (c) => { body += c; });
    q.on('end', () => {
      sms.push(JSON.parse(body));
      r.writeHead(202).end();
    });
  });
  await new Promise((done) => { gateway.listen(0, '127.0.0.1', done); });
  const browser = await launch();
  try {
    const letters = fs.existsSync(path.join(build, 'tapat-letters')) && fs.existsSync('/usr/bin/pdftotext');
    const post = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8')).units[0].id;
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['code', 'letter'], posts: {} } });
    d.roll([{ number: 'V-1', contact: 'v1@example.org', contact2: '+639175550134' }]);
    d.write('serve.ini', `[mail]\nserver = smtp://127.0.0.1:${smtp.port}\nfrom = votes@example.org\n[sms]\n`
      + `url = http://127.0.0.1:${gateway.address().port}/\nbody = {"to":"{to}","text":"{text}"}\n[messages]\nretry = 1\n`);
    await d.start('--config', d.at('serve.ini'));
    smtp.script = ['550 5.1.1 <v1@example.org> unknown'];
    const { page } = await open(browser);
    await who(page, `${d.url}/enrol?lang=en`, 'V-1');
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await waitHeading(page, 'Type the code from the message');
    await page.getByText('the other side said: 550 5.1.1.').waitFor();
    await page.getByRole('button', { name: 'Send it to •••0134' }).click();
    await page.getByText('We sent a code to •••0134').waitFor();
    await until(() => sms.length === 1);
    await page.getByText('It was handed over for •••0134').waitFor();
    await page.getByLabel('Code from the message').fill(/\d{6}/.exec(sms[0].text)[0]);
    await page.getByRole('button', { name: 'Continue' }).click();
    await waitHeading(page, 'Your recovery code');
    await page.close();

    if (!letters) return;
    d.run('letter', 'print', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--url', d.url, '--post', post, '--list', d.at('letters.list'), '--out', d.at('a.pdf'));
    const text = execFileSync('pdftotext', ['-layout', d.at('a.pdf'), '-'], { encoding: 'utf8' });
    const [code] = /\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}-[0-9A-Z]\b/.exec(text);
    const { page: second, seen } = await open(browser);
    await who(second, `${d.url}/enrol?lang=en#letter=${code}`, 'V-1');
    assert.ok(!second.url().includes('letter') && !second.url().includes(code));
    await second.getByRole('button', { name: 'I have a code letter' }).click();
    await waitHeading(second, 'Type the code of your letter');
    const typed = second.getByLabel('Code of the letter');
    assert.equal(await typed.inputValue(), code);
    await typed.fill(`${code[0] === '0' ? '1' : '0'}${code.slice(1)}`);
    await second.getByRole('button', { name: 'Continue' }).click();
    await second.getByText('One of the letters or digits is not right').waitFor();
    await typed.fill(code);
    await second.getByRole('button', { name: 'Continue' }).click();
    await waitHeading(second, 'Your recovery code');
    assert.ok(seen.requests.every((r) => !r.url().includes(code) || r.isNavigationRequest()));
    assert.deepEqual(seen.problems, []);
    await second.close();
  } finally {
    await browser.close();
    await d.end();
    await smtp.close();
    gateway.closeAllConnections();
    gateway.close();
  }
});
