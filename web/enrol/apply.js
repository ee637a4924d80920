// Enrolment, ways desk and documents: a key is made first, and an application handed in with it; a
// registrar decides. Its states: open (documents are missing), applied, rejected, closed. What a
// registrar refuses of a letter or a login is told here too.

import { post } from '../api.js';
import { button, codeBlock, h, notice } from '../dom.js';
import { fromHex } from '../hex.js';
import { dateTime, t } from '../i18n.js';
import { qrImage } from '../qr.js';
import { href, link } from '../shell.js';
import { keepToken, resume } from './again.js';
import { showDocuments } from './documents.js';
import { forget, handIn, offerCode } from './key.js';
import { isOwn, ownScreen } from './own.js';
import { steps } from './page.js';
import { again } from './routes.js';
import { readStatus } from './status.js';

const POLL_MS = 10000;

// The key comes first: the registrar signs this key and no other.
async function offerApplication(page, route) {
  page.state.route = route;
  await offerCode(page, send);
}

async function send(page) {
  const { state } = page;
  await post('/api/enrol/apply', { ...await handIn(page), route: state.route });
  await forget(page);
  keepToken(page);
  await readStatus(page);
}

async function lookAt(page, answer) {
  const { state } = page;
  state.status = answer;
  state.provider = answer.provider;
  if (!answer.credential || !answer.application) return;
  state.name = await page.core.credentialFingerprint(fromHex(answer.credential, 32), page.fingerprint);
  state.short = await page.core.shortId(answer.application);
}

function later(page) {
  clearTimeout(page.timer);
  page.timer = setTimeout(() => readStatus(page).catch(() => later(page)), POLL_MS);
}

// What an officer scans, compares and types.
function deskSlip(page) {
  const { state } = page;
  const url = `${location.origin}${href('/desk', `#${state.status.application}`)}`;
  return h('section', { class: 'card slip' },
    h('div', { class: 'receipt-qr' }, qrImage(url, t('applied.qr')), h('p', { class: 'hint' }, t('applied.qr-what'))),
    h('h2', {}, t('applied.short')), codeBlock(state.short, t('applied.short')),
    h('h2', {}, t('slip.fingerprint')), codeBlock(state.name, t('slip.fingerprint')),
    h('p', { class: 'hint' }, t('applied.compare')));
}

function farSlip({ state }) {
  return h('section', { class: 'card slip' },
    h('h2', {}, t('slip.fingerprint')), codeBlock(state.name, t('slip.fingerprint')),
    h('p', { class: 'hint' }, t('done.fingerprint')),
    h('h2', {}, t('applied.short')), codeBlock(state.short, t('applied.short')));
}

function appliedScreen(page) {
  const { state } = page;
  const { route, due } = state.status;
  const by = dateTime(due);
  return {
    title: t('done.title'),
    content: [
      steps(3),
      h('div', { role: 'status' }, notice('wait', t(`applied.${route}-title`), t(`applied.${route}`), t('applied.by', { time: by }))),
      route === 'desk' ? deskSlip(page) : farSlip(page),
      resume(page),
      h('div', { class: 'actions no-print' }, button(t('print'), () => print()), link('/', t('to-home'), { class: 'button' })),
    ],
  };
}

function otherWays(page) {
  const open = page.state.status.routes.filter((name) => page.routes.has(name));
  return h('ul', { class: 'plain cards' }, open.map((name) => h('li', { class: 'card' },
    h('h2', {}, t(`routes.${name}`, page.state)), h('p', {}, t(`routes.${name}-what`, page.state)),
    page.opener(t(`routes.${name}-go`, page.state), () => again(page, page.routes.get(name))))));
}

function rejectedScreen(page) {
  const { reason, route } = page.state.status;
  return {
    title: t('done.title'),
    content: [
      steps(1),
      h('div', { role: 'status' }, notice('bad', t('rejected.title'), t(`reason.${reason}`), t('rejected.next'))),
      route === 'letter' ? h('p', {}, t('rejected.letter')) : null,
      route ? h('p', {}, t('rejected.more')) : null,
      otherWays(page),
    ],
  };
}

function closedScreen(page) {
  const { reason } = page.state.status;
  return {
    title: t('done.title'),
    content: [
      steps(1),
      h('div', { role: 'status' }, notice('info', t('closed.title'), t(`closed.${reason || 'other'}`))),
      otherWays(page),
    ],
  };
}

export function register(page) {
  for (const route of ['desk', 'documents']) page.routes.set(route, () => offerApplication(page, route));
  const screens = { applied: appliedScreen, rejected: rejectedScreen, closed: closedScreen };
  page.register(Object.keys(screens), async (answer) => {
    const before = page.state.status?.state;
    await lookAt(page, answer);
    const show = () => page.app.show(() => screens[answer.state](page));
    if (answer.state === 'applied' && answer.route === 'desk' && !isOwn(page)) {
      page.app.show(() => ownScreen(page, async () => {
        show();
        later(page);
      }));
      return;
    }
    if (before !== answer.state) show();
    if (answer.state === 'applied') later(page);
  });
  page.register(['open'], async (answer) => {
    await lookAt(page, answer);
    await showDocuments(page);
  });
}
