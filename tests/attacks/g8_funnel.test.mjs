// Attack G8: 100,000 enrol and half of them cannot finish, and nobody can say where they were lost.
// Voters stop at every step; at each moment every one of them is counted at one, by post, for
// officers by the command and the interface alike, and for everyone as far as it is published; in
// the end the counts are what the published reconciliation says. And there is no second day that
// nobody signed: what is closed stays closed, and the times are the manifest's.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';

import { tapat, until } from '../server/daemon.mjs';
import { Voting, hex } from './voting.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const born = '1990-01-01';
// Where a voter stops; how often at each of the three posts.
const stops = { none: [4, 1, 0], sent: [2, 0, 1], proven: [1, 2, 0], waiting: [2, 1, 1], applied: [1, 0, 2], absent: [1, 1, 0], person: [0, 1, 0], board: [2, 1, 1], voted: [4, 3, 2] };
const plain = ['none', 'cancelled', 'sent', 'proven', 'open', 'signed', 'board'];
const detailed = ['off', 'waiting', 'rejected', 'closed'];
const sum = (list) => Object.values(list).reduce((a, b) => a + b, 0);

class Stopping extends Voting {
  handed(v) {
    return { credential: hex(v.key), possession: hex(this.core.possession(v.secret, v.key, this.fingerprint, crypto.randomBytes(32))) };
  }

  async apply(v) {
    const { enrolment } = await this.post('/api/enrol/start', { number: v.number, birth_date: born });
    const { application } = await this.post('/api/enrol/apply', { enrolment, route: 'desk', ...this.handed(v) });
    return application;
  }

  async reject(v, reason, name) {
    const application = await this.apply(v);
    const time = Math.floor(Date.now() / 1000);
    const what = { application: Buffer.from(application, 'hex'), credential: v.key, reason, time };
    const signature = hex(this.core.refuse(this.desk.officer.sign, this.fingerprint, what, crypto.randomBytes(32)));
    assert.equal((await this.post('/api/registrar/refusals', { registrar: 1, time, signature, application, reason: name })).state, 'rejected');
  }

  async go(v) {
    this.keyOf(v);
    if (v.stop === 'none') return;
    if (v.stop === 'applied') await this.apply(v);
    else if (v.stop === 'absent') await this.reject(v, 6, 'absent');
    else if (v.stop === 'person') await this.reject(v, 1, 'person');
    else await this.byCode(v);
  }

  async byCode(v) {
    const { enrolment } = await this.post('/api/enrol/start', { number: v.number, birth_date: born });
    assert.equal((await this.post('/api/enrol/send', { enrolment, contact: 1 })).status, 200);
    if (v.stop === 'sent') return;
    const [{ text }] = await (await fetch(`${this.url}/api/outbox/${v.contact}`)).json();
    assert.equal((await this.post('/api/enrol/code', { enrolment, code: /\b\d{6}\b/.exec(text)[0] })).state, 'proven');
    if (v.stop === 'proven') return;
    assert.equal((await this.post('/api/enrol/credential', { enrolment, ...this.handed(v) })).state, 'waiting');
  }

  async officers() {
    const answer = await this.post('/api/registrar/funnel', this.desk.signed(null));
    assert.equal(answer.status, 200, answer.code);
    return { time: answer.time, all: answer.all, posts: answer.posts };
  }
}

// Each voter at one step: the steps of a post are its roll, and the posts together are all.
function addsUp({ all, posts }) {
  for (const p of [...posts, all]) {
    assert.equal(sum(plain.map((s) => p[s])) + sum(detailed.map((s) => sum(p[s]))), p.roll, p.post);
    assert.equal(p.board, p.keys.held);
    assert.equal(p.cannot_vote, p.proven + p.signed + sum(p.waiting));
  }
  for (const s of ['roll', 'electors', 'online', 'cannot_vote', ...plain]) assert.equal(sum(posts.map((p) => p[s])), all[s], s);
  for (const s of detailed) for (const why of Object.keys(all[s])) assert.equal(sum(posts.map((p) => p[s][why] || 0)), all[s][why], why);
}

// What a post is to show when its voters have stopped.
function expected(at) {
  const of = (stop) => stops[stop][at];
  const some = (counts) => Object.fromEntries(Object.entries(counts).filter(([, n]) => n));
  return {
    none: of('none'), sent: of('sent'), proven: of('proven'), waiting: some({ day: of('waiting') + of('applied') }), rejected: some({ absent: of('absent'), person: of('person') }),
    board: of('board') + of('voted'), signed: 0, open: 0, cancelled: 0, off: {}, closed: {}, cannot_vote: of('proven') + of('waiting') + of('applied'),
  };
}

