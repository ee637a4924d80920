// The funnel: every voter at one step, by post and reason; it adds up and is what the board says;
// what is published tells of no few. spec: J-14, J-15, J-31

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';

import { Core } from '../../web/wasm.js';
import { Daemon, build, root, tapat, until } from '../server/daemon.mjs';
import { Election } from '../support/election.mjs';
import { Desk } from './ways.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const hex = (bytes) => Buffer.from(bytes).toString('hex');

class Scene extends Daemon {
  constructor() {
    super();
    this.units = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8')).units.map((u) => u.id);
  }

  async begin(voters, ...more) {
    this.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['code', 'desk'], posts: {} } });
    this.roll(voters);
    assert.equal(await this.start(...more), true, this.log());
    this.fingerprint = crypto.createHash('sha256').update(fs.readFileSync(this.at('manifest.json'))).digest();
    this.core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    this.desk = new Desk({ core: this.core, fingerprint: this.fingerprint, daemon: this });
    this.sign('approve', '--proof', this.proof());
  }

  sign(...args) {
    fs.rmSync(this.at('record'), { recursive: true, force: true });
    this.run('mirror', '--server', this.url, this.at('record'));
    this.run(...args, '--record', this.at('record'), '--server', this.url, '--officer', this.at('o1'), '--officer', this.at('o2'));
  }

  credential() {
    const { sign, key } = this.core.registrar(crypto.randomBytes(32));
    return { credential: hex(key), possession: hex(this.core.possession(sign, key, this.fingerprint, crypto.randomBytes(32))) };
  }

  async begun(number) {
    return (await this.post('/api/enrol/start', { number, birth_date: '1990-01-01' })).enrolment;
  }

  async sent(number) {
    const enrolment = await this.begun(number);
    await this.post('/api/enrol/send', { enrolment, contact: 1 });
    return enrolment;
  }

  async proven(number) {
    const enrolment = await this.sent(number);
    const [{ text }] = await (await fetch(`${this.url}/api/outbox/${number}@example.org`)).json();
    assert.equal((await this.post('/api/enrol/code', { enrolment, code: /\b\d{6}\b/.exec(text)[0] })).state, 'proven');
    return enrolment;
  }

  async waiting(number) {
    const enrolment = await this.proven(number);
    const key = this.credential();
    assert.equal((await this.post('/api/enrol/credential', { enrolment, ...key })).state, 'waiting');
    return { ...key, unit: number.startsWith('B') ? 1 : 0, style: 0 };
  }

  async applied(number) {
    const key = this.credential();
    const { state, application } = await this.post('/api/enrol/apply', { enrolment: await this.begun(number), route: 'desk', ...key });
    assert.equal(state, 'applied');
    return { application, ...key };
  }

  async register(row) {
    const one = { ...row, credential: Buffer.from(row.credential, 'hex'), possession: Buffer.from(row.possession, 'hex') };
    const signature = hex(this.core.approve(this.desk.officer.sign, this.fingerprint, one, crypto.randomBytes(32)));
    const { credential, unit, style } = row;
    const answer = await this.post('/api/registrar/registrations', { registrations: [{ credential, unit, style, registrar: 1, signature }] });
    assert.equal(answer.accepted, 1, answer.code);
  }

  // One who voted at the post, as its register says.
  paper(number, unit) {
    this.write('register.csv', `number,name,birth_date,voted\n${number},Voter ${number},1990-01-01,yes\n`);
    this.run('roll', 'import-register', this.at('register.csv'), '--post', unit, '--data', this.at('data'), '--manifest', this.at('manifest.json'));
  }

  // The funnel as a registrar is shown it.
  async officers() {
    const time = Math.floor(Date.now() / 1000);
    const signature = hex(this.core.registrarAsk(this.desk.officer.sign, this.fingerprint, time, null, crypto.randomBytes(32)));
    this.asked = { registrar: 1, time, signature };
    const answer = await this.post('/api/registrar/funnel', this.asked);
    assert.equal(answer.status, 200, answer.code);
    delete answer.status;
    return answer;
  }

  async reject(row, reason, name) {
    const time = Math.floor(Date.now() / 1000);
    const what = { application: Buffer.from(row.application, 'hex'), credential: Buffer.from(row.credential, 'hex'), reason, time };
    const signature = hex(this.core.refuse(this.desk.officer.sign, this.fingerprint, what, crypto.randomBytes(32)));
    const answer = await this.post('/api/registrar/refusals', { registrar: 1, time, signature, application: row.application, reason: name });
    assert.equal(answer.state, 'rejected', answer.code);
  }

}

const steps = ['none', 'cancelled', 'sent', 'proven', 'open', 'signed', 'board'];
const sum = (of) => Object.values(of).reduce((a, b) => a + b, 0);
const total = (p) => steps.reduce((n, s) => n + p[s], 0) + ['off', 'waiting', 'rejected', 'closed'].reduce((n, s) => n + sum(p[s]), 0);

