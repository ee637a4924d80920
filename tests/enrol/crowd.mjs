// A crowd of voters who enrol over HTTP at the daemon itself, on a bad line: messages are lost,
// requests repeated or cut off. At the end every voter is asked for, and the board's record read.

import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

import { REGISTRATIONS, readEntry } from '../../verifier/entries.js';
import { Core } from '../../web/wasm.js';
import { readBundle } from '../../web/tiles.js';
import { Daemon, build, pause, tapat } from '../server/daemon.mjs';
import { Smtp } from '../server/smtp.mjs';
import { documents, proofs, routes } from './ways.mjs';

export const BORN = '1990-01-01';
const ENDED = ['recorded', 'rejected'];
const NAMED = [...ENDED, 'started', 'proven', 'waiting', 'done', 'open', 'applied', 'closed'];
const ROUNDS = 24;
const hex = (bytes) => Buffer.from(bytes).toString('hex');

// Numbers from 0 to 1 that a seed gives.
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

// ---- the line ----

export class Line {
  constructor(url, roll, repeated) {
    Object.assign(this, { url, roll, repeated });
    this.agent = new http.Agent({ keepAlive: true });
    this.counts = { requests: 0, twice: 0, cut: 0, again: 0 };
  }

  // cut: ms after which the connection ends, counted from when the request is out.
  once(route, body, cut = -1) {
    const raw = body instanceof Uint8Array;
    const bytes = raw ? body : Buffer.from(JSON.stringify(body));
    this.counts.requests += 1;
    return new Promise((done, fail) => {
      const rq = http.request(this.url + route, {
        method: 'POST', agent: this.agent, timeout: 60000, headers: { 'content-length': bytes.length },
      }, (rs) => {
        const parts = [];
        rs.on('data', (part) => parts.push(part)).on('error', fail);
        rs.on('end', () => {
          const octets = new Uint8Array(Buffer.concat(parts));
          try {
            const json = /json/.test(rs.headers['content-type']);
            done({ status: rs.statusCode, ...json ? JSON.parse(Buffer.from(octets).toString()) : { octets } });
          } catch (e) {
            fail(e);
          }
        });
      });
      rq.on('error', fail).on('timeout', () => rq.destroy(new Error('no answer')));
      if (cut >= 0) rq.on('finish', () => setTimeout(() => rq.destroy(new Error('cut')), cut));
      rq.end(bytes);
    });
  }

  // Until there is an answer: a server that is away or busy is asked again.
  async patient(route, body) {
    for (const end = Date.now() + 300000; Date.now() < end;) {
      const answer = await this.once(route, body).catch(() => null);
      if (answer && answer.status !== 503) return answer;
      this.counts.again += 1;
      await pause(50 + 300 * this.roll());
    }
    throw new Error(`${route}: no answer in five minutes`);
  }

  async ask(route, body) {
    const chance = this.roll();
    if (chance < this.repeated / 2) {
      this.counts.cut += 1;
      await this.once(route, body, 20 * this.roll()).catch(() => null);
    } else if (chance < this.repeated) {
      this.counts.twice += 1;
      const both = await Promise.all([this.patient(route, body), this.patient(route, body)]);
      return both.find((a) => a.status === 200) || both[0];
    }
    return this.patient(route, body);
  }
}

// ---- messages ----

// What the mail server took is delivered, or lost for good.
class Post {
  constructor(seed, lost) {
    Object.assign(this, { seed, lost, boxes: new Map(), sent: new Map(), count: 0, gone: 0 });
  }

  // By address and number of the message to it: the same seed loses the same ones.
  push({ to, text }) {
    const nth = (this.sent.get(to) || 0) + 1;
    this.sent.set(to, nth);
    this.count += 1;
    const draw = crypto.createHash('sha256').update(`${this.seed} ${to} ${nth}`).digest().readUInt32BE(0) / 2 ** 32;
    if (draw < this.lost) {
      this.gone += 1;
      return;
    }
    const code = /\b(\d{6})\b/.exec(text);
    const box = code && this.boxes.get(to);
    if (box) box(code[1]);
  }
}

// ---- the crowd ----

class Voter {
  constructor(crowd, i) {
    this.number = `S-${i}`;
    this.contacts = [`a${i}@example.org`, `b${i}@example.org`];
    this.unit = crowd.units[i % crowd.units.length];
    this.state = 'none';
    this.codes = [];
    for (const to of this.contacts) crowd.post.boxes.set(to, (code) => { this.codes.push(code); this.wake?.(); });
  }

  // The newest code that came, or one that comes within ms.
  async code(ms) {
    if (!this.codes.length) await Promise.race([new Promise((done) => { this.wake = done; }), pause(ms)]);
    return this.codes.splice(0).at(-1);
  }

  key({ core, fingerprint }) {
    if (this.credential) return this;
    const { sign, key } = core.registrar(crypto.randomBytes(32));
    this.credential = hex(key);
    this.possession = hex(core.possession(sign, key, fingerprint, crypto.randomBytes(32)));
    return this;
  }
}

