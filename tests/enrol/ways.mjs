// The ways to enrol, as the crowd goes them: what the scene needs for each, and how a voter of the
// crowd shows who they are.

import crypto from 'node:crypto';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

import { listen, newKey, realProvider, signIn } from './provider.mjs';

const { subtle } = crypto.webcrypto;
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const gcm = (head) => ({ name: 'AES-GCM', iv: new Uint8Array(12), additionalData: head });

// ---- letters ----

function readLetters(file) {
  const pages = execFileSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8', maxBuffer: 2 ** 30 }).split('\f').filter((p) => p.trim());
  return pages.map((page) => [/\b(S-\d+)\b/.exec(page)[1], /\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}-[0-9A-Z]\b/.exec(page)[0]]);
}

function printLetters(crowd, unit, ...more) {
  const d = crowd.daemon;
  const file = d.at('letters.pdf');
  d.run('letter', 'print', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--url', 'https://vote.example.org',
    '--post', unit, '--list', d.at('letters.list'), '--out', file, ...more);
  const letters = readLetters(file);
  fs.rmSync(file);
  return letters;
}

function openLetters(crowd) {
  const codes = new Map(crowd.units.flatMap((unit) => (crowd.people.some((v) => v.unit === unit) ? printLetters(crowd, unit) : [])));
  crowd.lettersLost = 0;
  for (const v of crowd.people) {
    v.letter = codes.get(v.number);
    if (crowd.roll() >= crowd.lost) continue;
    v.letter = null;
    crowd.lettersLost += 1;
  }
  crowd.watch('--letters', crowd.daemon.at('letters.list'));
}

// A letter that did not come is printed once more, which voids the one that is lost.
async function byLetter(crowd, v) {
  v.letter ||= printLetters(crowd, v.unit, '--voter', v.number)[0][1];
  const { core, fingerprint, line } = crowd;
  const { secret, key } = core.letterKey(core.codeRead(v.letter, 20), fingerprint);
  const good = await line.ask('/api/enrol/letter', { enrolment: v.token, letter: hex(key) });
  if (good.state !== 'good') return good;
  const { credential, possession } = v.key(crowd);
  const signature = hex(core.letterSign(secret, fingerprint, Buffer.from(credential, 'hex'), crypto.randomBytes(32)));
  return line.ask('/api/enrol/letter', { enrolment: v.token, letter: hex(key), credential, possession, signature });
}

// ---- codes ----

// One contact after the other: what does not come by one may come by the other.
async function byCode(crowd, v) {
  const contact = 1 + (v.asked || 0) % 2;
  v.asked = (v.asked || 0) + 1;
  const sent = await crowd.line.ask('/api/enrol/send', { enrolment: v.token, contact });
  const code = await v.code(crowd.wait);
  return code ? crowd.line.ask('/api/enrol/code', { enrolment: v.token, code }) : sent.code && { code: sent.code };
}

// ---- the identity provider ----

async function beginProvider(crowd) {
  let callback;
  crowd.provider = await listen((rq, rs) => callback(rq, rs));
  const { port } = crowd.provider.address();
  callback = realProvider(port, newKey('one', 'ES256'), `${crowd.daemon.url}/enrol`);
  return { oidc: { issuer: `http://127.0.0.1:${port}`, client: 'tapat', name: 'National ID', claim: 'number' } };
}

function endProvider({ provider }) {
  provider?.close();
  provider?.closeAllConnections();
}

// Some lose the way back, and sign in once more.
async function byProvider(crowd, v) {
  const { credential, possession } = v.key(crowd);
  const asked = { enrolment: v.token, credential, possession, blind: hex(crypto.randomBytes(32)) };
  const there = await crowd.line.ask('/api/enrol/oidc', asked);
  if (!there.location) return there;
  const back = await signIn(there.location, v.number);
  if (crowd.roll() < crowd.lost) return null;
  return crowd.line.ask('/api/enrol/oidc/finish', { ...asked, code: back.get('code'), state: back.get('state') });
}

// ---- the desk: a registrar who recognises people ----

export class Desk {
  constructor(crowd) {
    this.crowd = crowd;
    const seed = /^seed ([0-9a-f]{64})$/m.exec(fs.readFileSync(crowd.daemon.at('r1'), 'utf8'))[1];
    this.officer = crowd.core.registrar(Buffer.from(seed, 'hex'));
    this.now = () => Math.floor(Date.now() / 1000);
  }

  signed(subject) {
    const { core, fingerprint } = this.crowd;
    const time = this.now();
    return { registrar: 1, time, signature: hex(core.registrarAsk(this.officer.sign, fingerprint, time, subject, crypto.randomBytes(32))) };
  }

  // A request works once: where its answer was lost it is signed anew. spec: H-12
  async ask(route, subject, body) {
    for (;;) {
      const answer = await this.crowd.line.patient(route, { ...this.signed(subject), ...body });
      if (answer.code !== 'registrar.again') return answer;
    }
  }

