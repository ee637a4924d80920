// Enrolment, last screen: where it stands.

import { post } from '../api.js';
import { button, codeBlock, h, notice } from '../dom.js';
import { loadManifest } from '../election.js';
import { fromHex } from '../hex.js';
import { dateTime, t, words } from '../i18n.js';
import { link, phaseSentence } from '../shell.js';
import { steps } from './page.js';
import { passkeyOffer } from './passkey.js';

const POLL_MS = { first: 1000, most: 10000 };

export async function readStatus(page) {
  const { state, app } = page;
  const answer = await post('/api/enrol/status', { enrolment: state.enrolment });
  if (page.screens.has(answer.state)) {
    await page.show(answer);
    return;
  }
  const changed = !state.status || state.status.state !== answer.state;
  const first = !state.status;
  state.status = answer;
  const key = fromHex(answer.credential, 32);
  state.name = key ? await page.core.credentialFingerprint(key, page.fingerprint) : '';
  if (answer.state !== 'waiting') state.manifest ??= await loadManifest(page.core, app.election).catch(() => null);
  if (changed) app.show(() => statusScreen(page), { focus: first });
  if (answer.state !== 'recorded') lookAgain(page, POLL_MS.first);
}

// More and more seldom; a lost answer only delays the next look.
function lookAgain(page, wait) {
  const { state } = page;
  clearTimeout(page.timer);
  state.wait = Math.min(Math.max(wait, 1.3 * (state.wait || 0)), POLL_MS.most);
  page.timer = setTimeout(() => readStatus(page).catch(() => lookAgain(page, POLL_MS.most)), state.wait);
}

// What comes next, and by when.
function next({ state, app }) {
  const { status, manifest } = state;
  if (status.state === 'waiting') return [status.due ? t('applied.by', { time: dateTime(status.due) }) : ''];
  if (!['setup', 'open'].includes(app.election.phase)) return [phaseSentence(app.election, manifest)];
  const now = status.state === 'recorded' && app.election.phase === 'open';
  return [phaseSentence(app.election, manifest), t(now ? 'done.vote-now' : 'done.vote-later'),
    now ? h('p', { class: 'no-print' }, link('/vote', t('way.vote'), { class: 'button primary' })) : ''];
}

function statusScreen(page) {
  const { state, app } = page;
  const { status } = state;
  // The registrars must have signed the key of this device and no other.
  const foreign = state.own && status.credential && status.credential !== state.own;
  const kind = status.state === 'waiting' ? 'wait' : 'good';
  const id = ['waiting', 'done', 'recorded'].includes(status.state) ? status.state : 'waiting';
  return {
    title: t('done.title'),
    content: [
      steps(3),
      h('div', { role: 'status' }, foreign
        ? notice('bad', t('done.foreign'), t('done.foreign-next'))
        : notice(kind, t(`done.${id}-title`), t(`done.${id}`), ...next(page))),
      h('section', { class: 'card slip' },
        h('p', { class: 'receipt-election' }, words(app.election.title),
          app.election.test ? h('strong', { class: 'tag' }, t('test.tag')) : null),
        h('h2', {}, t('slip.fingerprint')),
        state.name ? codeBlock(state.name, t('slip.fingerprint')) : null,
        h('p', { class: 'hint' }, t(state.own ? 'done.fingerprint' : 'done.compare'))),
      passkeyOffer(page),
      h('div', { class: 'actions no-print' }, button(t('print'), () => print()),
        link('/', t('to-home'), { class: 'button' })),
    ],
  };
}

// What was proven counts no more: a registrar refused what another page of the voter handed in, the
// key was cancelled, or a passkey came over it.
function endedScreen(page) {
  return {
    title: t('done.title'),
    content: [
      steps(0),
      h('div', { role: 'status' }, notice('info', t('ended.title'), t('ended.what'))),
      page.again(),
    ],
  };
}

export function register(page) {
  page.register(['started'], async () => page.app.show(() => endedScreen(page)));
  page.register(['otherwise'], () => readStatus(page));
}
