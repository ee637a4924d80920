// What an outside identity check said of applications, in the files that it wrote on this device:
// ID.txt, one line each. They are read here and go nowhere; they decide nothing, and nothing waits.

import { h, uniqueId } from '../dom.js';
import { t, tn } from '../i18n.js';

const LINE_MAX = 200;
const FILE_MAX = 65536;

// The first line, without what could disturb the page.
function line(text) {
  return [...text.split('\n')[0].slice(0, LINE_MAX)].map((c) => (/[\p{Cc}\p{Cf}]/u.test(c) ? '?' : c)).join('').trim();
}

export async function readOpinions(files) {
  const found = new Map();
  for (const file of files) {
    const id = /^([0-9a-f]{32})\.txt$/.exec(file.name)?.[1];
    const text = id && file.size <= FILE_MAX ? line(await file.text()) : '';
    if (text) found.set(id, text);
  }
  return found;
}

export function opinionOf(desk, row) {
  const text = desk.opinions.get(row.application);
  return text ? h('p', { class: 'opinion' }, h('strong', {}, t('opinion.title')), ' ', h('span', {}, text)) : null;
}

// A choice of files; `changed` is called when they were read.
export function opinionChoice(desk, changed) {
  const id = uniqueId('opinions');
  const said = h('p', { class: 'hint', role: 'status' }, desk.opinions.size ? tn('opinion.read', desk.opinions.size) : '');
  return h('details', { open: desk.opinions.size > 0 }, h('summary', {}, t('opinion.choose')),
    h('div', { class: 'field' }, h('label', { for: id }, t('opinion.files')), h('p', { class: 'hint', id: `${id}-hint` }, t('opinion.hint')),
      h('input', {
        id, type: 'file', multiple: true, accept: '.txt', 'aria-describedby': `${id}-hint`,
        onchange: async (e) => {
          desk.opinions = await readOpinions(e.target.files);
          said.textContent = tn('opinion.read', desk.opinions.size);
          changed();
        },
      })), said);
}
