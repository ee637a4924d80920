// The end, asked for in the middle of things: while ballots come and lines are cut, while codes are
// sent by a slow mail server, while it starts. Each time the server ends by itself and well, goes on
// where it was, and whoever has a promise is in the record. spec: H-7

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import test from 'node:test';

import { Voting } from '../attacks/voting.mjs';
import { tapat, until } from './daemon.mjs';
import { Smtp } from './smtp.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const rounds = 3, each = 32;

// The status, or 0 if the line ended before; cut: it is this side that ends it.
function cast(d, v, agent, cut) {
  return new Promise((done) => {
    const rq = http.request(`${d.url}/api/ballots`, { method: 'POST', agent, headers: { 'content-length': v.ballot.length } }, (rs) => {
      rs.resume().on('end', () => done(rs.statusCode)).on('error', () => done(0));
    });
    rq.on('error', () => done(0));
    if (cut) rq.on('finish', () => rq.destroy());
    rq.end(v.ballot);
  });
}

async function ends(d) {
  assert.equal(await d.stop(), 0, d.log());
  assert.equal(await d.start('--config', d.at('serve.ini')), true, d.log());
}

const promised = (status) => status === 200 || status === 201;

// Ends it after the first promises, with the rest under way; who has none asks again afterwards.
async function whileCasting(d, people) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  let got = 0;
  const all = people.map((v, i) => cast(d, v, agent, i % 4 === 3).then((status) => {
    v.promised = promised(status);
    got += v.promised;
  }));
  await until(() => got > 0);
  await ends(d);
  await Promise.all(all);
  agent.destroy();
  for (const v of people.filter((x) => !x.promised)) assert.ok(promised(await cast(d, v)), v.number);
}

// Ends it while the mail server takes its time, more codes are asked for and numbers are read.
async function whileSending(d, smtp, people) {
  const before = smtp.commands.length;
  smtp.script = ['slow 1500', 'slow 1500', 'slow 1500', 'slow 1500'];
  const quiet = (p) => p.catch(() => null);
  const asks = people.map((v) => quiet(d.enrol(v.number)));
  const reads = people.map(() => quiet(fetch(`${d.url}/api/funnel`).then((r) => r.text())));
  await until(() => smtp.commands.length > before);
  await ends(d);
  await Promise.all([...asks, ...reads]);
}

test('the end in the middle of things', { skip, timeout: 300000 }, async () => {
  const d = new Voting();
  const smtp = await new Smtp().listen();
  try {
    d.write('serve.ini', `[mail]\nserver = smtp://127.0.0.1:${smtp.port}\nfrom = votes@example.org\n[funnel]\npublic = 10\n`);
    await d.begin({
      voters: rounds * each, routes: ['code'], contacts: (i) => ({ contact: `v${i}@example.org` }), serve: () => ['--config', d.at('serve.ini')],
    });
    d.people.forEach((v) => d.keyOf(v));
    await d.register(d.people);
    await d.registered(d.people.length);
    await d.ballotKeys();
    for (const [i, v] of d.people.entries()) Object.assign(v, d.seal(v, i % 4));
    for (let round = 0; round < rounds; round += 1) {
      const people = d.people.slice(round * each, (round + 1) * each);
      await whileCasting(d, people);
      await whileSending(d, smtp, people);
      await d.stop();
      const started = d.start('--config', d.at('serve.ini'));
      await until(() => d.child);
      assert.ok([0, 'SIGTERM'].includes(await d.stop()), d.log()); // 'SIGTERM': before it began
      await started;
      assert.equal(await d.start('--config', d.at('serve.ini')), true, d.log());
    }
    await until(() => d.ballotsOf(d.at('data/public')).length === d.people.length, 30000, 'ballots are missing');
    assert.deepEqual(d.ballotsOf(d.at('data/public')).sort(), d.people.map((v) => v.hash).sort());
  } finally {
    await d.end();
    await smtp.close();
  }
});
