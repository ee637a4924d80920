// A letter or a login that a registrar refuses has proven nothing: the token is told the reason and
// the ways that are open, nothing follows that no registrar would sign, and each way still leads to a
// key. spec: H-14, H-17, Q-9, L-23

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';

import { Core } from '../../web/wasm.js';
import { Daemon, build, tapat } from '../server/daemon.mjs';
import { listen, newKey, realProvider, signIn } from './provider.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const core = skip ? null : new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
const born = '1990-01-01';

class Scene extends Daemon {
  async ready(routes, port) {
    const oidc = { issuer: `http://127.0.0.1:${port}`, client: 'tapat', name: 'National ID', claim: 'number' };
    this.define({ enrol: { show: true, shared: 4, review_days: 5, routes, posts: {}, ...(routes.includes('oidc') ? { oidc } : {}) } });
    this.roll(['V-1', 'V-2', 'V-3'].map((number) => ({ number })));
    this.unit = JSON.parse(fs.readFileSync(this.at('manifest.json'), 'utf8')).units[0].id;
    this.fingerprint = crypto.createHash('sha256').update(fs.readFileSync(this.at('manifest.json'))).digest();
    this.lines = [`tapat-letters v1 ${hex(this.fingerprint)}`];
    await this.reserve();
    assert.ok(await this.start('--address', this.url, '--oidc-secret', this.write('secret', 'a secret of sixteen or more\n')), this.log());
  }

  // A letter on the list of the registrars and in the server's store.
  letter(number) {
    const octets = core.codeRead(core.codeWrite(crypto.randomBytes(13), 20), 20);
    const opened = core.letterKey(octets, this.fingerprint);
    this.lines.push(`${number} ${this.unit} ${hex(opened.key)}`);
    this.write('letters', `${this.lines.join('\n')}\n`);
    this.run('letter', 'load', '--data', this.at('data'), '--manifest', this.at('manifest.json'), '--list', this.at('letters'));
    return opened;
  }

  async begin(number) {
    return (await this.post('/api/enrol/start', { number, birth_date: born })).enrolment;
  }

  newKey() {
    const { sign, key } = core.registrar(crypto.randomBytes(32));
    return { key, credential: hex(key), possession: hex(core.possession(sign, key, this.fingerprint, crypto.randomBytes(32))) };
  }

  byLetter(enrolment, { secret, key: letter }, { key, credential, possession }) {
    const signature = hex(core.letterSign(secret, this.fingerprint, key, crypto.randomBytes(32)));
    return this.post('/api/enrol/letter', { enrolment, letter: hex(letter), credential, possession, signature });
  }

  bare(enrolment, { credential, possession }) {
    return this.post('/api/enrol/credential', { enrolment, credential, possession });
  }

  status(enrolment) {
    return this.post('/api/enrol/status', { enrolment });
  }

  registrar(...args) {
    return this.run('registrar', '--server', this.url, '--key', this.at('r1'), '--manifest', this.at('manifest.json'), ...args);
  }

  refuse(number, reason) {
    const row = this.registrar('--list').split('\n').find((line) => line.includes(number));
    return this.registrar('--reject', row.slice(0, 32), '--reason', reason);
  }
}

const nothing = async (d, token, key) => {
  assert.equal((await d.bare(token, key)).code, 'enrol.proof');
  assert.equal((await d.post('/api/enrol/passkey/new', { enrolment: token })).code, 'enrol.proof');
};