test('every voter is at one step, at each moment, in every place that shows it, up to the results', { skip, timeout: 180000 }, async () => {
  const d = new Stopping();
  try {
    const list = Object.entries(stops).flatMap(([stop, counts]) => counts.flatMap((n, at) => Array(n).fill({ stop, at })));
    await d.begin({
      voters: list.length, units: 3, routes: ['code', 'desk'], contacts: (i) => ({ contact: `v${i}@mail.test` }),
      place: (units, i) => units[list[i - 1].at].id, serve: (own) => ['--config', own.write('serve.ini', '[funnel]\npublic = 5\n')],
    });
    list.forEach(({ stop }, i) => { d.people[i].stop = stop; });

    // While they come, the counts are looked at again and again.
    let looks = 0, coming = true;
    const looking = (async () => {
      while (coming) {
        addsUp(d.funnel());
        addsUp(await d.officers());
        looks += 1;
      }
    })();
    await Promise.all(d.people.map((v) => d.go(v)));
    const keyed = d.people.filter((v) => ['board', 'voted'].includes(v.stop));
    await d.register(keyed);
    await d.registered(keyed.length);
    coming = false;
    await looking;
    assert.ok(looks > 0);

    const { posts } = await until(async () => {
      const [command, shown] = [d.funnel(), await d.officers()];
      return JSON.stringify([command.all, command.posts]) === JSON.stringify([shown.all, shown.posts]) && command;
    }, 30000, 'the command and the interface differ');
    for (const [at, p] of posts.entries()) for (const [step, n] of Object.entries(expected(at))) assert.deepEqual(p[step], n, `${p.post}: ${step}`);

    // What is published is the same, folded: a post with few at a step is not shown by itself. After
    // a start it is as of now; else it changes with as many as the floor. spec: J-31
    await d.stop();
    assert.equal(await d.start('--config', d.at('serve.ini')), true, d.log());
    const shown = await until(async () => {
      const answer = await (await fetch(`${d.url}/api/funnel`)).json();
      return answer.posts.every((p) => p.off + p.none + p.begun + p.enrolled === p.roll) && answer;
    });
    assert.deepEqual(shown.posts, d.funnel('--public', '5').posts);
    for (const p of shown.posts) for (const s of ['off', 'none', 'begun', 'enrolled']) assert.ok(!p[s] || p[s] >= 5, JSON.stringify(p));

    // To the end: what was counted of the voters is what the results say of the ballots.
    await d.ballotKeys();
    const voted = d.people.filter((v) => v.stop === 'voted');
    for (const v of voted) assert.equal((await fetch(`${d.url}/api/ballots`, { method: 'POST', body: d.seal(v, 1).ballot })).status, 201);
    d.act('close');
    d.act('tally', 'freeze');
    for (const i of [1, 2]) d.trustee(i);
    d.act('tally', 'publish');
    const results = path.join(d.mirror(), 'results.json');
    const end = d.funnel();
    const { units } = JSON.parse(fs.readFileSync(results, 'utf8')).reconciliation;
    for (const [at, u] of units.entries()) {
      const p = end.posts[at];
      assert.deepEqual([u.registered, u.online, u.enrolled, u.counted], [p.electors, p.online, p.board, p.voted.online]);
      assert.equal(u.counted, stops.voted[at]);
    }
    const compare = () => d.fails('roll', 'funnel', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--results', results);
    assert.match(d.run('roll', 'funnel', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--results', results), /as in the results/);
    // Voters who vanish from the store are missed: there, and against the record.
    await d.stop();
    const db = new DatabaseSync(d.at('data/tapat.db'));
    db.exec('PRAGMA foreign_keys = OFF');
    db.exec("DELETE FROM voter WHERE number = (SELECT number FROM voter WHERE id NOT IN (SELECT voter FROM enrolment) LIMIT 1)");
    assert.match(compare().said, /the results differ in/);
    db.exec('UPDATE credential SET cancelled = 1 WHERE key = (SELECT credential FROM enrolment WHERE state = 4 LIMIT 1)');
    db.close();
    assert.match(compare().said, /does not add up/);
  } finally {
    await d.end();
  }
});

test('no second day: what is closed is not opened again, and no other times are served', { skip, timeout: 120000 }, async () => {
  const d = new Voting();
  try {
    await d.begin({ voters: 2 });
    await d.ballotKeys();
    d.keyOf(d.people[0]);
    await d.register([d.people[0]]);
    await d.registered(1);
    d.act('close');
    const args = ['--record', d.at('data/public'), '--server', d.url, '--officer', d.at('o1'), '--officer', d.at('o2')];
    for (const act of [['open'], ['close'], ['approve', '--proof', d.proof()]]) {
      const { status, said } = d.fails(...act, ...args);
      assert.equal(status, 1, said);
      assert.match(said, /board\.(phase|repeat)/);
    }
    const late = await fetch(`${d.url}/api/ballots`, { method: 'POST', body: d.seal(d.people[0], 0).ballot });
    assert.deepEqual([late.status, (await late.json()).code], [409, 'board.phase']);
    // The same store with a manifest of later times.
    await d.stop();
    const m = structuredClone(d.manifest);
    m.times.close = '2199-01-01T00:00:00Z';
    d.write('manifest.json', JSON.stringify(m));
    fs.rmSync(d.at('log'));
    assert.equal(await d.start(), false);
    assert.match(d.log(), /manifest/);
    d.write('manifest.json', JSON.stringify(d.manifest));
    assert.equal(await d.start(), true);
  } finally {
    await d.end();
  }
});
