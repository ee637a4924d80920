// A passkey that guards an enrolment: made once the key was handed in, used in place of a code.

import { post } from '../api.js';
import { button, h, notice } from '../dom.js';
import { t } from '../i18n.js';
import { failure } from '../shell.js';
import { steps } from './page.js';

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const possible = () => isSecureContext && Boolean(globalThis.PublicKeyCredential);

async function make({ state, app }) {
  const { enrolment } = state;
  const asked = await post('/api/enrol/passkey/new', { enrolment });
  const { response } = await navigator.credentials.create({
    publicKey: {
      rp: { id: asked.rp, name: document.title },
      user: { id: toBytes(asked.user), name: t('passkey.name'), displayName: app.election.id || t('passkey.name') },
      challenge: toBytes(asked.challenge),
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
      attestation: 'none',
    },
  });
  await post('/api/enrol/passkey/add', {
    enrolment, client_data: toText(response.clientDataJSON), device_data: toText(response.getAuthenticatorData()),
  });
}

async function prove(page) {
  const { enrolment } = page.state;
  const asked = await post('/api/enrol/passkey/ask', { enrolment });
  const { response } = await navigator.credentials.get({
    publicKey: {
      rpId: asked.rp,
      challenge: toBytes(asked.challenge),
      allowCredentials: [{ type: 'public-key', id: toBytes(asked.passkey) }],
      userVerification: 'preferred',
    },
  });
  await page.show(await post('/api/enrol/passkey/prove', {
    enrolment,
    client_data: toText(response.clientDataJSON),
    device_data: toText(response.authenticatorData),
    signature: toText(response.signature),
  }));
}

// What the browser's own dialog was closed with is no failure of ours.
const said = (e) => (e instanceof DOMException ? notice('info', t('passkey.not'), t('passkey.again')) : failure(e));

// The offer on the last screen; nothing where this browser or this service has none.
export function passkeyOffer(page) {
  if (!possible() || !page.app.election.passkeys || page.state.guarded) return null;
  const message = h('div', { role: 'status' });
  const go = button(t('passkey.make'), async () => {
    go.disabled = true;
    message.replaceChildren();
    try {
      await make(page);
      page.state.guarded = true;
      go.remove();
      message.replaceChildren(notice('good', t('passkey.made'), t('passkey.made-what')));
    } catch (e) {
      message.replaceChildren(said(e));
      go.disabled = false;
    }
  });
  return h('section', { class: 'card no-print' }, h('h2', {}, t('passkey.offer')), h('p', {}, t('passkey.offer-what')), go, message);
}

// In place of the routes, for a voter who has one.
export function passkeyScreen(page) {
  const message = h('div', { role: 'status' });
  return {
    title: t('passkey.title'),
    content: [
      steps(1),
      h('p', { class: 'lead' }, t(possible() ? 'passkey.lead' : 'passkey.elsewhere')),
      h('div', { class: 'card' }, button(t('passkey.use'), async () => {
        message.replaceChildren();
        try {
          await prove(page);
        } catch (e) {
          message.replaceChildren(said(e));
        }
      }, { class: 'primary', disabled: !possible() }), message),
      h('p', { class: 'aside' }, t('passkey.lost')),
    ],
  };
}
