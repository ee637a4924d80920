// The registrar's desk: who waits, what they showed, and the decision, signed on this device. The
// registrar's key is opened here and never leaves the worker; every request is signed with it.

import { startCore } from './core.js';
import { h, notice, replace } from './dom.js';
import { openScreen } from './desk/key.js';
import { Desk } from './desk/queue.js';
import { loadManifest } from './election.js';
import { t } from './i18n.js';
import { failure, start } from './shell.js';

start('desk', async (app) => {
  let core;
  try {
    core = await startCore();
  } catch (e) {
    app.show(() => ({ title: t('desk.title'), content: failure(e) }));
    return;
  }
  const manifest = await loadManifest(core, app.election);
  const desk = new Desk(app, core, manifest);
  app.leave(() => {
    desk.leave();
    core.stop();
  });
  addEventListener('hashchange', () => desk.follow().catch((e) => replace(app.main, h('h1', {}, t('desk.title')), failure(e))));
  if (['setup', 'open'].includes(app.election.phase)) app.show(() => openScreen(desk), { focus: false });
  else app.show(() => ({ title: t('desk.title'), content: notice('info', t('enrol.over'), t('enrol.over-what')) }));
});
