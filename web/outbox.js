// The messages of a test election, which go nowhere else.

import { getJson, optional } from './api.js';
import { button, h, notice } from './dom.js';
import { dateTime, t } from './i18n.js';
import { start } from './shell.js';

start('outbox', async (app) => {
  let messages;
  async function read() {
    messages = await optional(getJson('/api/outbox'));
  }

  function card(m) {
    return h('li', { class: 'card message' },
      h('p', { class: 'hint' }, t('outbox.to', { to: m.to }), ' · ', dateTime(m.time)),
      h('h2', {}, m.subject), h('p', { class: 'text' }, m.text));
  }

  await read();
  app.show(() => ({
    title: t('outbox.title'),
    content: messages === null
      ? notice('info', t('outbox.none-title'), t('outbox.none'))
      : [
        h('p', { class: 'lead' }, t('outbox.lead')),
        h('p', {}, button(t('outbox.refresh'), async () => {
          await read();
          app.again();
          app.say(t('outbox.refreshed'));
        })),
        messages.length ? h('ul', { class: 'plain' }, messages.map(card)) : h('p', {}, t('outbox.empty')),
      ],
  }), { focus: false });
});
