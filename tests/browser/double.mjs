// A double of the server for the pages: an election that nobody can open, a board kept in memory,
// and switches for a server that lies. Its Merkle tree and signatures are node's own, not ours.

import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Core } from '../../web/wasm.js';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const build = process.env.TAPAT_BUILD || path.join(root, 'build');
const keysTool = path.join(build, 'tests/browser/election_keys');

export const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
  + "connect-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
  + "require-trusted-types-for 'script'";

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.svg': 'image/svg+xml', '.wasm': 'application/wasm',
};

const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), crypto.createHash('sha256')).digest();
export const leafHash = (entry) => sha256(Buffer.from([0]), entry);
const node = (a, b) => sha256(Buffer.from([1]), a, b);

// RFC 6962 section 2.1, as it is written there.
const split = (n) => 2 ** Math.floor(Math.log2(n - 1));
function treeRoot(leaves) {
  if (leaves.length === 0) return sha256(Buffer.alloc(0));
  if (leaves.length === 1) return leaves[0];
  const k = split(leaves.length);
  return node(treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)));
}
export function audit(m, leaves) {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k ? [...audit(m, leaves.slice(0, k)), treeRoot(leaves.slice(k))]
    : [...audit(m - k, leaves.slice(k)), treeRoot(leaves.slice(0, k))];
}

const u16 = (v) => { const b = Buffer.alloc(2); b.writeUInt16BE(v); return b; };
const u32 = (v) => { const b = Buffer.alloc(4); b.writeUInt32BE(v); return b; };
const u64 = (v) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(v)); return b; };

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
function codeOf(bytes, symbols) {
  const d = Array.from({ length: symbols }, (_, i) => {
    let v = 0;
    for (let bit = 5 * i; bit < 5 * i + 5; bit += 1) v = v * 2 + ((bytes[bit >> 3] >> (7 - (bit & 7))) & 1);
    return v;
  });
  let sum = 0;
  for (const v of d.toReversed()) {
    sum ^= v;
    sum = (sum << 1) ^ (sum & 16 ? 0x25 : 0);
  }
  return [...d, sum].map((v) => ALPHABET[v]).join('').match(/.{1,5}/g).join('-');
}

export const ORIGIN = 'double.tapat.example/board';