test('a letter that is refused', { skip, timeout: 120000 }, async () => {
  const d = new Scene();
  try {
    await d.ready(['letter', 'desk'], 0);
    const [first, second] = [d.letter('V-1'), d.letter('V-2')];
    const [token, other] = [await d.begin('V-1'), await d.begin('V-1')];
    const [refused, next] = [d.newKey(), d.newKey()];
    assert.equal((await d.byLetter(token, first, refused)).state, 'waiting');

    // Evidence whose key cannot be handed in proves nothing.
    const stranger = await d.begin('V-2');
    assert.equal((await d.byLetter(stranger, second, refused)).code, 'enrol.credential');
    assert.equal((await d.status(stranger)).state, 'started');
    await nothing(d, stranger, d.newKey());
    assert.equal((await d.byLetter(other, d.letter('V-2'), next)).code, 'enrol.letter');

    // Somebody put a passkey over it; it must not keep the voter out.
    const db = new DatabaseSync(d.at('data/tapat.db'));
    db.exec("PRAGMA busy_timeout = 10000; INSERT INTO passkey (voter, id, type, key, counter) VALUES ((SELECT id FROM voter WHERE number = 'V-1'), x'01', -7, x'02', 0)");
    db.close();
    assert.equal((await d.post('/api/enrol/start', { number: 'V-1', birth_date: born })).passkey, true);

    assert.match(d.refuse('V-1', 'person'), /refused$/);
    const said = await d.status(token);
    assert.deepEqual([said.state, said.reason, said.route, said.routes, said.credential, said.provider], ['rejected', 'person', 'letter', ['letter', 'desk'], refused.credential, null]);
    assert.equal((await d.post('/api/enrol/start', { number: 'V-1', birth_date: born })).passkey, false);
    await nothing(d, token, next);
    // The same letter neither, by anybody.
    assert.equal((await d.byLetter(token, first, next)).code, 'enrol.letter-used');
    assert.equal((await d.byLetter(other, first, next)).code, 'enrol.letter-used');
    assert.match(d.registrar('--letters', d.at('letters'), '--yes'), /^0 credentials signed$/m);

    // Another letter, refused once more: the newest reason is told.
    assert.equal((await d.byLetter(token, d.letter('V-1'), next)).state, 'waiting');
    assert.match(d.refuse('V-1', 'mismatch'), /refused$/);
    assert.deepEqual([(await d.status(token)).state, (await d.status(token)).reason], ['rejected', 'mismatch']);
    await nothing(d, token, d.newKey());
    // And the next way, by a token out of this one, as the page does it.
    const { enrolment } = await d.post('/api/enrol/again', { enrolment: token });
    const mine = d.newKey();
    assert.equal((await d.byLetter(enrolment, d.letter('V-1'), mine)).state, 'waiting');
    assert.match(d.registrar('--letters', d.at('letters'), '--yes'), /^1 credentials signed$/m);
    assert.ok(['done', 'recorded'].includes((await d.status(enrolment)).state));
    assert.equal((await d.status(token)).state, 'rejected');

    // A token that applied at the desk before keeps that application.
    const both = await d.begin('V-3');
    const desk = d.newKey();
    const { application } = await d.post('/api/enrol/apply', { enrolment: both, route: 'desk', credential: desk.credential, possession: desk.possession });
    assert.equal((await d.byLetter(both, d.letter('V-3'), d.newKey())).state, 'waiting');
    const row = d.registrar('--list').split('\n').find((line) => line.includes('V-3') && line.includes('proven'));
    assert.match(d.registrar('--reject', row.slice(0, 32), '--reason', 'person'), /refused$/);
    assert.equal((await d.status(both)).application, application);
    assert.match(d.run('registrar', '--server', d.url, '--key', d.at('r1'), '--manifest', d.at('manifest.json'), '--approve', application, '--yes'), /signed$/);
    assert.ok(['done', 'recorded'].includes((await d.status(both)).state));
  } finally {
    await d.end();
  }
});

test('a login that is refused', { skip, timeout: 120000 }, async () => {
  const d = new Scene();
  let callback;
  const server = await listen((rq, rs) => callback(rq, rs));
  try {
    const { port } = server.address();
    await d.ready(['oidc'], port);
    callback = realProvider(port, newKey('one', 'ES256'), `${d.url}/enrol`);
    const login = async (enrolment, number, key) => {
      const asked = { enrolment, credential: key.credential, possession: key.possession, blind: hex(crypto.randomBytes(32)) };
      const { location } = await d.post('/api/enrol/oidc', asked);
      const back = await signIn(location, number);
      return d.post('/api/enrol/oidc/finish', { ...asked, code: back.get('code'), state: back.get('state') });
    };
    const [token, refused] = [await d.begin('V-1'), d.newKey()];
    assert.equal((await login(token, 'V-1', refused)).state, 'waiting');
    const stranger = await d.begin('V-2');
    assert.equal((await login(stranger, 'V-2', refused)).code, 'enrol.credential');
    await nothing(d, stranger, d.newKey());
    assert.match(d.refuse('V-1', 'mismatch'), /refused$/);
    const said = await d.status(token);
    assert.deepEqual([said.state, said.reason, said.route, said.routes, said.provider], ['rejected', 'mismatch', 'oidc', ['oidc'], 'National ID']);
    await nothing(d, token, d.newKey());
    const { enrolment } = await d.post('/api/enrol/again', { enrolment: token });
    assert.equal((await login(enrolment, 'V-1', d.newKey())).state, 'waiting');
    // The provider is of this process, which must not be held up.
    const child = spawn(tapat, ['registrar', '--server', d.url, '--key', d.at('r1'), '--manifest', d.at('manifest.json'), '--roll', d.at('roll.csv'), '--yes'], { stdio: 'ignore' });
    assert.equal(await new Promise((done) => { child.on('close', done); }), 0);
    assert.ok(['done', 'recorded'].includes((await d.status(enrolment)).state));
  } finally {
    await d.end();
    server.close();
    server.closeAllConnections();
  }
});
