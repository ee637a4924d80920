// Enrolment: who I am, the proof, my recovery code, where it stands. The server keeps each step, so
// that the same number and birth date go on where a person stopped, on any device. The recovery code
// never leaves this page. The screens are in enrol/.

import { Refusal, post } from './api.js';
import { startCore } from './core.js';
import { notice } from './dom.js';
import { loadManifest } from './election.js';
import { tokenInAddress } from './enrol/again.js';
import { register as registerApply } from './enrol/apply.js';
import { register as registerKey } from './enrol/key.js';
import { register as registerLetter } from './enrol/letter.js';
import { goOnWithCode, register as registerMessage, waitsForCode } from './enrol/message.js';
import { comeBack, register as registerProvider } from './enrol/oidc.js';
import { Page } from './enrol/page.js';
import { again } from './enrol/routes.js';
import { readStatus, register as registerStatus } from './enrol/status.js';
import { whoScreen } from './enrol/who.js';
import { t, words } from './i18n.js';
import { failure, start } from './shell.js';

// Goes on with the enrolment that a link names; a token that is none begins anew.
async function goOn(page) {
  const { state } = page;
  state.enrolment = tokenInAddress();
  try {
    const answer = await post('/api/enrol/status', { enrolment: state.enrolment });
    if (answer.state !== 'started') await readStatus(page);
    else if (waitsForCode(answer)) await goOnWithCode(page, answer);
    else await again(page);
  } catch (e) {
    if (!(e instanceof Refusal && e.status === 404)) throw e;
    state.enrolment = null;
    page.app.show(page.first, { focus: false });
  }
}

// The title in the voter's language stands in the manifest, for which nobody waits here.
function withTitle({ app, core, state }) {
  loadManifest(core, app.election).then((manifest) => {
    state.manifest = manifest;
    if (app.framed !== words(app.election.title)) app.frame();
  }).catch(() => {}); // who needs the manifest asks again
}

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
  const all = [registerMessage, registerLetter, registerApply, registerProvider, registerKey, registerStatus];
  for (const register of all) register(page);
  page.first = () => whoScreen(page);
  withTitle(page);
  if (await comeBack(page)) return;
  const enrolling = ['setup', 'open'].includes(app.election.phase);
  if (enrolling && tokenInAddress()) await goOn(page);
  else if (enrolling) app.show(page.first, { focus: false });
  else app.show(() => ({ title: t('enrol.title'), content: notice('info', t('enrol.over'), t('enrol.over-what')) }));
});
