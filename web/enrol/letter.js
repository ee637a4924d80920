// Enrolment, route letter: the code on paper, typed or brought by the link of its square. The link
// holds it in the fragment, which no server sees; it is taken out of the address at once.

import { Refusal, post } from '../api.js';
import { button, field, h } from '../dom.js';
import { t } from '../i18n.js';
import { form, steps } from './page.js';

const wrong = new Set(['enrol.letter', 'enrol.letter-typed', 'request.value']);

// The code of a link, or "".
export function takeLetter() {
  const found = /^#letter=([0-9A-Za-z-]{16,24})$/.exec(location.hash);
  if (found) history.replaceState(null, '', location.pathname + location.search);
  return found ? found[1] : '';
}

async function prove(page, code) {
  const { state } = page;
  code.fail((state.letter || '').trim() ? '' : t('letter.empty'));
  if (!(state.letter || '').trim()) return;
  try {
    const answer = await post('/api/enrol/letter', { enrolment: state.enrolment, code: (state.letter || '').trim() });
    state.letter = '';
    await page.show(answer);
  } catch (e) {
    if (!(e instanceof Refusal && wrong.has(e.code))) throw e;
    code.fail(t(e.code === 'enrol.letter' ? 'letter.wrong' : 'letter.typed'));
  }
}

function letterScreen(page) {
  const { state } = page;
  const code = field({
    label: t('letter.code'), hint: t('letter.hint'), value: state.letter || '', autocomplete: 'off',
    autocapitalize: 'characters', spellcheck: 'false', maxlength: 40, class: 'mono',
    oninput: (e) => { state.letter = e.target.value; },
  });
  return {
    title: t('letter.title'),
    content: [
      steps(1),
      h('p', { class: 'lead' }, t('letter.lead')),
      form([code.node], t('continue'), () => prove(page, code)),
      h('p', {}, t('letter.none')),
      h('div', { class: 'actions' }, button(t('back'), () => page.restart(), { class: 'quiet' })),
    ],
  };
}

export function register(page) {
  page.state.letter = takeLetter();
  page.routes.set('letter', async () => page.app.show(() => letterScreen(page)));
}
