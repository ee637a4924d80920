// What every page has: header, language switch, the banner of a test election, one <main> whose
// screens come and go, and a footer with the election's fingerprint.

import { Refusal, getJson } from './api.js';
import { Missing } from './core.js';
import { append, button, download, h, notice, replace } from './dom.js';
import { dateTime, deadline, has, language, languages, number, t, useLanguage, words } from './i18n.js';

const pages = [
  ['/', 'nav.home'],
  ['/enrol', 'nav.enrol'],
  ['/vote', 'nav.vote'],
  ['/track', 'nav.track'],
  ['/results', 'nav.results'],
  ['/board', 'nav.board'],
];

// A link inside the site, which keeps the language that was asked for.
export function href(path, fragment = '') {
  const asked = new URLSearchParams(location.search).get('lang');
  return path + (asked ? `?lang=${encodeURIComponent(asked)}` : '') + fragment;
}

export function link(path, label, attributes) {
  return h('a', { href: href(path), ...attributes }, label);
}

function logo() {
  return h('svg', { class: 'logo', viewBox: '0 0 32 32', width: 32, height: 32, 'aria-hidden': 'true' },
    h('rect', { x: 1.5, y: 1.5, width: 29, height: 29, rx: 8, class: 'logo-box' }),
    h('path', { d: 'M8 16.5 L13.5 22 L24 10.5', class: 'logo-check' }),
    h('path', { d: 'M8 26 H24', class: 'logo-line' }));
}

// The state of the election in one sentence. manifest: as the server has it, or as it was read.
export function phaseSentence(e, manifest) {
  const seconds = (at) => (typeof at === 'number' ? at : Date.parse(at) / 1000);
  const time = (name) => deadline(seconds(manifest.times[name]), manifest.zone);
  const early = manifest && !e.test && e.phase === 'setup' && e.time < seconds(manifest.times.enrol);
  if (early) return t('phase.early', { enrol: time('enrol'), time: time('open') });
  if (e.phase === 'setup') return manifest ? t('phase.setup', { time: time('open') }) : t('phase.setup-soon');
  if (e.phase === 'open') return manifest ? t('phase.open', { time: time('close') }) : t('phase.open-now');
  return has(`phase.${e.phase}`) ? t(`phase.${e.phase}`) : t('phase.unknown');
}

// Saves the whole public record as one file, made here of what the server hands to everyone.
export function archiveSaver() {
  const said = h('div', { role: 'status' });
  const save = button(t('archive.save'), async () => {
    save.disabled = true;
    try {
      const { fromServer, toArchive } = await import('./record.js');
      const archive = await toArchive(await fromServer(), (done, total) => {
        replace(said, h('p', { class: 'working' }, t('archive.progress', { done, total })));
      });
      download('record.tar', archive.type, archive);
      replace(said, notice('good', t('archive.saved', { size: number(Math.ceil(archive.size / 1e5) / 10) }),
        link('/verify', t('board.verify-button'))));
    } catch (e) {
      replace(said, failure(e));
    }
    save.disabled = false;
  });
  return h('div', { class: 'no-print' }, h('p', {}, t('archive.what')), h('p', {}, save), said);
}

// What happened and what to do next, from anything that was thrown.
export function failure(e) {
  if (e instanceof Missing) return notice('bad', t('stop.title'), t('stop.why'), t('stop.next'));
  if (!(e instanceof Refusal)) {
    console.error(e);
    return notice('bad', t('error.title'), t('error.own'), t('error.own-next'));
  }
  const id = `error.${e.code}`;
  if (e.code && has(id)) return notice('bad', t('error.title'), t(id, { time: e.problem?.again ? dateTime(e.problem.again) : '' }));
  if (e.status === 429 || e.status === 503) return notice('bad', t('error.title'), t('error.busy'));
  if (e.status >= 500) return notice('bad', t('error.title'), t('error.server'));
  return notice('bad', t('error.title'), t('error.refused', { code: e.code || e.status }));
}

class App {
  constructor(name) {
    this.name = name;
    this.election = null;
    this.failed = null; // why the election is unknown
    this.main = document.getElementById('main');
    this.live = h('p', { class: 'visually-hidden', 'aria-live': 'polite' });
    this.screen = null;
    this.onLeave = [];
  }

