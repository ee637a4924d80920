// The routes in the browser, at 390 px, against the daemon itself: the identity provider, and the
// passkey that guards what was begun. spec: H-10, H-17
import assert from 'node:assert/strict';
import test from 'node:test';

import AxeBuilder from '@axe-core/playwright';

import { launch, open, waitHeading } from '../browser/browser.mjs';
import { Election } from '../support/election.mjs';
import { listen, newKey, realProvider } from './provider.mjs';

const axe = async (page, where) => {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${where}: ${v.id} ${v.nodes[0].html}`), []);
};
async function whoAmI(page, url, number) {
  await page.goto(`${url}/enrol`);
  await page.getByLabel("Voter's number").fill(number);
  await page.getByLabel('Birth date').fill('1990-01-01');
  await page.getByRole('button', { name: 'Continue' }).click();
}
async function keepCode(page) {
  await waitHeading(page, 'Your recovery code');
  const code = (await page.locator('.slip .code').innerText()).replace(/\s/g, '');
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByLabel('Recovery code').fill(code);
  await page.getByRole('button', { name: 'Finish enrolment' }).click();
}
// The key first, which the provider's answer then names.
async function signIn(page) {
  await page.getByRole('button', { name: 'Go to National ID' }).click();
  await keepCode(page);
  await page.locator('input[name=login]').fill('G-01');
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

test('by the identity provider; a passkey guards it from then on', { timeout: 180000 }, async () => {
  let callback;
  const server = await listen((rq, rs) => callback(rq, rs));
  const { port } = server.address();
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
  const url = `http://localhost:${e.port}`; // passkeys need a name, and http only goes with this one
  e.more.serve.push('--address', url, '--oidc-secret', e.write('secret', 'a secret of sixteen or more\n'));
  const browser = await launch();
  try {
    e.define();
    callback = realProvider(port, newKey('one', 'RS256'), `${url}/enrol`);
    await e.serve();
    const { page, seen } = await open(browser);
    const device = await page.context().newCDPSession(page);
    await device.send('WebAuthn.enable');
    await device.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
    });

    await whoAmI(page, url, 'G-01');
    await waitHeading(page, 'How do you show who you are?');
    await axe(page, 'routes');
    await signIn(page);
    await waitHeading(page, 'Your enrolment');
    assert.equal(new URL(page.url()).search, '');

    // Somebody else who proved the same, before there is a passkey: the key that waits stays.
    const before = await open(browser);
    const tokens = [];
    before.page.on('request', (r) => r.url().endsWith('/oidc/finish') && tokens.push(r.postDataJSON().enrolment));
    await whoAmI(before.page, url, 'G-01');
    const answered = before.page.waitForResponse((r) => r.url().endsWith('/oidc/finish'));
    await signIn(before.page);
    assert.equal((await answered).status(), 409);
    await before.page.close();
    assert.equal((await e.post('/api/enrol/status', { enrolment: tokens[0] })).state, 'waiting');

    await page.getByRole('button', { name: 'Make a passkey' }).click();
    await page.getByText('A passkey guards this enrolment').first().waitFor();
    await axe(page, 'status');
    assert.equal((await e.post('/api/enrol/status', { enrolment: tokens[0] })).state, 'started');
    assert.equal((await e.post('/api/enrol/passkey/new', { enrolment: tokens[0] })).code, 'enrol.proof');

    // Another visit: no code any more, not even with the right one.
    const { enrolment, passkey } = await e.post('/api/enrol/start', { number: 'G-01', birth_date: '1990-01-01' });
    assert.equal(passkey, true);
    await e.post('/api/enrol/send', { enrolment, contact: 1 });
    const [message] = await fetch(`${e.url}/api/outbox`).then((r) => r.json());
    const [code] = /\b\d{6}\b/.exec(message.text);
    assert.equal((await e.post('/api/enrol/code', { enrolment, code })).code, 'enrol.passkey');
    assert.equal((await e.post('/api/enrol/status', { enrolment })).state, 'started');
    await whoAmI(page, url, 'G-01');
    await waitHeading(page, 'Use your passkey');
    await axe(page, 'passkey');
    await page.reload();
    await waitHeading(page, 'Use your passkey');

    // What the device signs is for this page and this visit alone.
    const bodies = [];
    page.on('request', (r) => r.url().endsWith('/passkey/prove') && bodies.push(r.postDataJSON()));
    await page.getByRole('button', { name: 'Use my passkey' }).click();
    await waitHeading(page, 'Your enrolment');
    const [signed] = bodies;
    const attempt = async (change) => (await e.post('/api/enrol/passkey/prove', { ...signed, ...change })).code;
    assert.equal(await attempt({ enrolment }), 'enrol.passkey');
    assert.equal(await attempt({ signature: signed.signature.replace(/^.{8}/, 'AAAAAAAA') }), 'enrol.passkey');
    const altered = (from, to) => Buffer.from(Buffer.from(signed.client_data, 'base64url').toString().replace(from, to)).toString('base64url');
    assert.equal(await attempt({ client_data: altered('localhost', 'evil.test') }), 'enrol.passkey');
    assert.equal(await attempt({ client_data: altered('webauthn.get', 'webauthn.create') }), 'enrol.passkey');
    const other = (await e.post('/api/enrol/start', { number: 'G-02', birth_date: '1990-01-01' })).enrolment;
    assert.equal((await e.post('/api/enrol/passkey/ask', { enrolment: other })).status, 409);
    assert.equal((await e.post('/api/enrol/passkey/new', { enrolment: other })).code, 'enrol.proof');
    // (The provider's own page asks for fonts from elsewhere.)
    assert.deepEqual(seen.problems.filter((p) => !p.includes('ERR_NAME_NOT_RESOLVED')), []);
  } finally {
    await browser.close();
    e.end();
    server.close();
    server.closeAllConnections();
  }
});
