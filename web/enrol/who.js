// Enrolment, first screen: who I am.

import { post } from '../api.js';
import { button, field, h } from '../dom.js';
import { t } from '../i18n.js';
import { form, steps } from './page.js';
import { take } from './routes.js';

async function begin(page) {
  const { state } = page;
  const who = state.byName ? { name: state.fullName.trim() } : { number: state.number.trim() };
  await take(page, await post('/api/enrol/start', { ...who, birth_date: state.birth }));
}

export function whoScreen(page) {
  const { state } = page;
  const member = state.byName ? 'name' : 'number';
  const typed = state.byName ? 'fullName' : 'number';
  const own = field({
    label: t(`who.${member}`), hint: t(`who.${member}-hint`), value: state[typed], autocomplete: 'off',
    spellcheck: 'false', maxlength: state.byName ? 120 : 40, oninput: (e) => { state[typed] = e.target.value; },
  });
  const other = button(t(state.byName ? 'who.by-number' : 'who.by-name'), () => {
    state.byName = !state.byName;
    page.app.show(() => whoScreen(page));
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
      form([own.node, birth.node], t('continue'), async () => {
        birth.fail(state.birth ? '' : t('who.birth-empty'));
        own.fail(state[typed].trim() ? '' : t(`who.${member}-empty`)); // last: the first that is wrong has the focus
        if (state[typed].trim() && state.birth) await begin(page);
      }),
      other,
      h('p', { class: 'aside' }, t('enrol.resume')),
    ],
  };
}
