// The desk: how far the voters of each post have come, by step and reason, counted again and again.

import { button, h, notice, replace, uniqueId } from '../dom.js';
import { Renewed, postTable, shareOf } from '../funnel/table.js';
import { number, t } from '../i18n.js';
import { failure } from '../shell.js';

const EVERY_MS = 15000;
const STEPS = ['off', 'none', 'sent', 'proven', 'open', 'waiting', 'rejected', 'closed', 'cancelled', 'signed', 'board'];
const DETAILS = { off: 'off', waiting: 'age', rejected: 'reason', closed: 'closed' };

const sum = (of) => (typeof of === 'number' ? of : Object.values(of).reduce((a, b) => a + b, 0));

// A reason or an age in words.
function detailWord(step, name) {
  return t(DETAILS[step] === 'reason' ? `reason.${name}` : `funnel.${DETAILS[step]}-${name}`);
}

function stepRow(row, step) {
  const n = sum(row[step]);
  const details = typeof row[step] === 'number' ? [] : Object.entries(row[step]);
  return [h('tr', {}, h('th', { scope: 'row' }, t(`funnel.${step}`)), h('td', { class: 'number' }, number(n)),
    h('td', { class: 'number' }, row.roll ? t('results.share', { share: shareOf(n, row.roll) }) : '–')),
  details.map(([name, m]) => h('tr', { class: 'detail' }, h('th', { scope: 'row' }, detailWord(step, name)),
    h('td', { class: 'number' }, number(m)), h('td', {})))];
}

// One post, or all together: every step with its reasons, and that they add up to the roll.
function stepTable(row) {
  return h('table', { class: 'facts-table' }, h('caption', { class: 'visually-hidden' }, t('funnel.steps')),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('funnel.step')), h('th', { scope: 'col', class: 'number' }, t('funnel.voters')),
      h('th', { scope: 'col', class: 'number' }, t('funnel.of-roll')))),
    h('tbody', {}, STEPS.map((step) => stepRow(row, step)),
      h('tr', { class: 'sum' }, h('th', { scope: 'row' }, t('funnel.roll')), h('td', { class: 'number' }, number(row.roll)), h('td', {}))));
}

function facts(row) {
  const line = (label, value) => [h('dt', {}, label), h('dd', {}, value)];
  const keys = row.keys.held + row.keys.cancelled + row.keys.unknown;
  return h('dl', { class: 'facts' },
    line(t('funnel.voted'), t('funnel.voted-ways', { online: row.voted.online, paper: row.voted.paper })),
    line(t('funnel.keys'), t('funnel.keys-of', { n: keys, held: row.keys.held, cancelled: row.keys.cancelled, unknown: row.keys.unknown })));
}

function columns() {
  return [
    { label: t('funnel.roll'), value: (r) => r.roll },
    { label: t('funnel.enrolled'), value: (r) => r.signed + r.board },
    { label: t('funnel.of-online'), value: (r) => shareOf(r.signed + r.board, r.online), share: true },
    { label: t('funnel.waiting'), value: (r) => sum(r.waiting) },
    { label: t('funnel.rejected'), value: (r) => sum(r.rejected) },
    { label: t('funnel.begun'), value: (r) => r.sent + r.proven + r.open + sum(r.closed) + r.cancelled },
    { label: t('funnel.none'), value: (r) => r.none },
    { label: t('funnel.voted'), value: (r) => r.voted.online + r.voted.paper },
  ];
}

export function funnelScreen(desk) {
  const id = uniqueId('post');
  const steps = h('div', {});
  const failed = h('div', { role: 'status' });
  const nameOf = (row) => (row.post ? desk.manifest.units.find((u) => u.id === row.post)?.name ?? row.post : t('desk.all-posts'));
  const table = postTable(t('funnel.table'), columns(), nameOf);
  const select = h('select', { id, onchange: () => fill() });
  let newest;
  const fill = () => {
    const row = newest.posts.find((p) => p.post === select.value) ?? newest.all;
    replace(steps, stepTable(row), facts(row));
  };
  const show = (answer) => {
    const chosen = select.value;
    newest = answer;
    if (select.options.length !== answer.posts.length + 1) {
      replace(select, h('option', { value: '' }, t('desk.all-posts')), answer.posts.map((p) => h('option', { value: p.post, selected: p.post === chosen }, nameOf(p))));
    }
    fill();
    table.fill([{ ...answer.all, sum: true }, ...answer.posts]);
  };
  desk.renewed?.stop();
  desk.renewed = new Renewed(desk.app, EVERY_MS, () => desk.askFunnel(), show, (e) => replace(failed, e ? failure(e) : ''));
  desk.renewed.run();
  return {
    title: t('funnel.title'),
    wide: true,
    content: [
      h('p', { class: 'lead' }, t('funnel.lead-officers')), failed,
      h('section', { class: 'card' }, h('div', { class: 'field' }, h('label', { for: id }, t('desk.post')), select), steps, desk.renewed.said),
      h('section', { class: 'card' }, h('h2', {}, t('funnel.table')), table.node),
      notice('info', t('funnel.officers'), t('funnel.officers-what')),
      h('p', {}, button(t('desk.back'), () => {
        desk.renewed.stop();
        desk.back();
      }, { class: 'quiet' })),
    ],
  };
}
