// The desk: the queue, those due first, and the way to one application: by its row, by a scanned
// code, by the short code that the voter reads out.

import { post, postForBytes } from '../api.js';
import { button, field, h, notice, replace, uniqueId } from '../dom.js';
import { toHex } from '../hex.js';
import { dateTime, t, tn } from '../i18n.js';
import { failure } from '../shell.js';
import { form } from '../enrol/page.js';
import { funnelScreen } from './funnel.js';
import { showMessages } from './messages.js';
import { opinionChoice, opinionOf } from './opinions.js';
import { rowScreen } from './row.js';
import { canScan, scan } from './scan.js';

const DAY_S = 86400;
const SHOWN_MAX = 200; // of each kind, that one answer holds

export class Desk {
  constructor(app, core, manifest) {
    this.app = app;
    this.core = core;
    this.manifest = manifest;
    this.registrar = 0; // from 1, once a key is open
    this.unit = '';
    this.rows = [];
    this.way = ''; // a route, 'proven', or all
    this.order = 'due';
    this.opinions = new Map(); // of an outside check, by application
    this.done = '';
  }

  leave() {
    this.registrar = 0;
    this.rows = [];
    this.opinions = new Map();
    this.stopScan?.();
  }

  now() {
    return Math.floor(Date.now() / 1000);
  }

  unitName(index) {
    return this.manifest.units[index]?.name ?? String(index);
  }

  // A signed question for the queue. which: nothing, { unit } or { application }.
  async ask(which) {
    const time = this.now();
    const signature = toHex(await this.core.registrarAsk(this.manifest.fingerprint, time, null));
    const answer = await post('/api/registrar/waiting', { registrar: this.registrar, time, signature, ...which });
    const rows = [];
    for (const row of answer.waiting) rows.push({ ...row, short: await this.core.shortId(row.application) });
    return rows.sort((a, b) => a.due - b.due);
  }

  async askFunnel() {
    const time = this.now();
    const signature = toHex(await this.core.registrarAsk(this.manifest.fingerprint, time, null));
    return post('/api/registrar/funnel', { registrar: this.registrar, time, signature });
  }

  async askDocument(row, kind) {
    const subject = Uint8Array.from([...row.application.match(/../g).map((x) => parseInt(x, 16)), kind]);
    const time = this.now();
    const signature = toHex(await this.core.registrarAsk(this.manifest.fingerprint, time, subject));
    return postForBytes('/api/registrar/document', {
      registrar: this.registrar, time, signature, application: row.application, kind,
    });
  }

  async read() {
    this.rows = await this.ask(this.unit === '' ? {} : { unit: Number(this.unit) });
  }

  async showQueue() {
    await this.read();
    this.app.show(() => queueScreen(this));
  }

  // Where the address says: /desk#ID is one application.
  async follow() {
    if (!this.registrar) return;
    const id = location.hash.slice(1);
    if (/^[0-9a-f]{32}$/.test(id)) await this.showOne(id);
    else await this.showQueue();
  }

  async showOne(id) {
    const [row] = await this.ask({ application: id });
    if (row) this.app.show(() => rowScreen(this, row));
    else {
      this.done = t('desk.gone');
      await this.back();
    }
  }

  async back() {
    history.replaceState(null, '', location.pathname + location.search);
    try {
      await this.showQueue();
    } catch (e) {
      this.app.show(() => ({ title: t('desk.queue'), content: [failure(e), button(t('desk.again'), () => this.back(), { class: 'primary' })] }));
    }
  }
}

// In how many days, or since how many.
export function dueWords(desk, row) {
  const days = Math.floor((row.due - desk.now()) / DAY_S);
  if (row.due < desk.now()) return { late: true, text: tn('desk.overdue', Math.max(1, -days)) };
  return { late: false, text: days < 1 ? t('desk.due-today') : tn('desk.due', days) };
}

function rowItem(desk, row) {
  const due = dueWords(desk, row);
  const quorum = desk.manifest.registrarQuorum;
  return h('li', { class: due.late ? 'card queue-row late' : 'card queue-row' },
    h('h2', {}, row.name),
    h('p', {}, t('desk.number'), ' ', h('span', { class: 'mono' }, row.number), ' · ', desk.unitName(row.unit)),
    h('p', {}, h('strong', { class: 'tag' }, t(`desk.route-${row.route || 'proven'}`)), ' ',
      row.matched ? [h('strong', { class: 'tag' }, t('desk.near')), ' '] : null,
      h('span', { class: 'due' }, due.text), ' · ', tn('desk.age', ageDays(desk, row))),
    opinionOf(desk, row),
    quorum > 1 && row.signed.length ? h('p', {}, t('desk.signed-by', { n: row.signed.length, of: quorum })) : null,
    h('p', { class: 'hint' }, t('desk.short'), ' ', h('span', { class: 'mono' }, row.short), ' · ',
      dateTime(row.created, desk.manifest.zone)),
    button(t('desk.look', { name: row.name }), () => desk.app.show(() => rowScreen(desk, row))));
}

