// Attack G13: a wrong configuration goes live: parties are missing from the ballot, the opening is
// mis-entered, an option counts for another. Before officers can approve, `tapat rehearse` prints
// what voters will see, compares it with the official list and holds a whole election; approval
// asks for the digest of what it printed.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Daemon, root, tapat } from '../server/daemon.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const official = path.join(root, 'ballots/ph2025/options.csv');
const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

async function scene(run) {
  const d = new Daemon();
  try {
    d.define();
    d.manifest = read(d.at('manifest.json'));
    // The manifest with a change, beside the one that is served.
    d.draft = (change) => {
      const m = structuredClone(d.manifest);
      change(m);
      return d.write('draft.json', JSON.stringify(m));
    };
    await run(d);
  } finally {
    await d.end();
  }
}

const contest = (m, id) => m.contests.find((c) => c.id === id);

test('the proof has every name of the official list; a list that differs is refused by name', { skip }, () => scene((d) => {
  const digest = d.run('rehearse', d.at('manifest.json'), '--options', official, '--once', '--out', d.at('proof.txt'));
  const proof = fs.readFileSync(d.at('proof.txt'), 'utf8');
  assert.equal(digest, crypto.createHash('sha256').update(proof).digest('hex'));
  let at = 0;
  for (const c of d.manifest.contests) {
    assert.ok(proof.includes(`choose ${c.min} to ${c.max} of ${c.options.length}`));
    for (const title of Object.values(c.title)) assert.ok(proof.includes(` ${title}\n`));
    for (const o of c.options) {
      const line = `${String(o.number).padStart(9)}  ${o.name}${o.party ? `  (${o.party})` : ''}\n`;
      at = proof.indexOf(line, at) + 1; // in the order of the page
      assert.ok(at > 0, line);
    }
  }
  for (const u of d.manifest.units) assert.ok(proof.includes(`    ${u.id}: ${u.name}, ${u.country}; `));

  const compare = (change, list = official) => d.fails('rehearse', d.draft(change), '--options', list, '--no-vote', '--out', d.at('none'));
  const parties = contest(d.manifest, 'party-list').options;
  const two = [parties[10], parties[99]];
  const missing = compare((m) => { contest(m, 'party-list').options = parties.filter((o) => !two.some((x) => x.number === o.number)); });
  assert.equal(missing.status, 1);
  for (const o of two) assert.ok(missing.said.includes(`party-list, ${o.number}: ${o.name} is not on the ballot`), missing.said);
  assert.match(missing.said, /2 differences/);
  assert.match(compare((m) => { contest(m, 'senator').options[3].name += ' JR.'; }).said, /senator, 4: the ballot has ANDAMO, NARS ALYN JR\. \(MKBYN\), the list ANDAMO, NARS ALYN \(MKBYN\)/);
  assert.match(compare((m) => { contest(m, 'senator').options[3].party = 'X'; }).said, /1 differences/);
  assert.match(compare((m) => { [contest(m, 'senator').options[0].name, contest(m, 'senator').options[1].name] = ['ADONIS, JEROME', 'ABALOS, BENHUR']; }).said, /2 differences/);
  const lines = fs.readFileSync(official, 'utf8').split('\n');
  assert.match(compare(() => {}, d.write('short.csv', [lines[0], ...lines.slice(2)].join('\n'))).said, /senator, 1: ABALOS, BENHUR is not in the list/);
  assert.match(compare(() => {}, d.write('twice.csv', [...lines.slice(0, 2), ...lines.slice(1)].join('\n'))).said, /senator, 1: twice in the list/);
  assert.match(compare(() => {}, d.write('other.csv', [lines[0], 'mayor,1,X,Y,0', ...lines.slice(1)].join('\n'))).said, /mayor, 1: no such contest/);
  assert.match(compare(() => {}, d.write('bare.csv', 'contest,number\n')).said, /no column name/);
  assert.ok(!fs.existsSync(d.at('none'))); // no proof of what differs
}));

