// The voter's way against the daemon itself: keys by the trustees' tool, enrolment by a registrar,
// the ballot found on the board, the count, the result.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { cast, fill, launch, open, openBallot, waitHeading } from './browser.mjs';
import { build, root } from './double.mjs';

const tapat = path.join(build, 'tapat');
const port = 20000 + (process.pid % 20000);
const url = `http://127.0.0.1:${port}`;

class Election {
  constructor() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tapat-browser-'));
    this.children = [];
    fs.mkdirSync(this.at('data'));
  }

  at(name) {
    return path.join(this.dir, name);
  }

  run(...args) {
    try {
      return execFileSync(tapat, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
    } catch (e) {
      throw new Error(`tapat ${args.join(' ')}: ${e.stderr}`);
    }
  }

  key(file, role, name) {
    return `${name}=${this.run('key', 'new', this.at(file), '--role', role, '--name', name, '--no-passphrase')}`;
  }

  define() {
    const args = [];
    for (let i = 1; i <= 3; i += 1) args.push('--trustee', this.key(`t${i}`, 'trustee', `Trustee ${i}`));
    for (let i = 1; i <= 2; i += 1) args.push('--officer', this.key(`o${i}`, 'officer', `Officer ${i}`));
    args.push('--registrar', this.key('r1', 'registrar', 'Registrar 1'));
    const log = this.run('serve', '--data', this.at('data'), '--log-key');
    this.run('define', path.join(root, 'ballots/ph2025/election.json'), '--test', '--threshold', '2', ...args, '--log-key', log,
      '--floor', '2', '--interval', '1', '--deadline', '60', '--origin', 'test.tapat.example/board', '--out', this.at('manifest.json'));
    this.run('simulate', 'roll', '--voters', '2', '--guests', '4', '--manifest', this.at('manifest.json'),
      '--posts', path.join(root, 'ballots/ph2025/posts.csv'), '--out', this.at('roll.csv'));
    this.run('roll', 'import', this.at('roll.csv'), '--manifest', this.at('manifest.json'), '--data', this.at('data'));
  }

  start(...args) {
    const log = fs.openSync(this.at(`${args[0]}.log`), 'a');
    this.children.push(spawn(tapat, args, { stdio: ['ignore', log, log] }));
  }

  async serve() {
    this.start('serve', '--data', this.at('data'), '--manifest', this.at('manifest.json'), '--port', String(port));
    for (let i = 0; i < 100; i += 1) {
      if (await fetch(`${url}/api/election`).then((r) => r.ok, () => false)) return;
      await new Promise((done) => { setTimeout(done, 100); });
    }
    throw new Error(fs.readFileSync(this.at('serve.log'), 'utf8'));
  }

  mirror() {
    fs.rmSync(this.at('record'), { recursive: true, force: true });
    this.run('mirror', '--server', url, this.at('record'));
  }

  act(...args) {
    this.mirror();
    this.run(...args, '--record', this.at('record'), '--server', url, '--officer', this.at('o1'), '--officer', this.at('o2'));
  }

  trustee(i) {
    this.mirror();
    this.run('trustee', 'step', '--record', this.at('record'), '--key', this.at(`t${i}`), '--server', url);
  }

  end() {
    for (const child of this.children) child.kill();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

async function enrolGuest(page, number) {
  await page.goto(`${url}/enrol`);
  await page.getByLabel("Voter's number").fill(number);
  await page.getByLabel('Birth date').fill('1990-01-01');
  await page.getByRole('button', { name: 'Continue' }).click();
  await waitHeading(page, 'Type the code from the message');
  await page.getByLabel('Code from the message').fill(await newestCode(page));
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
async function newestCode(page) {
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
  const browser = await launch();
  try {
    election.define();
    await election.serve();
    election.act('approve');
    for (let round = 0; round < 3; round += 1) for (const i of [1, 2, 3]) election.trustee(i);
    election.act('open');
    election.start('registrar', '--server', url, '--key', election.at('r1'), '--watch');

    const { page, seen } = await open(browser);
    const policy = await page.goto(`${url}/`).then((r) => r.headers()['content-security-policy']);
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /require-trusted-types-for 'script'/);
    const code = await enrolGuest(page, 'G-01');
    const other = await enrolGuest(page, 'G-02');

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
    assert.equal(await page.locator('.story li.open').count(), 0, await page.locator('.story li.open').allInnerTexts().then(String));
    assert.deepEqual(seen.problems, []);
  } finally {
    await browser.close();
    election.end();
  }
});
