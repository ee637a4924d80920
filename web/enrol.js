// Enrolment: who I am, the proof, my recovery code, where it stands. The server keeps each step, so
// that the same number and birth date go on where a person stopped, on any device. The recovery code
// never leaves this page. The screens are in enrol/.

import { startCore } from './core.js';
import { notice } from './dom.js';
import { register as registerKey } from './enrol/key.js';
import { register as registerMessage } from './enrol/message.js';
import { comeBack, register as registerProvider } from './enrol/oidc.js';
import { Page } from './enrol/page.js';
import { register as registerStatus } from './enrol/status.js';
import { whoScreen } from './enrol/who.js';
import { t } from './i18n.js';
import { failure, start } from './shell.js';

start('enrol', async (app) => {
  let core;
  try {
    core = await startCore();
  } catch (e) {
    app.show(() => ({ title: t('enrol.title'), content: failure(e) }));
    return;
  }
  const page = new Page(app, core);
  app.leave(() => page.leave());
  for (const register of [registerMessage, registerProvider, registerKey, registerStatus]) register(page);
  page.first = () => whoScreen(page);
  if (await comeBack(page)) return;
  if (['setup', 'open'].includes(app.election.phase)) app.show(page.first, { focus: false });
  else app.show(() => ({ title: t('enrol.title'), content: notice('info', t('enrol.over'), t('enrol.over-what')) }));
});
