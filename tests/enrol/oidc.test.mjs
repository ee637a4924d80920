// Enrolment by an identity provider: the certified oidc-provider, its keys changed in between; and
// a provider that lies. spec: H-10, L-21
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Core } from '../../web/wasm.js';
import { build, until } from '../server/daemon.mjs';
import { Election } from '../support/election.mjs';
import { listen, newKey, realProvider, signIn } from './provider.mjs';

const born = '1990-01-01';
const b64 = (x) => Buffer.from(x).toString('base64url');

function election(port, secret) {
  const e = new Election({
    enrol: {
      show: true,
      shared: 4,
      review_days: 5,
      routes: ['code', 'oidc'],
      posts: {},
      oidc: { issuer: `http://127.0.0.1:${port}`, client: 'tapat', name: 'National ID', claim: 'number' },
    },
  });
  e.more.serve.push('--address', e.url, ...(secret ? ['--oidc-secret', secret(e)] : []));
  e.define();
  return e;
}
const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
const hex = (bytes) => Buffer.from(bytes).toString('hex');

// What a device brings: the token, a key, and the blind of its login.
async function begun(e, number = 'G-01') {
  const { enrolment } = await e.post('/api/enrol/start', { number, birth_date: born });
  const fingerprint = crypto.createHash('sha256').update(fs.readFileSync(e.at('manifest.json'))).digest();
  const { sign, key } = core.registrar(crypto.randomBytes(32));
  const blind = crypto.randomBytes(32);
  return {
    asked: { enrolment, credential: hex(key), possession: hex(core.possession(sign, key, fingerprint, crypto.randomBytes(32))), blind: hex(blind) },
    enrolment, nonce: hex(core.loginNonce(fingerprint, key, blind)),
  };
}
test('oidc-provider: sign in, another person, changed keys', { timeout: 120000 }, async () => {
  let callback;
  const server = await listen((rq, rs) => callback(rq, rs));
  const e = election(server.address().port, (it) => it.write('secret', 'a secret of sixteen or more\n'));
  try {
    callback = realProvider(server.address().port, newKey('one', 'RS256'), `${e.url}/enrol`);
    await e.serve();
    const lookup = await e.post('/api/roll/lookup', { number: 'G-01', birth_date: born });
    assert.deepEqual(lookup.routes, ['code', 'oidc']);

    const { asked, enrolment, nonce } = await begun(e);
    const there = await e.post('/api/enrol/oidc', asked);
    assert.equal(there.status, 200);
    const sent = new URL(there.location).searchParams;
    assert.equal(sent.get('code_challenge_method'), 'S256');
    assert.equal(sent.get('redirect_uri'), `${e.url}/enrol`);
    assert.equal(sent.get('nonce'), nonce); // of this key
    const back = await signIn(there.location, 'G-01');
    const finish = { ...asked, code: back.get('code'), state: back.get('state') };

    // Somebody else's page cannot finish what began on this one, nor with a token or a key of its own.
    const stranger = await begun(e);
    assert.equal((await e.post('/api/enrol/oidc/finish', { ...finish, enrolment: stranger.enrolment })).code, 'enrol.oidc');
    const { credential, possession, blind } = stranger.asked;
    assert.equal((await e.post('/api/enrol/oidc/finish', { ...finish, credential, possession })).code, 'enrol.oidc');
    assert.equal((await e.post('/api/enrol/oidc/finish', { ...finish, blind })).code, 'enrol.oidc');
    assert.equal((await e.post('/api/enrol/oidc/finish', { ...finish, credential })).code, 'enrol.possession');
    assert.equal((await e.post('/api/enrol/oidc/finish', finish)).state, 'waiting');
    assert.equal((await e.post('/api/enrol/status', { enrolment })).credential, asked.credential);
    assert.equal((await e.post('/api/enrol/status', { enrolment: stranger.enrolment })).state, 'started');
    // The same code a second time is refused by the provider, and takes nothing back.
    assert.equal((await e.post('/api/enrol/oidc/finish', finish)).code, 'enrol.oidc');
    assert.equal((await e.post('/api/enrol/status', { enrolment })).state, 'waiting');

    // Another person than the voter.
    const other = await begun(e, 'G-02');
    const away = await signIn((await e.post('/api/enrol/oidc', other.asked)).location, 'G-03');
    const refused = await e.post('/api/enrol/oidc/finish', { ...other.asked, code: away.get('code'), state: away.get('state') });
    assert.equal(refused.code, 'enrol.identity');
    assert.equal((await e.post('/api/enrol/status', { enrolment: other.enrolment })).state, 'started');

    // The provider changes its key, and its kind.
    callback = realProvider(server.address().port, newKey('two', 'ES256'), `${e.url}/enrol`);
    const again = await signIn((await e.post('/api/enrol/oidc', other.asked)).location, 'G-02');
    const late = { ...other.asked, code: again.get('code'), state: again.get('state') };
    assert.equal((await e.post('/api/enrol/oidc/finish', late)).state, 'waiting');
  } finally {
    e.end();
    server.close();
    server.closeAllConnections();
  }
});

// ---- one that lies ----

const keys = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const foreign = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const header = { alg: 'RS256', kid: 'k' };
const sign = (head, claims, key = keys.privateKey) => {
  const text = `${b64(JSON.stringify(head))}.${b64(JSON.stringify(claims))}`;
  return `${text}.${b64(crypto.sign('sha256', Buffer.from(text), key))}`;
};
const mac = (claims) => {
  const text = `${b64(JSON.stringify({ alg: 'HS256', kid: 'k' }))}.${b64(JSON.stringify(claims))}`;
  const key = keys.publicKey.export({ type: 'spki', format: 'pem' });
  return `${text}.${crypto.createHmac('sha256', key).update(text).digest('base64url')}`;
};