export class Crowd {
  constructor(options) {
    Object.assign(this, { route: 'code', voters: 100, seed: 1, lost: 0.05, repeated: 0.05, kills: 0, atOnce: 32, wait: 10000 }, options);
    this.roll = dice(this.seed);
    this.killed = 0;
    this.problems = [];
    this.units = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8'))
      .units.sort((a, b) => b.registered - a.registered).slice(0, 4).map((u) => u.id); // the board takes no more keys than a post has voters
    this.post = new Post(this.seed, this.lost);
  }

  // ---- the scene ----

  async begin() {
    const d = new Daemon();
    this.daemon = d;
    this.smtp = await new Smtp().listen();
    this.smtp.messages = this.post;
    const free = net.createServer().listen(0, '127.0.0.1');
    await new Promise((done) => { free.on('listening', done); });
    d.port = free.address().port;
    await new Promise((done) => { free.close(done); });
    const way = routes[this.route];
    d.url = `http://127.0.0.1:${d.port}`;
    d.define();
    this.manifest = JSON.parse(fs.readFileSync(d.at('manifest.json'), 'utf8'));
    this.manifest.enrol = { show: true, shared: 4, review_days: 5, routes: [this.route], posts: {}, ...await way.begin?.(this) };
    d.write('manifest.json', JSON.stringify(this.manifest));
    this.people = Array.from({ length: this.voters }, (_, i) => new Voter(this, i + 1));
    d.roll(this.people.map((v) => ({ number: v.number, contact: v.contacts[0], contact2: v.contacts[1], unit: v.unit })));
    d.write('serve.ini', `[mail]\nserver = smtp://127.0.0.1:${this.smtp.port}\nfrom = votes@example.org\nconnections = 4\n[messages]\nretry = 1\n`);
    await this.serve();
    this.fingerprint = crypto.createHash('sha256').update(fs.readFileSync(d.at('manifest.json'))).digest();
    this.core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    this.line = new Line(d.url, this.roll, this.repeated);
    d.run('mirror', '--server', d.url, d.at('before'));
    d.run('approve', '--proof', d.proof(), '--record', d.at('before'), '--server', d.url, '--officer', d.at('o1'), '--officer', d.at('o2'));
    await way.open?.(this);
  }

  async serve() {
    const up = await this.daemon.start('--config', this.daemon.at('serve.ini'), '--address', this.daemon.url, ...routes[this.route].serve?.(this) || []);
    if (!up) throw new Error(`the server ended: ${this.daemon.log().slice(-2000)}`);
  }

  watch(...more) {
    const d = this.daemon;
    const log = fs.openSync(d.at('registrar.log'), 'a');
    this.registrar = spawn(tapat, ['registrar', '--server', d.url, '--key', d.at('r1'), '--manifest', d.at('manifest.json'), '--watch', ...more], { stdio: ['ignore', log, log] });
    fs.closeSync(log);
  }

  async end() {
    this.registrar?.kill();
    await routes[this.route].end?.(this);
    this.line?.agent.destroy();
    await this.daemon.end();
    await this.smtp.close();
  }

  // ---- one voter ----

  async status(v) {
    const now = await this.line.ask('/api/enrol/status', { enrolment: v.token });
    Object.assign(v, { state: now.state || 'unknown', answer: now });
    return v.state;
  }

  async step(v) {
    const { route, line } = this;
    if (v.state === 'none') {
      const begun = await line.ask('/api/enrol/start', { number: v.number, birth_date: BORN });
      if (begun.status !== 200) throw new Error(`${v.number}: ${begun.code}`);
      v.token = begun.enrolment;
      v.state = 'started';
      return;
    }
    let answer;
    if (v.state === 'proven') {
      const { credential, possession } = v.key(this);
      answer = await line.ask('/api/enrol/credential', { enrolment: v.token, credential, possession });
    } else if (v.state === 'open') {
      answer = await documents(this, v);
    } else {
      answer = await proofs[route](this, v);
    }
    if (answer?.state) v.state = answer.state;
    else await this.status(v);
    v.last = answer?.code;
  }

  // As far as the voter gets alone.
  async go(v) {
    for (v.rounds = 0; v.rounds < ROUNDS && ['none', 'started', 'proven', 'open'].includes(v.state); v.rounds += 1) await this.step(v);
  }

  async all(list, work) {
    const rest = list[Symbol.iterator]();
    const one = async () => { for (const v of rest) await work(v).catch((e) => this.problems.push(`${v.number}: ${e.message}`)); };
    await Promise.all(Array.from({ length: Math.min(this.atOnce, list.length) }, one));
  }

  // Nobody comes before the kills that are to come first.
  async inTurn(v, i) {
    while (this.kills && this.killed < this.kills && i * this.kills >= (this.killed + 1) * this.voters) await pause(20);
    await this.go(v);
  }

