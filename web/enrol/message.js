// Enrolment, route code: the code from the message.

import { Refusal, post } from '../api.js';
import { button, field, h } from '../dom.js';
import { t, tn } from '../i18n.js';
import { failure, link } from '../shell.js';
import { form, steps } from './page.js';

// A code to the first or second contact that the roll has.
export async function sendCode(state, contact) {
  const answer = await post('/api/enrol/send', { enrolment: state.enrolment, contact });
  state.contact = contact;
  state.sentTo = answer.sent_to;
}

async function prove(page, code) {
  const { state } = page;
  code.fail(state.message.trim() ? '' : t('prove.empty'));
  if (!state.message.trim()) return;
  try {
    const answer = await post('/api/enrol/code', { enrolment: state.enrolment, code: state.message.trim() });
    state.message = '';
    await page.show(answer);
  } catch (e) {
    if (!(e instanceof Refusal && e.code === 'enrol.code')) throw e;
    const left = e.problem.tries;
    code.fail(Number.isInteger(left) ? tn('prove.wrong', left) : t('prove.wrong-code'));
  }
}

function messageScreen(page) {
  const { state, app } = page;
  const code = field({
    label: t('prove.code'), hint: t('prove.code-hint'), value: state.message, autocomplete: 'one-time-code',
    inputmode: 'numeric', spellcheck: 'false', maxlength: 12, class: 'mono short',
    oninput: (e) => { state.message = e.target.value; },
  });
  const sent = h('p', { class: 'hint', role: 'status' });
  return {
    title: t('prove.title'),
    content: [
      steps(1),
      h('p', { class: 'lead' }, t('prove.lead', { to: state.sentTo })),
      form([code.node], t('continue'), () => prove(page, code)),
      h('p', {}, t('prove.none'), ' ', button(t('prove.resend'), async (event) => {
        event.target.disabled = true;
        try {
          await sendCode(state, state.contact);
          sent.textContent = t('prove.resent', { to: state.sentTo });
        } catch (e) {
          sent.replaceChildren(failure(e));
        }
      }, { class: 'quiet' })),
      sent,
      app.election.test && h('p', {}, link('/outbox', t('prove.outbox'), { target: '_blank' })),
    ],
  };
}

export function register(page) {
  const show = async () => page.app.show(() => messageScreen(page));
  page.register(['started'], show);
  page.routes.set('code', async () => {
    await sendCode(page.state, page.state.contacts[0].contact);
    await show();
  });
}
