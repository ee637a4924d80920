// Enrolment: who I am, the proof, my recovery code, where it stands. The server keeps each step, so
// that the same number and birth date go on where a person stopped, on any device. The recovery code
// never leaves this page. The screens are in enrol/.

import { Refusal, optional, post } from './api.js';
import { startCore } from './core.js';
import { h, notice } from './dom.js';
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
import { deadline, t, words } from './i18n.js';
import { failure, link, start } from './shell.js';

// Goes on with the enrolment that a link names; a token that is none begins anew.
async function goOn(page) {
  const { state } = page;
  state.enrolment = tokenInAddress();
  try {
    const answer = await post('/api/enrol/status', { enrolment: state.enrolment });
    if (answer.state !== 'started') await readStatus(page);
    else if (waitsForCode(page, answer)) await goOnWithCode(page, answer);
    else await again(page);
  } catch (e) {
    if (!(e instanceof Refusal && e.status === 404)) throw e;
    state.enrolment = null;
    page.app.show(page.first, { focus: false });
  }
}

// The manifest, for which the first screen does not wait; it has the title in the voter's language.
// null: who needs it asks again.
async function manifestOf({ app, core, state }) {
  try {
    state.manifest = await loadManifest(core, app.election);
    if (app.framed !== words(app.election.title)) app.frame();
    return state.manifest;
  } catch {
    return null;
  }
}

// Before the time nobody can begin, but in a test.
async function tooEarly({ app }, manifest) {
  const { test, phase, time } = app.election;
  if (test || phase !== 'setup') return false;
  const times = (await manifest)?.times;
  return Boolean(times) && time < times.enrol;
}

function earlyScreen({ state }) {
  const time = deadline(state.manifest.times.enrol, state.manifest.zone);
  return {
    title: t('enrol.title'),
    content: [notice('info', t('enrol.early'), t('enrol.early-what', { time })), h('p', {}, link('/', t('to-home'), { class: 'button' }))],
  };
}

// Who is enrolled sees it after the close too.
async function afterClose(page) {
  page.state.enrolment = tokenInAddress();
  const answer = page.state.enrolment && await optional(post('/api/enrol/status', { enrolment: page.state.enrolment }));
  if (answer && ['done', 'recorded'].includes(answer.state)) await readStatus(page);
  else page.app.show(() => ({ title: t('enrol.title'), content: notice('info', t('enrol.over'), t('enrol.over-what')) }));
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
  const manifest = manifestOf(page);
  if (await comeBack(page)) return;
  if (!['setup', 'open'].includes(app.election.phase)) await afterClose(page);
  else if (await tooEarly(page, manifest)) app.show(() => earlyScreen(page), { focus: false });
  else if (tokenInAddress()) await goOn(page);
  else app.show(page.first, { focus: false });
});
