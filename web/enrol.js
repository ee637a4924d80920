// Enrolment in four screens: who I am, the code from the message, my recovery code, where it
// stands. The server keeps each step, so that the same number and birth date go on where a person
// stopped, on any device. The recovery code never leaves this page.

import { Refusal, post } from './api.js';
import { startCore } from './core.js';
import { button, codeBlock, download, field, h, notice } from './dom.js';
import { fromHex, toHex } from './hex.js';
import { t, tn, words } from './i18n.js';
import { failure, link, start } from './shell.js';

const POLL_MS = { first: 1000, most: 10000 };

start('enrol', async (app) => {
  const fingerprint = fromHex(app.election.fingerprint, 32);
  let core;
  let poll = 0;
  let state = fresh();

  function fresh() {
    return { number: '', birth: '', message: '', typed: '', enrolment: null, sentTo: '' };
  }

  app.leave(() => {
    clearTimeout(poll);
    state = fresh();
    core?.stop();
  });

  try {
    core = await startCore();
  } catch (e) {
    app.show(() => ({ title: t('enrol.title'), content: failure(e) }));
    return;
  }
  if (['setup', 'open'].includes(app.election.phase)) app.show(whoScreen, { focus: false });
  else app.show(() => ({ title: t('enrol.title'), content: notice('info', t('enrol.over'), t('enrol.over-what')) }));

  function steps(current) {
    const names = [t('enrol.step-who'), t('enrol.step-prove'), t('enrol.step-code'), t('enrol.step-done')];
    return h('ol', { class: 'steps', 'aria-label': t('enrol.steps') }, names.map((name, i) => h('li', {
      'aria-current': i === current ? 'step' : undefined, class: i < current ? 'done' : undefined,
    }, h('span', {}, name))));
  }

  // A form whose button waits for `run`; what run throws is shown in words.
  function form(parts, label, run) {
    const message = h('div', {});
    const go = h('button', { class: 'primary', type: 'submit' }, label);
    const submit = async (event) => {
      event.preventDefault();
      go.disabled = true;
      message.replaceChildren();
      try {
        await run();
      } catch (e) {
        message.replaceChildren(failure(e));
      }
      go.disabled = false;
    };
    return h('form', { class: 'card', onsubmit: submit, novalidate: true }, parts, message, go);
  }

  // ---- 1. who I am ----

  function whoScreen() {
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
          if (state.number.trim() && state.birth) await begin();
        }),
        h('p', { class: 'aside' }, t('enrol.resume')),
      ],
    };
  }

  async function begin() {
    const answer = await post('/api/enrol/start', { number: state.number.trim(), birth_date: state.birth });
    state.enrolment = answer.enrolment;
    state.sentTo = answer.sent_to;
    await show(answer.state);
  }

  async function show(where) {
    if (where === 'started') app.show(messageScreen);
    else if (where === 'proven') await offerCode();
    else await readStatus();
  }

  // ---- 2. the code from the message ----

  function messageScreen() {
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
        form([code.node], t('continue'), async () => {
          code.fail(state.message.trim() ? '' : t('prove.empty'));
          if (!state.message.trim()) return;
          try {
            const answer = await post('/api/enrol/code', { enrolment: state.enrolment, code: state.message.trim() });
            state.message = '';
            await show(answer.state);
          } catch (e) {
            if (!(e instanceof Refusal && e.code === 'enrol.code')) throw e;
            const left = e.problem.tries;
            code.fail(Number.isInteger(left) ? tn('prove.wrong', left) : t('prove.wrong-code'));
          }
        }),
        h('p', {}, t('prove.none'), ' ', button(t('prove.resend'), async (event) => {
          event.target.disabled = true;
          try {
            await post('/api/enrol/start', { number: state.number.trim(), birth_date: state.birth });
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

  // ---- 3. the recovery code ----

  async function offerCode() {
    if (!state.code) {
      state.code = await core.newCode();
      state.credential = await core.derive(state.code, fingerprint);
    }
    app.show(codeScreen);
  }

  function slipText() {
    return [
      words(app.election.title), app.election.test ? t('test.tag') : null, '',
      `${t('slip.code')}: ${state.code}`,
      `${t('slip.fingerprint')}: ${state.credential.name}`, '',
      t('slip.keep'),
    ].filter((l) => l !== null).join('\n');
  }

  function codeScreen() {
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
          h('p', { class: 'hint' }, t('slip.keep')),
          h('div', { class: 'actions start no-print' },
            button(t('print'), () => print()),
            button(t('code.save'), () => download('tapat-recovery-code.txt', 'text/plain', slipText())),
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
          button(t('code.kept'), () => app.show(typeScreen), { class: 'primary' })),
      ],
    };
  }

  function typeScreen() {
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
          else await sendCredential();
        }),
        h('p', {}, button(t('code.show-again'), () => app.show(codeScreen), { class: 'quiet' })),
      ],
    };
  }

  async function sendCredential() {
    const possession = await core.possession(fingerprint);
    const answer = await post('/api/enrol/credential', {
      enrolment: state.enrolment,
      credential: toHex(state.credential.key),
      possession: toHex(possession),
    });
    state.code = '';
    state.typed = '';
    state.own = toHex(state.credential.key);
    await core.forget();
    await show(answer.state);
  }

  // ---- 4. where it stands ----

  async function readStatus() {
    const answer = await post('/api/enrol/status', { enrolment: state.enrolment });
    if (answer.state === 'started' || answer.state === 'proven') {
      await show(answer.state);
      return;
    }
    const changed = !state.status || state.status.state !== answer.state;
    const first = !state.status;
    state.status = answer;
    const key = fromHex(answer.credential, 32);
    state.name = key ? await core.credentialFingerprint(key, fingerprint) : '';
    if (changed) app.show(statusScreen, { focus: first });
    if (answer.state !== 'recorded') lookAgain(POLL_MS.first);
  }

  // More and more seldom; a lost answer only delays the next look.
  function lookAgain(wait) {
    clearTimeout(poll);
    state.wait = Math.min(Math.max(wait, 1.3 * (state.wait || 0)), POLL_MS.most);
    poll = setTimeout(() => readStatus().catch(() => lookAgain(POLL_MS.most)), state.wait);
  }

  function statusScreen() {
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
          : notice(kind, t(`done.${id}-title`), t(`done.${id}`))),
        h('section', { class: 'card slip' },
          h('p', { class: 'receipt-election' }, words(app.election.title),
            app.election.test ? h('strong', { class: 'tag' }, t('test.tag')) : null),
          h('h2', {}, t('slip.fingerprint')),
          state.name ? codeBlock(state.name, t('slip.fingerprint')) : null,
          h('p', { class: 'hint' }, t(state.own ? 'done.fingerprint' : 'done.compare'))),
        h('div', { class: 'actions no-print' }, button(t('print'), () => print()),
          link('/', t('to-home'), { class: 'button' })),
      ],
    };
  }
});
