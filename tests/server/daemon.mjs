// A daemon of the build under test with a small roll, for tests in JavaScript.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
export const build = process.env.TAPAT_BUILD || path.join(root, 'build');
export const tapat = path.join(build, 'tapat');

async function freePort() {
  const server = net.createServer();
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}

export const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

// Waits until `look` gives something true, and gives that.
export async function until(look, ms = 15000, what = 'nothing came of it') {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const got = await look();
    if (got) return got;
    await pause(50);
  }
  throw new Error(what);
}

export class Daemon {
  constructor() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tapat-daemon-'));
    fs.mkdirSync(this.at('data'));
  }

  at(name) {
    return path.join(this.dir, name);
  }

  write(name, text, mode = 0o600) {
    fs.writeFileSync(this.at(name), text, { mode });
    return this.at(name);
  }

  run(...args) {
    return execFileSync(tapat, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  // What a command said that must fail: {status, said}.
  fails(...args) {
    try {
      this.run(...args);
    } catch (e) {
      return { status: e.status, said: `${e.stdout}${e.stderr}` };
    }
    throw new Error(`${args.join(' ')}: should fail`);
  }

  key(file, role, name) {
    return `${name}=${this.run('key', 'new', this.at(file), '--role', role, '--name', name, '--no-passphrase')}`;
  }

  // enrol: the manifest's member; null: as it is without.
  define({ test = true, enrol = null, registrars = 1 } = {}) {
    const args = [];
    for (let i = 1; i <= 3; i += 1) args.push('--trustee', this.key(`t${i}`, 'trustee', `Trustee ${i}`));
    for (let i = 1; i <= 2; i += 1) args.push('--officer', this.key(`o${i}`, 'officer', `Officer ${i}`));
    for (let i = 1; i <= registrars; i += 1) args.push('--registrar', this.key(`r${i}`, 'registrar', `Registrar ${i}`));
    args.push('--registrar-quorum', String(registrars));
    const log = this.run('serve', '--data', this.at('data'), '--log-key');
    this.run('define', path.join(root, 'ballots/ph2025/election.json'), ...(test ? ['--test'] : []), '--threshold', '2', ...args,
      '--log-key', log, '--floor', test ? '2' : '50', '--interval', '1', '--deadline', '60', '--origin', 'test.tapat.example/board',
      '--out', this.at('manifest.json'));
    if (!enrol) return;
    const manifest = JSON.parse(fs.readFileSync(this.at('manifest.json'), 'utf8'));
    fs.writeFileSync(this.at('manifest.json'), JSON.stringify({ ...manifest, enrol }));
  }

  // voters: [{number, contact, contact2, unit}]
  roll(voters) {
    const manifest = JSON.parse(fs.readFileSync(this.at('manifest.json'), 'utf8'));
    const rows = voters.map((v) => [v.number, v.name || `Voter ${v.number}`, '1990-01-01', v.contact || '', v.contact2 || '',
      v.unit || manifest.units[0].id].join(','));
    this.write('roll.csv', `number,name,birth_date,contact,contact2,unit\n${rows.join('\n')}\n`);
    this.run('roll', 'import', this.at('roll.csv'), '--manifest', this.at('manifest.json'), '--data', this.at('data'));
  }

  // The digest of what officers read before they approve.
  proof() {
    return this.run('rehearse', this.at('manifest.json'), '--no-vote', '--out', this.at('proof.txt'));
  }

  // The address, before it serves.
  async reserve() {
    this.port ||= await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
  }

  // True: it serves. False: it ended by itself.
  async start(...more) {
    await this.reserve();
    const log = fs.openSync(this.at('log'), 'a');
    this.child = spawn(tapat, ['serve', '--data', this.at('data'), '--manifest', this.at('manifest.json'), '--port', String(this.port),
      ...more], { stdio: ['ignore', log, log] });
    fs.closeSync(log);
    this.ended = new Promise((done) => { this.child.on('exit', (code, signal) => { this.child = null; done(code ?? signal); }); });
    return until(async () => !this.child || fetch(`${this.url}/api/election`).then((r) => r.ok, () => false)).then(() => Boolean(this.child));
  }

  async stop(signal = 'SIGTERM') {
    if (this.child) this.child.kill(signal);
    return this.ended;
  }

  funnel(...more) {
    return JSON.parse(this.run('roll', 'funnel', '--data', this.at('data'), '--manifest', this.at('manifest.json'), ...(more.length ? more : ['--json'])));
  }

  log() {
    return fs.readFileSync(this.at('log'), 'utf8');
  }

  async post(route, body) {
    const answer = await fetch(`${this.url}${route}`, { method: 'POST', body: JSON.stringify(body) });
    return { status: answer.status, ...(await answer.json()) };
  }

  // A start, and a code to the first contact or the one that is said.
  async enrol(number, { contact, lang } = {}) {
    const begun = await this.post('/api/enrol/start', { number, birth_date: '1990-01-01' });
    if (begun.status !== 200) return begun;
    const { enrolment, contacts } = begun;
    const sent = await this.post('/api/enrol/send', { enrolment, contact: contact || contacts[0].contact, ...(lang ? { lang } : {}) });
    return { ...sent, enrolment, contacts };
  }

  async end() {
    await this.stop('SIGKILL');
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}