test('each step is counted, by post and reason; it adds up and agrees with the board', { skip, timeout: 120000 }, async () => {
  const d = new Scene();
  try {
    const [a, b] = d.units;
    const voters = ['none', 'sent', 'proven', 'wait', 'apply', 'absent', 'person', 'board', 'again', 'post', 'off', 'paper']
      .map((name) => ({ number: `A-${name}`, unit: a })).concat(['board', 'none'].map((name) => ({ number: `B-${name}`, unit: b })));
    await d.begin(voters.map((v) => ({ ...v, contact: `${v.number}@example.org` })));
    await d.begun('A-none'); // a start stores nothing
    await d.sent('A-sent');
    await d.proven('A-proven');
    await d.waiting('A-wait');
    await d.applied('A-apply');
    await d.reject(await d.applied('A-absent'), 6, 'absent');
    await d.reject(await d.applied('A-person'), 1, 'person');
    const again = await d.applied('A-again');
    await d.reject(again, 6, 'absent');
    await d.applied('A-again'); // waits: that counts, not what came before
    for (const number of ['A-board', 'B-board']) await d.register(await d.waiting(number));
    const stray = { ...d.credential(), unit: 1, style: 0 }; // signed by a registrar for nobody
    await d.register(stray);
    d.run('roll', 'channel', 'A-post', 'post', '--data', d.at('data'));
    d.run('roll', 'disable', 'A-off', '--reason', 'a test', '--data', d.at('data'));
    d.paper('A-paper', a);
    await until(() => d.funnel().all.board === 2);
    const { all, posts } = d.funnel();
    const [one, two] = [a, b].map((id) => posts.find((p) => p.post === id));
    assert.deepEqual(one.off, { disabled: 1, post: 1, voted: 1 });
    assert.deepEqual(one.waiting, { day: 3 });
    assert.deepEqual(one.rejected, { person: 1, absent: 1 });
    assert.deepEqual(steps.map((s) => one[s]), [1, 0, 1, 1, 0, 0, 1]);
    assert.deepEqual(steps.map((s) => two[s]), [1, 0, 0, 0, 0, 0, 1]);
    assert.deepEqual([one.roll, one.electors, one.online, two.roll, two.online], [12, 11, 10, 2, 2]);
    for (const p of [...posts, all]) assert.equal(total(p), p.roll);
    assert.deepEqual([one.voted, two.voted], [{ online: 0, paper: 1 }, { online: 0, paper: 0 }]);
    const live = await d.officers();
    assert.deepEqual(live, { ...d.funnel(), time: live.time });
    assert.equal((await d.post('/api/registrar/funnel', d.asked)).code, 'registrar.again');
    assert.equal((await d.post('/api/registrar/funnel', { ...d.asked, registrar: 2 })).code, 'registrar.signature');
    const open = await fetch(`${d.url}/api/funnel`); // nothing is published unless the settings say so
    assert.deepEqual([open.status, (await open.json()).code], [404, 'funnel.private']);
    assert.equal((await (await fetch(`${d.url}/api/election`)).json()).funnel, false);
    assert.deepEqual(all.keys, { held: 2, cancelled: 0, unknown: 1 });
    d.run('mirror', '--server', d.url, d.at('end'));
    assert.match(d.run('verify', d.at('end')), /registrations +3 credentials/);
    // A store in which somebody counted as enrolled has no key that stands.
    await d.stop();
    const db = new DatabaseSync(d.at('data/tapat.db'));
    db.exec('UPDATE credential SET cancelled = 1 WHERE unit = 0');
    db.close();
    const { status, said } = d.fails('roll', 'funnel', '--data', d.at('data'), '--manifest', d.at('manifest.json'));
    assert.equal(status, 1);
    assert.match(said, new RegExp(`post ${a}: the store does not add up`));
  } finally {
    await d.end();
  }
});

test('what is published shows no few, and no difference does', { skip, timeout: 120000 }, async () => {
  const d = new Scene();
  try {
    const [a, b, c] = d.units;
    const of = (unit, letter, n) => Array.from({ length: n }, (_, i) => ({ number: `${letter}-${i + 1}`, unit, contact: `${letter}-${i + 1}@example.org` }));
    await d.begin([...of(a, 'A', 9), ...of(b, 'B', 8), ...of(c, 'C', 6)]);
    const shown = () => Object.fromEntries(d.funnel('--public', '3').posts.map((p) => [p.post, p.roll]));
    assert.deepEqual(shown(), { [a]: 9, [b]: 8, [c]: 6 });
    // Two of A have begun: A is not shown, and there is no total to take the others from.
    for (const i of [1, 2]) await d.sent(`A-${i}`);
    assert.deepEqual(shown(), { [b]: 8, [c]: 6 });
    for (const i of [1, 2]) await d.sent(`C-${i}`);
    assert.deepEqual(d.funnel('--public', '3').posts.map((p) => [p.post, p.roll, p.begun]), [[b, 8, 0], ['', 15, 4]]);
    await d.sent('A-3');
    await d.sent('C-3');
    assert.deepEqual(d.funnel('--public', '3').posts.map((p) => [p.post, p.none, p.begun]), [[a, 6, 3], [b, 8, 0], [c, 3, 3]]);
    assert.doesNotMatch(JSON.stringify(d.funnel('--public', '3')), /rejected|waiting|keys/);
  } finally {
    await d.end();
  }
});