  // What the voter handed in must be what the registrar sees.
  async look(row, v) {
    const { crowd } = this;
    if (row.number !== v.number || row.credential !== v.credential) throw new Error(`${v.number}: another is shown`);
    if (crowd.route !== 'documents') return;
    const application = Buffer.from(row.application, 'hex');
    const { octets: box } = await this.ask('/api/registrar/document', Buffer.concat([application, Buffer.of(1)]), { application: row.application, kind: 1 });
    if (!box) return; // decided already
    const head = box.slice(0, 96);
    const raw = crowd.core.openDocument(this.officer.open, { fingerprint: crowd.fingerprint, application, credential: Buffer.from(row.credential, 'hex'), kind: 1 }, head, 1, 1);
    const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
    const plain = Buffer.from(await subtle.decrypt(gcm(head), key, box.slice(96)));
    if (!plain.equals(v.photo)) throw new Error(`${v.number}: another document`);
  }

  async refuse(row) {
    const { core, fingerprint, line } = this.crowd;
    const time = this.now();
    const what = { application: Buffer.from(row.application, 'hex'), credential: Buffer.from(row.credential, 'hex'), reason: 3, time };
    const signature = hex(core.refuse(this.officer.sign, fingerprint, what, crypto.randomBytes(32)));
    this.crowd.refused = (this.crowd.refused || 0) + 1;
    return line.patient('/api/registrar/refusals', { registrar: 1, time, signature, application: row.application, reason: 'incomplete' });
  }

  async decide(v, application) {
    const { core, fingerprint, line, roll } = this.crowd;
    const { waiting } = await this.ask('/api/registrar/waiting', null, { application });
    if (!waiting?.length) return null; // decided already
    const [row] = waiting;
    await this.look(row, v);
    if (roll() < 0.05) return this.refuse(row);
    const one = { ...row, credential: Buffer.from(row.credential, 'hex'), possession: Buffer.from(row.possession, 'hex') };
    const signature = hex(core.approve(this.officer.sign, fingerprint, one, crypto.randomBytes(32)));
    const { credential, unit, style } = row;
    return line.patient('/api/registrar/registrations', { registrations: [{ credential, unit, style, registrar: 1, signature }] });
  }
}

// Who was refused comes once more, with another key.
async function decided(crowd, v, applied) {
  await crowd.desk.decide(v, applied.application);
  const { state } = await crowd.line.ask('/api/enrol/status', { enrolment: v.token });
  if (state !== 'rejected' || v.refused) return { state };
  v.refused = true;
  v.token = (await crowd.line.ask('/api/enrol/again', { enrolment: v.token })).enrolment;
  v.credential = null;
  return { state: 'started' };
}

async function byRegistrar(crowd, v) {
  const { credential, possession } = v.key(crowd);
  const applied = await crowd.line.ask('/api/enrol/apply', { enrolment: v.token, route: crowd.route, credential, possession });
  if (applied.state === 'open') v.application = applied.application;
  return applied.state === 'applied' ? decided(crowd, v, applied) : applied;
}

async function sealed(crowd, v) {
  const application = Buffer.from(v.application, 'hex');
  const keys = Buffer.from(crowd.manifest.enrol.documents.join(''), 'hex');
  const of = { fingerprint: crowd.fingerprint, application, credential: Buffer.from(v.credential, 'hex'), kind: 1 };
  const { head, aes } = crowd.core.sealDocument(of, keys, crypto.randomBytes(32));
  const key = await subtle.importKey('raw', aes, 'AES-GCM', false, ['encrypt']);
  const box = Buffer.from(await subtle.encrypt(gcm(head), key, v.photo));
  return Buffer.concat([Buffer.from(v.token, 'hex'), Buffer.of(1), head, box]);
}

export async function documents(crowd, v) {
  v.photo ||= crypto.randomBytes(20000);
  const taken = await crowd.line.ask('/api/enrol/document', await sealed(crowd, v));
  if (taken.status !== 200) return taken;
  const applied = await crowd.line.ask('/api/enrol/submit', { enrolment: v.token });
  return applied.state === 'applied' ? decided(crowd, v, v) : applied;
}

const openDesk = (crowd) => { crowd.desk = new Desk(crowd); };
const documentKeys = ({ daemon }) => ({ documents: [daemon.run('key', 'document', daemon.at('r1'))] });

// begin: what the manifest's `enrol` has besides; serve: arguments of the server; open: once it serves.
export const routes = {
  code: { open: (crowd) => crowd.watch('--trust-server') },
  letter: { open: openLetters },
  oidc: {
    begin: beginProvider, end: endProvider, open: (crowd) => crowd.watch('--roll', crowd.daemon.at('roll.csv')),
    serve: ({ daemon }) => ['--oidc-secret', daemon.write('secret', 'a secret of sixteen or more\n')],
  },
  desk: { open: openDesk },
  documents: { begin: documentKeys, open: openDesk },
};
export const proofs = { code: byCode, letter: byLetter, oidc: byProvider, desk: byRegistrar, documents: byRegistrar };
