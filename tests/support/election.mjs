// A test election with the daemon itself, in a folder of its own.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { build, root } from '../browser/double.mjs';

export const tapat = path.join(build, 'tapat');

const withoutDocumentKeys = (args) => args.filter((x, i) => x !== '--document-key' && args[i - 1] !== '--document-key');

export class Election {
  // enrol: the manifest's member of that name; define and serve: further arguments of these commands
  constructor({ enrol, define = [], serve = [], guests = 4, registrars = 1 } = {}) {
    Object.assign(this, { enrol, guests, registrars, more: { define, serve } });
    this.port = 20000 + (process.pid % 20000);
    this.url = `http://127.0.0.1:${this.port}`;
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tapat-browser-'));
    this.children = [];
    fs.mkdirSync(this.at('data'));
  }

  at(name) {
    return path.join(this.dir, name);
  }

  write(name, text) {
    fs.writeFileSync(this.at(name), text);
    return this.at(name);
  }

  run(...args) {
    try {
      return execFileSync(tapat, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
    } catch (e) {
      throw new Error(`tapat ${args.join(' ')}: ${e.stderr}`);
    }
  }

  async post(route, body) {
    const answer = await fetch(this.url + route, { method: 'POST', body: JSON.stringify(body) });
    return { status: answer.status, ...(await answer.json()) };
  }

  key(file, role, name) {
    return `${name}=${this.run('key', 'new', this.at(file), '--role', role, '--name', name, '--no-passphrase')}`;
  }

  define() {
    const args = [];
    for (let i = 1; i <= 3; i += 1) args.push('--trustee', this.key(`t${i}`, 'trustee', `Trustee ${i}`));
    for (let i = 1; i <= 2; i += 1) args.push('--officer', this.key(`o${i}`, 'officer', `Officer ${i}`));
    for (let i = 1; i <= this.registrars; i += 1) {
      args.push('--registrar', this.key(`r${i}`, 'registrar', `Registrar ${i}`));
      args.push('--document-key', this.run('key', 'document', this.at(`r${i}`)));
    }
    args.push('--registrar-quorum', String(this.registrars));
    const template = JSON.parse(fs.readFileSync(path.join(root, 'ballots/ph2025/election.json'), 'utf8'));
    if (this.enrol) template.enrol = this.enrol;
    if (!JSON.stringify(template.enrol).includes('"documents"')) args.splice(0, args.length, ...withoutDocumentKeys(args));
    fs.writeFileSync(this.at('template.json'), JSON.stringify(template));
    const log = this.run('serve', '--data', this.at('data'), '--log-key');
    this.run('define', this.at('template.json'), '--test', '--threshold', '2', ...args, ...this.more.define, '--log-key', log,
      '--floor', '2', '--interval', '1', '--deadline', '60', '--origin', 'test.tapat.example/board', '--out', this.at('manifest.json'));
    this.run('simulate', 'roll', '--voters', '2', '--guests', String(this.guests), '--manifest', this.at('manifest.json'),
      '--posts', path.join(root, 'ballots/ph2025/posts.csv'), '--out', this.at('roll.csv'));
    this.run('roll', 'import', this.at('roll.csv'), '--manifest', this.at('manifest.json'), '--data', this.at('data'));
  }

  // The digest of what officers read before they approve.
  proof() {
    return this.run('rehearse', this.at('manifest.json'), '--no-vote', '--out', this.at('proof.txt'));
  }

  start(...args) {
    const log = fs.openSync(this.at(`${args[0]}.log`), 'a');
    this.children.push(spawn(tapat, args, { stdio: ['ignore', log, log] }));
  }

  async serve() {
    this.start('serve', '--data', this.at('data'), '--manifest', this.at('manifest.json'), '--port', String(this.port), ...this.more.serve);
    for (let i = 0; i < 100; i += 1) {
      if (await fetch(`${this.url}/api/election`).then((r) => r.ok, () => false)) return;
      await new Promise((done) => { setTimeout(done, 100); });
    }
    throw new Error(fs.readFileSync(this.at('serve.log'), 'utf8'));
  }

  mirror() {
    fs.rmSync(this.at('record'), { recursive: true, force: true });
    this.run('mirror', '--server', this.url, this.at('record'));
  }

  act(...args) {
    this.mirror();
    this.run(...args, '--record', this.at('record'), '--server', this.url, '--officer', this.at('o1'), '--officer', this.at('o2'));
  }

  trustee(i) {
    this.mirror();
    this.run('trustee', 'step', '--record', this.at('record'), '--key', this.at(`t${i}`), '--server', this.url);
  }

  end() {
    for (const child of this.children) child.kill();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}
