// Enrolment, third screen: the recovery code, shown once and typed back.

import { post } from '../api.js';
import { button, codeBlock, download, field, h } from '../dom.js';
import { toHex } from '../hex.js';
import { t, words } from '../i18n.js';
import { form, steps } from './page.js';

// Makes the key, once, and shows its code. send: hands the key in and goes on.
export async function offerCode(page, send = sendCredential) {
  const { state, core, app } = page;
  if (!state.code) {
    state.code = await core.newCode();
    state.credential = await core.derive(state.code, page.fingerprint);
  }
  state.send = send;
  app.show(() => codeScreen(page));
}

// { credential, possession } as the server takes them.
export async function handIn({ state, core, fingerprint }) {
  return {
    enrolment: state.enrolment,
    credential: toHex(state.credential.key),
    possession: toHex(await core.possession(fingerprint)),
  };
}

// The code is no longer needed: neither the page nor the worker keeps it.
export async function forget({ state, core }) {
  state.code = '';
  state.typed = '';
  state.own = toHex(state.credential.key);
  await core.forget();
}

async function sendCredential(page) {
  const answer = await post('/api/enrol/credential', await handIn(page));
  await forget(page);
  await page.show(answer);
}

function slipText({ state, app }) {
  return [
    words(app.election.title), app.election.test ? t('test.tag') : null, '',
    `${t('slip.code')}: ${state.code}`,
    `${t('slip.fingerprint')}: ${state.credential.name}`, '',
    t('slip.keep'), t('slip.where', { address: location.origin }),
  ].filter((l) => l !== null).join('\n');
}

function codeScreen(page) {
  const { state, app } = page;
  const copied = h('span', { class: 'hint', role: 'status' });
  return {
    title: t('code.title'),
    content: [
      steps(2),
      h('p', { class: 'lead' }, t('code.lead')),
      h('section', { class: 'card slip' },
        h('p', { class: 'receipt-election' }, words(app.election.title),
          app.election.test ? h('strong', { class: 'tag' }, t('test.tag')) : null),
        h('h2', {}, t('slip.code')), codeBlock(state.code, t('slip.code')),
        h('h2', {}, t('slip.fingerprint')), h('p', { class: 'mono' }, state.credential.name),
        h('p', { class: 'hint' }, t('slip.keep'), ' ', t('slip.where', { address: location.origin })),
        h('div', { class: 'actions start no-print' },
          button(t('print'), () => print()),
          button(t('code.save'), () => download('tapat-recovery-code.txt', 'text/plain', slipText(page))),
          button(t('code.copy'), async () => {
            try {
              await navigator.clipboard.writeText(state.code);
              copied.textContent = t('code.copied');
            } catch {
              copied.textContent = t('code.not-copied');
            }
          }), copied)),
      h('div', { class: 'notice info' }, h('p', {}, t('code.secret')), h('p', {}, t('code.lost'))),
      h('div', { class: 'actions no-print' },
        button(t('code.kept'), () => app.show(() => typeScreen(page)), { class: 'primary' })),
    ],
  };
}

function typeScreen(page) {
  const { state, core, app } = page;
  const typed = field({
    label: t('code.type'), hint: t('code.type-hint'), value: state.typed, autocomplete: 'off',
    autocapitalize: 'characters', spellcheck: 'false', class: 'mono', maxlength: 60,
    oninput: (e) => { state.typed = e.target.value; },
  });
  return {
    title: t('code.type-title'),
    content: [
      steps(2),
      h('p', { class: 'lead' }, t('code.type-lead')),
      form([typed.node], t('code.confirm'), async () => {
        typed.fail('');
        if (await core.tidyCode(state.typed, 25) !== state.code) typed.fail(t('code.differs'));
        else await state.send(page);
      }),
      h('p', {}, button(t('code.show-again'), () => app.show(() => codeScreen(page)), { class: 'quiet' })),
    ],
  };
}

export function register(page) {
  page.register(['proven'], () => offerCode(page));
}
