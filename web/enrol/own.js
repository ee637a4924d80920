// Is the key of this application mine? Who knows a number and a birth date can apply with a key of
// their own and send the link: a person who shows an ID, or comes to the post, would do it for them.
// Only who has the recovery code made the key.

import { field, h, notice } from '../dom.js';
import { toHex } from '../hex.js';
import { t } from '../i18n.js';
import { form, steps } from './page.js';
import { again } from './routes.js';

// Made on this page, or shown to be.
export function isOwn({ state }) {
  return Boolean(state.own) && state.own === state.status.credential;
}

async function check(page, typed, go) {
  const { state, core } = page;
  typed.fail('');
  const code = await core.readCode(typed.input.value, 25);
  if (!code) {
    typed.fail(t(typed.input.value.trim() ? 'vote.code-wrong' : 'vote.code-empty'));
    return;
  }
  const { key } = await core.derive(typed.input.value, page.fingerprint);
  await core.forget();
  if (toHex(key) !== state.status.credential) {
    typed.fail(t('own.differs'));
    return;
  }
  typed.input.value = '';
  state.own = toHex(key);
  await go();
}

// Asks for the code, then goes on.
export function ownScreen(page, go) {
  const typed = field({
    label: t('vote.code'), hint: t('vote.code-hint'), autocomplete: 'off', autocapitalize: 'characters',
    spellcheck: 'false', class: 'mono', maxlength: 60,
  });
  return {
    title: t('own.title'),
    content: [
      steps(1),
      h('p', { class: 'lead' }, t('own.lead')),
      form([typed.node], t('continue'), () => check(page, typed, go)),
      notice('info', t('own.none'), t('own.none-what')),
      page.opener(t('own.anew'), () => again(page)),
    ],
  };
}
