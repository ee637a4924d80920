// The roll after officers committed to it: the commands change it only with two officers' signatures
// on the board, where the changes are counted. spec: J-22, J-23, J-24

import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import { Election, tapat } from '../support/election.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';

test('disable and import after the commitment: two officers, counted on the board', { skip, timeout: 120000 }, async () => {
  const e = new Election();
  const data = ['--data', e.at('data')];
  const officer = (i) => ['--officer', e.at(`o${i}`)];
  const onBoard = () => {
    e.mirror();
    return ['--record', e.at('record')];
  };
  const fails = (args, what) => assert.throws(() => e.run(...args), what, args.join(' '));
  const counted = () => {
    e.mirror();
    const { checks } = JSON.parse(e.run('verify', e.at('record'), '--json'));
    return /(\d+) voters, (\d+) online, (\d+) changes/.exec(JSON.stringify(checks)).slice(1).map(Number);
  };
  const funnel = () => JSON.parse(e.run('roll', 'funnel', ...data, '--manifest', e.at('manifest.json'), '--json')).all;
  try {
    e.define();
    await e.serve();
    e.act('approve', '--proof', e.proof());
    e.run('roll', 'disable', 'G-04', '--reason', 'before', ...data); // nobody signs yet
    e.run('roll', 'enable', 'G-04', ...data);
    e.act('roll', 'commit', ...data);
    assert.deepEqual(counted(), [6, 6, 0]);
    fails(['roll', 'commit', ...data, ...onBoard(), ...officer(1), ...officer(2), '--server', e.url], /roll\.|repeat|board/);

    // one voter: alone or by one officer nothing is changed, by two in turn it is
    fails(['roll', 'disable', 'G-01', '--reason', 'died', ...data], /officers sign every change/);
    fails(['roll', 'disable', 'G-01', '--reason', 'died', ...data, ...onBoard(), ...officer(1), '--server', e.url], /quorum|signatures/);
    fails(['roll', 'disable', 'G-01', '--reason', 'died', ...data, ...onBoard(), ...officer(1), ...officer(1), '--server', e.url], /cannot sign/);
    assert.deepEqual(counted(), [6, 6, 0]);
    const disable = ['roll', 'disable', 'G-01', '--reason', 'died', ...data];
    e.run(...disable, ...onBoard(), ...officer(1), '--out', e.at('draft'));
    assert.equal(funnel().off.disabled, undefined); // signed by one, and nowhere yet
    // the second officer signs what the first drafted, not something else
    fails(['roll', 'disable', 'G-02', '--reason', 'died', ...data, '--record', e.at('record'), ...officer(2), '--add', e.at('draft'), '--server', e.url], /differs|another|not what|draft/i);
    e.run(...disable, '--record', e.at('record'), ...officer(2), '--add', e.at('draft'), '--server', e.url);
    assert.deepEqual(counted(), [5, 5, 1]);
    assert.deepEqual([funnel().off.disabled, funnel().electors], [1, 5]);
    assert.deepEqual((await e.post('/api/enrol/start', { number: 'G-01', birth_date: '1990-01-01' })).code, 'enrol.disabled');
    // the same once more no longer fits the roll
    fails([...disable, ...onBoard(), ...officer(1), ...officer(2), '--server', e.url], /roll\.row|roll\.|refused/);

    // a file: one name, one voter added, one removed; a contact alone needs nobody
    const lines = fs.readFileSync(e.at('roll.csv'), 'utf8').trim().split('\n');
    const unit = lines.find((l) => l.startsWith('G-02')).split(',')[4];
    const changed = lines.filter((l) => !l.startsWith('G-03')).map((l) => l.replace('GUEST 2', 'GUEST TWO'));
    e.write('changed.csv', `${[...changed, `G-99,GUEST NEW,1990-01-01,new@voters.example,${unit}`].join('\n')}\n`);
    const file = ['roll', 'import', e.at('changed.csv'), '--manifest', e.at('manifest.json'), ...data, '--remove-missing'];
    const dry = JSON.parse(e.run(...file, '--dry-run', '--json'));
    assert.deepEqual([dry.added, dry.changed, dry.missing], [1, 1, 1]);
    fails(file, /officers sign every change/);
    fails([...file, ...onBoard(), ...officer(1), '--server', e.url], /quorum|signatures/);
    assert.deepEqual(counted(), [5, 5, 1]);
    e.run(...file, ...onBoard(), ...officer(1), ...officer(2), '--server', e.url);
    assert.deepEqual(counted(), [5, 5, 4]);
    assert.deepEqual([funnel().roll, funnel().electors], [6, 5]);
    assert.equal((await e.post('/api/roll/lookup', { number: 'G-99', birth_date: '1990-01-01' })).found, true);
    assert.equal((await e.post('/api/roll/lookup', { number: 'G-03', birth_date: '1990-01-01' })).found, false);
    e.write('contact.csv', `${[lines[0], lines.find((l) => l.startsWith('G-02')).replace('guest2@', 'other@').replace('GUEST 2', 'GUEST TWO')].join('\n')}\n`);
    e.run('roll', 'import', e.at('contact.csv'), '--manifest', e.at('manifest.json'), ...data);
    assert.deepEqual(counted(), [5, 5, 4]);
    e.mirror();
    assert.match(e.run('roll', 'audit', ...data, '--record', e.at('record')), /4 changes since/);

    // a draft that another change has overtaken is refused
    e.run('roll', 'channel', 'G-02', 'post', ...data, ...onBoard(), ...officer(1), '--out', e.at('late'));
    e.run('roll', 'disable', 'G-02', '--reason', 'died', ...data, ...onBoard(), ...officer(1), ...officer(2), '--server', e.url);
    fails(['submit', e.at('late'), '--server', e.url], /./);
    assert.deepEqual(counted(), [4, 4, 5]);
  } finally {
    e.end();
  }
});
