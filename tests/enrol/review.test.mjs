// A name or birth date that only comes near a row of the roll: a registrar decides, and until then
// nothing of the row is told and nothing can be proven with it; and the log of what registrars decided. spec: J-26, J-30, J-32, J-33

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';

import { Core } from '../../web/wasm.js';
import { Daemon, build, tapat } from '../server/daemon.mjs';
import { Desk } from './ways.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const hex = (bytes) => Buffer.from(bytes).toString('hex');

class Scene extends Daemon {
  async begin(rows, routes = ['code', 'letter', 'desk', 'documents'], posts = {}) {
    const { units } = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8'));
    this.units = units.map((u) => u.id);
    const named = Object.fromEntries(Object.entries(posts).map(([i, r]) => [this.units[i], r]));
    this.define({ enrol: null });
    const documents = [this.run('key', 'document', this.at('r1'))];
    const manifest = JSON.parse(fs.readFileSync(this.at('manifest.json'), 'utf8'));
    manifest.enrol = { show: true, shared: 4, review_days: 5, routes, posts: named, documents };
    fs.writeFileSync(this.at('manifest.json'), JSON.stringify(manifest));
    this.write('roll.csv', `number,name,birth_date,contact,unit\n${rows.map(([number, name, birth, unit = 0]) => `${number},${name},${birth},${number}@example.org,${this.units[unit]}`).join('\n')}\n`);
    this.run('roll', 'import', this.at('roll.csv'), '--manifest', this.at('manifest.json'), '--data', this.at('data'));
    assert.equal(await this.start(), true, this.log());
    this.fingerprint = crypto.createHash('sha256').update(fs.readFileSync(this.at('manifest.json'))).digest();
    this.core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    this.desk = new Desk({ core: this.core, fingerprint: this.fingerprint, daemon: this });
    fs.rmSync(this.at('record'), { recursive: true, force: true });
    this.run('mirror', '--server', this.url, this.at('record'));
    this.run('approve', '--proof', this.proof(), '--record', this.at('record'), '--server', this.url, '--officer', this.at('o1'), '--officer', this.at('o2'));
  }

  ask(name, birth = '1990-03-04') {
    return this.post('/api/enrol/start', { name, birth_date: birth });
  }

  async apply(enrolment, route = 'desk') {
    const { sign, key } = this.core.registrar(crypto.randomBytes(32));
    const mine = { credential: hex(key), possession: hex(this.core.possession(sign, key, this.fingerprint, crypto.randomBytes(32))) };
    return { ...await this.post('/api/enrol/apply', { enrolment, route, ...mine }), ...mine };
  }

  async waiting(more = {}) {
    const time = Math.floor(Date.now() / 1000);
    const signature = hex(this.core.registrarAsk(this.desk.officer.sign, this.fingerprint, time, null, crypto.randomBytes(32)));
    return (await this.post('/api/registrar/waiting', { registrar: 1, time, signature, ...more })).waiting;
  }

  async sign(row) {
    const one = { ...row, credential: Buffer.from(row.credential, 'hex'), possession: Buffer.from(row.possession, 'hex') };
    const signature = hex(this.core.approve(this.desk.officer.sign, this.fingerprint, one, crypto.randomBytes(32)));
    const { credential, unit, style } = row;
    return this.post('/api/registrar/registrations', { registrations: [{ credential, unit, style, registrar: 1, signature }] });
  }

  async refuse(row, reason, word) {
    const time = Math.floor(Date.now() / 1000);
    const what = { application: Buffer.from(row.application, 'hex'), credential: Buffer.from(row.credential, 'hex'), reason, time };
    const signature = hex(this.core.refuse(this.desk.officer.sign, this.fingerprint, what, crypto.randomBytes(32)));
    return this.post('/api/registrar/refusals', { registrar: 1, time, signature, application: row.application, reason: word });
  }
}

