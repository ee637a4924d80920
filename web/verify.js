// Verify in this browser (verification.js): the record of this site, a folder or an archive. The page
// reads nothing into the verdict: it hands over files and shows what comes back.

import { button, download, field, h, notice, replace } from './dom.js';
import { fromHex } from './hex.js';
import { number, t, tn } from './i18n.js';
import { NoArchive, fromArchive, fromDrop, fromInput, fromServer } from './record.js';
import { failure, link, start } from './shell.js';
import { Progress, verdictLine, verification } from './verification.js';

start('verify', async (app) => {
  let state = 'idle'; // reading, running, done, failed
  let progress = null; // a Progress
  let began = 0;
  let seconds = 0;
  let report = null;
  let problem = null;
  let running = null;
  let fingerprint = app.election.fingerprint;
  let known; // the field for the fingerprint
  app.leave(() => running?.stop());
  app.show(screen, { focus: false });

  // ---- doing it ----

  async function verify(from) {
    const name = fingerprint ? fromHex(fingerprint, 32) : undefined;
    known.fail(name === null ? t('verify.fingerprint-bad') : '');
    if (name === null) return;
    [state, progress, report, problem] = ['reading', new Progress(), null, null];
    app.show(screen);
    try {
      const files = await from();
      if (!files) throw new NoArchive();
      state = 'running';
      began = performance.now();
      running = verification(files, name, (p) => progress.tell(p));
      report = await running.result;
      seconds = (performance.now() - began) / 1000;
      state = 'done';
    } catch (e) {
      problem = e;
      state = 'failed';
    }
    app.show(screen);
    app.say(state === 'done' ? t(report.verified ? 'verify.good' : 'verify.bad') : t('error.title'));
  }

  // ---- showing it ----

  function pick(label, from, attributes) {
    const input = h('input', {
      type: 'file', class: 'visually-hidden', ...attributes, onchange: (e) => e.target.files.length && verify(() => from(e.target.files)),
    });
    return h('label', { class: 'button' }, input, label);
  }

  function choose() {
    known = field({
      label: t('verify.fingerprint'), hint: t('verify.fingerprint-hint'), value: fingerprint, class: 'fingerprint',
      autocomplete: 'off', spellcheck: 'false', oninput: (e) => { fingerprint = e.target.value.replace(/\s/g, ''); },
    });
    const box = h('section', {
      class: 'card drop',
      'aria-labelledby': 'choose',
      ondragover: (e) => { e.preventDefault(); box.classList.add('over'); },
      ondragleave: () => box.classList.remove('over'),
      ondrop: (e) => {
        e.preventDefault();
        box.classList.remove('over');
        verify(() => fromDrop(e.dataTransfer));
      },
    }, h('h2', { id: 'choose' }, t('verify.what')),
    h('p', {}, t('verify.how')),
    known.node,
    h('div', { class: 'actions start' }, button(t('verify.here'), () => verify(fromServer), { class: 'primary' }),
      pick(t('verify.folder'), (list) => fromInput(list), { webkitdirectory: true }),
      pick(t('verify.archive'), (list) => fromArchive(list[0]), { accept: '.tar' })),
    h('p', { class: 'hint' }, t('verify.drop')));
    return box;
  }

  function ballots() {
    const check = report.checks.find((c) => c.check === 'ballots' && c.verdict === 'ok');
    return check ? Number(/^\d+/.exec(check.detail)) : 0;
  }

  function outcome() {
    if (!report) return null;
    const count = ballots();
    return h('section', { 'aria-labelledby': 'outcome' }, h('h2', { id: 'outcome' }, t('verify.outcome')),
      notice(report.verified ? 'good' : 'bad', t(report.verified ? 'verify.good' : 'verify.bad'),
        t(report.verified ? 'verify.good-what' : 'verify.bad-what')),
      h('ul', { class: 'checks' }, report.checks.map(verdictLine)),
      h('p', { class: 'hint', id: 'rate' }, tn('verify.took', report.workers, { seconds: number(Math.round(seconds * 10) / 10), memory: Math.round(report.memory / 2 ** 20) }), ' ',
        count ? t('verify.ballot-rate', { ballots: count, rate: Math.round(count / seconds) }) : ''),
      h('p', {}, button(t('verify.save'), () => download('verification.json', 'application/json',
        `${JSON.stringify({ fingerprint: report.fingerprint, verified: report.verified, checks: report.checks }, null, 1)}\n`))));
  }

  function said() {
    if (state === 'failed') {
      return problem instanceof NoArchive ? notice('bad', t('verify.no-archive'), t('verify.no-archive-what'),
        problem.message && h('p', { class: 'fault' }, h('code', {}, problem.message))) : failure(problem);
    }
    if (state !== 'reading' && state !== 'running') return null;
    return h('section', { class: 'card' }, progress.node, h('p', {}, button(t('verify.stop'), () => {
      running?.stop();
      location.reload();
    })));
  }

  function texts(prefix, n) {
    return h('ul', {}, Array.from({ length: n }, (_, i) => h('li', {}, t(`${prefix}-${i + 1}`))));
  }

  function screen() {
    const busy = state === 'reading' || state === 'running';
    const box = h('div', {});
    replace(box, said(), outcome(), busy ? null : choose());
    return {
      title: t('verify.title'),
      wide: true,
      content: [
        h('p', { class: 'lead' }, t('verify.lead')),
        h('div', { class: 'columns verify' }, box,
          h('div', {},
            h('section', { class: 'card' }, h('h2', {}, t('verify.checked')), texts('verify.checked', 7)),
            h('section', { class: 'card' }, h('h2', {}, t('verify.cannot')), h('p', {}, t('verify.cannot-what')), texts('verify.cannot', 7)),
            h('section', { class: 'card' }, h('h2', {}, t('verify.others')), h('p', {}, t('verify.others-what')),
              h('pre', { tabindex: 0 }, h('code', {}, `tapat mirror --server ${location.origin} record\ntapat verify record\nnode verifier/cli.js record`)),
              h('p', {}, t('verify.others-page')),
              h('p', {}, t('verify.keep')), h('pre', { tabindex: 0 }, h('code', {}, 'tapat archive record record.tar')),
              h('p', {}, link('/board', t('footer.board')))))),
      ],
    };
  }
});