  // Shows a screen: a function that gives { title, content }. It is called again when the language
  // changes, so what a person typed lives in the page's state, not in the screen.
  show(screen, { focus = true } = {}) {
    this.screen = screen;
    const { title, content, wide } = screen();
    if (this.election && this.framed !== words(this.election.title)) this.frame();
    const heading = h('h1', { tabindex: -1, id: 'heading' }, title);
    document.title = this.election ? `${title} · ${words(this.election.title)}` : title;
    this.main.classList.toggle('wide', Boolean(wide));
    replace(this.main, heading, content);
    if (focus) {
      scrollTo(0, 0);
      heading.focus({ preventScroll: true });
    }
  }

  again() {
    if (this.screen) this.show(this.screen, { focus: false });
  }

  // Tells screen readers.
  say(text) {
    this.live.textContent = text;
  }

  async switchLanguage(code) {
    await useLanguage(code);
    const url = new URL(location.href);
    url.searchParams.set('lang', code);
    history.replaceState(history.state, '', url);
    this.frame();
    this.again();
    document.querySelector('.languages [aria-pressed="true"]').focus();
  }

  frame() {
    const e = this.election;
    this.framed = e && words(e.title);
    const languageButtons = languages.map((l) => button(l.name, () => this.switchLanguage(l.code), {
      lang: l.code, 'aria-pressed': String(l.code === language()),
    }));
    const items = pages.map(([path, label]) => h('li', {}, link(path, t(label), {
      'aria-current': path === `/${this.name}` ? 'page' : undefined,
    })));
    if (e && e.test) {
      items.push(h('li', {}, link('/outbox', t('nav.outbox'), {
        'aria-current': this.name === 'outbox' ? 'page' : undefined,
      })));
    }
    // On narrow screens the pages hide behind a button.
    const menu = button(t('nav.menu'), () => {
      const open = menu.getAttribute('aria-expanded') !== 'true';
      menu.setAttribute('aria-expanded', String(open));
    }, { class: 'menu', 'aria-expanded': 'false', 'aria-controls': 'pages' });
    replace(document.getElementById('top'),
      h('a', { class: 'skip', href: '#main' }, t('nav.skip')),
      h('div', { class: 'bar' }, h('div', { class: 'wrap bar-row' },
        link('/', [logo(), h('span', { class: 'brand-text' },
          h('span', { class: 'brand-name' }, t('brand')),
          h('span', { class: 'brand-title' }, e ? words(e.title) : t('brand.what')))],
        { class: 'brand' }))),
      h('div', { class: 'nav' }, h('div', { class: 'wrap nav-row' },
        menu,
        h('nav', { id: 'pages', 'aria-label': t('nav.main') }, h('ul', {}, items)),
        h('div', { class: 'languages', role: 'group', 'aria-label': t('nav.language') },
          languageButtons))),
      e && e.test && h('div', { class: 'test-banner' }, h('p', { class: 'wrap' },
        h('strong', {}, t('test.title')), ' ', t('test.what'))),
      this.live);
    replace(document.getElementById('bottom'), h('div', { class: 'wrap' },
      e && h('p', {}, t('footer.fingerprint'), ' ',
        h('code', { class: 'fingerprint' }, e.fingerprint.match(/.{8}/g).join(' '))),
      h('p', {}, t('footer.what'), ' ', link('/board', t('footer.board')))));
  }

  leave(fn) {
    this.onLeave.push(fn);
  }
}

// Nothing of a voter may survive in the page: neither on the way back nor in the page cache.
function clearOnLeave(app) {
  addEventListener('pagehide', () => {
    for (const fn of app.onLeave) fn();
    app.screen = null;
    app.main.replaceChildren();
    app.live.textContent = '';
  });
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
}

export async function start(name, run) {
  const app = new App(name);
  clearOnLeave(app);
  try {
    await useLanguage();
  } catch {
    append(app.main, [h('p', {}, 'The page could not be loaded. Check your connection and try again. '
      + 'Hindi na-load ang pahina. Tingnan ang koneksyon at subukan muli.')]);
    return;
  }
  app.frame();
  try {
    app.election = await getJson('/api/election');
  } catch (e) {
    app.failed = e;
  }
  app.frame();
  if (app.failed) {
    app.show(() => ({
      title: t('error.page'),
      content: [failure(app.failed), button(t('try-again'), () => location.reload(), { class: 'primary' })],
    }), { focus: false });
    return;
  }
  try {
    await run(app);
  } catch (e) {
    app.show(() => ({ title: t('error.page'), content: [failure(e), button(t('try-again'), () => location.reload(), { class: 'primary' })] }));
  }
}
