// How far voters have come, for everyone: of each post what may be published, where it is.

import { getJson, optional } from './api.js';
import { h, notice, replace } from './dom.js';
import { Renewed, postTable, shareOf } from './funnel/table.js';
import { number, t, tn } from './i18n.js';
import { failure, link, start } from './shell.js';

const EVERY_MS = 30000;

start('funnel', async (app) => {
  const manifest = await getJson('/api/manifest');
  app.election.title = manifest.title;
  const nameOf = (row) => (row.post ? manifest.units.find((u) => u.id === row.post)?.name ?? row.post : t('funnel.others'));
  let newest = await optional(getJson('/api/funnel'));
  let renewed;

  function screen() {
    if (!newest) {
      return { title: t('funnel.title'), content: notice('info', t('funnel.private'), t('funnel.private-what'),
        h('p', {}, link('/desk', t('funnel.desk')))) };
    }
    const table = postTable(t('funnel.table'), [
      { label: t('funnel.roll'), value: (r) => r.roll },
      { label: t('funnel.enrolled'), value: (r) => r.enrolled },
      { label: t('funnel.of-online'), value: (r) => shareOf(r.enrolled, r.roll - r.off), share: true },
      { label: t('funnel.begun'), value: (r) => r.begun },
      { label: t('funnel.none'), value: (r) => r.none },
      { label: t('funnel.off'), value: (r) => r.off },
    ], nameOf);
    const left = h('p', { class: 'hint' });
    const failed = h('div', { role: 'status' });
    const show = (answer) => {
      newest = answer;
      const missing = manifest.units.length - answer.posts.filter((p) => p.post).length;
      table.fill(answer.posts);
      replace(left, missing ? tn('funnel.missing', missing, { floor: number(answer.floor) }) : '');
    };
    renewed?.stop();
    renewed = new Renewed(app, EVERY_MS, () => getJson('/api/funnel'), show, (e) => replace(failed, e ? failure(e) : ''));
    show(newest);
    renewed.run();
    return {
      title: t('funnel.title'),
      wide: true,
      content: [h('p', { class: 'lead' }, t('funnel.lead')), failed,
        h('section', { class: 'card' }, newest.posts.length ? table.node : notice('info', t('funnel.few', { floor: newest.floor })), left, renewed.said),
        h('section', { class: 'card' }, h('h2', {}, t('funnel.what')), h('dl', { class: 'facts plainly' },
          ['enrolled', 'begun', 'none', 'off'].map((s) => [h('dt', {}, t(`funnel.${s}`)), h('dd', {}, t(`funnel.${s}-what`))])),
        h('p', { class: 'hint' }, t('funnel.floor-what', { floor: newest.floor })))],
    };
  }

  app.show(screen, { focus: false });
});
