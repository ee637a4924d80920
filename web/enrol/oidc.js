// Enrolment, route oidc: the key first, then the way to the identity provider and back. What the
// provider signs names a hash of the key, so that its word is for this key and no other. Only this
// tab can finish: it keeps the token that began, and the provider's answer is of no use without.

import { Refusal, post } from '../api.js';
import { notice } from '../dom.js';
import { toHex } from '../hex.js';
import { t } from '../i18n.js';
import { failure } from '../shell.js';
import { forget, handIn, offerCode } from './key.js';
import { readStatus } from './status.js';

const KEPT = 'tapat-oidc';

async function leave(page) {
  const { core, fingerprint } = page;
  const { blind, nonce } = await core.newLogin(fingerprint);
  const asked = { ...await handIn(page), blind: toHex(blind) };
  const { location: there } = await post('/api/enrol/oidc', asked);
  // A server that asks the provider about another key stops here.
  const sent = new URL(there).searchParams.getAll('nonce');
  if (sent.length !== 1 || sent[0] !== toHex(nonce)) throw new Refusal(422, { code: 'enrol.oidc' });
  sessionStorage.setItem(KEPT, JSON.stringify(asked));
  await forget(page);
  location.assign(there);
}

function kept() {
  const text = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  return text ? JSON.parse(text) : null;
}

async function finish(page, asked, answer) {
  const { state } = page;
  state.enrolment = asked.enrolment;
  state.own = asked.credential;
  try {
    await page.show(await post('/api/enrol/oidc/finish', { ...asked, code: answer.get('code'), state: answer.get('state') }));
  } catch (e) {
    // An answer that was lost: the key may have been taken.
    const { credential } = await post('/api/enrol/status', { enrolment: asked.enrolment }).catch(() => ({}));
    if (credential !== asked.credential) throw e;
    await readStatus(page);
  }
}

// True if the provider has just sent the voter back; then the screen is shown.
export async function comeBack(page) {
  const answer = new URLSearchParams(location.search);
  if (!answer.has('state')) return false;
  history.replaceState(null, '', location.pathname);
  const asked = kept();
  const stay = (why) => page.app.show(() => ({ title: t('enrol.title'), content: [why, page.again()] }));
  if (!asked || !answer.has('code')) {
    stay(notice('bad', t('error.title'), t('error.enrol.oidc')));
    return true;
  }
  try {
    await finish(page, asked, answer);
  } catch (e) {
    stay(failure(e));
  }
  return true;
}

export function register(page) {
  page.routes.set('oidc', () => offerCode(page, leave));
}
