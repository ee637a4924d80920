// What both views of the funnel share: a table of posts that stays where it is while its numbers
// are renewed, and the renewing itself.

import { h, replace } from '../dom.js';
import { dateTime, number, t } from '../i18n.js';

// columns: [{ label, value(row), share }]; name(row): the post's. Gives { node, fill(rows) }.
export function postTable(label, columns, name) {
  const body = h('tbody', {});
  const cell = (c, row) => {
    const value = c.value(row);
    return h('td', { class: 'number' }, value === null ? '–' : c.share ? t('results.share', { share: value }) : number(value));
  };
  return {
    node: h('div', { class: 'scroll tall', tabindex: 0, role: 'region', 'aria-label': label },
      h('table', { class: 'posts counts' }, h('caption', { class: 'visually-hidden' }, label),
        h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('results.post')),
          columns.map((c) => h('th', { scope: 'col', class: 'number' }, c.label)))), body)),
    fill(rows) {
      replace(body, rows.map((row) => h('tr', { class: row.sum ? 'sum' : undefined },
        h('th', { scope: 'row', class: 'post' }, name(row)), columns.map((c) => cell(c, row)))));
    },
  };
}

export function shareOf(part, whole) {
  return whole ? number(Math.round((1000 * part) / whole) / 10) : null;
}

// Asks again and again while the screen is there; a question that fails leaves the last answer.
export class Renewed {
  constructor(app, everyMs, ask, show, fail) {
    Object.assign(this, { everyMs, ask, show, fail, timer: 0, over: false });
    this.said = h('p', { class: 'hint' });
    app.leave(() => this.stop());
  }

  async run() {
    try {
      const answer = await this.ask();
      if (this.over) return;
      this.show(answer);
      this.said.textContent = t('funnel.counted', { time: dateTime(answer.time) });
      this.fail(null);
    } catch (e) {
      if (this.over) return;
      this.fail(e);
    }
    this.timer = setTimeout(() => this.run(), this.everyMs);
  }

  stop() {
    this.over = true;
    clearTimeout(this.timer);
  }
}
