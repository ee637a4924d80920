// Enrolment, first screen: who I am.

import { post } from '../api.js';
import { field, h } from '../dom.js';
import { t } from '../i18n.js';
import { keepToken } from './again.js';
import { form, steps } from './page.js';
import { passkeyScreen } from './passkey.js';
import { chooseRoute } from './routes.js';

// A token, which gives no right yet; and what routes the voter's post has.
async function begin(page) {
  const { state } = page;
  const answer = await post('/api/enrol/start', { number: state.number.trim(), birth_date: state.birth });
  state.enrolment = answer.enrolment;
  state.routes = answer.routes;
  state.contacts = answer.contacts;
  state.provider = answer.provider || '';
  state.guarded = answer.passkey;
  keepToken(page);
  if (answer.passkey) page.app.show(() => passkeyScreen(page));
  else await chooseRoute(page);
}

export function whoScreen(page) {
  const { state } = page;
  const number = field({
    label: t('who.number'), hint: t('who.number-hint'), value: state.number, autocomplete: 'off',
    spellcheck: 'false', maxlength: 40, oninput: (e) => { state.number = e.target.value; },
  });
  const birth = field({
    label: t('who.birth'), type: 'date', value: state.birth, autocomplete: 'off', min: '1900-01-01',
    oninput: (e) => { state.birth = e.target.value; },
  });
  return {
    title: t('enrol.title'),
    content: [
      steps(0),
      h('p', { class: 'lead' }, t('enrol.lead')),
      form([number.node, birth.node], t('continue'), async () => {
        number.fail(state.number.trim() ? '' : t('who.number-empty'));
        birth.fail(state.birth ? '' : t('who.birth-empty'));
        if (state.number.trim() && state.birth) await begin(page);
      }),
      h('p', { class: 'aside' }, t('enrol.resume')),
    ],
  };
}
