// The desk, first screen: the registrar's key file and its passphrase.

import { field, h, uniqueId } from '../dom.js';
import { form } from '../enrol/page.js';
import { toHex } from '../hex.js';
import { t } from '../i18n.js';

const FILE_MAX = 4096;

async function open(desk, file, phrase) {
  const opened = await desk.core.openKeyFile(await file.text(), phrase);
  if (opened.fault) return opened.fault;
  const at = desk.manifest.registrars.findIndex((who) => who.key === toHex(opened.key));
  if (at < 0) return 'other';
  desk.registrar = at + 1;
  desk.name = opened.name;
  return '';
}

export function openScreen(desk) {
  const id = uniqueId('file');
  const input = h('input', { id, type: 'file', 'aria-describedby': `${id}-hint` });
  const phrase = field({ label: t('desk.passphrase'), hint: t('desk.passphrase-hint'), type: 'password', autocomplete: 'off', maxlength: 250 });
  const error = h('p', { class: 'field-error', role: 'alert', hidden: true });
  const fail = (text) => {
    error.hidden = !text;
    error.textContent = text;
  };
  return {
    title: t('desk.title'),
    content: [
      h('p', { class: 'lead' }, t('desk.lead')),
      form([
        h('div', { class: 'field' }, h('label', { for: id }, t('desk.file')),
          h('p', { class: 'hint', id: `${id}-hint` }, t('desk.file-hint')), input),
        phrase.node, error,
      ], t('desk.open'), async () => {
        fail('');
        const [file] = input.files;
        if (!file || file.size > FILE_MAX) {
          fail(t('desk.fault-file'));
          return;
        }
        const fault = await open(desk, file, phrase.input.value);
        phrase.input.value = '';
        if (fault) fail(t(`desk.fault-${fault}`));
        else await desk.follow();
      }),
      h('p', { class: 'aside' }, t('desk.stays')),
    ],
  };
}
