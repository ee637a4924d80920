// Attack G3: false mails lead voters to a false page. No message of ours holds a link, so that voters
// can be told so; the square of a letter holds its code in the fragment, which no server sees; the
// pages take no secret out of a query; and a passkey says nothing to a page elsewhere. Messages and
// letters are looked at as the server sends and prints them, in every language.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';

import { launch, open } from '../browser/browser.mjs';
import { Daemon, build, root, tapat, until } from '../server/daemon.mjs';
import { Smtp } from '../server/smtp.mjs';
import { Voting, hex } from './voting.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const has = (program) => { try { execFileSync('which', [program]); return true; } catch { return false; } };
const born = '1990-01-01';
const folder = path.join(root, 'server/messages');
const languages = ['en', 'fil'];

// Which template a text was made of, by what stands in it before its first value.
const templates = fs.readdirSync(folder).map((name) => {
  const [subject, , ...lines] = fs.readFileSync(path.join(folder, name), 'utf8').split('\n');
  const sms = lines.find((l) => l.startsWith('SMS: ')).slice(5);
  return { name, mail: lines[0].split('{')[0], sms: sms.split('{')[0], subject };
});

// What no message may hold: anything that a reader of mail makes a link of.
const links = [/:\/\//, /\bwww\./i, /<\s*a\b/i, /href/i, /mailto:/i, /\b[a-z0-9-]+\.[a-z]{2,}\/\S/i, /[?&#]\w+=/, /\b[a-z0-9-]+\.(com|org|net|gov|ph|example)\b/i];
const linkIn = (text) => links.find((l) => l.test(text));

test('every message in every language, by mail and SMS: no link, and no secret but the code', { skip, timeout: 180000 }, async () => {
  const texts = []; // {channel, text, head}
  const gateway = http.createServer((q, r) => {
    let body = '';
    q.on('data', (c) => { body += c; });
    q.on('end', () => { texts.push({ channel: 'sms', ...JSON.parse(body), head: '' }); r.writeHead(200).end('{}'); });
  });
  await new Promise((done) => { gateway.listen(0, '127.0.0.1', done); });
  const smtp = await new Smtp().listen();
  const d = new Voting();
  const secrets = [];
  try {
    await d.begin({
      voters: languages.length, routes: ['code', 'desk'], contacts: (i) => ({ contact: `v${i}@mail.test`, contact2: `+6391755501${i}0` }),
      serve: (own) => ['--config', own.write('serve.ini', `[mail]\nserver = smtp://127.0.0.1:${smtp.port}\nfrom = votes@mail.test\n[sms]\nurl = http://127.0.0.1:${
        gateway.address().port}/send\nbody = {"to":"{to}","text":"{text}"}\n[messages]\nretry = 1\n`)],
    });
    await d.ballotKeys();
    const came = () => [...texts, ...smtp.messages.map((m) => ({ ...m, channel: 'mail' }))];
    const toVoter = (i, channel, kind) => came().find((m) => m.channel === channel && m.to.startsWith(channel === 'mail' ? `v${i}@` : `+6391755501${i}`)
      && m.text.startsWith(templates.find((t) => t.name === `${kind}.${languages[i - 1]}.txt`)[channel]));
    const both = (i, kind) => until(() => ['mail', 'sms'].every((c) => toVoter(i, c, kind)), 30000, `no ${kind} to V-${i}`);

    for (const [n, lang] of languages.entries()) {
      const i = n + 1;
      const v = d.keyOf(d.people[n]);
      const handed = { credential: hex(v.key), possession: hex(d.core.possession(v.secret, v.key, d.fingerprint, crypto.randomBytes(32))) };
      const { enrolment } = await d.post('/api/enrol/start', { number: v.number, birth_date: born });
      for (const contact of [1, 2]) assert.equal((await d.post('/api/enrol/send', { enrolment, contact, lang })).status, 200);
      await both(i, 'code');
      const other = (await d.post('/api/enrol/start', { number: v.number, birth_date: born })).enrolment;
      const stranger = d.keyOf({});
      const { application } = await d.post('/api/enrol/apply', {
        enrolment: other, route: 'desk', credential: hex(stranger.key), possession: hex(d.core.possession(stranger.secret, stranger.key, d.fingerprint, crypto.randomBytes(32))),
      });
      await both(i, 'applied');
      const time = Math.floor(Date.now() / 1000);
      const what = { application: Buffer.from(application, 'hex'), credential: stranger.key, reason: 6, time };
      const refusal = { registrar: 1, time, application, reason: 'absent', signature: hex(d.core.refuse(d.desk.officer.sign, d.fingerprint, what, crypto.randomBytes(32))) };
      assert.equal((await d.post('/api/registrar/refusals', refusal)).state, 'rejected');
      await both(i, 'rejected');
      const code = /\b\d{6}\b/.exec(toVoter(i, 'sms', 'code').text)[0];
      assert.equal((await d.post('/api/enrol/code', { enrolment, code })).state, 'proven');
      assert.equal((await d.post('/api/enrol/credential', { enrolment, ...handed })).state, 'waiting');
      await d.register([v]);
      await both(i, 'ready');
      await d.registered(i);
      const { ballot } = d.seal(v, 0);
      assert.equal((await fetch(`${d.url}/api/ballots`, { method: 'POST', body: ballot })).status, 201);
      await both(i, 'recorded');
      secrets.push(enrolment, other, application, hex(v.key), hex(v.secret), hex(stranger.key), d.core.tracker(ballot), v.number, born, code);
    }
    for (const [n] of languages.entries()) {
      d.run('cancel', hex(d.people[n].key), '--reason', 'lost', '--record', d.at('data/public'), '--registrar', d.at('r1'), '--server', d.url);
      await both(n + 1, 'cancelled');
    }
    const all = came();
    for (const t of templates) {
      if (t.name.startsWith('letter.')) continue; // registrars send it, not the server: letters_mailed.test.mjs
      for (const channel of ['mail', 'sms']) assert.ok(all.some((m) => m.channel === channel && m.text.startsWith(t[channel])), `${t.name} was not sent by ${channel}`);
    }
    for (const { channel, text, head } of all) {
      assert.equal(linkIn(text), undefined, text);
      if (channel === 'mail') {
        assert.match(head, /^Content-Type: text\/plain; charset=utf-8\r?$/mi);
        assert.doesNotMatch(head, /multipart|text\/html/i);
      }
      const isCode = templates.some((t) => t.name.startsWith('code.') && text.startsWith(t[channel]));
      for (const s of secrets) assert.ok(!`${head}${text}`.includes(s) || (isCode && /^\d{6}$/.test(s)), `a secret: ${text}`);
    }
    // The same look finds what it is to find.
    for (const bad of ['Go to https://vote.example/?code=123456', 'see www.vote.test', 'vote.gov.ph', '<a href=x>', 'open vote.test/enrol', 'x?code=1', 'x#code=1']) assert.ok(linkIn(bad), bad);
  } finally {
    await d.end();
    await smtp.close();
    gateway.closeAllConnections();
    gateway.close();
  }
});

test('an operator\'s template with a value in a link is refused', { skip }, async () => {
  const d = new Daemon();
  try {
    d.define();
    d.roll([{ number: 'V-1', contact: 'v1@mail.test' }]);
    fs.mkdirSync(d.at('texts'));
    d.write('serve.ini', '[messages]\ntemplates = texts\n');
    const serves = async (line, sms = 'Your code is {code}.') => {
      d.write('texts/code.en.txt', `Subject: Your code\n\nYour code is {code}.\n${line}\n\nSMS: ${sms}\n`);
      fs.rmSync(d.at('log'), { force: true });
      const up = await d.start('--config', d.at('serve.ini'));
      if (up) await d.stop();
      else assert.match(d.log(), /messages\.template="code\.en\.txt: a link that carries a value/);
      return up;
    };
    for (const line of ['https://vote.example/enrol?code={code}', 'https://vote.example/enrol#{code}', '(http://x.example/{code})', 'WWW.vote.example/{code}',
      'vote.example/enrol?code={code}', `https://vote.example/${'x'.repeat(300)}{code}`]) {
      assert.equal(await serves(line), false, line);
    }
    assert.equal(await serves('', 'https://vote.example/?code={code}'), false);
    assert.equal(await serves('What is {title}? Ask your post.'), true);
  } finally {
    await d.end();
  }
});

const letters = (!(has('pdftotext') && has('pdftoppm') && has('zbarimg')) && 'no poppler or zbar') || (!fs.existsSync(path.join(build, 'tapat-letters')) && 'no build/tapat-letters');

test('letters: the code is in the fragment of the square, and the page takes it from nowhere else', { skip: skip || letters, timeout: 120000 }, async () => {
  const d = new Daemon();
  let browser;
  try {
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['letter'], posts: {} } });
    d.roll([{ number: 'V-1' }]);
    await d.start();
    const { units } = JSON.parse(fs.readFileSync(d.at('manifest.json'), 'utf8'));
    d.run('letter', 'print', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--url', d.url, '--post', units[0].id, '--list', d.at('list'), '--out', d.at('a.pdf'));
    const text = execFileSync('pdftotext', ['-layout', d.at('a.pdf'), '-'], { encoding: 'utf8' });
    const code = /\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}-[0-9A-Z]\b/.exec(text)[0];
    for (const word of text.split(/\s+/)) assert.ok(!/[/?#=]/.test(word) || !word.includes(code), word);
    execFileSync('pdftoppm', ['-r', '150', '-png', '-f', '1', '-l', '1', d.at('a.pdf'), d.at('page')]);
    const link = new URL(execFileSync('zbarimg', ['-q', '--raw', d.at(fs.readdirSync(d.dir).find((f) => /^page.*png$/.test(f)))], { encoding: 'utf8' }).trim());
    assert.deepEqual([link.origin, link.pathname, link.search, link.hash], [d.url, '/enrol', '', `#letter=${code}`]);

    browser = await launch();
    const taken = async (address) => {
      const { page } = await open(browser);
      const sent = [];
      page.on('request', (r) => sent.push(`${r.method()} ${r.url()} ${r.headers().referer || ''}`));
      await page.goto(address);
      await page.getByLabel("Voter's number").fill('V-1');
      const shown = page.url();
      await page.getByLabel('Birth date').fill(born);
      await page.getByRole('button', { name: 'Continue' }).click();
      const field = page.getByLabel('Code of the letter');
      await field.waitFor();
      const value = await field.inputValue();
      const clean = sent.every((s) => !s.includes(code));
      await page.close();
      return { value: value.replaceAll('-', ''), shown, clean };
    };
    const good = await taken(link.href);
    assert.deepEqual(good, { value: code.replaceAll('-', ''), shown: `${d.url}/enrol`, clean: true }); // taken, and out of the address
    assert.equal((await taken(`${d.url}/enrol?letter=${code}`)).value, ''); // a query is not looked at
    const log = d.log();
    assert.ok(!log.includes(code.slice(0, 11)), 'the code is in the log');
  } finally {
    await browser?.close();
    await d.end();
  }
});

// ---- passkeys ----

// A device of our own: signs whatever it is told to, as a false page's would not.
class Device {
  constructor() {
    this.id = crypto.randomBytes(20);
    this.pair = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    this.count = 0;
  }

  data(rp, flags, more = Buffer.alloc(0)) {
    const count = Buffer.alloc(4);
    this.count += 1;
    count.writeUInt32BE(this.count);
    return Buffer.concat([crypto.createHash('sha256').update(rp).digest(), Buffer.of(flags), count, more]);
  }

  made(rp) {
    const { x, y } = this.pair.publicKey.export({ format: 'jwk' });
    const key = Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), Buffer.from(x, 'base64url'), Buffer.from('225820', 'hex'), Buffer.from(y, 'base64url')]);
    return this.data(rp, 0x45, Buffer.concat([Buffer.alloc(16), Buffer.of(0, this.id.length), this.id, key]));
  }

  proof(rp, client, flags = 5) {
    const device = this.data(rp, flags);
    const signature = crypto.sign('sha256', Buffer.concat([device, crypto.createHash('sha256').update(client).digest()]), this.pair.privateKey);
    return { client_data: client.toString('base64url'), device_data: device.toString('base64url'), signature: signature.toString('base64url') };
  }
}

