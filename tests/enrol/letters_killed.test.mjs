// Who makes letters is killed before each call that leaves something in the world: no letter is out
// that the list does not know, and the next run says what it found and ends with one letter a voter.
// spec: L-22, Q-9

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Core } from '../../web/wasm.js';
import { Daemon, build, tapat } from '../server/daemon.mjs';
import { Smtp } from '../server/smtp.mjs';

const dieAt = path.join(build, 'tests/die_at.so');
const has = (program) => { try { execFileSync('which', [program]); return true; } catch { return false; } };
const skip = !(fs.existsSync(dieAt) && fs.existsSync(tapat)) && 'no build';
const noPaper = skip || ((!fs.existsSync(path.join(build, 'tapat-letters')) || !has('pdftotext')) && 'no build/tapat-letters or no poppler');
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const code = /\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}-[0-9A-Z]\b/;

class Scene extends Daemon {
  begin() {
    this.post = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8')).units[0].id;
    this.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['letter'], posts: {} } });
    this.roll(['V-1', 'V-2'].map((number) => ({ number, contact: `${number}@example.org`, unit: this.post })));
    const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    const fingerprint = crypto.createHash('sha256').update(fs.readFileSync(this.at('manifest.json'))).digest();
    this.keyOf = (text) => hex(core.letterKey(core.codeRead(text, 20), fingerprint).key);
    this.common = ['--list', this.at('list'), '--manifest', this.at('manifest.json'), '--post', this.post];
    this.names = ['list', 'a.pdf', 'a.pdf.part'];
    fs.cpSync(this.at('data'), this.at('data.first'), { recursive: true });
  }

  fresh() {
    for (const name of this.names) fs.rmSync(this.at(name), { force: true });
    fs.cpSync(this.at('data.first'), this.at('data'), { recursive: true });
  }

  // at: which call it does not live to see; 0: it lives.
  go(args, at) {
    const env = { ...process.env, ...(at ? { DIE_AT: String(at), LD_PRELOAD: dieAt, ASAN_OPTIONS: `verify_asan_link_order=0:${process.env.ASAN_OPTIONS || ''}` } : {}) };
    return new Promise((done) => {
      const child = spawn(tapat, [...args, ...this.common], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => { said += part; });
      child.on('close', (status, signal) => done({ status, signal, said }));
    });
  }

  lines() {
    const text = fs.existsSync(this.at('list')) ? fs.readFileSync(this.at('list'), 'utf8') : '';
    return text.split('\n').slice(1).filter(Boolean).map((line) => {
      const [key, , number] = line.split(' ').reverse();
      return { key, number, begun: line.startsWith('begun ') };
    });
  }

  last(number) {
    return this.lines().findLast((line) => line.number === number);
  }
}

const pages = (d, name) => {
  if (!fs.existsSync(d.at(name))) return [];
  let text;
  try {
    text = execFileSync('pdftotext', ['-layout', d.at(name), '-'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return []; // not drawn to its end
  }
  return text.split('\f').filter((p) => code.test(p)).map((p) => ({ number: /V-\d/.exec(p)[0], key: d.keyOf(code.exec(p)[0]) }));
};

for (const source of ['--roll', '--data']) {
  test(`letters on paper, ${source}`, { skip: noPaper, timeout: 120000 }, async () => {
    const d = new Scene();
    try {
      d.begin();
      const args = ['letter', 'print', source, d.at(source === '--roll' ? 'roll.csv' : 'data'), '--url', 'https://vote.example.org', '--out', d.at('a.pdf')];
      let killed = 0;
      for (let at = 1; ; at += 1) {
        d.fresh();
        const first = await d.go(args, at);
        const known = new Set(d.lines().map((line) => line.key));
        const out = [...pages(d, 'a.pdf'), ...pages(d, 'a.pdf.part')];
        for (const { number, key } of out) assert.ok(known.has(key), `${at}: a letter to ${number} that no list knows`);
        if (!first.signal) {
          assert.equal(first.status, 0, first.said);
          break;
        }
        killed += 1;
        const open = ['V-1', 'V-2'].filter((number) => d.last(number)?.begun);
        const whole = ['V-1', 'V-2'].every((number) => d.last(number) && !d.last(number).begun);
        let next = await d.go(args, 0);
        if (fs.existsSync(d.at('a.pdf')) && next.status) {
          // It was named: what the list says decides whether it may be sent.
          assert.match(next.said, whole ? /is there: send its letters/ : /run that was to print \d+ letters of this post ended early/, `${at}`);
          if (!whole) {
            fs.rmSync(d.at('a.pdf'));
            next = await d.go(args, 0);
          }
        }
        if (!whole) assert.equal(next.status, 0, `${at}: ${next.said}`);
        if (!whole) for (const number of open) assert.match(next.said, new RegExp(`${number}: an earlier letter was begun[^\\n]*makes it void`), `${at}`);
        assert.ok(!fs.existsSync(d.at('a.pdf.part')));
        const sent = pages(d, 'a.pdf');
        assert.deepEqual(sent.map((p) => p.number), ['V-1', 'V-2']);
        for (const { number, key } of sent) assert.deepEqual({ ...d.last(number) }, { key, number, begun: false }, `${at}`);
        if (source === '--data') assert.match(d.run('letter', 'list', '--data', d.at('data')), /^printed +2$/m, `${at}`);
      }
      assert.ok(killed >= 8, `${killed}`);
    } finally {
      await d.end();
    }
  });
}

test('letters by mail', { skip, timeout: 120000 }, async () => {
  const d = new Scene();
  const smtp = await new Smtp().listen();
  try {
    d.begin();
    d.write('mail.ini', `[mail]\nserver = smtp://127.0.0.1:${smtp.port}\nfrom = post@example.org\n`);
    const args = ['letter', 'mail', '--roll', d.at('roll.csv'), '--config', d.at('mail.ini')];
    const mails = () => smtp.messages.map((m) => ({ number: /V-\d/i.exec(m.to)[0].toUpperCase(), key: d.keyOf(code.exec(m.text)[0]) }));
    let killed = 0, twice = 0;
    for (let at = 1; ; at += 1) {
      d.fresh();
      smtp.messages.length = 0;
      const first = await d.go(args, at);
      const known = new Set(d.lines().map((line) => line.key));
      const before = mails();
      for (const { number, key } of before) assert.ok(known.has(key), `${at}: a letter to ${number} that no list knows`);
      if (!first.signal) {
        assert.equal(first.status, 0, first.said);
        break;
      }
      killed += 1;
      const next = await d.go(args, 0);
      const all = mails();
      for (const number of ['V-1', 'V-2']) {
        const own = all.filter((m) => m.number === number);
        assert.ok(own.length === 1 || own.length === 2, `${at}: ${own.length} letters to ${number}`);
        if (own.length === 2) assert.match(next.said, new RegExp(`${number}: an earlier letter was begun[^\\n]*makes it void`), `${at}`);
        twice += own.length === 2;
        assert.deepEqual({ ...d.last(number) }, { key: own.at(-1).key, number, begun: false }, `${at}`);
      }
    }
    assert.ok(killed >= 12 && twice >= 2, `${killed} ${twice}`);

    // Taken by a mail server whose answer is lost: known all the same.
    d.fresh();
    smtp.messages.length = 0;
    smtp.script = ['cut'];
    assert.equal((await d.go(args, 0)).status, 3);
    const [lost] = mails();
    assert.deepEqual(d.last(lost.number), { ...lost, begun: true });
  } finally {
    await d.end();
    await smtp.close();
  }
});