test('what is published live changes only when many have moved', { skip, timeout: 120000 }, async () => {
  const d = new Scene();
  try {
    const [a, b] = d.units;
    const of = (unit, letter, n) => Array.from({ length: n }, (_, i) => ({ number: `${letter}-${i + 1}`, unit, contact: `${letter}-${i + 1}@example.org` }));
    d.write('serve.ini', '[funnel]\npublic = 4\n');
    await assert.rejects(d.begin([...of(a, 'A', 22), ...of(b, 'B', 3)], '--config', d.at('serve.ini')), /a floor of 5 or more/);
    d.write('serve.ini', '[funnel]\npublic = 5\n');
    assert.equal(await d.start('--config', d.at('serve.ini')), true, d.log());
    d.sign('approve', '--proof', d.proof());
    const shown = async () => (await (await fetch(`${d.url}/api/funnel`)).json());
    const row = (begun) => ({ post: a, roll: 22, off: 0, none: 22 - begun, begun, enrolled: 0 });
    const first = await shown();
    assert.deepEqual([first.floor, first.posts], [5, [row(0)]]); // B has too few voters
    assert.equal((await (await fetch(`${d.url}/api/election`)).json()).funnel, true);
    // Two have begun: neither does the row tell that, nor that it would be left out.
    for (const i of [1, 2]) await d.sent(`A-${i}`);
    const still = await until(async () => { const now = await shown(); return now.time > first.time && now; }, 30000);
    assert.deepEqual(still.posts, [row(0)]);
    assert.deepEqual(d.funnel('--public', '5').posts, []);
    for (const i of [3, 4, 5]) await d.sent(`A-${i}`);
    const later = await until(async () => { const now = await shown(); return now.time > still.time && now; }, 30000);
    assert.deepEqual(later.posts, [row(5)]);
    // Four more: the row stays; the fifth moves it.
    for (let i = 6; i <= 9; i += 1) await d.sent(`A-${i}`);
    const same = await until(async () => { const now = await shown(); return now.time > later.time && now; }, 30000);
    assert.deepEqual(same.posts, [row(5)]);
    assert.equal(d.funnel('--public', '5').posts[0].begun, 9);
    await d.sent(`A-${10}`);
    assert.deepEqual((await until(async () => { const now = await shown(); return now.time > same.time && now; }, 30000)).posts, [row(10)]);
  } finally {
    await d.end();
  }
});

test('the funnel and the published results agree, and a difference is seen', { skip, timeout: 240000 }, async () => {
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
    e.act('close');
    e.act('tally', 'freeze');
    for (const i of [1, 2, 3]) e.trustee(i);
    e.act('tally', 'publish');
    e.mirror();
    const compare = (file) => e.run('roll', 'funnel', '--data', e.at('data'), '--manifest', e.at('manifest.json'), '--results', file);
    const results = path.join(e.at('record'), 'results.json');
    assert.match(compare(results), /posts: roll, keys and ballots are as in the results/);
    const { all } = JSON.parse(e.run('roll', 'funnel', '--data', e.at('data'), '--manifest', e.at('manifest.json'), '--json'));
    const { total } = JSON.parse(fs.readFileSync(results, 'utf8')).reconciliation;
    assert.deepEqual([all.electors, all.board, all.voted.online], [total.registered, total.enrolled, total.counted]);
    assert.ok(all.voted.online > 0);
    for (const figure of ['registered', 'online', 'enrolled', 'cancelled', 'counted']) {
      const other = JSON.parse(fs.readFileSync(results, 'utf8'));
      other.reconciliation.units[0][figure] += 1;
      assert.throws(() => compare(e.write('other.json', JSON.stringify(other))), /the results differ in/, figure);
    }
  } finally {
    e.end();
  }
});

test('a store of another manifest is refused', { skip }, async () => {
  const d = new Scene();
  try {
    d.define();
    d.roll([{ number: 'V-1', unit: d.units[5] }]);
    const manifest = JSON.parse(fs.readFileSync(d.at('manifest.json'), 'utf8'));
    manifest.units.length = 2;
    d.write('other.json', JSON.stringify(manifest));
    const { status, said } = d.fails('roll', 'funnel', '--data', d.at('data'), '--manifest', d.at('other.json'));
    assert.equal(status, 1);
    assert.match(said, /of another manifest/);
  } finally {
    fs.rmSync(d.dir, { recursive: true });
  }
});
