// Verify in this browser: the whole of `tapat verify`, compiled from the same C, in as many workers
// as the device has processors (at most 8). The page reads nothing into the verdict: it hands over
// files and shows what comes back.

import { newWorker, Missing } from './core.js';
import { button, download, field, h, notice, replace } from './dom.js';
import { fromHex } from './hex.js';
import { has, number, t, tn } from './i18n.js';
import { NoArchive, fromArchive, fromDrop, fromInput, fromServer } from './record.js';
import { failure, link, start } from './shell.js';

const MOST_WORKERS = 8;
const CLASS = { ok: 'good', FAIL: 'bad', 'not yet': 'unknown' };

const reply = (worker) => new Promise((resolve, reject) => {
  worker.addEventListener('message', ({ data }) => {
    if (data.progress) return;
    if ('failed' in data) reject(new Error(data.failed));
    else resolve(data);
  }, { once: false });
  worker.addEventListener('error', (e) => reject(new Error(e.message || 'worker')));
});

async function loadModule() {
  const answer = await fetch('/tapat-verify.wasm', { credentials: 'omit' });
  if (!answer.ok || typeof WebAssembly !== 'object') throw new Missing();
  return WebAssembly.compile(await answer.arrayBuffer());
}

// Checks the record of a source; onProgress({ what, done, total }). stop() ends it.
export function verification(files, known, onProgress) {
  const workers = [];
  const add = () => {
    const worker = newWorker('/verifier.js');
    workers.push(worker);
    return worker;
  };
  const stop = () => workers.forEach((w) => w.terminate());
  async function run() {
    const module = await loadModule();
    const cores = Math.min(MOST_WORKERS, navigator.hardwareConcurrency || 1);
    const helpers = globalThis.crossOriginIsolated && cores > 1 ? cores : 0;
    const leader = add();
    let answer = reply(leader);
    leader.postMessage({ do: 'lead', module, files, helpers });
    const { memory, stacks } = await answer;
    const broken = [];
    await Promise.all(stacks.map((stack, worker) => {
      const helper = add();
      const ready = reply(helper);
      broken.push(new Promise((_, reject) => {
        helper.addEventListener('error', (e) => reject(new Error(e.message || 'worker')));
        helper.addEventListener('message', ({ data }) => 'failed' in data && reject(new Error(data.failed)));
      }));
      helper.postMessage({ do: 'help', module, files, shared: memory, stack, worker });
      return ready;
    }));
    leader.addEventListener('message', ({ data }) => data.progress && onProgress(data.progress));
    answer = reply(leader);
    leader.postMessage({ do: 'run', known, helpers });
    const { report } = await Promise.race([answer, ...broken]);
    return { ...report, workers: helpers || 1 };
  }
  return { result: run().finally(stop), stop };
}

start('verify', async (app) => {
  let state = 'idle'; // reading, running, done, failed
  let progress = null;
  let began = 0;
  let seconds = 0;
  let report = null;
  let problem = null;
  let running = null;
  let fingerprint = app.election.fingerprint;
  const bar = h('progress', { class: 'progress', max: 1, value: 0, 'aria-labelledby': 'progress-text' });
  const line = h('p', { id: 'progress-text', class: 'working' });
  let known; // the field for the fingerprint
  app.leave(() => running?.stop());
  app.show(screen, { focus: false });

  // ---- doing it ----

  async function verify(from) {
    const name = fingerprint ? fromHex(fingerprint, 32) : undefined;
    known.fail(name === null ? t('verify.fingerprint-bad') : '');
    if (name === null) return;
    [state, progress, report, problem] = ['reading', null, null, null];
    app.show(screen);
    try {
      const files = await from();
      if (!files) throw new NoArchive();
      state = 'running';
      began = performance.now();
      running = verification(files, name, (p) => {
        if (!progress || progress.what !== p.what) p.since = performance.now();
        progress = { ...p, since: p.since ?? progress.since };
        tell();
      });
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

  function timeLeft(s) {
    return s < 90 ? tn('verify.seconds', Math.max(1, Math.round(s))) : tn('verify.minutes', Math.round(s / 60));
  }

  function tell() {
    if (!progress) {
      bar.removeAttribute('value');
      line.textContent = t('verify.reading');
      return;
    }
    const { what, done, total, since } = progress;
    const elapsed = (performance.now() - since) / 1000;
    bar.value = total ? done / total : 1;
    const words = [t(what === 'entries' ? 'verify.entries' : 'verify.sums', { done, total })];
    if (elapsed > 1 && done) {
      const rate = done / elapsed;
      words.push(t('verify.rate', { rate: Math.round(rate) }), t('verify.left', { time: timeLeft((total - done) / rate) }));
    }
    line.textContent = words.join(' · ');
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

  function verdict(c) {
    const name = `verify.c-${c.check}`;
    return h('li', { class: `check ${CLASS[c.verdict]}`, 'data-check': c.check },
      h('strong', {}, t(`verify.v-${CLASS[c.verdict]}`)), ' ', h('span', {}, has(name) ? t(name) : c.check),
      h('span', { class: 'hint block' }, h('code', {}, c.check), c.detail ? ` ${c.detail}` : '',
        c.code ? h('span', { class: 'fault' }, h('code', {}, c.code), c.where ? `: ${c.where}` : '') : null));
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
      h('ul', { class: 'checks' }, report.checks.map(verdict)),
      h('p', { class: 'hint', id: 'rate' }, tn('verify.took', report.workers, { seconds: number(Math.round(seconds * 10) / 10), memory: Math.round(report.memory / 2 ** 20) }), ' ',
        count ? t('verify.ballot-rate', { ballots: count, rate: Math.round(count / seconds) }) : ''),
      h('p', {}, button(t('verify.save'), () => download('verification.json', 'application/json',
        `${JSON.stringify({ fingerprint: report.fingerprint, verified: report.verified, checks: report.checks }, null, 1)}\n`))));
  }

  function said() {
    if (state === 'failed') {
      return problem instanceof NoArchive ? notice('bad', t('verify.no-archive'), t('verify.no-archive-what')) : failure(problem);
    }
    if (state !== 'reading' && state !== 'running') return null;
    tell();
    return h('section', { class: 'card' }, line, bar, h('p', {}, button(t('verify.stop'), () => {
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
            h('section', { class: 'card' }, h('h2', {}, t('verify.checked')), texts('verify.checked', 6)),
            h('section', { class: 'card' }, h('h2', {}, t('verify.cannot')), h('p', {}, t('verify.cannot-what')), texts('verify.cannot', 4)),
            h('section', { class: 'card' }, h('h2', {}, t('verify.others')), h('p', {}, t('verify.others-what')),
              h('pre', { tabindex: 0 }, h('code', {}, `tapat mirror --server ${location.origin} record\ntapat verify record\nnode verifier/cli.js record`)),
              h('p', {}, t('verify.others-page')),
              h('p', {}, t('verify.keep')), h('pre', { tabindex: 0 }, h('code', {}, 'tapat archive record record.tar')),
              h('p', {}, link('/board', t('footer.board')))))),
      ],
    };
  }
});
