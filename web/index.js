// The front page: where the election stands, what to do now, and "am I on the list?".

import { getJson, post } from './api.js';
import { button, field, h, notice } from './dom.js';
import { number, t, tn, words } from './i18n.js';
import { failure, link, phaseSentence, start } from './shell.js';

start('', async (app) => {
  const state = { number: '', name: '', byName: false, birth: '', answer: null };
  app.leave(() => Object.assign(state, { number: '', name: '', birth: '', answer: null }));
  // For times and names only: nothing is voted on here, so nothing is checked.
  const manifest = await getJson('/api/manifest').catch(() => null);
  if (manifest) app.election.title = manifest.title;

  function card(path, title, text, first) {
    return h('li', { class: first ? 'way first' : 'way' }, link(path, h('span', { class: 'way-title' }, title)),
      h('p', {}, text));
  }

  // What a person can do now comes first.
  function ways() {
    const { phase } = app.election;
    const order = {
      setup: ['enrol', 'board', 'track'], open: ['vote', 'enrol', 'track', 'board'], published: ['results', 'track', 'board'],
    };
    const list = order[phase] || ['track', 'board', 'results'];
    return h('ul', { class: 'ways' }, list.map((p, i) => card(`/${p}`, t(`way.${p}`), t(`way.${p}-what`), i === 0)));
  }

  function found(answer) {
    if (!answer.found) return state.byName ? notice('bad', t('list.no-name'), t('list.no-name-next')) : notice('bad', t('list.no'), t('list.no-next'));
    const unit = manifest && manifest.units[answer.unit];
    return notice('good', t('list.yes'), unit && t('list.post', { post: unit.name }), needs(answer.routes),
      h('p', {}, link('/enrol', t('list.enrol'), { class: 'button primary' })));
  }

  // The ways that the post has open, and what each needs.
  function needs(routes) {
    if (!routes) return t('list.need');
    if (!routes.length) return t('routes.none');
    const provider = manifest?.enrol?.oidc?.name ?? '';
    return [h('p', {}, t('list.ways')), h('ul', {}, routes.map((name) => h('li', {},
      h('strong', {}, t(`routes.${name}`, { provider })), h('br', {}), t(`routes.${name}-what`, { provider })))), h('p', {}, t('list.pen'))];
  }

  function lookup() {
    const member = state.byName ? 'name' : 'number';
    const result = h('div', { role: 'status' }, state.answer && found(state.answer));
    const own = field({
      label: t(`who.${member}`), hint: t(`who.${member}-hint`), value: state[member], autocomplete: 'off',
      spellcheck: 'false', maxlength: state.byName ? 120 : 40, oninput: (e) => { state[member] = e.target.value; },
    });
    const other = button(t(state.byName ? 'who.by-number' : 'who.by-name'), () => {
      state.byName = !state.byName;
      state.answer = null;
      const card = lookup();
      document.getElementById('list').replaceWith(card);
      card.querySelector('input').focus();
    }, { class: 'quiet' });
    const birth = field({
      label: t('who.birth'), type: 'date', value: state.birth, autocomplete: 'off', min: '1900-01-01',
      oninput: (e) => { state.birth = e.target.value; },
    });
    const go = h('button', { type: 'submit' }, t('list.look'));
    const submit = async (event) => {
      event.preventDefault();
      result.replaceChildren();
      birth.fail(state.birth ? '' : t('who.birth-empty'));
      own.fail(state[member].trim() ? '' : t(`who.${member}-empty`)); // last: the first that is wrong has the focus
      if (!state[member].trim() || !state.birth) return;
      go.disabled = true;
      try {
        state.answer = await post('/api/roll/lookup', { [member]: state[member].trim(), birth_date: state.birth });
        result.replaceChildren(found(state.answer));
      } catch (e) {
        result.replaceChildren(failure(e));
      }
      go.disabled = false;
    };
    return h('section', { class: 'card', id: 'list', 'aria-labelledby': 'list-title' }, h('h2', { id: 'list-title' }, t('list.title')),
      h('p', {}, t('list.lead')), h('form', { onsubmit: submit, novalidate: true },
        h('div', { class: 'pair' }, own.node, birth.node), go), result, h('p', {}, other));
  }

  app.show(() => ({
    title: words(app.election.title),
    wide: true,
    content: [
      h('p', { class: `phase phase-${app.election.phase}` }, phaseSentence(app.election, manifest)),
      ways(),
      h('div', { class: 'columns' },
        lookup(),
        h('section', { class: 'card' }, h('h2', {}, t('home.how')),
          h('ol', { class: 'how' }, ['enrol', 'vote', 'check'].map((s) => h('li', {},
            h('strong', {}, t(`home.how-${s}`)), ' ', t(`home.how-${s}-what`)))),
          h('h3', {}, t('home.proves')), h('p', {}, t('home.proves-what')),
          h('h3', {}, t('home.proves-not')), h('p', {}, t('home.proves-not-what')))),
      app.election.funnel ? h('p', { class: 'aside' }, link('/funnel', t('home.funnel'))) : null,
      h('p', { class: 'aside' }, tn('home.board', app.election.board.size),
        app.election.board.batches ? ` ${t('home.batches', { n: number(app.election.board.batches) })}` : ''),
    ],
  }), { focus: false });
});
