// Letters that go by mail from the registrars' side: the server learns keys alone, and a registrar
// who does not trust it signs. spec, L-19, L-22, L-23

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Daemon, build, tapat, until } from '../server/daemon.mjs';
import { Smtp } from '../server/smtp.mjs';
import { Core } from '../../web/wasm.js';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const hex = (bytes) => Buffer.from(bytes).toString('hex');

test('letters by mail', { skip, timeout: 120000 }, async () => {
  const d = new Daemon();
  const smtp = await new Smtp().listen();
  try {
    const [post, other] = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8')).units.map((u) => u.id);
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['letter'], posts: { [other]: ['code'] } } });
    d.roll([{ number: 'V-1', contact: 'one@example.org', unit: post }, { number: 'V-2', contact2: 'two@example.org', unit: post },
      { number: 'V-3', unit: post }, { number: 'V-4', contact: '+639170000000', unit: post }, { number: 'V-5', contact: 'five@example.org', unit: other }]);
    d.write('mail.ini', `[mail]\nserver = smtp://127.0.0.1:${smtp.port}\nfrom = post@example.org\n`);
    const args = ['letter', 'mail', '--roll', d.at('roll.csv'), '--list', d.at('list'), '--manifest', d.at('manifest.json'), '--config', d.at('mail.ini')];
    // The mail server is of this process, which must not be held up.
    const run = (...more) => new Promise((done) => {
      const child = spawn(tapat, [...args, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => { said += part; });
      child.on('close', (status) => done({ status, said }));
    });
    assert.equal((await run('--post', other)).status, 1); // has no letters
    smtp.script = ['550 5.1.1 unknown'];
    const first = await run('--post', post);
    assert.equal(first.status, 1);
    assert.match(first.said, /V-1: refused/);
    assert.match(first.said, /^1 letters sent, 1 refused$/m); // V-2; who cannot be reached is left out
    const again = await run('--post', post);
    assert.equal(again.status, 0);
    assert.match(again.said, /^1 letters sent, 0 refused$/m); // V-1, who had none
    assert.equal((await run('--post', post)).status, 1); // all have one
    const mails = new Map(smtp.messages.map((m) => [m.to, m.text]));
    assert.deepEqual([...mails.keys()].sort(), ['one@example.org', 'two@example.org']);
    const codes = new Map([...mails].map(([to, text]) => [to, /\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}-[0-9A-Z]\b/.exec(text)[0]]));
    for (const text of mails.values()) assert.ok(!text.includes('#letter') && !/https?:/.test(text));

    const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    const fingerprint = crypto.createHash('sha256').update(fs.readFileSync(d.at('manifest.json'))).digest();
    const opened = core.letterKey(core.codeRead(codes.get('two@example.org'), 20), fingerprint);
    const list = fs.readFileSync(d.at('list'), 'utf8');
    assert.ok(list.includes(`V-2 ${post} ${hex(opened.key)}\n`));
    for (const code of codes.values()) assert.ok(!list.includes(code) && !first.said.includes(code) && !again.said.includes(code));
    assert.equal(d.run('letter', 'load', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--list', d.at('list')), '2 letters added; 0 to nobody on the roll');
    await d.start();
    const { enrolment } = await d.post('/api/enrol/start', { number: 'V-2', birth_date: '1990-01-01' });
    const { sign, key } = core.registrar(crypto.randomBytes(32));
    const handed = await d.post('/api/enrol/letter', {
      enrolment, letter: hex(opened.key), credential: hex(key), possession: hex(core.possession(sign, key, fingerprint, crypto.randomBytes(32))),
      signature: hex(core.letterSign(opened.secret, fingerprint, key, crypto.randomBytes(32))) });
    assert.equal(handed.state, 'waiting');
    assert.match(d.run('registrar', '--server', d.url, '--key', d.at('r1'), '--manifest', d.at('manifest.json'), '--letters', d.at('list'), '--yes'), /^1 credentials signed$/m);

    // A letter that is refused for good takes nothing from the voter: the one from before counts.
    smtp.script = ['550 5.1.1 unknown'];
    const refused = await run('--post', post, '--voter', 'V-1');
    assert.match(refused.said, /^0 letters sent, 1 refused$/m);
    const last = () => fs.readFileSync(d.at('list'), 'utf8').trimEnd().split('\n').findLast((line) => / ?V-1 /.test(line));
    assert.equal(last(), list.split('\n').find((line) => line.startsWith('V-1 ')));
    // Another run, at the same time, has to wait.
    const holder = spawn('flock', [d.at('list'), 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const gone = new Promise((done) => { holder.on('close', done); });
    await until(async () => (await run('--post', post)).said.includes('being made by another run'));
    holder.stdin.end();
    await gone;
    // A mail server that is away: nobody knows whether the letter left, and the next run makes another.
    await smtp.close();
    const away = await run('--post', post, '--voter', 'V-1');
    assert.equal(away.status, 3);
    assert.match(away.said, /V-1: it is not known whether the letter left/);
    assert.match(last(), /^begun V-1 /);
    const still = await run('--post', post);
    assert.match(still.said, /V-1: an earlier letter was begun[^\n]*makes it void/);
  } finally {
    await d.end();
    await smtp.close();
  }
});
