// The page with a letter and with the identity provider, up to the board, by a registrar who does not
// trust the server; and a server that asks the provider about a key of its own. spec: L-19..L-23

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { launch, open, waitHeading } from '../browser/browser.mjs';
import { Daemon, build, tapat } from '../server/daemon.mjs';
import { Core } from '../../web/wasm.js';
import { listen, newKey, realProvider } from './provider.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const [byLetter, byLogin] = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8')).units.map((u) => u.id);

async function who(page, url, number) {
  await page.goto(url);
  await page.getByLabel("Voter's number").fill(number);
  await page.getByLabel('Birth date').fill('1990-01-01');
  await page.getByRole('button', { name: 'Continue' }).click();
}

async function keepCode(page) {
  await waitHeading(page, 'Your recovery code');
  const code = (await page.locator('.slip .code').innerText()).replace(/\s/g, '');
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Finish enrolment' }).click();
}

test('a letter and a login, from the page to the board', { skip, timeout: 180000 }, async (t) => {
  const d = new Daemon();
  let callback, registrar;
  const server = await listen((rq, rs) => callback(rq, rs));
  const browser = await launch();
  try {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['letter'], posts: { [byLogin]: ['oidc'] },
      oidc: { issuer, client: 'tapat', name: 'National ID', claim: 'number' } } });
    d.roll([{ number: 'L-1', unit: byLetter }, { number: 'L-2', unit: byLetter }, { number: 'L-3', unit: byLetter }, { number: 'O-1', unit: byLogin }, { number: 'O-2', unit: byLogin }]);
    const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    const fingerprint = crypto.createHash('sha256').update(fs.readFileSync(d.at('manifest.json'))).digest();
    const letter = core.codeWrite(crypto.randomBytes(13), 20);
    const { key } = core.letterKey(core.codeRead(letter, 20), fingerprint);
    d.write('letters', `tapat-letters v1 ${hex(fingerprint)}\nL-1 ${byLetter} ${hex(key)}\n`);
    d.run('letter', 'load', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--list', d.at('letters'));
    const secret = d.write('secret', 'a secret of sixteen or more\n');
    // The address must be known before it serves: the port is kept by a first start.
    assert.ok(await d.start('--address', 'http://127.0.0.1:9', '--oidc-secret', secret));
    await d.stop();
    assert.ok(await d.start('--address', d.url, '--oidc-secret', secret));
    callback = realProvider(server.address().port, newKey('one', 'ES256'), `${d.url}/enrol`);
    registrar = spawn(tapat, ['registrar', '--server', d.url, '--key', d.at('r1'), '--manifest', d.at('manifest.json'),
      '--letters', d.at('letters'), '--roll', d.at('roll.csv'), '--watch'], { stdio: 'ignore' });

    await t.test('a letter, whose code goes nowhere', async () => {
      const { page, seen } = await open(browser);
      const bodies = [];
      page.on('request', (r) => bodies.push(r.postData() || ''));
      await who(page, `${d.url}/enrol?lang=en#letter=${letter}`, 'L-1');
      await waitHeading(page, 'Type the code of your letter');
      await page.getByRole('button', { name: 'Continue' }).click();
      await keepCode(page);
      await page.getByText('You are enrolled').first().waitFor({ timeout: 20000 });
      assert.ok(bodies.some((b) => b.includes(hex(key))) && bodies.every((b) => !b.includes(letter) && !b.includes(letter.replaceAll('-', ''))));
      assert.deepEqual(seen.problems, []);
      await page.close();
    });

    await t.test('a letter that a registrar refuses: the reason, and another letter', async () => {
      const [strange, good] = [0, 1].map(() => core.codeWrite(crypto.randomBytes(13), 20));
      const list = (name, code) => d.write(name, `tapat-letters v1 ${hex(fingerprint)}\nL-1 ${byLetter} ${hex(key)}\nL-2 ${byLetter} ${hex(core.letterKey(core.codeRead(code, 20), fingerprint).key)}\n`);
      list('strange', strange); // the server's alone
      d.run('letter', 'load', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--list', d.at('strange'));
      const { page, seen } = await open(browser);
      const type = async (code) => {
        await waitHeading(page, 'Type the code of your letter');
        await page.getByRole('textbox').fill(code);
        await page.getByRole('button', { name: 'Continue' }).click();
        await keepCode(page);
      };
      await who(page, `${d.url}/enrol?lang=en`, 'L-2');
      await type(strange);
      await page.locator('.notice.wait').waitFor();
      const me = ['--server', d.url, '--key', d.at('r1'), '--manifest', d.at('manifest.json')];
      const row = d.run('registrar', ...me, '--letters', d.at('letters'), '--list').split('\n').find((line) => line.includes('L-2'));
      d.run('registrar', ...me, '--reject', row.slice(0, 32), '--reason', 'mismatch');
      await page.getByText('This could not be confirmed').waitFor({ timeout: 20000 });
      await page.getByText('The letter that you used does not work again.').waitFor();
      assert.ok(!(await page.locator('main').innerText()).includes('{'));
      d.run('letter', 'load', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--list', list('letters', good));
      await page.locator('.cards button').first().click();
      await type(good);
      await page.getByText('You are enrolled').first().waitFor({ timeout: 20000 });
      assert.deepEqual(seen.problems, []);
      await page.close();
    });

    await t.test('a page whose proof was ended elsewhere says so', async () => {
      const [older, newer] = [0, 1].map(() => core.codeWrite(crypto.randomBytes(13), 20));
      const load = (code) => {
        const opened = core.letterKey(core.codeRead(code, 20), fingerprint);
        d.run('letter', 'load', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--list', d.write('third', `tapat-letters v1 ${hex(fingerprint)}\nL-3 ${byLetter} ${hex(opened.key)}\n`));
        return opened;
      };
      load(older);
      const { page } = await open(browser);
      await who(page, `${d.url}/enrol?lang=en#letter=${older}`, 'L-3');
      await waitHeading(page, 'Type the code of your letter');
      await page.getByRole('button', { name: 'Continue' }).click();
      await keepCode(page);
      await page.locator('.notice.wait').waitFor();
      const { secret, key: second } = load(newer);
      const { enrolment } = await d.post('/api/enrol/start', { number: 'L-3', birth_date: '1990-01-01' });
      const { sign, key: mine } = core.registrar(crypto.randomBytes(32));
      const taken = await d.post('/api/enrol/letter', { enrolment, letter: hex(second), credential: hex(mine), possession: hex(core.possession(sign, mine, fingerprint, crypto.randomBytes(32))),
        signature: hex(core.letterSign(secret, fingerprint, mine, crypto.randomBytes(32))) });
      assert.equal(taken.state, 'waiting');
      await page.getByText('What you proved here no longer counts').waitFor({ timeout: 20000 });
      await page.getByRole('button', { name: 'Begin again' }).click();
      await page.getByLabel("Voter's number").waitFor();
      await page.close();
    });

    await t.test('a login', async () => {
      const { page } = await open(browser);
      await who(page, `${d.url}/enrol?lang=en`, 'O-1');
      await keepCode(page);
      await page.waitForURL(`${issuer}/**`);
      await page.locator('[name=login]').fill('O-1');
      await page.locator('[name=password]').fill('any');
      await page.locator('[type=submit]').click();
      await page.waitForURL(/interaction/);
      await page.locator('[type=submit]').click(); // consent
      await page.getByText('You are enrolled').first().waitFor({ timeout: 20000 });
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
      await page.close();
    });

    await t.test('a server that asks the provider about another key', async () => {
      const { page } = await open(browser);
      await page.route('**/api/enrol/oidc', async (route) => {
        const answer = await route.fetch();
        const { location } = await answer.json();
        const there = new URL(location);
        there.searchParams.set('nonce', '0'.repeat(64));
        await route.fulfill({ response: answer, json: { location: there.href } });
      });
      await who(page, `${d.url}/enrol?lang=en`, 'O-2');
      await keepCode(page);
      await page.getByText('The answer of the identity provider does not hold').waitFor();
      assert.ok(page.url().startsWith(d.url)); // it went nowhere
      await page.close();
    });
  } finally {
    registrar?.kill();
    await browser.close();
    await d.end();
    server.close();
    server.closeAllConnections();
  }
});