const client = (type, challenge, origin, more = {}) => Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false, ...more }));

test('a passkey is bound to its origin: what it signs for another page is refused', { skip }, async () => {
  const d = new Voting();
  try {
    await d.begin({ voters: 1, routes: ['code'], contacts: () => ({ contact: 'v1@mail.test' }), open: false, serve: (own) => ['--address', own.url.replace('127.0.0.1', 'localhost')] });
    const origin = d.url.replace('127.0.0.1', 'localhost');
    const device = new Device();
    const v = d.keyOf(d.people[0]);
    const { enrolment } = await d.enrol('V-1');
    const [{ text }] = await (await fetch(`${d.url}/api/outbox/v1@mail.test`)).json();
    await d.post('/api/enrol/code', { enrolment, code: /\b\d{6}\b/.exec(text)[0] });
    const possession = hex(d.core.possession(v.secret, v.key, d.fingerprint, crypto.randomBytes(32)));
    assert.equal((await d.post('/api/enrol/credential', { enrolment, credential: hex(v.key), possession })).state, 'waiting');

    const add = async (page, rp) => {
      const { challenge } = await d.post('/api/enrol/passkey/new', { enrolment });
      return d.post('/api/enrol/passkey/add', {
        enrolment, client_data: client('webauthn.create', challenge, page).toString('base64url'), device_data: device.made(rp).toString('base64url'),
      });
    };
    assert.equal((await add('https://evil.test', 'localhost')).code, 'enrol.passkey');
    assert.equal((await add(origin, 'evil.test')).code, 'enrol.passkey');
    assert.equal((await add(origin, 'localhost')).state, 'waiting');

    const prove = async (page, rp, { type = 'webauthn.get', more = {}, by = device, flags = 5, challenge = null } = {}) => {
      const begun = await d.post('/api/enrol/start', { number: 'V-1', birth_date: born });
      const asked = await d.post('/api/enrol/passkey/ask', { enrolment: begun.enrolment });
      assert.equal(asked.rp, 'localhost');
      const signed = by.proof(rp, client(type, challenge || asked.challenge, page, more), flags);
      const answer = await d.post('/api/enrol/passkey/prove', { enrolment: begun.enrolment, ...signed });
      return answer.state || answer.code;
    };
    const elsewhere = ['https://evil.test', 'http://localhost.evil.test', `https://localhost:${d.port}`, `http://localhost:${d.port + 1}`, 'http://localhost', `${origin}/`,
      `http://evil.localhost:${d.port}`, origin.toUpperCase(), 'null', ''];
    for (const page of elsewhere) assert.equal(await prove(page, 'localhost'), 'enrol.passkey', page);
    for (const rp of ['evil.test', 'localhost.evil.test', `localhost:${d.port}`, '']) assert.equal(await prove(origin, rp), 'enrol.passkey', rp);
    assert.equal(await prove(origin, 'localhost', { more: { crossOrigin: true } }), 'enrol.passkey'); // in a frame of another page
    assert.equal(await prove(origin, 'localhost', { type: 'webauthn.create' }), 'enrol.passkey');
    assert.equal(await prove(origin, 'localhost', { flags: 4 }), 'enrol.passkey'); // nobody touched it
    assert.equal(await prove(origin, 'localhost', { by: new Device() }), 'enrol.passkey');
    // A challenge that a false page fetched for a visit of its own does not prove this one.
    const theirs = (await d.post('/api/enrol/start', { number: 'V-1', birth_date: born })).enrolment;
    const { challenge } = await d.post('/api/enrol/passkey/ask', { enrolment: theirs });
    assert.equal(await prove(origin, 'localhost', { challenge }), 'enrol.passkey');
    assert.equal(await prove(origin, 'localhost'), 'waiting'); // and for our page it proves
  } finally {
    await d.end();
  }
});
