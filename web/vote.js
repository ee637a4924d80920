// Voting: recovery code, one contest per screen, review, tracker, cast, receipt.
//
// What a voter chose lives in `state` of this page and nowhere else; it is wiped when the page is
// left, and choices are wiped as soon as the ballot is sealed.

import { Refusal, getJson, optional, post, postBytes } from './api.js';
import { startCore } from './core.js';
import { button, codeBlock, download, field, h, notice, uniqueId } from './dom.js';
import {
  Horizon, Untrusted, ballotEntry, loadKeys, loadManifest, provenPredecessor, provenRecorded, sealingStyle,
} from './election.js';
import { fromHex, toHex } from './hex.js';
import { dateTime, deadline, has, number, t, tn, words } from './i18n.js';
import { qrImage } from './qr.js';
import { failure, href, link, start } from './shell.js';

const POLL_MS = 2000;
const TRACKER_POLL_LIMIT_S = 3600;

start('vote', async (app) => {
  let core;
  let state = fresh();
  let manifest;
  let keys;
  let poll = 0;
  // A device's clock may be far off; what is asked is dated by the server's.
  const clockBehind = Number.isSafeInteger(app.election.time) ? app.election.time - Date.now() / 1000 : 0;
  const horizon = new Horizon(app.election.board?.size);

  function fresh() {
    return { code: '', credential: null, choices: [], search: [], only: [], step: 0 };
  }

  app.leave(() => {
    clearTimeout(poll);
    for (const c of state.choices) c.fill(0);
    state = fresh();
    core?.stop();
  });

  // ---- before the code: is this the election, and is it open? ----

  app.show(() => ({ title: t('vote.title'), content: h('p', { class: 'lead' }, t('vote.checking')) }),
    { focus: false });
  try {
    core = await startCore();
    manifest = await loadManifest(core, app.election);
    keys = await loadKeys(core, manifest);
  } catch (e) {
    app.show(() => ({ title: t('vote.title'), content: e instanceof Untrusted ? untrusted(e) : failure(e) }));
    return;
  }
  addEventListener('popstate', (event) => goBackTo(event.state));
  if (app.election.phase !== 'open' || !keys) app.show(closedScreen);
  else app.show(codeScreen);

  function untrusted(e) {
    return notice('bad', t('untrusted.title'), t(`untrusted.${e.what}`, { name: e.detail }), t('untrusted.next'));
  }

  function checkedList() {
    const { trustees } = manifest;
    return h('details', { class: 'checked' }, h('summary', {}, t('vote.checked')),
      h('ul', {}, h('li', {}, t('vote.checked-manifest')),
        h('li', {}, tn('vote.checked-keys', trustees.length, { names: trustees.map((w) => w.name).join(', ') })),
        h('li', {}, t('vote.checked-code'))));
  }

  function closedScreen() {
    const { phase } = app.election;
    const { times } = manifest;
    const id = `vote.closed-${phase}`;
    const open = deadline(times.open, manifest.zone);
    return {
      title: t('vote.title'),
      content: [
        notice('info', t('vote.not-now'), t(has(id) ? id : 'vote.closed-setup', { time: open })),
        h('p', {}, link('/track', t('vote.to-track')), ' ', link('/', t('to-home'))),
      ],
    };
  }

  // ---- 1. the recovery code ----

  function codeScreen() {
    const code = field({
      label: t('vote.code'), hint: t('vote.code-hint'), value: state.code, autocomplete: 'off',
      autocapitalize: 'characters', spellcheck: 'false', class: 'mono', maxlength: 60, name: 'c',
      inputmode: 'text', oninput: (event) => { state.code = event.target.value; },
    });
    const message = h('div', {});
    const go = h('button', { class: 'primary', type: 'submit' }, t('continue'));
    const submit = async (event) => {
      event.preventDefault();
      message.replaceChildren();
      code.fail('');
      if (!await core.readCode(state.code, 25)) {
        code.fail(t(state.code.trim() ? 'vote.code-wrong' : 'vote.code-empty'));
        return;
      }
      go.disabled = true;
      app.say(t('vote.opening'));
      message.append(h('p', { class: 'working' }, t('vote.opening')));
      try {
        await openCredential();
      } catch (e) {
        go.disabled = false;
        message.replaceChildren(e instanceof Turned ? e.node : failure(e));
      }
    };
    return {
      title: t('vote.title'),
      content: [
        h('p', { class: 'lead' }, t('vote.lead')),
        h('form', { onsubmit: submit, class: 'card', novalidate: true }, code.node, message, go),
        checkedList(),
        h('p', { class: 'aside' }, t('vote.no-code'), ' ', link('/enrol', t('vote.to-enrol'))),
      ],
    };
  }

  // A refusal with its own words.
  class Turned extends Error {
    constructor(node) {
      super('turned away');
      this.node = node;
    }
  }

  async function openCredential() {
    state.credential = await core.derive(state.code, manifest.fingerprint);
    state.code = '';
    await readPlace();
    const style = manifest.styles[state.place.style];
    if (!style) throw new Untrusted('manifest');
    state.style = style;
    state.choices = style.contests.map((c) => new Uint8Array(c.options.length));
    state.search = style.contests.map(() => '');
    state.only = style.contests.map(() => false);
    app.show(beforeScreen);
  }

  // Where this credential stands on the board.
  async function readPlace() {
    const time = Math.floor(Date.now() / 1000 + clockBehind);
    const answer = await post('/api/credential', {
      credential: toHex(state.credential.key), time, signature: toHex(await core.ask(manifest.fingerprint, time)),
    });
    if (!answer.registered) {
      throw new Turned(notice('bad', t('vote.unregistered'), t('vote.unregistered-why'),
        h('p', {}, t('vote.fingerprint-is'), ' ', h('code', {}, state.credential.name)),
        h('p', {}, link('/enrol', t('vote.to-enrol')))));
    }
    if (answer.cancelled) {
      throw new Turned(notice('bad', t('vote.cancelled'), t('vote.cancelled-next')));
    }
    const previous = fromHex(answer.previous, 32);
    if (!previous || !Number.isSafeInteger(answer.sequence) || answer.sequence < 0
      || (answer.sequence === 0) !== previous.every((b) => b === 0)) throw new Refusal(500);
    const waits = answer.sequence > 0 && answer.leaf === undefined;
    if (answer.sequence > 0 && !waits
      && !(Number.isSafeInteger(answer.batch) && Number.isSafeInteger(answer.batch_time))) throw new Refusal(500);
    if (answer.sequence > 0 && !waits) await provePlace(answer);
    state.place = {
      unit: answer.unit, style: answer.style, sequence: answer.sequence, previous, waits,
      tracker: await trackerOf(answer), batch: answer.batch, time: answer.batch_time, wait: answer.next_batch_s,
    };
  }

  // Nothing is sealed over a ballot that is not proven to be on the board. spec: C-13
  async function provePlace(answer) {
    const fault = await provenPredecessor(core, manifest, answer, horizon);
    if (!fault) return;
    throw new Turned(notice('bad', t('vote.unproven'), t(`vote.unproven-${fault}`), t('vote.unproven-next')));
  }

  // Of the newest ballot: computed from its bytes, or, while they are not on the board, as the server
  // says.
  async function trackerOf(answer) {
    if (answer.sequence === 0) return null;
    if (answer.leaf !== undefined) return core.tracker(fromHex(answer.entry).slice(1));
    return typeof answer.tracker === 'string' ? core.tidyCode(answer.tracker, 25) : null;
  }

  function trackerLink(tracker) {
    return h('p', {}, h('code', {}, tracker), ' ',
      h('a', { href: href('/track', `#${tracker}`), target: '_blank', rel: 'noopener' }, t('vote.look-up')));
  }

  const unitName = () => words(manifest.units[state.place.unit]?.name);

  function beforeScreen() {
    const { place } = state;
    const again = place.sequence > 0 && notice('info', t('vote.again'), alreadySentence(),
      place.tracker ? trackerLink(place.tracker) : '', place.waits ? waitSentence() : '', t('vote.again-not-you'));
    return {
      title: t('vote.ready'),
      content: [
        again,
        h('dl', { class: 'facts card' },
          h('dt', {}, t('vote.your-post')), h('dd', {}, unitName()),
          h('dt', {}, t('vote.your-fingerprint')), h('dd', {}, h('code', {}, state.credential.name),
            h('span', { class: 'hint block' }, t('vote.fingerprint-compare'))),
          place.sequence === 0 && [h('dt', {}, t('vote.so-far')), h('dd', {}, t('vote.so-far-none'),
            h('span', { class: 'hint block' }, t('vote.so-far-check')))],
          h('dt', {}, t('vote.your-contests')), h('dd', {}, h('ul', { class: 'plain' },
            state.style.contests.map((c) => h('li', {}, words(c.title), ' ',
              h('span', { class: 'hint' }, tn('contest.up-to', c.max))))))),
        h('p', {}, t('vote.no-clock')),
        actions(button(t('vote.begin'), () => goTo(0), { class: 'primary' })),
      ],
    };
  }

  function alreadySentence() {
    const { sequence, waits, batch, time } = state.place;
    if (waits) return t('vote.already-waits', { sequence: number(sequence) });
    return t('vote.already', { sequence: number(sequence), batch, time: dateTime(time, manifest.zone) });
  }

  function waitSentence() {
    const wait = Math.max(1, Math.ceil(state.place.wait || manifest.batchInterval || 1));
    return tn('vote.wait', wait);
  }

  function actions(...buttons) {
    return h('div', { class: 'actions' }, buttons);
  }

  // ---- 2. one contest per screen ----

  // Steps of the way: contests 0.., then the review. The browser's back button walks them too;
  // its history holds the number of the step and nothing else.
  function goTo(step) {
    history.pushState({ step }, '');
    showStep(step);
  }

  function goBackTo(saved) {
    if (!state.credential || state.sealed) return;
    if (saved && Number.isInteger(saved.step)) showStep(saved.step);
    else app.show(beforeScreen);
  }

  function showStep(step) {
    state.step = step;
    app.show(step < state.style.contests.length ? contestScreen : reviewScreen);
  }

  const chosen = (i) => state.choices[i].reduce((sum, bit) => sum + bit, 0);

  function steps(current) {
    const names = [...state.style.contests.map((c) => words(c.title)), t('vote.step-review'), t('vote.step-cast')];
    return h('ol', { class: 'steps', 'aria-label': t('vote.steps') }, names.map((name, i) => h('li', {
      'aria-current': i === current ? 'step' : undefined, class: i < current ? 'done' : undefined,
    }, h('span', {}, name))));
  }

  function optionLabel(option) {
    return [
      h('span', { class: 'option-number' }, option.number),
      h('span', { class: 'option-name' }, words(option.name),
        option.party ? h('span', { class: 'option-party' }, words(option.party)) : null),
    ];
  }

  function contestScreen() {
    const i = state.step;
    const contest = state.style.contests[i];
    const single = contest.max === 1;
    const counter = h('p', { class: 'counter', id: 'counter' });
    const warning = h('p', { class: 'limit', role: 'status' });
    const none = h('p', { class: 'hint', hidden: true }, t('contest.nothing-found'));
    const rows = contest.options.map((option, k) => {
      const input = h('input', {
        type: 'checkbox', id: uniqueId('option'), checked: state.choices[i][k] === 1,
        onclick: (event) => choose(k, event),
      });
      const row = h('li', { class: 'option' }, input, h('label', { for: input.id }, optionLabel(option)));
      const text = plain(`${option.number} ${words(option.name)} ${words(option.party)}`);
      return { row, input, text };
    });
    const blank = button(t('contest.clear'), () => {
      state.choices[i].fill(0);
      rows.forEach((r) => { r.input.checked = false; });
      warning.textContent = '';
      update();
    }, { class: 'quiet' });

    function choose(k, event) {
      const bits = state.choices[i];
      warning.textContent = '';
      if (bits[k]) {
        bits[k] = 0;
      } else if (single) {
        bits.fill(0);
        rows.forEach((r, j) => { r.input.checked = j === k; });
        bits[k] = 1;
      } else if (chosen(i) < contest.max) {
        bits[k] = 1;
      } else {
        event.preventDefault();
        warning.textContent = tn('contest.full-what', contest.max);
      }
      update();
    }

    function update() {
      const count = chosen(i);
      const full = !single && count >= contest.max;
      counter.textContent = t('contest.counter', { count, max: contest.max });
      app.say(t('contest.counter-say', { count, max: contest.max }));
      blank.disabled = count === 0;
      for (const [k, r] of rows.entries()) {
        r.row.classList.toggle('chosen', state.choices[i][k] === 1);
        if (full && !state.choices[i][k]) r.input.setAttribute('aria-disabled', 'true');
        else r.input.removeAttribute('aria-disabled');
      }
      next.textContent = t(i + 1 < state.style.contests.length ? 'contest.next' : 'contest.review');
      if (state.only[i]) filter();
    }

    function filter() {
      const want = plain(state.search[i]).split(' ').filter(Boolean);
      let seen = 0;
      for (const [k, r] of rows.entries()) {
        const hit = want.every((w) => r.text.includes(w)) && (!state.only[i] || state.choices[i][k] === 1);
        r.row.hidden = !hit;
        seen += hit ? 1 : 0;
      }
      none.hidden = seen > 0;
    }

    const searchId = uniqueId('search');
    const search = h('input', {
      type: 'search', id: searchId, autocomplete: 'off', spellcheck: 'false', value: state.search[i],
      oninput: (event) => { state.search[i] = event.target.value; filter(); },
    });
    const only = h('input', {
      type: 'checkbox', id: uniqueId('only'), checked: state.only[i],
      onchange: (event) => { state.only[i] = event.target.checked; filter(); },
    });
    const next = button('', () => goTo(i + 1), { class: 'primary' });
    update();
    filter();
    return {
      title: words(contest.title),
      wide: contest.options.length > 12,
      content: [
        steps(i),
        h('p', { class: 'lead' }, tn('contest.instruction', contest.max), ' ', t('contest.fewer-fine')),
        contest.options.length > 8 && h('div', { class: 'filter', role: 'search' },
          h('label', { for: searchId }, t('contest.search')), search,
          h('div', { class: 'only' }, only, h('label', { for: only.id }, t('contest.only')))),
        h('fieldset', { class: 'options' },
          h('legend', {}, tn('contest.legend', contest.max, { title: words(contest.title) })),
          none, h('ul', { class: 'option-list' }, rows.map((r) => r.row))),
        h('div', { class: 'dock' }, warning, h('div', { class: 'dock-row' }, counter, blank,
          button(t('back'), () => history.back()), next)),
      ],
    };
  }

  // ---- 3. review ----

  function summary(contest, i) {
    const count = chosen(i);
    const picked = contest.options.filter((_, k) => state.choices[i][k] === 1);
    let words2 = null;
    if (count === 0) words2 = h('p', { class: 'named' }, t('review.blank'));
    else if (count < contest.max) {
      words2 = h('p', { class: 'named' }, tn('review.under', contest.max - count, { count, max: contest.max }));
    }
    return h('section', { class: 'card review' },
      h('div', { class: 'review-head' }, h('h2', {}, words(contest.title)),
        button(t('review.change'), () => goTo(i), { 'aria-label': t('review.change-of', { title: words(contest.title) }) })),
      h('ol', { class: 'picked' }, picked.map((o) => h('li', {}, optionLabel(o)))), words2);
  }

  function reviewScreen() {
    const message = h('div', {});
    const missing = state.style.contests.findIndex((c, i) => chosen(i) < c.min);
    const go = button(t('review.seal'), async () => {
      go.disabled = true;
      app.say(t('review.sealing'));
      message.replaceChildren(h('p', { class: 'working' }, t('review.sealing')));
      try {
        await seal();
      } catch (e) {
        go.disabled = false;
        message.replaceChildren(e instanceof Turned ? e.node : failure(e));
      }
    }, { class: 'primary', disabled: missing >= 0 });
    return {
      title: t('review.title'),
      content: [
        steps(state.style.contests.length),
        h('p', { class: 'lead' }, t('review.lead')),
        state.style.contests.map(summary),
        missing >= 0 && notice('bad', t('review.too-few'),
          tn('review.at-least', state.style.contests[missing].min, { title: words(state.style.contests[missing].title) })),
        message,
        actions(button(t('back'), () => history.back()), go),
      ],
    };
  }

  async function seal() {
    const shown = state.place.sequence;
    await readPlace();
    if (state.place.sequence !== shown) {
      throw new Turned(notice('bad', t('cast.overtaken'), alreadySentence(),
        state.place.tracker ? trackerLink(state.place.tracker) : '', t('vote.again-not-you')));
    }
    if (state.place.waits) {
      throw new Turned(notice('info', t('vote.wait-title'), waitSentence()));
    }
    const { unit, previous } = state.place;
    const sequence = state.place.sequence + 1;
    const bits = new Uint8Array(state.choices.reduce((sum, c) => sum + c.length, 0));
    let at = 0;
    for (const c of state.choices) {
      bits.set(c, at);
      at += c.length;
    }
    const style = sealingStyle(manifest, keys, state.style);
    state.sealed = { ...await core.seal(style, { unit, sequence, previous }, bits), sequence };
    bits.fill(0);
    state.leaf = await core.leaf(ballotEntry(state.sealed.ballot));
    app.show(castScreen);
  }

  // ---- 4. tracker, then cast ----

  function castScreen() {
    const message = h('div', { id: 'cast-message' });
    const go = button(t('cast.cast'), () => cast(go, message), { class: 'primary big' });
    return {
      title: t('cast.title'),
      content: [
        steps(state.style.contests.length + 1),
        h('p', { class: 'lead' }, t('cast.lead')),
        h('div', { class: 'card tracker-card' }, h('h2', {}, t('cast.tracker')),
          codeBlock(state.sealed.tracker, t('cast.tracker')),
          h('p', { class: 'hint' }, t('cast.tracker-what'))),
        message,
        actions(button(t('cast.change'), unseal), go),
      ],
    };
  }

  // Back to the review: the sealed ballot was never sent and is thrown away.
  function unseal() {
    state.sealed.ballot.fill(0);
    state.sealed = null;
    showStep(state.style.contests.length);
  }

  // Sends the very same bytes however often it is tried: the ballot's hash is the key.
  async function cast(go, message) {
    go.disabled = true;
    go.previousSibling.disabled = true;
    app.say(t('cast.sending'));
    message.replaceChildren(h('p', { class: 'working' }, t('cast.sending')));
    try {
      state.tried = true;
      const promise = await postBytes('/api/ballots', state.sealed.ballot);
      state.promise = promise;
      state.kept = await promiseHolds(promise);
      state.choices.forEach((c) => c.fill(0));
      await core.forget();
      history.replaceState(null, '');
      app.show(state.kept ? receiptScreen : alarmScreen);
      if (state.kept) watch();
    } catch (e) {
      go.disabled = false;
      go.textContent = t('cast.again');
      if (e instanceof Refusal && ['ballot.predecessor', 'board.phase', 'ballot.sequence', 'ballot.previous'].includes(e.code)) {
        message.replaceChildren(refusedCast(e));
      } else {
        message.replaceChildren(failure(e), h('p', {}, t('cast.same-ballot')));
      }
    }
  }

  function refusedCast(e) {
    if (e.code === 'board.phase') return notice('bad', t('cast.closed'), t('cast.closed-what'));
    if (e.code === 'ballot.predecessor') return notice('info', t('vote.wait-title'), waitSentence());
    const { tracker, sequence } = e.problem;
    return notice('bad', t('cast.overtaken'),
      Number.isSafeInteger(sequence) ? t('cast.overtaken-by', { sequence: number(sequence) }) : '',
      /^[0-9A-Z-]+$/.test(tracker) ? trackerLink(tracker) : '', t('cast.overtaken-what'),
      button(t('cast.start-over'), () => location.reload()));
  }

  // Does the server's answer speak of this ballot, and is it signed? (attack F3)
  async function promiseHolds(p) {
    const { sealed, credential } = state;
    const signature = fromHex(p.signature, 64);
    if (!signature || !Number.isSafeInteger(p.deadline) || p.ballot_hash !== toHex(sealed.hash)
      || p.credential !== toHex(credential.key) || p.sequence !== sealed.sequence
      || p.tracker !== sealed.tracker) return false;
    return core.promiseHolds({
      signature, ballotHash: sealed.hash, credential: credential.key, sequence: p.sequence, deadline: p.deadline,
    }, manifest.log.key, manifest.fingerprint);
  }

  function evidence() {
    const { sealed, promise } = state;
    return JSON.stringify({
      election: app.election.fingerprint,
      tracker: sealed.tracker,
      ballot_hash: toHex(sealed.hash),
      promise: promise || null,
      leaf: state.recorded ? state.recorded.leaf : null,
      checkpoint: state.recorded ? state.recorded.checkpoint : null,
    }, null, 1);
  }

  const saveEvidence = () => download(`tapat-receipt-${state.sealed.tracker}.json`, 'application/json', evidence());

  function alarmScreen() {
    return {
      title: t('alarm.title'),
      content: [
        notice('bad', t('alarm.what'), t('alarm.why'), t('alarm.next')),
        h('div', { class: 'card' }, h('h2', {}, t('cast.tracker')), codeBlock(state.sealed.tracker, t('cast.tracker'))),
        actions(button(t('alarm.save'), saveEvidence, { class: 'primary' }), button(t('print'), () => print())),
      ],
    };
  }

  // ---- 5. receipt ----

  async function watch() {
    try {
      const answer = await optional(getJson(`/api/tracker/${state.sealed.tracker}`));
      if (answer && answer.state !== 'accepted') {
        const proven = await provenRecorded(core, manifest, answer, state.leaf);
        state.recorded = { ...answer, size: proven ? proven.size : 0, proven: Boolean(proven) };
        app.show(receiptScreen, { focus: false });
        app.say(receiptSentence());
        return;
      }
    } catch {
      // the next try says more
    }
    if (!state.promise) return;
    const late = Date.now() / 1000 > state.promise.deadline + 5;
    if (late && !state.late) {
      state.late = true;
      app.show(receiptScreen, { focus: false });
    }
    if (Date.now() / 1000 < state.promise.deadline + TRACKER_POLL_LIMIT_S) poll = setTimeout(watch, POLL_MS);
  }

  function receiptSentence() {
    const { recorded } = state;
    if (!recorded) return t('receipt.accepted');
    return t(recorded.proven ? 'receipt.recorded' : 'receipt.unproven', { leaf: recorded.leaf });
  }

  function receiptState() {
    const { recorded, promise, late } = state;
    if (recorded && recorded.proven) {
      return notice('good', t('receipt.recorded-title'),
        t('receipt.recorded', { leaf: recorded.leaf, size: recorded.size }),
        recorded.batch_time && t('receipt.batch', { batch: recorded.batch, time: dateTime(recorded.batch_time, manifest.zone) }));
    }
    if (recorded) return notice('bad', t('receipt.unproven-title'), t('receipt.unproven'), t('alarm.next'));
    if (late) return notice('bad', t('receipt.late-title'), t('receipt.late'), t('alarm.next'));
    return notice('wait', t('receipt.accepted-title'),
      t('receipt.accepted', { time: dateTime(promise.deadline, manifest.zone) }));
  }

  function receiptScreen() {
    const { sealed } = state;
    const url = `${location.origin}/track#${sealed.tracker}`;
    return {
      title: t('receipt.title'),
      content: [
        h('div', { class: 'status-region', role: 'status' }, receiptState()),
        h('section', { class: 'card receipt' },
          h('div', { class: 'receipt-main' },
            h('p', { class: 'receipt-election' }, words(app.election.title),
              app.election.test ? h('strong', { class: 'tag' }, t('test.tag')) : null),
            h('h2', {}, t('cast.tracker')), codeBlock(sealed.tracker, t('cast.tracker')),
            h('dl', { class: 'facts' },
              h('dt', {}, t('receipt.which')), h('dd', {}, number(sealed.sequence)),
              h('dt', {}, t('vote.your-post')), h('dd', {}, unitName()),
              h('dt', {}, t('receipt.credential')), h('dd', {}, h('code', {}, state.credential.name)))),
          h('div', { class: 'receipt-qr' }, qrImage(url, t('receipt.qr', { tracker: sealed.tracker })),
            h('p', { class: 'hint' }, t('receipt.qr-what')))),
        h('section', { class: 'card' }, h('h2', {}, t('receipt.check')), h('p', {}, t('receipt.check-how')),
          h('p', {}, t('receipt.check-what'))),
        actions(button(t('print'), () => print(), { class: 'primary' }),
          button(t('receipt.save'), saveEvidence),
          h('a', { class: 'button', href: href('/') }, t('receipt.done'))),
        h('p', { class: 'aside' }, t('receipt.again')),
      ],
    };
  }

  // Letters without marks and case, so that "Pena" finds "Peña".
  function plain(text) {
    return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  }
});

