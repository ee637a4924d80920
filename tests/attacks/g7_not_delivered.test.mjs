// Attack G7: under load, credentials do not reach voters who were approved. A crowd comes in a burst
// while no registrar is at work; then registrars come, go away in the middle and come back. In the
// end everybody's key is on the board, and the number of those who did their part and cannot vote
// is none; until then it is right, and an alarm. With TAPAT_LONG=1 2,000 voters.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import { tapat, until } from '../server/daemon.mjs';
import { Crowd } from '../enrol/crowd.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const long = Boolean(process.env.TAPAT_LONG);
const voters = Number(process.env.TAPAT_BURST) || (long ? 2000 : 200);

class Burst extends Crowd {
  watch() {
    if (this.working) super.watch('--trust-server'); // codes: on the server's word
  }

  work() {
    this.working = true;
    this.watch();
  }

  async away() {
    const { registrar } = this;
    const gone = new Promise((done) => { registrar.on('exit', done); });
    this.registrar = null;
    registrar.kill('SIGKILL');
    await gone;
  }

  // {status, said} of the alarm.
  alarm(n = 1) {
    const args = ['roll', 'funnel', '--data', this.daemon.at('data'), '--manifest', this.daemon.at('manifest.json'), '--alarm', String(n)];
    try {
      return { status: 0, said: this.daemon.run(...args) };
    } catch (e) {
      return { status: e.status, said: `${e.stdout}${e.stderr}` };
    }
  }
}

test(`${voters} voters in a burst, registrars away for a while: nobody is left out`, { skip, timeout: long ? 1800000 : 180000 }, async (t) => {
  const crowd = new Burst({ voters, atOnce: 64, wait: 4000, patience: long ? 900000 : 90000, seed: 7 });
  const sum = (of) => of.reduce((a, b) => a + b, 0);
  try {
    await crowd.begin();
    const funnel = () => crowd.daemon.funnel();
    assert.deepEqual([crowd.alarm().status, funnel().all.cannot_vote], [0, 0]);

    // The burst: all hand their keys in, and nobody signs.
    const from = Date.now();
    await crowd.all(crowd.people, (v) => crowd.go(v));
    const burst = (Date.now() - from) / 1000;
    assert.deepEqual(crowd.problems, []);
    const waiting = crowd.people.filter((v) => v.state === 'waiting').length;
    assert.ok(waiting >= 0.95 * voters, `${waiting} of ${voters} handed a key in`);
    const { all, posts } = funnel();
    assert.deepEqual([all.cannot_vote, all.board], [waiting + all.proven, 0]);
    assert.equal(sum(posts.map((p) => p.cannot_vote)), all.cannot_vote);
    const loud = crowd.alarm();
    assert.equal(loud.status, 1);
    for (const p of posts) assert.ok(!p.cannot_vote || loud.said.includes(`ALARM post ${p.post}: ${p.cannot_vote} cannot vote yet`), loud.said);
    assert.match(loud.said, new RegExp(`cannot vote: ${all.cannot_vote}$`, 'm'));

    // Registrars come, and go away in the middle of it.
    const opened = Date.now();
    crowd.work();
    await until(() => funnel().all.signed + funnel().all.board > 0, 60000, 'no key was signed');
    await crowd.away();
    const rest = crowd.alarm(); // one look: what was signed before goes on to the board meanwhile
    assert.equal(rest.status, /ALARM/.test(rest.said) ? 1 : 0);
    assert.equal(/ALARM/.test(rest.said), !/cannot vote: 0$/m.test(rest.said), rest.said);
    crowd.work();
    await crowd.settle(crowd.patience);
    const signed = (Date.now() - opened) / 1000;

    // Nobody is left.
    const registered = crowd.check(); // each key on the board once, the record verifies, the funnel agrees
    assert.deepEqual(crowd.problems, []);
    const ended = crowd.people.filter((v) => v.state === 'recorded').length;
    const lost = crowd.people.filter((v) => v.state === 'started').length; // no message ever came: they know
    assert.equal(ended + lost, voters);
    assert.ok(ended >= 0.95 * voters);
    assert.equal(registered, ended);
    const end = funnel();
    for (const p of [...end.posts, end.all]) assert.deepEqual([p.cannot_vote, p.waiting, p.signed, p.proven], [0, {}, 0, 0]);
    assert.equal(crowd.alarm().status, 0);
    t.diagnostic(`${voters} voters in a burst of ${burst.toFixed(1)} s (${(voters / burst).toFixed(0)}/s, ${crowd.line.counts.requests} requests, ${crowd.post.gone} of ${
      crowd.post.count} messages lost); signed and on the board ${signed.toFixed(1)} s after registrars came, who were away once; ${ended} can vote, ${lost} gave up on lost messages`);
  } finally {
    await crowd.end();
  }
});

test('one key that is kept back is an alarm, at its post', { skip, timeout: 120000 }, async () => {
  const crowd = new Burst({ voters: 8, lost: 0, repeated: 0, wait: 3000, seed: 8 });
  try {
    await crowd.begin();
    const [late, ...early] = crowd.people;
    await crowd.all(early, (v) => crowd.go(v));
    crowd.work();
    await until(() => crowd.daemon.funnel().all.board === early.length, 60000, 'not all came to the board');
    assert.equal(crowd.alarm().status, 0);
    await crowd.away();
    await crowd.go(late);
    const { all, posts } = crowd.daemon.funnel();
    assert.equal(all.cannot_vote, 1);
    assert.deepEqual(posts.filter((p) => p.cannot_vote).map((p) => p.post), [late.unit]);
    assert.deepEqual([crowd.alarm(1).status, crowd.alarm(2).status], [1, 0]);
    assert.ok(crowd.alarm(1).said.includes(`ALARM post ${late.unit}: 1 cannot vote yet`));
    crowd.work();
    await until(() => crowd.daemon.funnel().all.cannot_vote === 0, 60000, 'the last one does not come to the board');
    assert.equal(crowd.alarm(1).status, 0);
  } finally {
    await crowd.end();
  }
});
