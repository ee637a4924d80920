// Messages against a mail server and a gateway that do what they like. spec: Q-1..Q-8; attack G9

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import test from 'node:test';

import { Daemon, pause, tapat, until } from './daemon.mjs';
import { Smtp } from './smtp.mjs';

const skip = !fs.existsSync(tapat) && 'no build/tapat';
const codeIn = (text) => /\b(\d{6})\b/.exec(text)[1];

async function scene(options, run) {
  const d = new Daemon();
  const smtp = await new Smtp(options.smtp).listen();
  try {
    d.define(options);
    d.roll(options.voters || [1, 2, 3, 4, 5, 6, 7, 8].map((i) => ({ number: `V-${i}`, contact: `v${i}@example.org` })));
    d.write('serve.ini', options.config ? options.config(d, smtp)
      : `[mail]\nserver = smtp://127.0.0.1:${smtp.port}\nfrom = votes@example.org\nname = Botohan sa ibayong-dagat ñ\n[messages]\nretry = 1\n`);
    assert.equal(await d.start('--config', d.at('serve.ini')), true, d.log());
    await run(d, smtp);
  } finally {
    await d.end();
    await smtp.close();
  }
}

async function messageOf(d, enrolment) {
  return (await d.post('/api/enrol/status', { enrolment })).message;
}
// What the other side said of the voter's newest message, as officers read it.
const said = (d, number) => JSON.parse(d.run('message', 'list', '--data', d.at('data'), '--json')).find((m) => m.number === number).said;
const inState = (d, e, state) => until(async () => {
  const m = await messageOf(d, e);
  return m.state === state && m;
}, 15000, `not ${state}`);

test('a code by mail, in the language of the page, over one connection', { skip }, () => scene({}, async (d, smtp) => {
  const a = await d.enrol('V-1', { lang: 'fil' });
  assert.deepEqual([a.status, a.sent_to], [200, 'v•••@example.org']);
  await until(() => smtp.messages.length === 1);
  const [mail] = smtp.messages;
  assert.equal(mail.to, 'v1@example.org');
  assert.match(mail.head, /^From: =\?utf-8\?B\?/m);
  assert.match(mail.head, /^Message-ID: <tapat\.1\.[0-9a-f]{16}@example\.org>\r$/m);
  assert.match(mail.head, /^Content-Language: fil\r$/m);
  assert.match(mail.text, /^Ang iyong code ay \d{6}\./);
  for (const line of mail.raw.split('\r\n')) assert.ok(line.length <= 200 && /^[\x20-\x7e]*$/.test(line), line);
  const m = await inState(d, a.enrolment, 'sent');
  assert.deepEqual([m.to, m.channel, m.attempts, m.said], ['v•••@example.org', 'mail', 1, '']);
  assert.equal((await d.post('/api/enrol/code', { enrolment: a.enrolment, code: codeIn(mail.text) })).state, 'proven');
  for (const i of [2, 3, 4, 5, 6, 7]) await d.enrol(`V-${i}`);
  await until(() => smtp.messages.length === 7);
  assert.ok(smtp.connections <= 2, `${smtp.connections} connections`);
  assert.match(smtp.messages[6].text, /^Your code is \d{6}\./);
  assert.equal((await fetch(`${d.url}/api/outbox`)).status, 404); // they are sent: nobody else reads them
}));

test('try again later, refused for good, cut off, slow', { skip }, () => scene({}, async (d, smtp) => {
  smtp.script = ['450 4.2.0 <v1@example.org> later please', 'data 451 4.3.0 busy, BODY'];
  const later = await d.enrol('V-1');
  const tried = await until(async () => {
    const m = await messageOf(d, later.enrolment);
    return m.attempts === 1 && m.state === 'queued' && m;
  });
  assert.equal(tried.said, '450 4.2.0'); // words are for officers
  const busy = await until(async () => {
    const m = await messageOf(d, later.enrolment);
    return m.attempts === 2 && m.state === 'queued' && m;
  });
  assert.equal(busy.said, '451 4.3.0');
  assert.ok(busy.next > busy.updated);
  await until(() => smtp.messages.length === 1, 20000);
  await inState(d, later.enrolment, 'sent');
  const { text } = smtp.messages[0];
  assert.equal((await d.post('/api/enrol/code', { enrolment: later.enrolment, code: codeIn(text) })).state, 'proven');

  smtp.script = ['550 5.1.1 <v2@example.org> no such user'];
  const never = await d.enrol('V-2');
  const failed = await inState(d, never.enrolment, 'failed');
  assert.deepEqual([failed.attempts, failed.said], [1, '550 5.1.1']);
  assert.equal(said(d, 'V-2'), '550 5.1.1 <**************> no such user'); // not the address that was sent to
  smtp.script = ['data 554 5.7.1 spam, BODY'];
  const spam = await d.enrol('V-6');
  assert.equal((await inState(d, spam.enrolment, 'failed')).said, '554 5.7.1');
  assert.match(said(d, 'V-6'), /^554 5\.7\.1 spam, Your code is \*{6}\./);

  smtp.script = ['cut'];
  const cut = await d.enrol('V-3');
  await inState(d, cut.enrolment, 'sent'); // taken in and not answered: it comes twice, not never
  const copies = smtp.messages.filter((m) => m.to === 'v3@example.org');
  assert.equal(copies.length, 2);
  assert.equal(codeIn(copies[0].text), codeIn(copies[1].text));

  smtp.script = ['slow 3000'];
  const slow = await d.enrol('V-4');
  const last = await d.enrol('V-5');
  await inState(d, slow.enrolment, 'sending');
  await inState(d, last.enrolment, 'sent');
  await inState(d, slow.enrolment, 'sent');
  assert.deepEqual(JSON.parse(d.run('message', 'queue', '--data', d.at('data'), '--json')).mail, {
    queued: 0, sending: 0, sent: 4, delivered: 0, failed: 2, 'given-up': 0, void: 0,
  });
}));

