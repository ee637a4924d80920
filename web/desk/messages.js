// The desk: what voters are sent, as the server would send it today, with example values.

import { getJson } from '../api.js';
import { button, h, replace, uniqueId } from '../dom.js';
import { language, languages, t } from '../i18n.js';

const KINDS = ['code', 'applied', 'rejected', 'ready', 'recorded', 'cancelled'];

function preview(name, { subject, text, brief }) {
  return h('section', { class: 'card' }, h('h2', {}, t(`messages.${name}`)),
    h('p', {}, h('strong', {}, subject)), h('pre', { class: 'mail' }, text),
    h('h3', {}, t('messages.sms')), h('pre', { class: 'mail' }, brief));
}

export async function showMessages(desk) {
  const all = await getJson('/api/messages');
  const codes = Object.keys(all);
  let chosen = codes.includes(language()) ? language() : codes[0];
  desk.app.show(() => {
    const id = uniqueId('language');
    const place = h('div', { lang: chosen });
    const fill = () => {
      place.lang = chosen;
      replace(place, KINDS.filter((name) => all[chosen]?.[name]).map((name) => preview(name, all[chosen][name])));
    };
    const select = h('select', { id, onchange: (e) => { chosen = e.target.value; fill(); } }, codes.map((code) => h('option', {
      value: code, selected: code === chosen,
    }, languages.find((l) => l.code === code)?.name ?? code)));
    fill();
    return {
      title: t('messages.title'),
      content: [h('p', { class: 'lead' }, t('messages.lead')),
        h('div', { class: 'field' }, h('label', { for: id }, t('messages.language')), select), place,
        h('p', { class: 'aside' }, t('messages.letter')),
        h('p', {}, button(t('desk.back'), () => desk.back(), { class: 'quiet' }))],
    };
  });
}
