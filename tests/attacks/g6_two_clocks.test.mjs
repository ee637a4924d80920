// Attack G6: a ballot that was acknowledged is later dropped as late, because two clocks decide.
// Many cast at once around the close; their lines are cut, and they ask again. Whoever has a promise
// is in the record and counted, and nobody else is. Once the clock closes a real election, once the
// officers' act a test.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import test from 'node:test';
import { promisify } from 'node:util';

import { pause, tapat } from '../server/daemon.mjs';
import { Voting } from './voting.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const voters = process.env.TAPAT_LONG ? 1500 : 300;
const run = promisify(execFile);

// The answer, or null if the line was cut before it came.
function cast(url, agent, ballot, cut) {
  return new Promise((done) => {
    const rq = http.request(`${url}/api/ballots`, { method: 'POST', agent, headers: { 'content-length': ballot.length } }, (rs) => {
      let text = '';
      rs.setEncoding('utf8').on('data', (part) => { text += part; }).on('error', () => done(null));
      rs.on('end', () => done({ status: rs.statusCode, at: Date.now(), ...JSON.parse(text) }));
    });
    rq.on('error', () => done(null));
    if (cut >= 0) rq.on('finish', () => setTimeout(() => rq.destroy(), cut));
    rq.end(ballot);
  });
}

// One voter: from the time `at` on, until there is a promise or a refusal.
async function voter(d, agent, v, at, cut) {
  await pause(Math.max(0, at - Date.now()));
  v.sent = Date.now();
  v.answer = await cast(d.url, agent, v.ballot, cut);
  while (!v.answer) { // who does not know asks again, with the same octets
    v.again = true;
    await pause(30);
    v.answer = await cast(d.url, agent, v.ballot, -1);
  }
  const { answer } = v;
  if (answer.signature) {
    v.promised = true;
    const promise = { signature: Buffer.from(answer.signature, 'hex'), ballotHash: Buffer.from(v.hash, 'hex'), credential: v.key, sequence: 1, deadline: answer.deadline };
    assert.ok(d.core.promiseHolds(promise, Buffer.from(d.manifest.log.key, 'hex'), d.fingerprint));
    assert.equal(answer.ballot_hash, v.hash);
  } else {
    assert.deepEqual([answer.status, answer.code], [409, 'board.phase']);
  }
}

async function prepare(d) {
  d.people.forEach((v) => d.keyOf(v));
  await d.register(d.people);
  await d.registered(voters);
  await d.ballotKeys();
  for (const [i, v] of d.people.entries()) Object.assign(v, d.seal(v, i % 4)); // 3: none
}

// All cast within `spread` ms around the time of the close.
async function rush(d, close, spread, during) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const all = d.people.map((v, i) => voter(d, agent, v, close - spread / 2 + (i * spread) / voters, i % 5 === 0 ? (i / 5) % 40 : -1));
  await Promise.all([...all, during?.()]);
  agent.destroy();
}

// Promised if and only if in the record; and each counted as it was cast.
async function judge(d) {
  for (const v of d.people.filter((x) => !x.promised).slice(0, 20)) assert.equal((await d.post2(v)).code, 'board.phase'); // it stays refused
  for (const v of d.people.filter((x) => x.promised).slice(0, 20)) assert.equal((await d.post2(v)).status, 200); // and promised
  const record = d.mirror();
  const counted = d.ballotsOf(record);
  const promised = d.people.filter((v) => v.promised).map((v) => v.hash);
  assert.deepEqual([...counted].sort(), [...promised].sort());
  assert.match(d.run('verify', record), new RegExp(`ballots +${promised.length} ballots`));
  d.act('tally', 'freeze');
  for (const i of [1, 3]) d.trustee(i);
  d.act('tally', 'publish');
  const results = JSON.parse(fs.readFileSync(`${d.mirror()}/results.json`, 'utf8'));
  d.run('verify', d.at('record'));
  assert.equal(results.reconciliation.total.counted, promised.length);
  const votes = [0, 1, 2].map((k) => d.people.filter((v, i) => v.promised && i % 4 === k).length);
  assert.deepEqual(results.contests[0].options.map((o) => o.votes), votes);
  return promised.length;
}

class Rush extends Voting {
  post2(v) {
    return cast(this.url, undefined, v.ballot, -1);
  }
}

const refused = (d) => d.people.filter((v) => !v.promised).length;
const about = (t, d, n) => t.diagnostic(`${voters} ballots around the close: ${n} promised and counted, ${refused(d)} refused, ${d.people.filter((v) => v.again).length} asked again`);

test('the clock closes: who has a promise is counted, nobody else', { skip, timeout: 300000 }, async (t) => {
  for (const seconds of [11, 30, 120]) { // a busy machine needs longer to prepare
    const d = new Rush();
    try {
      await d.begin({ voters, test: false, close: seconds, floor: 50 });
      const close = Date.parse(d.manifest.times.close);
      await prepare(d);
      if (Date.now() > close - 2000) continue;
      await rush(d, close, 2000);
      for (const v of d.people) {
        if (!v.again && v.answer.at < close) assert.ok(v.promised, 'refused before the close');
        if (v.sent >= close + 1000) assert.ok(!v.promised, 'promised after the close');
        if (!v.again && v.sent >= close) assert.ok(!v.promised, 'promised after the close');
      }
      assert.ok(d.people.some((v) => v.promised) && refused(d), 'all on one side of the close');
      d.act('close');
      about(t, d, await judge(d));
      return;
    } finally {
      await d.end();
    }
  }
  assert.fail('the machine is too slow to prepare an election in two minutes');
});

test('the act closes: who has a promise is counted, nobody else', { skip, timeout: 300000 }, async (t) => {
  const d = new Rush();
  try {
    await d.begin({ voters });
    await prepare(d);
    const close = Date.now() + 1500;
    await rush(d, close, 2000, async () => {
      await pause(close - 300 - Date.now());
      await run(tapat, ['close', '--record', d.at('data/public'), '--server', d.url, '--officer', d.at('o1'), '--officer', d.at('o2')]);
    });
    assert.ok(d.people.some((v) => v.promised) && refused(d), 'all on one side of the close');
    about(t, d, await judge(d));
  } finally {
    await d.end();
  }
});
