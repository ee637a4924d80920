// G1 and G2, where voters prove by themselves who they are: whoever has the server with its database
// and keys, or a voter's mailbox, or one registrar of two, registers no key. The tool of the
// registrar meets a server that lies, in all its ways. What no evidence covers is there too: then a
// registrar who was told to trust the server is deceived. spec: L-19..L-24, H-19

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Core } from '../../web/wasm.js';
import { Daemon, build, tapat, until } from '../server/daemon.mjs';
import { Smtp } from '../server/smtp.mjs';
import { listen } from '../enrol/provider.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const core = skip ? null : new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const b64 = (x) => Buffer.from(x).toString('base64url');
const random = () => crypto.randomBytes(32);
const { units } = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8'));
const [byLetter, byLogin, byCode] = units.map((u) => u.id);

// ---- the identity provider ----

const keys = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
let jwks = { keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'k' }] };

async function provider() {
  const server = await listen((rq, rs) => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    server.asked = (server.asked || 0) + 1;
    const body = { '/.well-known/openid-configuration': {
      issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/k` }, '/k': jwks }[rq.url];
    rs.writeHead(body ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body || {}));
  });
  server.issuer = `http://127.0.0.1:${server.address().port}`;
  return server;
}

// ---- a scene: keys of registrars, a roll, letters, a provider ----

class Scene {
  async begin(registrars = 1) {
    this.provider = await provider();
    this.d = new Daemon();
    this.d.define({ registrars, enrol: {
      show: true, shared: 4, review_days: 5, routes: ['code'], posts: { [byLetter]: ['letter'], [byLogin]: ['oidc'] },
      oidc: { issuer: this.provider.issuer, client: 'tapat', name: 'National ID', claim: 'number' } } });
    this.voters = [['L-1', byLetter], ['L-2', byLetter], ['O-1', byLogin], ['O-2', byLogin], ['C-1', byCode]]
      .map(([number, unit]) => ({ number, unit, contact: `${number.toLowerCase()}@example.org` }));
    this.d.roll(this.voters);
    this.manifest = JSON.parse(fs.readFileSync(this.d.at('manifest.json'), 'utf8'));
    this.fingerprint = crypto.createHash('sha256').update(fs.readFileSync(this.d.at('manifest.json'))).digest();
    this.letters = new Map(['L-1', 'L-2'].map((number) => [number, core.letterKey(this.code(), this.fingerprint)]));
    this.d.write('letters', [`tapat-letters v1 ${hex(this.fingerprint)}`,
      ...[...this.letters].map(([number, { key }]) => `${number} ${byLetter} ${hex(key)}`), ''].join('\n'));
    return this;
  }

  async end() {
    this.provider.close();
    this.provider.closeAllConnections();
    await this.d.end();
  }

  code() {
    const code = crypto.randomBytes(13);
    code[12] &= 0xf0;
    return code;
  }

  // A key that whoever makes it can prove to have, and its row in a registrar's queue.
  row(number, evidence, more = {}) {
    const { sign, key } = core.registrar(random());
    const place = this.voters.find((v) => v.number === number)?.unit ?? byLetter;
    const unit = this.manifest.units.findIndex((u) => u.id === place);
    const { style } = this.manifest.units[unit];
    const row = {
      application: hex(crypto.randomBytes(16)), route: '', name: 'Somebody', number, birth_date: '1990-01-01', unit, style: typeof style === 'number' ? style : this.style(unit),
      credential: hex(key), possession: hex(core.possession(sign, key, this.fingerprint, random())), created: 1, due: 2, enrolled: false, others: 0,
      signed: [], documents: [], evidence: evidence ? evidence(key) : null, ...more,
    };
    return row;
  }

  style(unit) {
    return this.manifest.styles.findIndex((s) => s.id === this.manifest.units[unit].style);
  }

  letter(number, { fingerprint = this.fingerprint, signer = number, of = number } = {}) {
    return (key) => ({ route: 'letter', letter: hex(this.letters.get(of).key),
      signature: hex(core.letterSign(this.letters.get(signer).secret, fingerprint, key, random())) });
  }

  // What the provider signs for who signs in as `number`; head, change and by: how it is forged.
  login(number, { head = {}, change = {}, by = keys.privateKey, nonceOf } = {}) {
    return (key) => {
      const blind = random(), now = Math.floor(Date.now() / 1000);
      const claims = { iss: this.provider.issuer, aud: 'tapat', iat: now - 600, exp: now - 300, number,
        nonce: hex(core.loginNonce(this.fingerprint, nonceOf ?? key, blind)), ...change };
      const text = `${b64(JSON.stringify({ alg: 'RS256', kid: 'k', ...head }))}.${b64(JSON.stringify(claims))}`;
      return { route: 'oidc', blind: hex(blind), token: `${text}.${by ? b64(crypto.sign('sha256', Buffer.from(text), by)) : ''}` };
    };
  }

  // The registrar's tool at a server that answers whatever it wants: what it signed, and said.
  async ask(rows, ...more) {
    const taken = [];
    let left = rows;
    const liar = await listen((rq, rs) => {
      let text = '';
      rq.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => {
        const answer = (body) => rs.writeHead(200, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
        if (rq.url === '/api/manifest') answer(fs.readFileSync(this.d.at('manifest.json'), 'utf8'));
        else if (rq.url === '/api/registrar/waiting') {
          this.looks = (this.looks || 0) + 1;
          answer({ waiting: left });
        } else {
          const { registrations } = JSON.parse(text);
          taken.push(...registrations);
          left = left.filter((r) => !registrations.some((g) => g.credential === r.credential));
          answer({ accepted: registrations.length });
        }
      });
    });
    const args = ['registrar', '--server', `http://127.0.0.1:${liar.address().port}`, '--key', this.d.at('r1'), '--fingerprint', hex(this.fingerprint), ...more];
    const child = spawn(tapat, args, { stdio: [this.typed ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
    this.child = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => { child.said = said += part; });
    const status = await new Promise((done) => { child.on('close', done); });
    liar.close();
    liar.closeAllConnections();
    return { taken, said, status };
  }

  get own() {
    return ['--letters', this.d.at('letters'), '--roll', this.d.at('roll.csv'), '--yes'];
  }

  forget() {
    fs.rmSync(this.d.at('r1.signed'), { force: true });
  }
}

test('a server that lies to `tapat registrar`', { skip, timeout: 180000 }, async (t) => {
  const s = await new Scene().begin();
  try {
    const victim = core.registrar(random()).key; // of a voter who did enrol
    s.letters.set('own', core.letterKey(s.code(), s.fingerprint));
    const unitOf = (id) => s.manifest.units.findIndex((u) => u.id === id);
    const moved = (unit) => ({ unit, style: s.style(unit) });
    const lies = {
      'the word alone, where there are letters': s.row('L-1'),
      'the word alone, where there is a login': s.row('O-1'),
      'a letter of its own making': s.row('L-1', s.letter('own')),
      'the letter in the database, signed by another': s.row('L-1', s.letter('L-1', { signer: 'own' })),
      "another voter's letter": s.row('L-1', s.letter('L-2')),
      "another voter's signature under this one's letter": s.row('L-1', s.letter('L-1', { signer: 'L-2' })),
      'what the voter signed for her own key': s.row('L-1', () => s.letter('L-1')(victim)),
      'what the voter signed in another election': s.row('L-1', s.letter('L-1', { fingerprint: random() })),
      'a letter, at another post': s.row('L-1', s.letter('L-1'), moved(unitOf(byCode))),
      'a number that there is not': s.row('L-9', s.letter('L-1')),
      'a number of two words': s.row('L-1 L-2', s.letter('L-1')),
      'a number with a line end': s.row('L-1\nx', s.letter('L-1')),
      'evidence of another kind': s.row('L-1', () => ({ route: 'code' })),
      'no evidence in it': s.row('L-1', () => ({})),
      "a login's evidence that is not whole": s.row('O-1', () => ({ route: 'oidc' })),
      'a token of its own': s.row('O-1', s.login('O-1', { by: foreign.privateKey })),
      'a token without signature': s.row('O-1', s.login('O-1', { head: { alg: 'none' }, by: null })),
      'a token for another key': s.row('O-1', s.login('O-1', { nonceOf: victim })),
      "another person's token": s.row('O-1', s.login('O-2')),
      'a token for another service': s.row('O-1', s.login('O-1', { change: { aud: 'other' } })),
      'a token of another issuer': s.row('O-1', s.login('O-1', { change: { iss: 'https://id.example' } })),
      'a token of tomorrow': s.row('O-1', s.login('O-1', { change: { iat: Math.floor(Date.now() / 1000) + 86400, exp: Math.floor(Date.now() / 1000) + 90000 } })),
      'a person who is not on the roll': s.row('X-7', s.login('X-7'), moved(unitOf(byLogin))),
      'a login, at another post': s.row('O-1', s.login('O-1'), moved(unitOf(byCode))),
      'another style': s.row('L-1', s.letter('L-1'), { style: 63 }),
      'a possession that does not hold': s.row('L-1', s.letter('L-1'), { possession: '0'.repeat(128) }),
      'an application at the desk': s.row('L-1', s.letter('L-1'), { route: 'desk' }),
    };
    for (const [name, row] of Object.entries(lies)) {
      await t.test(name, async () => {
        const { taken, status } = await s.ask([row], ...s.own);
        assert.deepEqual(taken, []);
        assert.equal(status, 0);
        // Nor by a registrar who trusts the server: there are no codes at these posts.
        if (row.unit !== unitOf(byCode)) assert.deepEqual((await s.ask([row], ...s.own, '--trust-server')).taken, []);
      });
    }
    await t.test('all at once, watching', async () => {
      const [before, last] = [s.looks, s.child];
      const run = s.ask(Object.values(lies), ...s.own, '--watch');
      await until(() => s.child !== last && (s.looks >= before + 3 || s.child.exitCode !== null));
      assert.equal(s.child.exitCode, null); // it goes on
      s.child.kill();
      assert.deepEqual((await run).taken, []);
      assert.equal(fs.readFileSync(s.d.at('r1.signed'), 'utf8'), '');
    });
    await t.test('the word alone, where there are codes: left, unless the registrar trusts the server', async () => {
      const row = s.row('C-1');
      const left = await s.ask([row], ...s.own);
      assert.deepEqual(left.taken, []);
      assert.match(left.said, /C-1 was left: nobody but the server says/);
      assert.deepEqual((await s.ask([row], ...s.own, '--trust-server')).taken.map((r) => r.credential), [row.credential]);
      s.forget();
    });
    await t.test('what holds is signed, so that all this can fail', async () => {
      const rows = [s.row('L-1', s.letter('L-1')), s.row('O-1', s.login('O-1'))];
      const { taken } = await s.ask(rows, ...s.own);
      assert.deepEqual(taken.map((r) => r.credential), rows.map((r) => r.credential));
      s.forget();
    });
    await t.test('a token under a key that there is not does not make it ask the provider at each look', async () => {
      const [before, looks, last] = [s.provider.asked, s.looks, s.child];
      const run = s.ask([s.row('O-1', s.login('O-1', { head: { kid: 'x' } }))], ...s.own, '--watch');
      await until(() => s.child !== last && s.looks >= looks + 6);
      s.child.kill();
      assert.deepEqual((await run).taken, []);
      assert.ok(s.provider.asked - before < 2 + 6, `asked ${s.provider.asked - before} times`);
      s.forget();
    });
    await t.test('a login under a key that is retired when the registrar looks', async () => {
      const pair = () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
      const as = (key, kid) => ({ ...key.publicKey.export({ format: 'jwk' }), kid, use: 'sig' });
      const [old, next, never] = [pair(), pair(), pair()];
      const before = jwks;
      const file = s.d.at('r1.provider');
      const by = (key, kid, change = {}) => s.row('O-1', s.login('O-1', { head: { kid }, by: key.privateKey, change }));
      const signs = async (row) => {
        const { taken, said, status } = await s.ask([row], ...s.own);
        s.forget();
        return { count: taken.length, said, status };
      };
      const now = Math.floor(Date.now() / 1000);
      const times = (first, last) => fs.writeFileSync(file, fs.readFileSync(file, 'utf8').split('\n').map((line) => (
        line.includes('"old"') ? line.replace(/ \d+ \d+ /, ` ${now - first} ${now - last} `) : line)).join('\n'));
      jwks = { keys: [as(old, 'old')] };
      const last = s.child;
      const watching = s.ask([], ...s.own, '--watch'); // the registrar was there, and nobody waited
      await until(() => s.child !== last && fs.existsSync(file) && fs.readFileSync(file, 'utf8').includes('"old"'));
      s.child.kill();
      await watching;
      assert.equal(fs.statSync(file).mode & 0o077, 0);
      assert.match(fs.readFileSync(file, 'utf8'), new RegExp(`^${crypto.createHash('sha256').update(s.provider.issuer).digest('hex')} \\d+ \\d+ \\{"e":"AQAB","kid":"old"`, 'm'));
      for (const kid of ['next', 'old']) { // the same name again, too
        jwks = { keys: [as(next, kid)] };
        assert.equal((await signs(by(old, 'old'))).count, 1, kid);
      }
      assert.match((await signs(by(never, 'never'))).said, /O-1 was left: a key that was not seen at the provider/);
      assert.equal((await signs(by(never, 'old'))).count, 0);
      jwks = { keys: [as(next, 'next')] };
      const kept = fs.readFileSync(file, 'utf8');
      const day = 86400;
      for (const [first, last, iat, count] of [[2 * day, day, day + 3000, 1], [2 * day, day, day - 3000, 1], [2 * day, day, day - 4800, 0],
        [2 * day, day, 600, 0], [2 * day, day, 2 * day + 3000, 1], [2 * day, day, 2 * day + 4800, 0], [9 * day, 5 * day - 60, 5 * day, 1], [9 * day, 5 * day + 60, 5 * day + 60, 0], [0, -day, 600, 0]]) {
        fs.writeFileSync(file, kept);
        times(first, last);
        const got = await signs(by(old, 'old', { iat: now - iat, exp: now - iat + 300 }));
        assert.equal(got.count, count, `${first} ${last} ${iat}: ${got.said}`);
      }
      // Of another issuer, or of no form: not this provider's, and not read.
      fs.writeFileSync(file, kept.replaceAll(/^[0-9a-f]{64}/gm, '0'.repeat(64)));
      assert.equal((await signs(by(old, 'old'))).count, 0);
      const [line] = kept.split('\n');
      for (const bad of [line, `${line}\n\n`, ` ${line}\n`, line.replace(/ \d+ /, ' 99999999999 ') + '\n', line.replace(' {', ' +{') + '\n', line.replace('{', '{"d":"AQAB",') + '\n', line.replace('{', '{ ') + '\n', `${line}\n`.repeat(65)]) {
        fs.writeFileSync(file, bad);
        const got = await signs(by(next, 'next'));
        assert.deepEqual([got.count, got.status], [0, 1], bad.slice(0, 100));
        assert.match(got.said, /r1\.provider is no record of a provider's keys/);
      }
      fs.rmSync(file);
      jwks = before;
    });
    await t.test('without its own list, roll or the provider it says so and leaves them', async () => {
      const rows = [s.row('L-1', s.letter('L-1')), s.row('O-1', s.login('O-1'))];
      const { taken, said } = await s.ask(rows, '--yes');
      assert.deepEqual(taken, []);
      assert.match(said, /L-1 was left: .*--letters/);
      assert.match(said, /O-1 was left: .*--roll/);
      assert.match((await s.ask(rows, '--list')).said, /the server's word: a letter, and there is no list/);
      s.d.write('pinned', JSON.stringify({ keys: [{ ...foreign.publicKey.export({ format: 'jwk' }), kid: 'k' }] }));
      const other = await s.ask([rows[1]], ...s.own, '--provider-keys', s.d.at('pinned'));
      assert.deepEqual(other.taken, []);
      s.d.write('pinned', JSON.stringify(jwks));
      const before = s.provider.asked;
      assert.equal((await s.ask([rows[1]], ...s.own, '--provider-keys', s.d.at('pinned'))).taken.length, 1);
      assert.equal(s.provider.asked, before); // pinned: not asked
      s.forget();
    });
    await t.test('a voter and the server together: one key, and no second one', async () => {
      const rows = [s.row('L-1', s.letter('L-1')), s.row('L-1', s.letter('L-1'))];
      assert.equal((await s.ask(rows, ...s.own)).taken.length, 1); // in one queue
      const later = s.row('L-1', s.letter('L-1'));
      const again = await s.ask([later], ...s.own);
      assert.deepEqual(again.taken, []); // nor on another day
      assert.match(again.said, /HAS ANOTHER KEY THAT YOU SIGNED/);
      fs.appendFileSync(s.d.at('r1.signed'), `${hex(s.fingerprint)} - ${rows[0].credential}\n`); // as a cancel notes it
      assert.equal((await s.ask([later], ...s.own)).taken.length, 1);
      const third = s.row('L-1', s.letter('L-1')); // cancelling one of two leaves the other
      fs.appendFileSync(s.d.at('r1.signed'), `${hex(s.fingerprint)} L-1 ${third.credential}\n${hex(s.fingerprint)} - ${third.credential}\n`);
      assert.deepEqual((await s.ask([third, s.row('L-1', s.letter('L-1'))], ...s.own)).taken, []);
      fs.appendFileSync(s.d.at('r1.signed'), 'not a line\n');
      assert.deepEqual((await s.ask([s.row('L-2', s.letter('L-2'))], ...s.own)).taken, []);
      s.forget();
    });
    await t.test('a book that was being written when the tool was killed: the part of a line goes, a whole line stays', async () => {
      const line = (number, key) => `${hex(s.fingerprint)} ${number} ${key}`;
      const first = hex(core.registrar(random()).key);
      s.d.write('r1.signed', `${line('L-2', first)}\n${line('L-1', first).slice(0, 100)}`);
      for (const number of ['L-1', 'O-1']) assert.equal((await s.ask([s.row(number, number[0] === 'L' ? s.letter(number) : s.login(number))], ...s.own)).taken.length, 1, number);
      const text = fs.readFileSync(s.d.at('r1.signed'), 'utf8');
      assert.ok(text.split('\n').slice(0, -1).every((l) => /^[0-9a-f]{64} [LO]-[12] [0-9a-f]{64}$/.test(l)) && text.endsWith('\n'), text);
      s.d.write('r1.signed', line('L-2', first)); // by hand, without its end
      assert.equal((await s.ask([s.row('L-1', s.letter('L-1'))], ...s.own)).taken.length, 1);
      assert.deepEqual((await s.ask([s.row('L-2', s.letter('L-2'))], ...s.own)).taken, []);
      s.forget();
    });
    await t.test('documents speak for the key that they were sealed for: no other is signed, whatever the server then calls it', async () => { // spec: L-25
      const row = s.row('C-1', null, { route: 'documents', documents: ['front'] });
      const approve = (r) => s.ask([r], ...s.own, '--approve', row.application);
      assert.match((await approve(row)).said, /no documents were opened here for this key/);
      s.d.write('r1.opened', `${hex(s.fingerprint)} ${row.application} ${row.credential}\n`); // as --documents notes it
      const { credential, possession } = s.row('C-1');
      assert.deepEqual((await approve({ ...row, credential, possession })).taken, []);
      assert.match((await approve({ ...row, application: hex(crypto.randomBytes(16)) })).said, /does not wait/); // another application
      assert.equal((await approve(row)).taken.length, 1);
      const other = { ...s.row('C-1', null, { route: 'desk' }), application: row.application }; // its own book, not the server's word
      assert.match((await s.ask([other], ...s.own, '--list')).said, /HAS ANOTHER KEY THAT YOU SIGNED/);
      s.forget();
    });
    await t.test('two of one registrar at a time, shown two keys of one voter, sign one', async () => {
      const last = s.child;
      s.typed = true;
      const slow = s.ask([s.row('L-1', s.letter('L-1'))], ...s.own.filter((a) => a !== '--yes'));
      const typing = await until(() => s.child !== last && s.child);
      await until(() => typing.said?.includes('Type yes'));
      s.typed = false;
      assert.equal((await s.ask([s.row('L-1', s.letter('L-1'))], ...s.own)).taken.length, 1);
      typing.stdin.end('yes\n');
      const { taken, said } = await slow;
      assert.deepEqual(taken, []);
      assert.match(said, /L-1 got another key meanwhile/);
      s.forget();
    });
  } finally {
    await s.end();
  }
});

// ---- the real server ----

const BORN = '1990-01-01';

async function registered(s, { secret, key }) {
  const time = Math.floor(Date.now() / 1000);
  const signature = hex(core.ask(secret, key, s.fingerprint, time, random()));
  return (await s.d.post('/api/credential', { credential: hex(key), time, signature })).registered;
}

test('a mailbox, and one registrar of two, at the server itself', { skip, timeout: 180000 }, async (t) => {
  const s = await new Scene().begin(2);
  const smtp = await new Smtp().listen();
  try {
    s.d.write('serve.ini', `[mail]\nserver = smtp://127.0.0.1:${smtp.port}\nfrom = votes@example.org\n`);
    s.d.run('letter', 'load', '--data', s.d.at('data'), '--manifest', s.d.at('manifest.json'), '--list', s.d.at('letters'));
    assert.ok(await s.d.start('--config', s.d.at('serve.ini'), '--address', 'https://vote.example.org'));
    s.d.run('mirror', '--server', s.d.url, s.d.at('record'));
    const proof = s.d.run('rehearse', s.d.at('manifest.json'), '--no-vote', '--out', s.d.at('proof.txt'));
    s.d.run('approve', '--record', s.d.at('record'), '--server', s.d.url, '--officer', s.d.at('o1'), '--officer', s.d.at('o2'), '--proof', proof.match(/[0-9a-f]{64}/)?.[0] ?? proof);
    const token = async (number) => (await s.d.post('/api/enrol/start', { number, birth_date: BORN })).enrolment;
    const newKey = () => {
      const { sign: secret, key } = core.registrar(random());
      return { secret, key, credential: hex(key), possession: hex(core.possession(secret, key, s.fingerprint, random())) };
    };
    const asks = (registrar, ...more) => s.d.run('registrar', '--server', s.d.url, '--key', s.d.at(`r${registrar}`), '--manifest', s.d.at('manifest.json'), ...more);

    await t.test('the mailbox of a voter with a letter or a login is of no use', async () => {
      for (const number of ['L-1', 'O-1']) {
        const enrolment = await token(number);
        const { credential, possession } = newKey();
        assert.equal((await s.d.post('/api/enrol/send', { enrolment, contact: 1 })).code, 'enrol.route');
        assert.equal((await s.d.post('/api/enrol/credential', { enrolment, credential, possession })).code, 'enrol.proof');
      }
      assert.equal(smtp.messages.length, 0);
    });

    const mailed = newKey();
    await t.test('a mailbox with number and birth date gets a code, and no signature of who does not trust the server', async () => {
      const enrolment = await token('C-1');
      assert.equal((await s.d.post('/api/enrol/send', { enrolment, contact: 1 })).status, 200);
      const [mail] = await until(() => smtp.messages.length && smtp.messages);
      const [code] = /\b\d{6}\b/.exec(mail.text);
      assert.equal((await s.d.post('/api/enrol/code', { enrolment, code })).state, 'proven');
      const { credential, possession } = mailed;
      assert.equal((await s.d.post('/api/enrol/credential', { enrolment, credential, possession })).state, 'waiting');
      for (const i of [1, 2]) assert.match(asks(i, ...s.own), /^0 credentials signed/m);
      assert.equal(await registered(s, mailed), false);
    });

    const mine = newKey();
    await t.test('one registrar of two is not enough, whatever the evidence', async () => {
      const { secret, key: letter } = s.letters.get('L-1');
      const { credential, possession, key } = mine;
      const signature = hex(core.letterSign(secret, s.fingerprint, key, random()));
      assert.equal((await s.d.post('/api/enrol/letter', { enrolment: await token('L-1'), letter: hex(letter), credential, possession, signature })).state, 'waiting');
      assert.match(asks(1, ...s.own), /^1 credentials signed/m);
      assert.match(asks(1, ...s.own, '--trust-server'), /^1 credentials signed/m); // the mailbox's, on the server's word
      for (const k of [mine, mailed]) assert.equal(await registered(s, k), false);
      // A key of its own, for a voter who never came, signed as both registrars: only one signature holds.
      const forged = newKey();
      const unit = s.manifest.units.findIndex((u) => u.id === byLetter), style = s.style(unit);
      const seed = Buffer.from(/^seed ([0-9a-f]{64})$/m.exec(fs.readFileSync(s.d.at('r1'), 'utf8'))[1], 'hex');
      const sign = hex(core.approve(core.registrar(seed).sign, s.fingerprint, { ...forged, credential: forged.key, possession: Buffer.from(forged.possession, 'hex'), unit, style }, random()));
      const hand = (registrar) => s.d.post('/api/registrar/registrations', { registrations: [{ credential: forged.credential, unit, style, registrar, signature: sign }] });
      assert.equal((await hand(1)).accepted, 1);
      assert.equal((await hand(2)).code, 'registration.signature');
      assert.equal(await registered(s, forged), false);
      const ballot = await fetch(`${s.d.url}/api/ballots`, { method: 'POST', body: new Uint8Array(500) });
      assert.notEqual(ballot.status, 201);
    });

    await t.test('the second registrar, with its own list, makes the key of the letter vote and the other not', async () => {
      assert.match(asks(2, ...s.own), /^1 credentials signed/m);
      await until(async () => registered(s, mine));
      assert.equal(await registered(s, mailed), false);
    });
  } finally {
    await s.end();
    await smtp.close();
  }
});