  // Until all are recorded or rejected; a new look at each of them now and then.
  async settle(ms) {
    for (const end = Date.now() + ms; Date.now() < end; await pause(500)) {
      const left = this.people.filter((v) => v.token && !ENDED.includes(v.state));
      if (!left.length) return;
      if (this.registrar && this.registrar.exitCode !== null) {
        this.problems.push(`the registrar ended: ${fs.readFileSync(this.daemon.at('registrar.log'), 'utf8').slice(-300)}`);
        return;
      }
      await this.all(left, async (v) => { if (['started', 'proven', 'open'].includes(await this.status(v))) await this.go(v); });
    }
  }

  async killer() {
    const roll = dice(this.seed + 1);
    while (this.killed < this.kills) {
      await pause(400 * roll());
      await this.daemon.stop('SIGKILL');
      await this.serve();
      this.killed += 1;
    }
  }

  async run() {
    const from = Date.now();
    const killing = this.killer().catch((e) => { this.problems.push(`kill: ${e.message}`); this.killed = this.kills; });
    await this.all(this.people.map((v, i) => ({ number: v.number, v, i })), ({ v, i }) => this.inTurn(v, i));
    this.handedIn = (Date.now() - from) / 1000;
    await killing;
    await this.settle(this.patience || 60000);
    this.seconds = (Date.now() - from) / 1000;
  }

  // ---- what came of it ----

  // All credentials that the mirrored record registers, as they come.
  registered() {
    const d = this.daemon;
    d.run('mirror', '--server', d.url, d.at('record'));
    this.verify();
    const found = [];
    const walk = (dir) => fs.readdirSync(dir, { withFileTypes: true }).forEach((f) => {
      const name = path.join(dir, f.name);
      if (f.isDirectory()) walk(name);
      else for (const bytes of readBundle(fs.readFileSync(name))) found.push(...credentialsOf(readEntry(bytes)));
    });
    walk(d.at('record/tile/entries'));
    return found;
  }

  verify() {
    try {
      this.daemon.run('verify', this.daemon.at('record'));
    } catch (e) {
      this.problems.push(`the record: ${/FAIL.*/.exec(e.stdout)}`);
    }
  }

  check() {
    const board = this.registered();
    this.problems.push(...differences(board, this.people));
    this.funnel = this.daemon.funnel().all;
    this.problems.push(...disagreements(this.funnel, board.length, this.people));
    if (!this.daemon.child) this.problems.push('the server ended by itself');
    if (this.daemon.log().includes('uploads-counted-again')) this.problems.push('documents were not added up right');
    return board.length;
  }

  report(registered) {
    const states = {};
    for (const v of this.people) states[v.state] = (states[v.state] || 0) + 1;
    return {
      route: this.route, voters: this.voters, seed: this.seed, lost: this.lost, repeated: this.repeated, kills: this.killed,
      seconds: Number(this.seconds.toFixed(1)), rate: Number((this.voters / this.seconds).toFixed(1)),
      handed_in_seconds: Number(this.handedIn.toFixed(1)), states,
      messages: { taken: this.post.count, lost: this.post.gone }, letters_lost: this.lettersLost || 0, refused: this.refused || 0,
      requests: this.line.counts, board: { registered }, funnel: this.funnel, problems: this.problems.slice(0, 20),
    };
  }
}

// What is wrong between the credentials on the board and the voters who say how it ended for them.
export function differences(board, people) {
  const found = [];
  const left = new Set(board);
  if (left.size !== board.length) found.push(`${board.length - left.size} credentials are on the board twice`);
  for (const v of people) {
    if (v.state === 'recorded' && !left.delete(v.credential)) found.push(`${v.number} is recorded and not on the board`);
    if (!NAMED.includes(v.state)) found.push(`${v.number} is nowhere: ${v.state}`);
  }
  for (const key of left) found.push(`${key} is on the board and of nobody who finished`);
  return found;
}

// What is wrong between the funnel and the voters whom it counts. spec: J-14
export function disagreements(funnel, registered, people) {
  const found = [];
  const same = (what, is, should) => { if (is !== should) found.push(`the funnel says ${is} ${what}, not ${should}`); };
  const count = (...states) => people.filter((v) => states.includes(v.state)).length;
  const sum = (of) => Object.values(of).reduce((a, b) => a + b, 0);
  same('on the roll', funnel.roll, people.length);
  same('on the board', funnel.board, registered);
  same('signed or on the board', funnel.signed + funnel.board, count('done', 'recorded'));
  same('waiting', sum(funnel.waiting), count('waiting', 'applied'));
  same('rejected', sum(funnel.rejected), count('rejected'));
  same('without a word', funnel.sent + funnel.none + funnel.proven + funnel.open + sum(funnel.closed), count('none', 'started', 'proven', 'open', 'closed'));
  return found;
}

// spec: L-9
function* credentialsOf(entry) {
  if (entry.type !== REGISTRATIONS) return;
  const view = Buffer.from(entry.registrations);
  for (let at = 0; at < view.length; at += 38 + view.readUInt16BE(at + 36)) yield hex(view.subarray(at, at + 32));
}

export async function simulate(options) {
  const crowd = new Crowd(options);
  try {
    await crowd.begin();
    await crowd.run();
    return crowd.report(crowd.check());
  } finally {
    await crowd.end();
  }
}
