// The result: totals as bars, a table per reporting set, and the one reconciliation from which
// every figure is read.

import { getJson, optional } from './api.js';
import { startCore } from './core.js';
import { button, h, notice } from './dom.js';
import { loadManifest } from './election.js';
import { number, t, tn, words } from './i18n.js';
import { archiveSaver, failure, link, start } from './shell.js';
import { faultsOf, figures } from './sums.js';

const outcomeText = { won: 'results.won', tied: 'results.tied' };

const postFigures = ['registered', 'enrolled', 'cancelled', 'ballots', 'replaced', 'voided', 'excluded', 'counted'];
// Who may vote after the changes of the roll.
const electors = (u) => u.registered + u.added - u.removed;
const turnout = (u) => (electors(u) ? u.counted / electors(u) : 0);
// Orders of the posts; posts that are level, and all others, go by name.
const orders = {
  region: () => 0,
  name: () => 0,
  turnout: (a, b) => turnout(b) - turnout(a),
  counted: (a, b) => b.counted - a.counted,
};

const percent = (part, whole) => number(Math.round((1000 * part) / whole) / 10);

start('results', async (app) => {
  let core;
  let manifest;
  let order = 'region'; // of the posts
  app.leave(() => core?.stop());
  try {
    core = await startCore();
    manifest = await loadManifest(core, app.election);
  } catch (e) {
    app.show(() => ({ title: t('results.title'), content: failure(e) }));
    return;
  }
  const json = await optional(getJson('/api/results'));
  const faults = json && faultsOf(json, manifest, app.election.fingerprint);
  app.show(json && faults.other ? otherScreen : json ? resultScreen : notYet, { focus: false });

  function notYet() {
    return {
      title: t('results.title'),
      content: [notice('info', t('results.not-yet'), t('results.not-yet-what')),
        h('p', {}, link('/board', t('footer.board')))],
    };
  }

  function otherScreen() {
    return { title: t('results.title'), content: notice('bad', t('results.other'), t('results.other-what'), link('/verify', t('board.verify-button'))) };
  }

  // ---- what does not add up (sums.js) ----

  function faultText({ id, unit, units, figure, option, ...values }) {
    return t(`results.f-${id}`, {
      ...values,
      ...(unit && { post: unitName(unit) }),
      ...(units && { posts: units.map(unitName).join(', ') }),
      ...(figure && { figure: t(`results.r-${figure}`) }),
      ...(option && { option: words(option.name) }),
    });
  }

  function unbalanced(list) {
    return list.length ? notice('bad', t('results.unbalanced'), h('ul', {}, list.map((f) => h('li', {}, faultText(f)))), t('results.unbalanced-next')) : null;
  }

  // At the top, whatever it is that does not add up; its section says what.
  function warning() {
    const wrong = [...faults.contests.flatMap((list, i) => (list.length ? [h('a', { href: `#contest-${i}` }, words(manifest.contests[i].title))] : [])),
      ...(faults.posts.length ? [h('a', { href: '#reconciliation' }, t('results.reconciliation'))] : [])];
    return wrong.length ? notice('bad', t('results.unbalanced'), h('ul', {}, wrong.map((a) => h('li', {}, a))), t('results.unbalanced-next')) : null;
  }

  // ---- the document, in the terms of this page ----

  function unitName(id) {
    const unit = manifest.units.find((u) => u.id === id);
    return unit ? unit.name : id;
  }

  function sets(contest) {
    return json.contests[contest.index].sets;
  }

  function totals(contest) {
    return json.contests[contest.index].options.map((o, k) => ({ ...contest.options[k], votes: o.votes, outcome: o.outcome }));
  }

  function resultScreen() {
    return {
      title: t('results.title'),
      wide: true,
      content: [
        h('p', { class: 'lead' }, t('results.lead')),
        warning(),
        h('nav', { 'aria-label': t('results.contests') }, h('ul', { class: 'jump' },
          manifest.contests.map((c) => h('li', {}, h('a', { href: `#contest-${c.index}` }, words(c.title)))),
          h('li', {}, h('a', { href: '#posts' }, t('results.turnout-title'))),
          h('li', {}, h('a', { href: '#reconciliation' }, t('results.reconciliation'))))),
        manifest.contests.map(contestSection),
        posts(),
        reconciliation(),
        checkedBy(),
        h('section', { class: 'card' }, h('h2', {}, t('results.files')), h('ul', {},
          h('li', {}, h('a', { href: '/board/results.json', download: true }, 'results.json')),
          h('li', {}, h('a', { href: '/board/results.csv', download: true }, 'results.csv'))),
        archiveSaver(), h('p', {}, t('results.mirror')),
        h('pre', { tabindex: 0 }, h('code', {}, `tapat mirror --server ${location.origin} record\ntapat archive record record.tar`)),
        h('p', {}, t('results.check'), ' ', link('/board', t('footer.board')))),
      ],
    };
  }

  // ---- bars ----

  function bar(votes, most) {
    const width = most ? Math.max(0.4, (100 * votes) / most) : 0;
    return h('svg', { class: 'bar-chart', viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      h('rect', { width: 100, height: 4, class: 'bar-back' }), votes ? h('rect', { width, height: 4, class: 'bar-front' }) : null);
  }

  function contestSection(contest) {
    const list = totals(contest).sort((a, b) => b.votes - a.votes || a.number - b.number);
    const most = list.length ? list[0].votes : 0;
    const counted = sets(contest).reduce((sum, s) => sum + s.ballots, 0);
    const withheld = json.contests[contest.index].withheld;
    return h('section', { class: 'card', id: `contest-${contest.index}`, 'aria-labelledby': `title-${contest.index}` },
      h('h2', { id: `title-${contest.index}` }, words(contest.title)),
      h('p', { class: 'hint' }, tn('results.counted', counted), ' ', contest.seats ? tn('results.seats', contest.seats) : ''),
      unbalanced(faults.contests[contest.index]),
      withheld ? notice('info', t('results.withheld'), tn('results.withheld-what', withheld, { floor: manifest.floor })) : null,
      h('table', { class: 'result' },
        h('caption', { class: 'visually-hidden' }, t('results.table', { title: words(contest.title) })),
        h('thead', {}, h('tr', {}, [['results.number', 'number'], ['results.name', ''], ['results.votes', 'number']]
          .map(([id, kind]) => h('th', { scope: 'col', class: kind || undefined }, t(id))))),
        h('tbody', {}, list.map((o) => h('tr', { class: o.outcome },
          h('td', { class: 'number' }, o.number),
          h('th', { scope: 'row' }, h('span', { class: 'option-name' }, words(o.name),
            o.party ? h('span', { class: 'option-party' }, words(o.party)) : null,
            outcomeText[o.outcome] ? h('strong', { class: `tag ${o.outcome}` }, t(outcomeText[o.outcome])) : null), bar(o.votes, most)),
          h('td', { class: 'number' }, number(o.votes), counted
            ? h('span', { class: 'hint block' }, t('results.share', { share: percent(o.votes, counted) })) : null)))),
      ),
      bySet(contest, list));
  }

  // ---- per reporting set ----

  function bySet(contest, order) {
    const place = new Map(contest.options.map((o, k) => [o.number, k]));
    const list = sets(contest);
    const top = order.slice(0, Math.max(contest.max, 5));
    return h('details', {}, h('summary', {}, tn('results.by-set', list.length)),
      h('p', { class: 'hint' }, t('results.by-set-what', { floor: manifest.floor })),
      h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t('results.set-table', { title: words(contest.title) }) },
        h('table', { class: 'sets' }, h('caption', { class: 'visually-hidden' }, t('results.set-table', { title: words(contest.title) })),
          h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('results.set')), h('th', { scope: 'col', class: 'number' }, t('results.ballots')),
            top.map((o) => h('th', { scope: 'col', class: 'number' }, words(o.name))))),
          h('tbody', {}, list.map((s) => h('tr', {},
            h('th', { scope: 'row', class: 'post' }, s.units.length > 1
              ? h('details', {}, h('summary', {}, tn('results.together', s.units.length, { region: regionName(regionOf(s.units[0])) })),
                h('span', { class: 'hint block' }, s.units.map(unitName).sort().join(', ')))
              : unitName(s.units[0])),
            h('td', { class: 'number' }, number(s.ballots)),
            top.map((o) => h('td', { class: 'number' }, number(s.votes[place.get(o.number)])))))))),
      order.length > top.length && h('p', { class: 'hint' }, t('results.all-in-csv')));
  }

  // ---- posts ----

  function regionOf(id) {
    return manifest.units.find((u) => u.id === id)?.group || '';
  }

  // "Middle East and Africas" of "middle-east-and-africas"
  function regionName(group) {
    const name = group.split('-').map((w) => (w === 'and' ? w : w.slice(0, 1).toUpperCase() + w.slice(1))).join(' ');
    return name || t('results.region-none');
  }

  function byName(a, b) {
    return unitName(a.unit).localeCompare(unitName(b.unit));
  }

  function postRow(name, u, attributes) {
    return h('tr', attributes, name, postFigures.map((f) => h('td', { class: 'number' }, number(u[f]))),
      h('td', { class: 'number' }, electors(u) ? t('results.share', { share: percent(u.counted, electors(u)) }) : '–'));
  }

  function postRows(list) {
    return list.map((u) => postRow(h('th', { scope: 'row', class: 'post' }, unitName(u.unit)), u));
  }

  function sumOf(list) {
    return Object.fromEntries(figures.map((f) => [f, list.reduce((sum, u) => sum + u[f], 0)]));
  }

  function bodies() {
    const list = [...json.reconciliation.units].sort((a, b) => orders[order](a, b) || byName(a, b));
    if (order !== 'region') return h('tbody', {}, postRows(list));
    const groups = [...new Set(list.map((u) => regionOf(u.unit)))].sort();
    return groups.map((group) => {
      const inside = list.filter((u) => regionOf(u.unit) === group);
      return h('tbody', {}, postRow(h('th', { scope: 'rowgroup', class: 'post' }, regionName(group)), sumOf(inside), { class: 'sum' }), postRows(inside));
    });
  }

  function posts() {
    const sorts = Object.keys(orders).map((o) => button(t(`results.sort-${o}`), () => {
      order = o;
      app.again();
      document.querySelector('#posts .sorts [aria-pressed="true"]').focus();
    }, { 'aria-pressed': String(o === order) }));
    return h('section', { class: 'card', id: 'posts', 'aria-labelledby': 'title-posts' },
      h('h2', { id: 'title-posts' }, t('results.turnout-title')),
      h('div', { class: 'sorts', role: 'group', 'aria-label': t('results.show') }, h('span', { class: 'hint' }, t('results.show')), sorts),
      h('div', { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': t('results.turnout-table') },
        h('table', { class: 'posts' }, h('caption', { class: 'visually-hidden' }, t('results.turnout-table')),
          h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('results.post')),
            postFigures.map((f) => h('th', { scope: 'col', class: 'number' }, t(`results.h-${f}`))),
            h('th', { scope: 'col', class: 'number' }, t('results.share-of-roll')))),
          bodies())));
  }

  // ---- by whom it was checked ----

  function checkedBy() {
    return h('section', { class: 'card' }, h('h2', {}, t('results.checked-by')), h('p', {}, t('results.checked-by-what')),
      h('ul', {}, h('li', {}, link('/verify', t('results.by-browser'))),
        h('li', {}, t('results.by-tapat')), h('li', {}, t('results.by-second'))),
      h('p', {}, link('/verify', t('board.verify-button'), { class: 'button primary' })));
  }

  // ---- reconciliation ----

  function reconciliation() {
    const total = json.reconciliation.total;
    return h('section', { class: 'card', id: 'reconciliation' }, h('h2', {}, t('results.reconciliation')),
      h('p', {}, t('results.reconciliation-what')),
      h('table', { class: 'facts-table' }, h('caption', { class: 'visually-hidden' }, t('results.reconciliation')),
        h('tbody', {}, figures.map((r) => h('tr', { class: r === 'counted' ? 'sum' : undefined },
          h('th', { scope: 'row' }, t(`results.r-${r}`)), h('td', { class: 'number' }, number(total[r])))))),
      unbalanced(faults.posts) || notice('good', t('results.balanced', {
        ballots: total.ballots, replaced: total.replaced, voided: total.voided, excluded: total.excluded, counted: total.counted,
      }), t('results.balanced-what', { posts: json.reconciliation.units.length })),
      h('p', {}, t('results.turnout', {
        counted: total.counted,
        registered: electors(total),
        share: electors(total) ? percent(total.counted, electors(total)) : '0',
      })));
  }
});
