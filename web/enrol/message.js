// Enrolment, route code: the code from the message.

import { Refusal, getJson, post } from '../api.js';
import { button, field, h } from '../dom.js';
import { dateTime, language, t, tn } from '../i18n.js';
import { failure, link } from '../shell.js';
import { form, steps } from './page.js';
import { routesScreen } from './routes.js';

const FIRST_LOOK_MS = 1500;
const LOOK_MS = 4000;
const SLOW_S = 45;
const AGAIN_MS = 60000;

// A code to the first or second contact that the roll has.
export async function sendCode(state, contact) {
  const answer = await post('/api/enrol/send', {
    enrolment: state.enrolment, contact, lang: language(),
  });
  state.contact = contact;
  state.sentTo = answer.sent_to;
  state.mark = answer.mark;
}

// What became of the message, in a sentence: what was tried, what comes next and when.
function fate(m) {
  const values = { to: m.to, said: m.said, time: dateTime(m.updated), next: dateTime(m.next) };
  if (m.state === 'queued' && m.attempts) return t('fate.retry', values);
  const known = ['sent', 'delivered', 'failed', 'given-up', 'void'].includes(m.state);
  return t(`fate.${known ? m.state : 'queued'}`, values);
}

// Late or lost: the other contact is offered.
function isSlow(m) {
  return ['failed', 'given-up'].includes(m.state) || (m.state !== 'delivered'
    && (m.attempts > 1 || Date.now() / 1000 - m.queued > SLOW_S));
}

// What the right message shows, among those that others may have asked for.
function showMark(node, mark) {
  const text = mark ? t('prove.mark', { mark }) : '';
  if (node.textContent !== text) node.textContent = text;
}

// Looks after the message until the screen is left; a lost answer only delays the next look.
async function watch(page, node, others, mark) {
  try {
    const { message } = await post('/api/enrol/status', { enrolment: page.state.enrolment });
    if (message) showMark(mark, message.mark);
    if (message && node.textContent !== fate(message)) node.textContent = fate(message);
    if (message) others.hidden = !isSlow(message);
  } catch {
    // the next look says more
  }
  if (!node.isConnected) return;
  clearTimeout(page.timer);
  page.timer = setTimeout(() => watch(page, node, others, mark), LOOK_MS);
}

// The contacts that the code did not go to.
function otherContacts(page, sent) {
  const { state } = page;
  return h('div', { hidden: true }, (state.contacts || []).filter((c) => c.contact !== state.contact).map((c) => h('p', {}, t('fate.other'), ' ',
    button(t('fate.other-go', { to: c.to }), async () => {
      try {
        await sendCode(state, c.contact);
        page.app.again();
      } catch (e) {
        sent.replaceChildren(failure(e));
      }
    }, { class: 'quiet' }))));
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
    if (left === 0) code.fail(t('prove.no-tries'));
    else code.fail(Number.isInteger(left) ? tn('prove.wrong', left) : t('prove.wrong-code'));
  }
}

// Again to the same contact; the server sends it none sooner than AGAIN_MS after the last.
async function resend({ state }, go, sent, mark) {
  go.disabled = true;
  let wait = AGAIN_MS;
  try {
    await sendCode(state, state.contact);
    showMark(mark, state.mark);
    sent.textContent = t('prove.resent', { to: state.sentTo });
  } catch (e) {
    sent.replaceChildren(failure(e));
    wait = 0;
  }
  setTimeout(() => { go.disabled = false; }, wait);
}

// To the other ways, or, where there is none, to the first screen.
function leave(page) {
  clearTimeout(page.timer);
  if (page.state.routes.length > 1) page.app.show(() => routesScreen(page));
  else page.restart();
}

function messageScreen(page) {
  const { state, app } = page;
  const code = field({
    label: t('prove.code'), hint: t('prove.code-hint'), value: state.message, autocomplete: 'one-time-code',
    inputmode: 'numeric', spellcheck: 'false', maxlength: 12, class: 'mono short',
    oninput: (e) => { state.message = e.target.value; },
  });
  const sent = h('div', { class: 'hint', role: 'status' });
  const delivery = h('p', { class: 'hint', role: 'status' });
  const others = otherContacts(page, sent);
  const mark = h('p', {});
  showMark(mark, state.mark);
  clearTimeout(page.timer);
  page.timer = setTimeout(() => watch(page, delivery, others, mark), FIRST_LOOK_MS);
  return {
    title: t('prove.title'),
    content: [
      steps(1),
      h('p', { class: 'lead' }, t('prove.lead', { to: state.sentTo })),
      mark,
      form([code.node], t('continue'), () => prove(page, code)),
      delivery,
      others,
      h('p', {}, t('prove.none'), ' ', button(t('prove.resend'), (event) => resend(page, event.target, sent, mark), { class: 'quiet' })),
      sent,
      app.election.test && h('p', {}, link('/outbox', t('prove.outbox'), { target: '_blank' })),
      h('div', { class: 'actions' }, button(t('back'), () => leave(page), { class: 'quiet' })),
    ],
  };
}

// A code is under way or in somebody's hand, and good with this token alone.
export function waitsForCode({ app }, { message }) {
  return Boolean(message) && message.state !== 'void' && message.expires > app.election.time;
}

// Who went to read the message finds the same screen again, though the browser forgot the page.
export async function goOnWithCode(page, { routes, contacts, message }) {
  const provider = routes.includes('oidc') ? (await getJson('/api/manifest')).enrol.oidc.name : '';
  Object.assign(page.state, {
    routes, contacts, provider, sentTo: message.to, mark: message.mark, contact: (contacts.find((c) => c.to === message.to) ?? contacts[0])?.contact,
  });
  page.app.show(() => messageScreen(page));
}

export function register(page) {
  const show = async () => page.app.show(() => messageScreen(page));
  page.register(['started'], show);
  page.routes.set('code', async () => {
    await sendCode(page.state, page.state.contacts[0].contact);
    await show();
  });
}
