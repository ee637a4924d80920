// A lost recovery code: the registrars cancel the key, the record says so, and the voter enrols anew.
// spec: L-10
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { root } from '../browser/double.mjs';
import { Election } from '../support/election.mjs';

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
