// Enrolment, route letter: the code on paper, typed or brought by the link of its square. The link
// holds it in the fragment, which no server sees; it is taken out of the address at once. The code
// stays on this device: it signs for the key that is made here, and the registrars check it.

import { Refusal, post } from '../api.js';
import { button, field, h } from '../dom.js';
import { toHex } from '../hex.js';
import { t } from '../i18n.js';
import { forget, handIn, offerCode } from './key.js';
import { form, steps } from './page.js';

// The code of a link, or "".
export function takeLetter() {
  const found = /^#letter=([0-9A-Za-z-]{21,32})$/.exec(location.hash);
  if (found) history.replaceState(null, '', location.pathname + location.search);
  return found ? found[1] : '';
}

async function send(page, letter) {
  const signature = toHex(await page.core.signLetter(page.fingerprint));
  const answer = await post('/api/enrol/letter', { ...await handIn(page), letter, signature });
  await forget(page);
  await page.show(answer);
}

async function prove(page, code) {
  const { state, core } = page;
  const typed = (state.letter || '').trim();
  code.fail(typed ? '' : t('letter.empty'));
  if (!typed) return;
  const key = await core.openLetter(typed, page.fingerprint);
  if (!key) {
    code.fail(t('letter.typed'));
    return;
  }
  const letter = toHex(key);
  try {
    await post('/api/enrol/letter', { enrolment: state.enrolment, letter });
  } catch (e) {
    if (!(e instanceof Refusal && e.code === 'enrol.letter')) throw e;
    code.fail(t('letter.wrong'));
    return;
  }
  state.letter = '';
  await offerCode(page, () => send(page, letter));
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
