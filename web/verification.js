// The whole of `tapat verify`, compiled from the same C, in as many workers as the device has
// processors (at most 8), and how a page shows what it says.

import { newWorker, Missing } from './core.js';
import { h } from './dom.js';
import { has, t, tn } from './i18n.js';

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

function timeLeft(s) {
  return s < 90 ? tn('verify.seconds', Math.max(1, Math.round(s))) : tn('verify.minutes', Math.round(s / 60));
}

// A bar with a line on how far it is.
export class Progress {
  constructor() {
    this.bar = h('progress', { class: 'progress', max: 1, value: 0, 'aria-labelledby': 'progress-text' });
    this.line = h('p', { id: 'progress-text', class: 'working' }, t('verify.reading'));
    this.bar.removeAttribute('value');
    this.node = h('div', {}, this.line, this.bar);
    this.what = null;
  }

  tell({ what, done, total }) {
    if (this.what !== what) [this.what, this.since] = [what, performance.now()];
    const elapsed = (performance.now() - this.since) / 1000;
    this.bar.value = total ? done / total : 1;
    const words = [t(what === 'entries' ? 'verify.entries' : 'verify.sums', { done, total })];
    if (elapsed > 1 && done) {
      const rate = done / elapsed;
      words.push(t('verify.rate', { rate: Math.round(rate) }), t('verify.left', { time: timeLeft((total - done) / rate) }));
    }
    this.line.textContent = words.join(' · ');
  }
}

// What a check is, in words.
export const checkTitle = (check) => (has(`verify.c-${check}`) ? t(`verify.c-${check}`) : check);

// One check of a report.
export function verdictLine(c) {
  return h('li', { class: `check ${CLASS[c.verdict]}`, 'data-check': c.check },
    h('strong', {}, t(`verify.v-${CLASS[c.verdict]}`)), ' ', h('span', {}, checkTitle(c.check)),
    h('span', { class: 'hint block' }, h('code', {}, c.check), c.detail ? ` ${c.detail}` : '',
      c.code ? h('span', { class: 'fault' }, h('code', {}, c.code), c.where ? `: ${c.where}` : '') : null));
}
