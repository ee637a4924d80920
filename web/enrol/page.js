// What the screens of enrolment share: what a person typed, the steps above each screen, forms, and
// the way from a state of the server to the screen for it. A screen is a file beside this one; it
// registers what it shows for which states.

import { Refusal } from '../api.js';
import { button, h, notice } from '../dom.js';
import { fromHex } from '../hex.js';
import { t } from '../i18n.js';
import { failure, link } from '../shell.js';

export class Page {
  constructor(app, core) {
    this.app = app;
    this.core = core;
    this.fingerprint = fromHex(app.election.fingerprint, 32);
    this.timer = 0;
    this.state = Page.fresh();
    this.screens = new Map();
    this.routes = new Map(); // by name: an async function that begins this route
  }

  static fresh() {
    return { number: '', fullName: '', byName: false, birth: '', message: '', typed: '', enrolment: null, sentTo: '' };
  }

  leave() {
    clearTimeout(this.timer);
    this.state = Page.fresh();
    this.core.stop();
  }

  // A button that begins something, and says beside itself why it could not.
  opener(label, open) {
    const message = h('div', {});
    const go = button(label, async () => {
      go.disabled = true;
      message.replaceChildren();
      try {
        await open();
      } catch (e) {
        message.replaceChildren(failed(e));
      }
      go.disabled = false;
    }, { class: 'primary' });
    return h('div', {}, go, message);
  }

  // Back to the first screen, with what was typed there.
  restart() {
    clearTimeout(this.timer);
    this.app.show(this.first);
  }

  again() {
    return h('div', { class: 'actions' }, button(t('enrol.again'), () => this.restart(), { class: 'primary' }));
  }

  // open: an async function of the server's answer, which shows the screen of these states.
  register(states, open) {
    for (const name of states) this.screens.set(name, open);
  }

  // Goes to where the server says that this enrolment stands; `otherwise` is for every other state.
  async show(answer) {
    clearTimeout(this.timer);
    await (this.screens.get(answer.state) || this.screens.get('otherwise'))(answer);
  }
}

// What was thrown, in words; the phase of the election is here that of enrolment.
function failed(e) {
  const phase = e instanceof Refusal && e.code === 'board.phase';
  return phase ? notice('bad', t('enrol.shut'), t('enrol.shut-what'), h('p', {}, link('/', t('to-home')))) : failure(e);
}

// Where a person is: who I am, the proof, the recovery code, done.
export function steps(current) {
  const names = [t('enrol.step-who'), t('enrol.step-prove'), t('enrol.step-code'), t('enrol.step-done')];
  return h('ol', { class: 'steps', 'aria-label': t('enrol.steps') }, names.map((name, i) => h('li', {
    'aria-current': i === current ? 'step' : undefined, class: i < current ? 'done' : undefined,
  }, h('span', {}, name))));
}

// A form whose button waits for `run`; what run throws is shown in words.
export function form(parts, label, run) {
  const message = h('div', {});
  const go = h('button', { class: 'primary', type: 'submit' }, label);
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    message.replaceChildren();
    try {
      await run();
    } catch (e) {
      message.replaceChildren(failed(e));
    }
    go.disabled = false;
  };
  return h('form', { class: 'card', onsubmit: submit, novalidate: true }, parts, message, go);
}