test('no code in the log or the store; used and replaced codes are not sent', { skip }, () => scene({}, async (d, smtp) => {
  const codes = [];
  for (const i of [1, 2, 3]) {
    const { enrolment } = await d.enrol(`V-${i}`);
    await until(() => smtp.messages.length === i);
    codes.push(codeIn(smtp.messages[i - 1].text));
    if (i < 3) await d.post('/api/enrol/code', { enrolment, code: codes[i - 1] });
  }
  await smtp.close();
  const { enrolment } = await d.enrol('V-4');
  await until(async () => (await messageOf(d, enrolment)).attempts > 0);
  await d.stop();
  const kept = ['log', 'data/tapat.db'].map((f) => fs.readFileSync(d.at(f), 'latin1')).join('');
  assert.ok(kept.includes('v4@example.org') && kept.includes('event=message'));
  for (const code of codes) assert.ok(!kept.includes(code), 'a code is kept');
  // A copy of the store with another key, as a thief has it, gives other codes.
  fs.rmSync(d.at('data/session.key'));
  await d.start();
  const outbox = await fetch(`${d.url}/api/outbox`).then((r) => r.json());
  const open = outbox.find((m) => m.to === 'v3@example.org');
  assert.notEqual(codeIn(open.text), codes[2]);
  for (const m of outbox.filter((x) => /v[12]@/.test(x.to))) assert.match(m.text, /Your code is ------\./);
}));

test('killed while it sends: nothing is lost', { skip }, () => scene({}, async (d, smtp) => {
  smtp.script = Array(8).fill('slow 300');
  const all = [];
  for (let i = 1; i <= 8; i += 1) all.push((await d.enrol(`V-${i}`)).enrolment);
  await pause(400);
  await d.stop('SIGKILL');
  await d.start('--config', d.at('serve.ini'));
  for (let i = 0; i < 8; i += 1) {
    const status = await d.post('/api/enrol/status', { enrolment: all[i] });
    await inState(d, all[i], 'sent');
    assert.equal(status.state, 'started');
  }
  const to = new Map();
  for (const m of smtp.messages) to.set(m.to, (to.get(m.to) || 0) + 1);
  assert.equal(to.size, 8);
  for (const [address, n] of to) assert.ok(n <= 2, `${address}: ${n} copies`);
}));

test('killed while it sends, and nothing can be written at the next start: that ends', { skip }, () => scene({}, async (d, smtp) => {
  smtp.script = ['slow 5000'];
  for (let i = 1; i <= 8; i += 1) await d.enrol(`V-${i}`);
  await until(() => smtp.commands.length > 0);
  await d.stop('SIGKILL');
  const most = 128 * 1024;
  assert.ok(fs.statSync(d.at('data/tapat.db-wal')).size > most);
  const args = ['-c', 'ulimit -f 128; exec "$0" "$@"', tapat, 'serve', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--port', String(d.port), '--config', d.at('serve.ini')];
  const { status, stderr } = spawnSync('sh', args, { encoding: 'utf8', timeout: 30000, killSignal: 'SIGKILL' });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /event=start-failed sender=/);
  assert.equal(await d.start('--config', d.at('serve.ini')), true, d.log());
}));

