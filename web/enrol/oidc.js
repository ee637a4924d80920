// Enrolment, route oidc: the way to the identity provider and back. Only this tab can finish: it
// keeps the token that began, and the provider's answer is of no use without.

import { post } from '../api.js';
import { t } from '../i18n.js';
import { failure } from '../shell.js';
import { notice } from '../dom.js';

const KEPT = 'tapat-oidc';

async function leave(page) {
  const { location: there } = await post('/api/enrol/oidc', { enrolment: page.state.enrolment });
  sessionStorage.setItem(KEPT, page.state.enrolment);
  location.assign(there);
}

// True if the provider has just sent the voter back; then the screen is shown.
export async function comeBack(page) {
  const answer = new URLSearchParams(location.search);
  if (!answer.has('state')) return false;
  history.replaceState(null, '', location.pathname);
  page.state.enrolment = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  const stay = (why) => page.app.show(() => ({ title: t('enrol.title'), content: [why, page.again()] }));
  if (!page.state.enrolment || !answer.has('code')) {
    stay(notice('bad', t('error.title'), t('error.enrol.oidc')));
    return true;
  }
  try {
    await page.show(await post('/api/enrol/oidc/finish', {
      enrolment: page.state.enrolment, code: answer.get('code'), state: answer.get('state'),
    }));
  } catch (e) {
    stay(failure(e));
  }
  return true;
}

export function register(page) {
  page.routes.set('oidc', () => leave(page));
}