// How long somebody waits, in whole days.
const ageDays = (desk, row) => Math.max(0, Math.floor((desk.now() - row.created) / DAY_S));

const ORDERS = {
  due: (a, b) => a.due - b.due,
  oldest: (a, b) => a.created - b.created,
  newest: (a, b) => b.created - a.created,
};
const WAYS = ['proven', 'desk', 'documents'];

function shown(desk) {
  return desk.rows.filter((row) => !desk.way || (row.route || 'proven') === desk.way).sort(ORDERS[desk.order]);
}

function choice(label, options, value, take) {
  const id = uniqueId('choice');
  return h('div', { class: 'field' }, h('label', { for: id }, label), h('select', { id, onchange: (e) => take(e.target.value) },
    options.map(([name, text]) => h('option', { value: name, selected: name === value }, text))));
}

function choices(desk, list) {
  return h('div', { class: 'triple' }, unitChoice(desk, list),
    choice(t('desk.way'), [['', t('desk.all-ways')], ...WAYS.map((w) => [w, t(`desk.route-${w}`)])], desk.way, (way) => {
      desk.way = way;
      fill(desk, list);
    }),
    choice(t('desk.order'), Object.keys(ORDERS).map((o) => [o, t(`desk.order-${o}`)]), desk.order, (order) => {
      desk.order = order;
      fill(desk, list);
    }));
}

// How many wait, how many beyond their time, and the longest.
function ageing(desk, rows) {
  const late = rows.filter((row) => row.due < desk.now()).length;
  const oldest = Math.max(...rows.map((row) => ageDays(desk, row)));
  return h('p', { role: 'status' }, tn('desk.waiting', rows.length), ' · ', late ? [h('strong', {}, tn('desk.late', late)), ' · '] : null,
    tn('desk.longest', oldest));
}

function unitChoice(desk, list) {
  const id = uniqueId('unit');
  const used = desk.manifest.units;
  const select = h('select', {
    id,
    onchange: async (e) => {
      desk.unit = e.target.value;
      try {
        await desk.read();
        fill(desk, list);
      } catch (fault) {
        replace(list, failure(fault));
      }
    },
  }, h('option', { value: '' }, t('desk.all-posts')),
  used.map((u, i) => h('option', { value: String(i), selected: desk.unit === String(i) }, u.name)));
  return h('div', { class: 'field' }, h('label', { for: id }, t('desk.post')), select);
}

function fill(desk, list) {
  const rows = shown(desk);
  replace(list, rows.length
    ? [ageing(desk, rows), desk.rows.length >= SHOWN_MAX ? h('p', { class: 'hint' }, t('desk.more')) : null, h('ul', { class: 'queue' }, rows.map((row) => rowItem(desk, row)))]
    : notice('info', t(desk.rows.length ? 'desk.empty-way' : 'desk.empty'), t('desk.empty-what')));
}

async function find(desk, typed) {
  typed.fail('');
  const text = typed.input.value.trim();
  const id = /#([0-9a-f]{32})$/.exec(text)?.[1] ?? await desk.core.readShort(text);
  const rows = id ? await desk.ask({ application: id }) : [];
  if (rows.length) desk.app.show(() => rowScreen(desk, rows[0]));
  else typed.fail(t('desk.not-found'));
}

function queueScreen(desk) {
  const list = h('div', {});
  const typed = field({ label: t('desk.find'), hint: t('desk.find-hint'), class: 'mono', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', maxlength: 200 });
  const camera = h('div', {});
  const said = desk.done;
  desk.done = '';
  fill(desk, list);
  return {
    title: t('desk.queue'),
    content: [
      h('p', { class: 'lead' }, t('desk.signed-in', { name: desk.name })),
      said ? h('div', { role: 'status' }, notice('good', said)) : null,
      form([typed.node], t('desk.find-go'), () => find(desk, typed)),
      canScan() ? h('p', {}, button(t('desk.scan'), async () => {
        desk.stopScan = await scan(camera, (text) => {
          typed.input.value = text;
          find(desk, typed).catch((e) => replace(camera, failure(e)));
        }).catch(() => { replace(camera, notice('bad', t('desk.no-camera'))); });
      }, { class: 'quiet' })) : null,
      camera,
      choices(desk, list), list, opinionChoice(desk, () => fill(desk, list)),
      h('p', {}, button(t('desk.again'), () => desk.showQueue().catch((e) => replace(list, failure(e))), { class: 'quiet' }), ' ',
      button(t('funnel.title'), () => desk.app.show(() => funnelScreen(desk)), { class: 'quiet' }), ' ',
      button(t('messages.title'), () => showMessages(desk).catch((e) => replace(list, failure(e))), { class: 'quiet' })),
    ],
  };
}
