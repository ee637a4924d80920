// The result: totals as bars, a table per reporting set, and the one reconciliation from which
// every figure is read.

import { getJson, optional } from './api.js';
import { startCore } from './core.js';
import { h, notice } from './dom.js';
import { loadManifest } from './election.js';
import { number, t, tn, words } from './i18n.js';
import { failure, link, start } from './shell.js';

const outcomeText = { won: 'results.won', tied: 'results.tied' };

const percent = (part, whole) => number(Math.round((1000 * part) / whole) / 10);

start('results', async (app) => {
  let core;
  let manifest;
  app.leave(() => core?.stop());
  try {
    core = await startCore();
    manifest = await loadManifest(core, app.election);
  } catch (e) {
    app.show(() => ({ title: t('results.title'), content: failure(e) }));
    return;
  }
  const json = await optional(getJson('/api/results'));
  app.show(json ? resultScreen : notYet, { focus: false });

  function notYet() {
    return {
      title: t('results.title'),
      content: [notice('info', t('results.not-yet'), t('results.not-yet-what')),
        h('p', {}, link('/board', t('footer.board')))],
    };
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
        h('nav', { 'aria-label': t('results.contests') }, h('ul', { class: 'jump' },
          manifest.contests.map((c) => h('li', {}, h('a', { href: `#contest-${c.index}` }, words(c.title)))),
          h('li', {}, h('a', { href: '#reconciliation' }, t('results.reconciliation'))))),
        manifest.contests.map(contestSection),
        reconciliation(),
        h('section', { class: 'card' }, h('h2', {}, t('results.files')), h('ul', {},
          h('li', {}, h('a', { href: '/board/results.json', download: true }, 'results.json')),
          h('li', {}, h('a', { href: '/board/results.csv', download: true }, 'results.csv'))),
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
        h('table', {}, h('caption', { class: 'visually-hidden' }, t('results.set-table', { title: words(contest.title) })),
          h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('results.set')), h('th', { scope: 'col', class: 'number' }, t('results.ballots')),
            top.map((o) => h('th', { scope: 'col', class: 'number' }, words(o.name))))),
          h('tbody', {}, list.map((s) => h('tr', {},
            h('th', { scope: 'row' }, s.units.map(unitName).join(', ')),
            h('td', { class: 'number' }, number(s.ballots)),
            top.map((o) => h('td', { class: 'number' }, number(s.votes[place.get(o.number)])))))))),
      order.length > top.length && h('p', { class: 'hint' }, t('results.all-in-csv')));
  }

  // ---- reconciliation ----

  function reconciliation() {
    const rows = ['registered', 'enrolled', 'cancelled', 'ballots', 'replaced', 'voided', 'excluded', 'counted'];
    const total = json.reconciliation.total;
    const balanced = total.ballots === total.replaced + total.voided + total.excluded + total.counted;
    return h('section', { class: 'card', id: 'reconciliation' }, h('h2', {}, t('results.reconciliation')),
      h('p', {}, t('results.reconciliation-what')),
      h('table', { class: 'facts-table' }, h('caption', { class: 'visually-hidden' }, t('results.reconciliation')),
        h('tbody', {}, rows.map((r) => h('tr', { class: r === 'counted' ? 'sum' : undefined },
          h('th', { scope: 'row' }, t(`results.r-${r}`)), h('td', { class: 'number' }, number(total[r])))))),
      balanced ? notice('good', t('results.balanced', {
        ballots: total.ballots, replaced: total.replaced, voided: total.voided, excluded: total.excluded, counted: total.counted,
      })) : notice('bad', t('results.unbalanced'), t('alarm.next')),
      h('p', {}, t('results.turnout', {
        counted: total.counted,
        registered: total.registered,
        share: total.registered ? percent(total.counted, total.registered) : '0',
      })));
  }
});