test('encryption is required, and log-in', { skip }, async (t) => {
  const d = new Daemon();
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', d.at('k.pem'), '-out', d.at('c.pem')], { stdio: 'ignore' });
  } catch {
    t.skip('no openssl');
    return;
  }
  const secure = { key: fs.readFileSync(d.at('k.pem')), cert: fs.readFileSync(d.at('c.pem')) };
  const config = (user) => (own, smtp) => {
    fs.copyFileSync(d.at('c.pem'), own.at('ca.pem'));
    own.write('password', 'secret word\n');
    return `[mail]\nserver = smtp://127.0.0.1:${smtp.port}\nfrom = votes@example.org\nca-file = ca.pem\n${user}[messages]\nretry = 1\n`;
  };
  await scene({ smtp: { secure, login: 'mailer\0secret word' }, config: config('user = mailer\npassword-file = password\n') }, async (own, smtp) => {
    const { enrolment } = await own.enrol('V-1');
    await inState(own, enrolment, 'sent');
    assert.equal(smtp.messages[0].tls, true);
    assert.ok(!own.log().includes('secret word'));
  });
  await scene({ config: config('') }, async (own, smtp) => { // offers no STARTTLS: nothing is said to it
    const { enrolment } = await own.enrol('V-1');
    await until(async () => { // tried, and waits to be tried again
      const m = await messageOf(own, enrolment);
      return m.attempts > 0 && m.state === 'queued';
    });
    assert.ok(!smtp.commands.includes('MAIL'), smtp.commands.join());
  });
  await d.end();
});

test('by SMS, a second contact, a report of delivery', { skip }, async () => {
  const asked = [];
  const answers = [];
  const gateway = http.createServer((q, r) => {
    let body = '';
    q.on('data', (c) => { body += c; });
    q.on('end', () => {
      asked.push({ url: q.url, authorization: q.headers.authorization, ...JSON.parse(body) });
      const [status, text] = answers.shift() || [202, '{}'];
      r.writeHead(status).end(text);
    });
  });
  await new Promise((done) => { gateway.listen(0, '127.0.0.1', done); });
  const voters = [{ number: 'V-1', contact: 'v1@example.org', contact2: '+63 917 555 0134' }, { number: 'V-2', contact: '+639175550135' },
    { number: 'V-3', contact: 'v3@example.org' }];
  const config = (d, smtp) => {
    d.write('token', 'Authorization: Bearer swordfish\n');
    d.write('report', 'sixteen characters or more\n');
    return `[mail]\nserver = smtp://127.0.0.1:${smtp.port}\nfrom = votes@example.org\n[sms]\nurl = http://127.0.0.1:${gateway.address().port}/send\n`
      + 'header-file = token\nbody = {"to":"{to}","text":"{text}","ref":"{id}"}\n[messages]\nretry = 1\nreport-secret-file = report\n';
  };
  try {
    await scene({ voters, config }, async (d, smtp) => {
      smtp.script = ['550 5.2.2 mailbox full'];
      const a = await d.enrol('V-1');
      await inState(d, a.enrolment, 'failed');
      const { contacts } = await d.post('/api/enrol/status', { enrolment: a.enrolment });
      assert.deepEqual(contacts, [{ contact: 1, to: 'v•••@example.org' }, { contact: 2, to: '•••0134' }]);
      const b = await d.enrol('V-1', { contact: 2 });
      assert.equal(b.sent_to, '•••0134');
      await until(() => asked.length === 1);
      assert.deepEqual([asked[0].url, asked[0].to, asked[0].authorization], ['/send', '+63 917 555 0134', 'Bearer swordfish']);
      await inState(d, b.enrolment, 'sent');
      const report = { secret: 'sixteen characters or more', message: asked[0].ref, state: 'delivered', detail: '' };
      assert.equal((await d.post('/api/message/report', { ...report, secret: 'sixteen characters or mord' })).code, 'report.secret');
      assert.equal((await d.post('/api/message/report', { ...report, message: '1.0000000000000000' })).code, 'report.message');
      assert.equal((await d.post('/api/message/report', { ...report, state: 'queued' })).code, 'request.value');
      assert.equal((await d.post('/api/message/report', report)).status, 200);
      await inState(d, b.enrolment, 'delivered');
      // A code is for the token that asked for it.
      assert.equal((await d.post('/api/enrol/code', { enrolment: a.enrolment, code: codeIn(asked[0].text) })).code, 'enrol.code');
      assert.equal((await d.post('/api/enrol/code', { enrolment: b.enrolment, code: codeIn(asked[0].text) })).state, 'proven');
      assert.equal((await d.enrol('V-3', { contact: 2 })).code, 'enrol.contact');
      assert.equal((await d.enrol('V-3', { contact: 3 })).code, 'enrol.contact');

      answers.push([500, 'oops'], [400, 'bad number +639175550135']);
      const c = await d.enrol('V-2');
      const m = await inState(d, c.enrolment, 'failed');
      assert.deepEqual([m.attempts, m.said], [2, '400']);
      assert.equal(said(d, 'V-2'), '400 bad number *************');

      // A mail that comes back.
      const e = await d.enrol('V-3');
      await inState(d, e.enrolment, 'sent');
      const id = /Message-ID: (<[^>]*>)/.exec(smtp.messages.at(-1).head)[1];
      const bounce = d.write('bounce.eml', 'From: MAILER-DAEMON\r\nContent-Type: multipart/report\r\n\r\nFinal-Recipient: rfc822; v3@example.org\r\n'
        + `Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown here\r\n\r\nMessage-ID: ${id}\r\n`);
      d.run('message', 'bounce', bounce, '--server', d.url, '--secret-file', d.at('report'));
      assert.equal((await inState(d, e.enrolment, 'failed')).said, '550 5.1.1');
      assert.match(said(d, 'V-3'), /^smtp; 550 5\.1\.1 unknown here/);
      d.write('other.eml', 'Message-ID: <1@example.org>\r\n');
      assert.equal(d.fails('message', 'bounce', d.at('other.eml'), '--server', d.url, '--secret-file', d.at('report')).status, 1);
      const list = JSON.parse(d.run('message', 'list', '--data', d.at('data'), '--json', '--state', 'failed'));
      assert.deepEqual(list.map((x) => [x.number, x.channel, x.kind]), [['V-3', 'mail', 'code'], ['V-2', 'sms', 'code'], ['V-1', 'mail', 'code']]);
    });
  } finally {
    gateway.closeAllConnections();
    gateway.close();
  }
});