test('an opening that was mis-entered', { skip }, () => scene((d) => {
  const times = (open, close = '2198-05-13T11:00:00Z') => d.draft((m) => Object.assign(m.times, { open, close }));
  const look = (file, ...more) => JSON.parse(d.run('rehearse', file, '--no-vote', '--json', ...more)).warnings;
  const good = '2198-04-12T16:00:00Z'; // 00:00 in Manila
  assert.deepEqual(look(times(good), '--days', '28', '--open', '2198-04-13 00:00', '--strict'), []);
  const fails = (file, ...more) => d.fails('rehearse', file, '--no-vote', '--json', ...more);
  // Manila's midnight entered as if it were UTC.
  assert.match(look(times('2198-04-13T00:00:00Z'))[0], /open is midnight in UTC but Fri 2198-04-13 08:00:00 \+0800 in Asia\/Manila/);
  const wrong = fails(times('2198-04-13T00:00:00Z'), '--open', '2198-04-13 00:00');
  assert.equal(wrong.status, 1);
  assert.match(wrong.said, /the voting opens Fri 2198-04-13 08:00:00 \+0800 in Asia\/Manila, not 2198-04-13 00:00/);
  assert.equal(fails(times('2198-04-13T00:00:00Z'), '--strict').status, 1);
  assert.equal(fails(times(good), '--open', '2198-04-14').status, 1);
  assert.equal(fails(times(good), '--open', '2198').status, 1);
  // A month or a year too early; a month short.
  assert.match(look(d.at('manifest.json'))[0], /opens in the past/);
  assert.match(look(times(good, '2198-04-20T11:00:00Z'), '--days', '28')[0], /fewer than 28 days/);
  assert.deepEqual(look(times(good, '2198-05-10T16:00:00Z'), '--days', '28'), []);
  assert.match(fails(d.draft((m) => { m.zone = 'Asia/Nowhere'; })).said, /no table of the time zone Asia\/Nowhere/);
}));

test('one officer alone approves no real election', { skip }, () => scene((d) => {
  const alone = (test) => d.draft((m) => { Object.assign(m, { test }); m.officers.quorum = 1; m.merge.floor = 50; });
  const { status, said } = d.fails('rehearse', alone(false), '--no-vote', '--json');
  assert.equal(status, 1);
  assert.match(said, /takes the signatures of two officers/);
  assert.ok(JSON.parse(d.run('rehearse', alone(true), '--no-vote', '--json')).proof);
}));

// Three ballots, of one, of many and of a fixed number of choices, at six posts.
function small(m) {
  const option = (number) => ({ number, name: `Option ${number}`, party: '' });
  const of = (id, n, min, max) => ({
    id, title: { en: id, fil: id }, tally: 'sum', min, max, seats: 0, method: 'totals', options: Array.from({ length: n }, (_, i) => option(i + 1)),
  });
  m.contests = [of('one', 5, 0, 1), of('many', 13, 2, 6), of('fixed', 4, 3, 3)];
  m.styles = [{ id: 'a', contests: ['one', 'many'] }, { id: 'b', contests: ['one', 'fixed'] }];
  m.units = m.units.slice(0, 6).map((u, i) => ({ ...u, registered: 3, style: i < 4 ? 'a' : 'b' }));
}

