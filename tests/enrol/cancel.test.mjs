// A lost recovery code: the registrars cancel the key, the record says so, and the voter enrols anew.
// spec: L-10
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { launch, open, waitHeading } from '../browser/browser.mjs';
import { build, root } from '../browser/double.mjs';
import { Election } from '../support/election.mjs';
import { Core } from '../../web/wasm.js';

test('a key is cancelled by the number of its voter', { timeout: 120000 }, async () => {
  const e = new Election();
  try {
    e.define();
    await e.serve();
    e.act('approve', '--proof', e.proof());
    for (let round = 0; round < 3; round += 1) for (const i of [1, 2, 3]) e.trustee(i);
    e.act('roll', 'commit', '--data', e.at('data'));
    e.act('open');
    e.start('registrar', '--server', e.url, '--key', e.at('r1'), '--manifest', e.at('manifest.json'), '--watch', '--trust-server');
    e.run('simulate', 'vote', '--server', e.url, '--roll', e.at('roll.csv'), '--options', path.join(root, 'ballots/ph2025/options.csv'));
    const number = fs.readFileSync(e.at('roll.csv'), 'utf8').split('\n')[1].split(',')[0];
    e.mirror();
    const cancel = (who, ...more) => e.run('cancel', who, '--reason', 'lost', '--record', e.at('record'), '--registrar', e.at('r1'), ...more);
    const byNumber = ['--data', e.at('data')];

    assert.throws(() => cancel('G-01', ...byNumber, '--server', e.url), /G-01 has no signed key/);
    assert.throws(() => e.run('cancel', number, '--reason', 'lost', '--record', e.at('record'), '--registrar', e.at('o1'), ...byNumber, '--server', e.url), /registrar/);
    cancel(number, ...byNumber, '--out', e.at('first'));
    const said = cancel(number, ...byNumber, '--server', e.url);
    const [key] = /[0-9a-f]{64}/.exec(said);
    assert.throws(() => cancel(key, '--server', e.url), /cancel\.repeat/);
    assert.throws(() => cancel(number, ...byNumber, '--server', e.url), /has no signed key/);
    assert.throws(() => cancel('0'.repeat(64), '--server', e.url, '--add', e.at('first')), /board\.subject/);

    e.mirror();
    const { checks } = JSON.parse(e.run('verify', e.at('record'), '--json'));
    const found = checks.find((c) => c.check === 'cancels');
    assert.match(JSON.stringify(found), /1 cancelled/);
    const again = await e.post('/api/enrol/start', { number, birth_date: fs.readFileSync(e.at('roll.csv'), 'utf8').split('\n')[1].match(/\d{4}-\d\d-\d\d/)[0] });
    assert.equal(again.status, 200);
    assert.equal((await e.post('/api/enrol/send', { enrolment: again.enrolment, contact: 1 })).status, 200);
  } finally {
    e.end();
  }
});

test('who came to the post and lost the code reads that the key was cancelled, and how to go on', { timeout: 120000 }, async () => {
  const e = new Election({ enrol: { show: true, shared: 4, review_days: 5, routes: ['code', 'desk'], posts: {} } });
  const browser = await launch();
  try {
    e.define();
    await e.serve();
    e.act('approve', '--proof', e.proof());
    for (let round = 0; round < 3; round += 1) for (const i of [1, 2, 3]) e.trustee(i);
    e.act('roll', 'commit', '--data', e.at('data'));
    e.act('open');
    const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    const fingerprint = crypto.createHash('sha256').update(fs.readFileSync(e.at('manifest.json'))).digest();
    const { sign, key } = core.registrar(crypto.randomBytes(32));
    const hex = (bytes) => Buffer.from(bytes).toString('hex');
    const { enrolment } = await e.post('/api/enrol/start', { number: 'G-01', birth_date: '1990-01-01' });
    const { application } = await e.post('/api/enrol/apply', {
      enrolment, route: 'desk', credential: hex(key), possession: hex(core.possession(sign, key, fingerprint, crypto.randomBytes(32))),
    });
    e.run('registrar', '--server', e.url, '--key', e.at('r1'), '--manifest', e.at('manifest.json'), '--approve', application, '--yes');
    const state = () => e.post('/api/enrol/status', { enrolment });
    for (let i = 0; i < 200 && (await state()).state !== 'recorded'; i += 1) await new Promise((done) => { setTimeout(done, 100); });
    assert.deepEqual([(await state()).state, (await state()).reason], ['recorded', '']);
    e.mirror();
    e.run('cancel', 'G-01', '--reason', 'lost', '--record', e.at('record'), '--registrar', e.at('r1'), '--data', e.at('data'), '--server', e.url);
    assert.deepEqual([(await state()).state, (await state()).reason], ['closed', 'cancelled']);
    const { page } = await open(browser);
    await page.goto(`${e.url}/enrol?lang=en#${enrolment}`);
    await page.getByText('Your key was signed and later cancelled').waitFor();
    await page.getByRole('button', { name: 'I go to the post' }).click();
    await waitHeading(page, 'Your recovery code');
  } finally {
    await browser.close();
    e.end();
  }
});