test('as many voters as the manifest says may share a contact', { skip }, () => scene({
  enrol: { show: true, shared: 2, review_days: 5, routes: ['code', 'letter'], posts: {} },
  voters: [1, 2, 3].map((i) => ({ number: `V-${i}`, contact: i === 2 ? 'FAMILY@example.org' : 'family@example.org' })),
}, async (d) => {
  assert.equal((await d.enrol('V-1')).status, 200);
  assert.equal((await d.enrol('V-2')).status, 200);
  const third = await d.enrol('V-3');
  assert.deepEqual([third.status, third.code, third.routes], [409, 'enrol.shared', ['letter']]);
  assert.equal((await d.enrol('V-1')).status, 200); // who has had one goes on
}));

test('settings that are wrong are refused by name, and a real election without mail', { skip }, async () => {
  const d = new Daemon();
  try {
    d.define({ test: false });
    assert.equal(await d.start(), false);
    assert.match(d.log(), /config\.mail="post .* sends codes/);
    const wrong = async (text, says) => {
      d.write('serve.ini', text);
      fs.rmSync(d.at('log'));
      assert.equal(await d.start('--config', d.at('serve.ini')), false, text);
      assert.match(d.log(), says);
    };
    const mail = '[mail]\nserver = smtp://mail.example:587\nfrom = a@example.org\n';
    await wrong(`${mail}sender = x\n`, /config\.line="line 4: no such key/);
    await wrong(`${mail}from = b@example.org\n`, /line 4: given twice/);
    await wrong(`${mail}password\n`, /line 4: not KEY = VALUE/);
    await wrong(`${mail}connections = many\n`, /line 4: not a number/);
    await wrong(`${mail}name = ${'x'.repeat(300)}\n`, /line 4: longer than/);
    await wrong('[mail]\nserver = http://mail.example\nfrom = a@example.org\n', /config\.value=".*not smtp/);
    await wrong('[mail]\nserver = smtp://mail.example\nfrom = nobody\n', /not an address/);
    await wrong(`${mail}user = x\n`, /both user and password-file/);
    await wrong(`${mail}user = x\npassword-file = none\n`, /line 5: the secret's file cannot be read/);
    d.write('open', 'secret\n', 0o644);
    await wrong(`${mail}user = x\npassword-file = open\n`, /line 5: .* read by others/);
    await wrong(`${mail}[documents]\naddress = 9\npost = 8\n`, /config\.value=".*at most post/);
    await wrong(`${mail}[documents]\nall = 0\n`, /line 5: not a number of MiB/);
    const sms = (url, body) => `[sms]\nurl = ${url}\nbody = ${body}\n`;
    await wrong(sms('http://sms.example/', '{to} {text}'), /url is not https/);
    await wrong(sms('http://127.0.0.1@sms.example/', '{to} {text}'), /url is not https/);
    await wrong(sms('https://sms.example/', '{to}'), /lacks/);
    fs.mkdirSync(d.at('texts'));
    d.write('texts/code.en.txt', 'Subject: S\n\n{number}\n\nSMS: B\n');
    await wrong(`${mail}[messages]\ntemplates = texts\n`, /messages\.template="code\.en\.txt: a name/);
    d.write('serve.ini', mail);
    assert.equal(await d.start('--config', d.at('serve.ini')), true, d.log());
    assert.match(d.run('message', 'preview', 'code', '--lang', 'fil'), /Ang iyong code ay 123456/);
    assert.equal(d.fails('message', 'preview', 'nothing').status, 2);
  } finally {
    await d.end();
  }
});