export class Double {
  constructor(options = {}) {
    this.options = { phase: 'open', test: true, intervalS: 1, lie: {}, ...options };
    this.signing = crypto.generateKeyPairSync('ed25519');
    this.logKey = this.signing.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    this.witnesses = Array.from({ length: this.options.witnesses ?? 0 }, (_, i) => {
      const pair = crypto.generateKeyPairSync('ed25519');
      return { name: `w${i}.example`, pair, key: pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32) };
    });
    this.cosigning = this.witnesses.slice(1); // the first one is away
    this.makeManifest();
    this.entries = [];
    this.leaves = [];
    this.outbox = [];
    this.enrolments = new Map();
    this.credentials = new Map();
    this.ballots = [];
    this.waiting = [];
    this.posted = [];
    this.batches = 0;
    this.story();
  }

  makeManifest() {
    const m = JSON.parse(fs.readFileSync(path.join(root, 'ballots/ph2025/election.json'), 'utf8'));
    const who = execFileSync(keysTool, ['trustees', '5'], { encoding: 'utf8' }).trim().split('\n');
    const now = Math.floor(Date.now() / 1000);
    const iso = (t) => new Date(t * 1000).toISOString().replace('.000', '');
    m.test = this.options.test;
    m.times = { enrol: iso(now - 864000), open: iso(now - 86400), close: iso(now + 864000) };
    m.trustees = { threshold: 3, who: who.map((key, i) => ({ name: `Trustee ${i + 1}`, key })) };
    m.registrars = { quorum: 1, who: [{ name: 'Registrar 1', key: who[0] }] };
    m.officers = { quorum: 2, who: [1, 2, 3].map((i) => ({ name: `Officer ${i}`, key: who[i] })) };
    m.log = { origin: ORIGIN, key: this.logKey.toString('hex') };
    m.batch = { interval_s: this.options.intervalS, deadline_s: 60 };
    m.witnesses = { quorum: Math.max(0, this.witnesses.length - 1), who: this.witnesses.map((w) => ({ name: w.name, key: w.key.toString('hex') })) };
    m.merge = { floor: 50 };
    if (this.options.change) this.options.change(m);
    this.manifest = m;
    this.manifestBytes = Buffer.from(JSON.stringify(m));
    this.fingerprint = sha256(this.manifestBytes);
    const points = m.contests.reduce((sum, c) => sum + Math.ceil(c.options.length / 2), 0);
    const bad = this.options.lie.trustee ? ['bad', String(this.options.lie.trustee)] : [];
    this.keys = Buffer.from(execFileSync(keysTool,
      ['answer', '5', this.fingerprint.toString('hex'), String(points), ...bad], { encoding: 'utf8' }), 'hex');
  }

  // ---- the board ----

  append(entry) {
    this.entries.push(entry);
    this.leaves.push(leafHash(entry));
    return this.entries.length - 1;
  }

  act(code, time) {
    const signers = Buffer.concat([1, 2].map((i) => Buffer.concat([u16(i), Buffer.alloc(64, i)])));
    this.append(Buffer.concat([Buffer.from([2, code]), u64(time), Buffer.alloc(32), u16(0), u16(signers.length), signers]));
  }

  // What came before the voting; phases beyond.
  story() {
    const t = Math.floor(Date.now() / 1000) - 90000;
    const { phase } = this.options;
    this.append(Buffer.concat([Buffer.from([1]), this.fingerprint, u64(this.manifestBytes.length)]));
    this.act(1, t);
    for (const type of [3, 4, 7]) {
      for (let i = 1; i <= 5; i += 1) this.append(Buffer.concat([Buffer.from([type]), u16(i), Buffer.alloc(64)]));
    }
    for (let i = 1; i <= 5; i += 1) this.append(Buffer.concat([Buffer.from([8]), u16(i), u64(t), Buffer.alloc(104)]));
    const officers = Buffer.concat([1, 2].map((i) => Buffer.concat([u16(i), Buffer.alloc(64, i)])));
    this.append(Buffer.concat([Buffer.from([14]), u64(t), Buffer.from([0, 0, 39, 16]), Buffer.alloc(32), u16(12), Buffer.alloc(12), u16(officers.length), officers]));
    if (phase === 'setup') return;
    this.act(2, phase === 'open' && !this.options.lie.still ? t + 89980 : t + 100);
    if (phase === 'open') return;
    this.act(3, t + 80000);
    if (phase === 'closed') return;
    this.act(5, t + 80100);
    if (phase === 'frozen') return;
    for (const i of [1, 3, 5]) this.append(Buffer.concat([Buffer.from([13]), u16(i), Buffer.alloc(104)]));
    this.act(6, t + 80200);
  }

  checkpoint(leaves = this.leaves) {
    const text = `${ORIGIN}\n${leaves.length}\n${treeRoot(leaves).toString('base64')}\n`;
    const id = sha256(Buffer.from(`${ORIGIN}\n`), Buffer.from([1]), this.logKey).subarray(0, 4);
    const signature = crypto.sign(null, Buffer.from(text), this.signing.privateKey);
    const lines = this.cosigning.map((w) => this.cosignature(w, text)).join('');
    return `${text}\n\u2014 ${ORIGIN} ${Buffer.concat([id, signature]).toString('base64')}\n${lines}`;
  }

  cosignature({ name, pair, key }, text) {
    const now = Math.floor(Date.now() / 1000);
    const id = sha256(Buffer.from(`${name}\n`), Buffer.from([4]), key).subarray(0, 4);
    const signature = crypto.sign(null, Buffer.from(`cosignature/v1\ntime ${now}\n${text}`), pair.privateKey);
    return `\u2014 ${name} ${Buffer.concat([id, u64(now), signature]).toString('base64')}\n`;
  }

  closeBatch() {
    if (!this.waiting.length) return;
    this.batches += 1;
    const now = Math.floor(Date.now() / 1000);
    for (const b of this.waiting.sort((x, y) => Buffer.compare(x.hash, y.hash))) {
      b.leaf = this.append(Buffer.concat([Buffer.from([11]), b.bytes]));
      b.batch = this.batches;
      b.batchTime = now;
    }
    this.append(Buffer.concat([Buffer.from([12]), u32(this.batches), u64(now), u32(this.waiting.length)]));
    this.waiting = [];
  }

  // ---- the routes ----

  ballotLength() {
    const proof = ({ options, min, max }) => {
      const p = Math.ceil(options.length / 2);
      return 32 * (p + 7 + 1 + options.length + max - min + 3);
    };
    return 104 + 64 + this.manifest.contests.reduce((sum, c) => sum + proof(c), 0);
  }

  cast(bytes) {
    const { lie } = this.options;
    this.posted.push(bytes);
    if (lie.phase) return [409, { code: 'board.phase' }];
    if (bytes.length !== this.ballotLength() || !bytes.subarray(0, 32).equals(this.fingerprint)) return [400, { code: 'ballot.length' }];
    const credential = bytes.subarray(32, 64).toString('hex');
    const sequence = bytes.readUInt32BE(64);
    const hash = sha256(Buffer.from('tapat-v1 ballot'), bytes);
    const known = this.ballots.find((b) => b.hash.equals(hash));
    const last = this.credentials.get(credential);
    if (!last) return [403, { code: 'ballot.credential' }];
    if (!known) {
      const newest = last.ballot && { tracker: last.ballot.tracker, sequence: last.sequence, recorded: last.ballot.leaf !== undefined };
      if (sequence !== last.sequence + 1) return [409, { code: 'ballot.sequence', ...newest }];
      if (last.ballot && last.ballot.leaf === undefined) return [409, { code: 'ballot.predecessor', ...newest }];
      const ballot = {
        bytes, hash, credential, sequence, tracker: codeOf(sha256(Buffer.from('tapat-v1 tracker'), bytes), 25),
      };
      if (last.ballot) last.ballot.replaced = true;
      Object.assign(last, { sequence, ballot });
      this.ballots.push(ballot);
      this.waiting.push(ballot);
      if (!lie.neverRecord) setTimeout(() => this.closeBatch(), this.options.intervalS * 1000).unref();
    }
    const deadline = Math.floor(Date.now() / 1000) + (lie.lateDeadline ? -10 : 60);
    const promised = lie.otherHash ? sha256(hash) : hash;
    const signed = Buffer.concat([Buffer.from('tapat-v1 promise'), this.fingerprint, promised,
      bytes.subarray(32, 64), u32(sequence), u64(deadline)]);
    const signature = crypto.sign(null, signed, this.signing.privateKey);
    if (lie.badSignature) signature[5] ^= 1;
    const mine = known || this.ballots.at(-1);
    return [known ? 200 : 201, {
      ballot_hash: promised.toString('hex'), tracker: lie.otherTracker || mine.tracker, credential, sequence, deadline,
      signature: signature.toString('hex'),
    }];
  }

  track(code) {
    const b = this.ballots.find((x) => x.tracker === code);
    if (!b) return [404, { code: 'tracker.unknown' }];
    if (b.leaf === undefined) return [200, { state: 'accepted', sequence: b.sequence }];
    const proof = audit(b.leaf, this.leaves).map((n) => n.toString('hex'));
    if (this.options.lie.badProof) proof[0] = '00'.repeat(32);
    return [200, {
      state: b.replaced ? 'replaced' : this.options.phase === 'published' ? 'counted' : 'recorded',
      sequence: b.sequence, batch: b.batch, batch_time: b.batchTime, leaf: b.leaf, proof,
      checkpoint: this.checkpoint(), entry_hash: this.leaves[b.leaf].toString('hex'),
    }];
  }

  voter(number, birth) {
    return /^G-\d\d$/.test(number) && birth === '1990-01-01';
  }

  enrol(verb, q) {
    const e = this.enrolments.get(q.enrolment);
    if (verb === 'start') {
      if (!this.voter(q.number, q.birth_date)) return [404, { code: 'enrol.unknown' }];
      const id = sha256(Buffer.from(q.number)).toString('hex').slice(0, 32);
      const mine = this.enrolments.get(id) || { state: 'started', tries: 5 };
      this.enrolments.set(id, mine);
      mine.number = q.number;
      return [200, { enrolment: id, unit: 0, routes: ['code'], contacts: [{ contact: 1, to: 'g•••@example.org' }] }];
    }
    if (!e) return [404, { code: 'enrol.unknown' }];
    if (verb === 'send') {
      if (e.state === 'started') {
        e.code = String(crypto.randomInt(1e6)).padStart(6, '0');
        this.outbox.unshift({
          to: `${e.number}@example.org`, subject: 'Your code', text: `Your code is ${e.code}, for the page that shows KT.\nIt is good for 30 minutes.`,
          time: Math.floor(Date.now() / 1000),
        });
      }
      return [200, { sent_to: 'g•••@example.org', mark: 'KT' }];
    }
    if (verb === 'code') {
      if (q.code !== e.code) {
        e.tries -= 1;
        return [422, { code: 'enrol.code', tries: e.tries }];
      }
      e.state = 'proven';
    }
    if (verb === 'credential') {
      e.credential = q.credential;
      e.state = 'waiting';
      setTimeout(() => {
        e.state = 'recorded';
        this.register(this.options.lie.otherCredential || e.credential);
        if (this.options.lie.otherCredential) e.credential = this.options.lie.otherCredential;
      }, this.options.reviewMs ?? 500).unref();
    }
    return [200, { state: e.state, unit: 0, style: 0, credential: e.credential || '' }];
  }

  register(credential) {
    this.credentials.set(credential, { sequence: 0, ballot: null });
    this.append(Buffer.concat([Buffer.from([9]), Buffer.from(credential, 'hex'), u16(0), u16(0), u16(66), u16(1), Buffer.alloc(64)]));
  }

  // A voter who is enrolled already: the recovery code.
  voterWithCode() {
    const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    const code = core.codeWrite(crypto.randomBytes(16));
    const { key } = core.derive(core.codeRead(code), this.fingerprint);
    this.register(Buffer.from(key).toString('hex'));
    return { code, fingerprint: core.credentialFingerprint(key, this.fingerprint) };
  }

  credential(q) {
    if (Object.keys(q).sort().join() !== 'credential,signature,time' || !/^[0-9a-f]{128}$/.test(q.signature)) return [400, { code: 'request.members' }];
    if (Math.abs(q.time - Date.now() / 1000) > 300) return [403, { code: 'credential.time' }];
    const c = this.credentials.get(q.credential);
    if (!c) return [200, { registered: false, unit: 0, style: 0, sequence: 0, previous: '00'.repeat(32), recorded: false, cancelled: false, next_batch_s: 0 }];
    const { lie } = this.options;
    const answer = {
      registered: true, unit: 0, style: 0, sequence: c.sequence, previous: c.ballot ? c.ballot.hash.toString('hex') : '00'.repeat(32),
      recorded: c.ballot && c.ballot.leaf === undefined ? c.sequence - 1 : c.sequence, cancelled: Boolean(lie.cancelled), next_batch_s: 3,
    };
    if (c.ballot) Object.assign(answer, { tracker: c.ballot.tracker }, this.predecessor(c.ballot));
    if (c.ballot && lie.predecessor) lie.predecessor(answer, this);
    return [200, answer];
  }

  // What proves that a ballot is on the board, once it is.
  predecessor({ leaf, batch, batchTime }) {
    if (leaf === undefined) return {};
    return {
      batch, batch_time: batchTime, leaf, proof: audit(leaf, this.leaves).map((n) => n.toString('hex')),
      checkpoint: this.checkpoint(), entry: this.entries[leaf].toString('hex'),
    };
  }

  api(method, url, body) {
    const { lie } = this.options;
    const route = `${method} ${url}`;
    const json = () => JSON.parse(body.toString());
    if (route === 'GET /api/election') {
      return [200, {
        fingerprint: this.fingerprint.toString('hex'), title: this.manifest.title.en, test: this.manifest.test,
        phase: this.options.phase, time: Math.floor(Date.now() / 1000),
        board: { size: this.entries.length, batches: this.batches, batch_interval_s: this.options.intervalS }, keys: true,
      }];
    }
    if (route === 'GET /api/manifest') return [200, lie.manifest ? Buffer.concat([this.manifestBytes, Buffer.from(' ')]) : this.manifestBytes];
    if (route === 'GET /api/keys') return this.options.noKeys ? [404, {}] : [200, this.keys];
    if (route === 'GET /api/outbox') return this.manifest.test ? [200, this.outbox] : [404, {}];
    if (route === 'GET /api/results') return this.options.results ? [200, this.options.results(this)] : [404, {}];
    if (url.startsWith('/api/tracker/')) return this.track(url.slice(13));
    if (route === 'POST /api/roll/lookup') {
      return [200, this.voter(json().number, json().birth_date)
        ? { found: true, unit: 0, routes: ['code'] } : { found: false }];
    }
    if (url.startsWith('/api/enrol/')) return this.enrol(url.slice(11), json());
    if (route === 'POST /api/credential') return this.credential(json());
    if (route === 'POST /api/ballots') return this.cast(body);
    if (url === '/board/checkpoint') return [200, Buffer.from(this.checkpoint())];
    if (url.startsWith('/board/tile/entries/')) return this.bundle(url);
    return null;
  }

  bundle(url) {
    const index = Number(url.slice(20).replace(/\.p\/\d+$/, '').replace(/[x/]/g, ''));
    const list = this.entries.slice(256 * index, 256 * index + 256);
    if (!list.length) return [404, {}];
    const flip = this.options.lie.board;
    return [200, Buffer.concat(list.flatMap((e, i) => [u16(e.length), flip && i === 1 ? Buffer.from(e).fill(9, 60, 61) : e]))];
  }

  file(url) {
    const name = url === '/' ? 'index.html' : url.includes('.') ? url.slice(1) : `${url.slice(1)}.html`;
    if (!/^([a-z]+\/)?[a-z0-9]+\.[a-z]+$/.test(name)) return null;
    if (this.options.noWasm && name === 'tapat.wasm') return null;
    for (const dir of [path.join(root, 'web'), path.join(build, 'web')]) {
      const full = path.join(dir, name);
      if (fs.existsSync(full)) return [types[path.extname(name)], fs.readFileSync(full)];
    }
    return null;
  }

  handle(request, response) {
    const chunks = [];
    request.on('data', (c) => chunks.push(c));
    request.on('end', () => {
      const url = request.url.replace(/\?.*/, '');
      const common = {
        'content-security-policy': CSP, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store',
      };
      const answer = this.api(request.method, url, Buffer.concat(chunks));
      if (answer) {
        const raw = Buffer.isBuffer(answer[1]);
        response.writeHead(answer[0], { ...common, 'content-type': raw ? 'application/octet-stream' : answer[0] < 400 ? 'application/json' : 'application/problem+json' });
        response.end(raw ? answer[1] : JSON.stringify(answer[1]));
        return;
      }
      const found = this.file(url);
      response.writeHead(found ? 200 : 404, { ...common, 'content-type': found ? found[0] : 'text/plain' });
      response.end(found ? found[1] : 'not here');
    });
  }

  async start(port = 0) {
    this.server = http.createServer((q, r) => this.handle(q, r));
    await new Promise((done) => { this.server.listen(port, '127.0.0.1', done); });
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