test('the rehearsal: every option of every post is voted and counted, and one that differs is named', { skip }, () => scene((d) => {
  const file = d.draft(small);
  process.env.TMPDIR = d.at('tmp');
  fs.mkdirSync(d.at('tmp'));
  const seen = JSON.parse(d.run('rehearse', file, '--record', d.at('kept'), '--json'));
  assert.equal(seen.rehearsed, true);
  assert.match(d.run('verify', d.at('kept')), /./);
  const results = read(d.at('kept/results.json'));
  assert.equal(results.reconciliation.total.counted, seen.ballots);
  for (const c of results.contests) {
    for (const s of c.sets) assert.ok(s.votes.every((v) => v >= 1), c.id); // each option at each post
    if (c.id === 'one') assert.equal(new Set(c.options.map((o) => o.votes)).size > 1, true); // told apart by number
  }
  const compare = (change) => {
    const r = structuredClone(results);
    change(r.contests);
    return ['rehearse', file, '--json', '--results', d.write('results.json', JSON.stringify(r))];
  };
  assert.equal(JSON.parse(d.run(...compare(() => {}))).proof, seen.proof);
  const differs = (change, says) => {
    const { status, said } = d.fails(...compare(change));
    assert.equal(status, 1);
    assert.match(said, says);
    assert.doesNotMatch(said, /proof/);
  };
  const swap = (c, i, j) => {
    const change = (list) => { [list[i], list[j]] = [list[j], list[i]]; };
    for (const s of c.sets) change(s.votes);
    [c.options[i].votes, c.options[j].votes] = [c.options[j].votes, c.options[i].votes];
  };
  differs((c) => { c[0].sets[1].votes[2] -= 1; }, /one, 3 Option 3, at melbourne-pcg: \d votes were counted, \d were cast/);
  differs((c) => { c[0].options[2].votes += 1; }, /one, 3 Option 3: \d+ votes in all, \d+ were cast/);
  for (const [i, j] of [[0, 1], [2, 3], [5, 12]]) differs((c) => swap(c[1], i, j), new RegExp(`many, ${i + 1} Option ${i + 1}, at`)); // counted for another
  differs((c) => { c[1].options[0].name = 'Option 2'; }, /many, 1 Option 1/); // shown as another
  differs((c) => { c[1].sets.pop(); c[1].options.pop(); }, /many, 13 Option 13/); // cut off
  differs((c) => { c.pop(); }, /another number of contests/);
  assert.deepEqual(fs.readdirSync(d.at('tmp')), []); // no keys stay
  delete process.env.TMPDIR;
}));

test('no officer approves without having the proof of this very manifest', { skip }, () => scene(async (d) => {
  d.roll([{ number: 'V-1' }]);
  assert.equal(await d.start(), true, d.log());
  const mirror = () => { fs.rmSync(d.at('record'), { recursive: true, force: true }); d.run('mirror', '--server', d.url, d.at('record')); };
  mirror();
  const approve = ['approve', '--record', d.at('record')];
  const one = ['--officer', d.at('o1')];
  const both = [...one, '--officer', d.at('o2'), '--server', d.url];
  const proof = d.proof();
  assert.equal(d.fails(...approve, ...both).status, 2);
  assert.match(d.fails(...approve, ...both).said, /approve needs --proof/);
  assert.equal(d.fails(...approve, ...both, '--proof', 'yes').status, 2);
  // What was read is not what is on the board: one letter of one name, one minute.
  for (const change of [(m) => { m.contests[1].options[7].name += 'A'; }, (m) => { m.times.close = '2198-01-01T00:00:00Z'; }, (m) => { m.units[9].registered += 1; }]) {
    const other = d.run('rehearse', d.draft(change), '--no-vote', '--out', d.at('other.txt'));
    assert.notEqual(other, proof);
    const { status, said } = d.fails(...approve, ...both, '--proof', other);
    assert.equal(status, 1);
    assert.match(said, /not of this record's manifest/);
  }
  // The second officer is asked as well as the first.
  d.run(...approve, ...one, '--out', d.at('act'), '--proof', proof);
  const second = ['--add', d.at('act'), '--officer', d.at('o2'), '--server', d.url];
  assert.equal(d.fails(...approve, ...second).status, 2);
  assert.equal(d.fails(...approve, ...second, '--proof', '0'.repeat(64)).status, 1);
  const approved = () => { mirror(); return /approval .*signed by the officers' quorum/.test(d.run('verify', d.at('record'))); };
  assert.equal(approved(), false);
  assert.equal(d.fails(...approve, ...one, '--server', d.url, '--proof', proof).status, 1); // one alone: the board refuses
  assert.equal(approved(), false);
  d.run(...approve, ...second, '--proof', proof);
  assert.equal(approved(), true);
}));