test('who comes near a row applies, and a registrar decides with the reason before their eyes', { skip, timeout: 120000 }, async () => {
  const d = new Scene();
  try {
    await d.begin([['V-1', 'Maria Santos Reyes', '1990-03-04'], ['V-2', 'Jose Peña Lim', '1990-03-05'], ['V-3', 'Ana Cruz', '1991-02-03']]);
    const near = await d.ask('Santos MARIA');
    assert.deepEqual({ ...near, enrolment: '' }, { status: 200, enrolment: '', unit: null, routes: ['desk', 'documents'], contacts: [], passkey: false, provider: null, review: true });
    const { enrolment } = near;
    // a look-up tells no more than of nobody
    assert.deepEqual(await d.post('/api/roll/lookup', { name: 'Santos Maria', birth_date: '1990-03-04' }), await d.post('/api/roll/lookup', { name: 'Nobody', birth_date: '1990-03-04' }));
    // and nothing can be proven or sent with such a token
    const tries = [['send', { contact: 1 }], ['code', { code: '000000' }], ['letter', { letter: '0'.repeat(64) }], ['oidc', { credential: '0'.repeat(64), possession: '0'.repeat(128), blind: '0'.repeat(64) }],
      ['credential', { credential: '0'.repeat(64), possession: '0'.repeat(128) }], ['passkey/new', {}], ['passkey/ask', {}]];
    for (const [way, more] of tries) {
      const said = await d.post(`/api/enrol/${way}`, { enrolment, ...more });
      assert.deepEqual([said.status, said.code], [409, 'enrol.route'], way);
    }
    assert.deepEqual(await (await fetch(`${d.url}/api/outbox`)).json(), []);
    const before = await d.post('/api/enrol/status', { enrolment });
    assert.deepEqual([before.state, before.unit, before.contacts, before.message, before.routes], ['started', null, [], null, ['desk', 'documents']]);
    assert.equal((await d.post('/api/enrol/again', { enrolment })).review, true);

    const applied = await d.apply(enrolment);
    assert.equal(applied.state, 'applied');
    const sure = await d.apply((await d.ask('reyes maria SANTOS')).enrolment); // as on the roll: nothing is said
    const rows = await d.waiting({ unit: 0 });
    assert.deepEqual(rows.map((r) => [r.number, r.matched]).sort(), [['V-1', ''], ['V-1', 'all-but-one']]);
    assert.equal((await d.waiting({ unit: 1 })).length, 0);
    const listed = d.run('registrar', '--server', d.url, '--key', d.at('r1'), '--manifest', d.at('manifest.json'), '--list').split('\n');
    assert.equal(listed.filter((l) => l.includes('COMES NEAR ONLY, all-but-one')).length, 1);
    assert.equal((await d.refuse(sure, 1, 'person')).state, 'rejected');
    const [row] = await d.waiting({ application: applied.application });
    assert.equal((await d.sign(row)).accepted, 1);
    const after = await d.post('/api/enrol/status', { enrolment });
    assert.ok(['done', 'recorded'].includes(after.state), after.state);

    // refused, with a signature and a reason: the ways that are left are those that a registrar decides
    const initials = await d.ask('J. P. Lim', '1990-03-05');
    const other = await d.apply(initials.enrolment);
    const [asked] = await d.waiting({ application: other.application });
    assert.equal(asked.matched, 'initials');
    assert.equal((await d.refuse(other, 5, 'mismatch')).state, 'rejected');
    const refused = await d.post('/api/enrol/status', { enrolment: initials.enrolment });
    assert.deepEqual([refused.state, refused.reason, refused.routes], ['rejected', 'mismatch', ['desk', 'documents']]);

    const swapped = await d.ask('Ana Cruz', '1991-03-02');
    assert.equal(swapped.review, true);
    const third = await d.apply(swapped.enrolment, 'documents');
    assert.equal(third.state, 'open');
    assert.equal((await d.post('/api/enrol/submit', { enrolment: swapped.enrolment })).code, 'enrol.incomplete');

    // what registrars decided: every signature checked, no voter named
    const log = (...more) => d.run('roll', 'log', '--data', d.at('data'), '--manifest', d.at('manifest.json'), ...more);
    const { fingerprint, decisions } = JSON.parse(log('--json'));
    assert.equal(fingerprint, hex(d.fingerprint));
    assert.deepEqual(decisions.map((x) => [x.decision, x.reason, x.post, x.registrar, x.good]), [
      ['refused', 'person', d.units[0], 1, true], ['signed', '', d.units[0], 1, true], ['refused', 'mismatch', d.units[0], 1, true]]);
    assert.equal(decisions[1].application, applied.application);
    assert.doesNotMatch(log() + log('--json'), /V-1|V-2|Santos|Lim|example\.org/);
    const lines = log().split('\r\n').filter(Boolean);
    assert.deepEqual([lines.length, lines[0].split(',').length, lines[1].split(',').length], [4, 14, 14]);
    assert.equal(log('--post', d.units[1]).split('\r\n').filter(Boolean).length, 1);
    assert.match(log('--counts'), new RegExp(`^${d.units[0]} +1 +1 +0 +0 +0 +1 +0$`, 'm'));
    assert.match(d.fails('roll', 'log', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--post', 'nowhere').said, /no post nowhere/);
    await d.stop();
    const db = new DatabaseSync(d.at('data/tapat.db'));
    db.exec('UPDATE decision SET reason = 6 WHERE reason = 5');
    db.close();
    const { status, said } = d.fails('roll', 'log', '--data', d.at('data'), '--manifest', d.at('manifest.json'));
    assert.equal(status, 1);
    assert.match(said, /1 of 3 signatures do not hold/);
    assert.match(said, /absent,[^\n]*,NO\r/);
  } finally {
    await d.end();
  }
});

test('two rows that are near, one that may not enrol, a post that has no registrar: as unknown as nobody', { skip, timeout: 120000 }, async () => {
  const d = new Scene();
  try {
    await d.begin([['V-1', 'Maria Santos Reyes', '1990-03-04'], ['V-2', 'Maria Santos Lim', '1990-03-04'], ['V-3', 'Jose Cruz Go', '1990-03-04'],
      ['V-4', 'Ana Lim Tan', '1990-03-04', 1]], undefined, { 1: ['code'] });
    d.run('roll', 'disable', 'V-3', '--reason', 'a test', '--data', d.at('data'));
    const nobody = await d.ask('Nobody Here');
    assert.deepEqual([nobody.status, nobody.code], [404, 'enrol.unknown']);
    for (const name of ['Maria Santos', 'Jose Cruz', 'Ana Lim']) assert.deepEqual(await d.ask(name), nobody, name);
    assert.equal((await d.ask('Maria Santos Reyes')).review, undefined); // one is accepted: that counts
    assert.equal((await d.ask('Maria Santos Reyes')).unit, 0);
  } finally {
    await d.end();
  }
});
