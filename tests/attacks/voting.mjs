// A small election at the daemon itself, up to its opening, with voters whose keys are on the board
// and whose ballots the core seals: for attacks on the cast and on what the board shows of it.

import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { BALLOT, BATCH, REGISTRATIONS, readEntry } from '../../verifier/entries.js';
import { readBundle } from '../../web/tiles.js';
import { Core } from '../../web/wasm.js';
import { Daemon, build, until } from '../server/daemon.mjs';
import { Desk } from '../enrol/ways.mjs';

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
const options = 3;

export class Voting extends Daemon {
  // close: seconds from now; null: the template's. serve: arguments, or what makes them of this.
  async begin({ voters, test = true, close = null, interval = 1, floor = 2, units = 1, open = true, routes = ['desk'], contacts = () => ({}), place = (all, i) => all[(i - 1) % all.length].id, serve = () => [] }) {
    this.define({ test });
    const m = JSON.parse(fs.readFileSync(this.at('manifest.json'), 'utf8'));
    const title = { en: 'One', fil: 'Isa' };
    m.contests = [{
      id: 'one', title, tally: 'sum', min: 0, max: 1, seats: 1, method: 'plurality-at-large',
      options: Array.from({ length: options }, (_, i) => ({ number: i + 1, name: `Option ${i + 1}`, party: '' })),
    }];
    m.styles = [{ id: 'all', contests: ['one'] }];
    m.units = m.units.slice(0, units).map((u) => ({ ...u, registered: voters, style: 'all' }));
    m.merge.floor = floor;
    m.batch.interval_s = interval;
    m.enrol = { show: true, shared: 4, review_days: 5, routes, posts: {} };
    if (close) m.times.close = `${new Date(Date.now() + close * 1000).toISOString().slice(0, 19)}Z`;
    this.manifest = m;
    this.write('manifest.json', JSON.stringify(m));
    this.people = Array.from({ length: voters }, (_, i) => ({ number: `V-${i + 1}`, unit: place(m.units, i + 1), ...contacts(i + 1) }));
    this.roll(this.people);
    await this.reserve();
    if (!await this.start(...serve(this))) throw new Error(this.log());
    this.fingerprint = crypto.createHash('sha256').update(fs.readFileSync(this.at('manifest.json'))).digest();
    this.core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    this.desk = new Desk({ core: this.core, fingerprint: this.fingerprint, daemon: this });
    this.act('approve', '--proof', this.proof());
    for (let round = 0; round < 3; round += 1) for (const i of [1, 2, 3]) this.trustee(i);
    this.act('roll', 'commit', '--data', this.at('data'));
    if (open) this.act('open');
  }

  act(...args) {
    return this.run(...args, '--record', this.at('data/public'), '--server', this.url, '--officer', this.at('o1'), '--officer', this.at('o2'));
  }

  trustee(i) {
    return this.run('trustee', 'step', '--record', this.at('data/public'), '--key', this.at(`t${i}`), '--server', this.url);
  }

  keyOf(v) {
    const { sign, key } = this.core.registrar(crypto.randomBytes(32));
    return Object.assign(v, { secret: sign, key, sequence: 0, previous: Buffer.alloc(32) });
  }

  // Registers the keys of these voters, in this order, all in one request.
  async register(people) {
    const registrations = people.map((v) => {
      const unit = this.manifest.units.findIndex((u) => u.id === v.unit);
      const row = { credential: v.key, possession: this.core.possession(v.secret, v.key, this.fingerprint, crypto.randomBytes(32)), unit, style: 0 };
      const signature = hex(this.core.approve(this.desk.officer.sign, this.fingerprint, row, crypto.randomBytes(32)));
      return { credential: hex(v.key), unit, style: 0, registrar: 1, signature };
    });
    for (let at = 0; at < registrations.length; at += 500) {
      const answer = await this.post('/api/registrar/registrations', { registrations: registrations.slice(at, at + 500) });
      if (!answer.accepted) throw new Error(answer.code);
    }
  }

  async registered(count) {
    await until(() => { const { held, unknown } = this.funnel().all.keys; return held + unknown >= count; }, 30000, 'not all keys came to the board');
  }

  async ballotKeys() {
    const bytes = Buffer.from(await (await fetch(`${this.url}/api/keys`)).arrayBuffer());
    const y = bytes.subarray(0, 32 * Math.ceil(options / 2));
    const digest = this.core.keyDigest(this.fingerprint, y, bytes.subarray(y.length, y.length + 32));
    this.style = { style: 0, fingerprint: this.fingerprint, digest, contests: [{ index: 0, n: options, a: 0, b: 1, y }] };
  }

  seal(v, choice) {
    const unit = this.manifest.units.findIndex((u) => u.id === v.unit);
    const choices = Uint8Array.from({ length: options }, (_, i) => (i === choice ? 1 : 0));
    const place = { secret: v.secret, key: v.key, unit, sequence: v.sequence + 1, previous: v.previous };
    const ballot = this.core.seal(this.style, place, choices, crypto.randomBytes(32));
    return { ballot, hash: hex(this.core.ballotHash(ballot)) };
  }

  // The entries of a record, as they stand in it.
  entries(record) {
    const found = [];
    const dir = path.join(record, 'tile/entries');
    const walk = (at) => fs.readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).forEach((f) => {
      const name = path.join(at, f.name);
      if (f.isDirectory()) walk(name);
      else found.push(...readBundle(fs.readFileSync(name)).map((bytes) => ({ bytes, ...readEntry(bytes) })));
    });
    walk(dir);
    return found;
  }

  ballotsOf(record) {
    return this.entries(record).filter((e) => e.type === BALLOT).map((e) => hex(this.core.ballotHash(e.ballot)));
  }

  mirror(name = 'record') {
    fs.rmSync(this.at(name), { recursive: true, force: true });
    this.run('mirror', '--server', this.url, this.at(name));
    return this.at(name);
  }
}

export { BALLOT, BATCH, REGISTRATIONS };