test('tokens that do not hold', { timeout: 120000 }, async () => {
  let make, nonce, discovery = {}, status = 200, discoveries = 0;
  const server = await listen((rq, rs) => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const now = Math.floor(Date.now() / 1000);
    discoveries += rq.url.endsWith('/openid-configuration');
    const claims = { iss: issuer, aud: 'tapat', exp: now + 300, iat: now, nonce, number: 'G-01' };
    const body = {
      '/.well-known/openid-configuration': {
        issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/k`, ...discovery,
      },
      '/k': { keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'k' }] },
      '/t': { id_token: make?.(claims, now) },
    }[rq.url];
    rs.writeHead(rq.url === '/t' ? status : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const e = election(server.address().port);
  try {
    await e.serve();
    const { asked, enrolment } = await begun(e);
    discovery = { issuer: 'http://127.0.0.1:1' };
    assert.equal((await e.post('/api/enrol/oidc', asked)).code, 'enrol.provider');
    // A provider that failed is not asked at each request.
    const before = discoveries;
    for (let i = 0; i < 5; i += 1) assert.equal((await e.post('/api/enrol/oidc', asked)).code, 'enrol.provider');
    assert.ok(discoveries - before < 5, `asked ${discoveries - before} times more`);
    discovery = { token_endpoint: 'http://elsewhere.example/t' };
    await until(async () => {
      assert.equal((await e.post('/api/enrol/oidc', asked)).code, 'enrol.provider');
      return discoveries > before + 1;
    });
    discovery = {};
    const answer = await until(async () => {
      const given = await e.post('/api/enrol/oidc', asked);
      return given.location && given;
    });
    const there = new URL(answer.location);
    const state = there.searchParams.get('state');
    nonce = there.searchParams.get('nonce');
    const attempt = async (how) => {
      make = how;
      return e.post('/api/enrol/oidc/finish', { ...asked, code: 'c', state });
    };
    const lies = {
      'no signature': (c) => `${b64('{"alg":"none"}')}.${b64(JSON.stringify(c))}.`,
      'a MAC under the public key': mac,
      "another's key under the same name": (c) => sign(header, c, foreign.privateKey),
      'a key that there is not': (c) => sign({ alg: 'RS256', kid: 'x' }, c),
      'claims changed': (c) => {
        const [h, , s] = sign(header, c).split('.');
        return [h, b64(JSON.stringify({ ...c, number: 'G-02' })), s].join('.');
      },
      'another issuer': (c) => sign(header, { ...c, iss: 'https://id.example' }),
      'for somebody else': (c) => sign(header, { ...c, aud: 'other' }),
      'for us and somebody else': (c) => sign(header, { ...c, aud: ['tapat', 'other'] }),
      'given to somebody else': (c) => sign(header, { ...c, aud: ['tapat', 'other'], azp: 'other' }),
      'of another login': (c) => sign(header, { ...c, nonce: '0'.repeat(32) }),
      'of no login': (c) => sign(header, { ...c, nonce: undefined }),
      'over': (c, now) => sign(header, { ...c, exp: now - 300 }),
      'without an end': (c) => sign(header, { ...c, exp: undefined }),
      'of tomorrow': (c, now) => sign(header, { ...c, iat: now + 86400 }),
      'of nobody': (c) => sign(header, { ...c, number: undefined }),
      'of a list': (c) => sign(header, { ...c, number: ['G-01'] }),
      'not a token': () => 'x',
      'too long': (c) => sign(header, { ...c, more: 'x'.repeat(20000) }),
      'none at all': () => undefined,
    };
    for (const [name, how] of Object.entries(lies)) {
      const said = await attempt(how);
      assert.equal(said.status, 422, name);
      assert.equal(said.code, 'enrol.oidc', name);
    }
    const longer = await attempt((c) => sign(header, { ...c, number: 'G'.repeat(50) }));
    assert.equal(longer.code, 'enrol.identity');
    status = 500;
    assert.equal((await attempt((c) => sign(header, c))).status, 503);
    status = 200;
    const broken = state.replace(/.$/, (d) => (d === '0' ? '1' : '0'));
    assert.equal((await e.post('/api/enrol/oidc/finish', { ...asked, code: 'c', state: broken })).code, 'enrol.oidc');
    assert.equal((await e.post('/api/enrol/status', { enrolment })).state, 'started');
    assert.equal((await attempt((c) => sign(header, { ...c, aud: ['tapat'], azp: 'tapat' }))).state, 'waiting');
  } finally {
    e.end();
    server.close();
    server.closeAllConnections();
  }
});

test('the server ends though the provider does not answer', { timeout: 120000 }, async () => {
  let waiting = 0;
  const server = await listen((rq, rs) => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const body = rq.url === '/k' ? { keys: [] }
      : { issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/k` };
    if (rq.url === '/t') waiting += 1;
    else rs.end(JSON.stringify(body));
  });
  const e = election(server.address().port);
  try {
    await e.serve();
    const { asked } = await begun(e);
    const state = new URL((await e.post('/api/enrol/oidc', asked)).location).searchParams.get('state');
    // More than ask at a time: one after another they would wait out 30 seconds.
    const answers = Array.from({ length: 12 }, () => e.post('/api/enrol/oidc/finish', { ...asked, code: 'c', state }).catch(() => null));
    await until(() => waiting >= 4);
    const from = Date.now(), [child] = e.children;
    const ended = once(child, 'exit');
    child.kill();
    assert.deepEqual(await ended, [0, null]);
    const seconds = (Date.now() - from) / 1000;
    assert.ok(seconds < 20, `${seconds} s`);
    await Promise.all(answers);
  } finally {
    e.end();
    server.close();
    server.closeAllConnections();
  }
});
