// The public record as a story: what happened, in order, and what this browser itself checked of
// it. A step that the record tells has a mark only if the verifier (verification.js), run here over
// the same checkpoint, found that it holds. Nothing of it is kept beyond the page.

import { Refusal, getBytes, getText, optional } from './api.js';
import { startCore } from './core.js';
import { button, h, notice } from './dom.js';
import { loadKeys, loadManifest } from './election.js';
import { toHex } from './hex.js';
import { dateTime, number, t, tn } from './i18n.js';
import { fromServer } from './record.js';
import { archiveSaver, failure, link, start } from './shell.js';
import { BUNDLE, bundle } from './tiles.js';
import { Progress, checkTitle, verdictLine, verification } from './verification.js';

const TYPE = {
  MANIFEST: 1, ACT: 2, COMMIT: 3, DEAL: 4, COMPLAINT: 5, OPENING: 6, CONFIRM: 7, LIVENESS: 8, REGISTRATIONS: 9,
  CANCEL: 10, BALLOT: 11, BATCH: 12, SHARES: 13, ROLL: 14, CHANGES: 15,
};
const ACT = { APPROVE: 1, OPEN: 2, CLOSE: 3, EXCLUDE: 4, FREEZE: 5, PUBLISH: 6 };
const READ_AT_ONCE = 4 * BUNDLE; // entries; more only when asked

const u16 = (e, at) => e[at] * 256 + e[at + 1];
const u32 = (e, at) => u16(e, at) * 65536 + u16(e, at + 2);
const u64 = (e, at) => u32(e, at) * 4294967296 + u32(e, at + 4);

// The names of signers by position.
const names = (list, positions) => [...positions].sort((a, b) => a - b)
  .map((i) => (list[i - 1] ? list[i - 1].name : `#${i}`)).join(', ');

start('board', async (app) => {
  let core;
  let manifest;
  let keys;
  let checkpoint;
  let story;
  let progress = null;
  let rootMatches = null;
  let running = null; // { progress, stop }
  let report = null;
  let problem = null; // why the verifier did not come to its end
  app.leave(() => {
    running?.stop();
    core?.stop();
  });

  try {
    core = await startCore();
    manifest = await loadManifest(core, app.election);
    const note = await optional(getText('/board/checkpoint'));
    checkpoint = note && await core.checkpoint(note, manifest.log);
    keys = await loadKeys(core, manifest).catch((e) => { if (e instanceof Refusal) throw e; return false; });
    app.show(screen, { focus: false });
    if (checkpoint && checkpoint.size <= READ_AT_ONCE) await readAll();
  } catch (e) {
    app.show(() => ({ title: t('board.title'), content: failure(e) }));
  }

  // ---- reading ----

  async function readAll() {
    const { size, root } = checkpoint;
    story = {
      acts: {}, trustees: { commits: new Set(), deals: new Set(), confirms: new Set(), shares: new Set(), alive: new Set() },
      complaints: 0, roll: null, rollChanges: 0, registered: 0, cancelled: 0, excluded: 0, ballots: 0, batches: 0,
    };
    const leaves = new Uint8Array(32 * size);
    for (let first = 0; first < size; first += BUNDLE) {
      const entries = await bundle(getBytes, first / BUNDLE, size);
      if (!entries || entries.length < Math.min(BUNDLE, size - first)) throw new Refusal(502, { code: 'board.bundle' });
      const used = entries.slice(0, size - first);
      (await core.leaves(used)).forEach((leaf, i) => leaves.set(leaf, 32 * (first + i)));
      used.forEach(note);
      progress = first + used.length;
      app.say(t('board.reading', { done: progress, size }));
    }
    rootMatches = toHex(await core.root(leaves)) === toHex(root);
    progress = null;
    app.show(screen, { focus: false });
  }

  // The verifier over the record as it is now; the story is told from the same checkpoint, or again.
  async function verifyAll() {
    [report, problem] = [null, null];
    running = { progress: new Progress(), stop: () => {} };
    app.show(screen, { focus: false });
    try {
      const files = await fromServer();
      const note = files.files.get('checkpoint');
      const newer = note && await core.checkpoint(await note.text(), manifest.log);
      if (newer && (!story || newer.size !== checkpoint.size || toHex(newer.root) !== toHex(checkpoint.root))) {
        checkpoint = newer;
        await readAll();
      }
      const run = verification(files, manifest.fingerprint, (p) => running.progress.tell(p));
      running.stop = run.stop;
      report = await run.result;
      report.apart = !rootMatches && report.checks.some((c) => c.check === 'log' && c.verdict === 'ok');
    } catch (e) {
      problem = e;
    }
    running = null;
    app.show(screen, { focus: false });
    app.say(report ? t(report.verified ? 'verify.good' : 'verify.bad') : t('error.title'));
    document.getElementById('verdict')?.focus();
  }

  // Takes from an entry what the story needs (election/entry.h).
  function note(e) {
    const who = story.trustees;
    switch (e[0]) {
      case TYPE.ACT:
        if (e[1] === ACT.EXCLUDE) story.excluded += 1;
        else story.acts[e[1]] = { time: u64(e, 2), signers: endorsements(e, 1 + 1 + 8 + 32 + 2) };
        break;
      case TYPE.COMMIT: who.commits.add(u16(e, 1)); break;
      case TYPE.DEAL: who.deals.add(u16(e, 1)); break;
      case TYPE.COMPLAINT: story.complaints += 1; break;
      case TYPE.CONFIRM: who.confirms.add(u16(e, 1)); break;
      case TYPE.LIVENESS: who.alive.add(u16(e, 1)); break;
      case TYPE.SHARES: who.shares.add(u16(e, 1)); break;
      case TYPE.REGISTRATIONS: story.registered += registrations(e); break;
      case TYPE.CANCEL: story.cancelled += 1; break;
      case TYPE.ROLL: story.roll = { time: u64(e, 1), voters: u32(e, 9), signers: endorsements(e, 47 + u16(e, 45)) }; break;
      case TYPE.CHANGES: story.rollChanges += u16(e, 9) / 70; break;
      case TYPE.BALLOT: story.ballots += 1; break;
      case TYPE.BATCH:
        story.batches += 1;
        story.lastBatch = u64(e, 5);
        break;
      default:
    }
  }

  // Positions of the signers of a list of endorsements.
  function endorsements(e, at) {
    const signers = [];
    for (let p = at + 2; p + 66 <= e.length; p += 66) signers.push(u16(e, p));
    return signers;
  }

  function registrations(e) {
    let count = 0;
    for (let p = 1; p + 38 <= e.length; p += 38 + u16(e, p + 36)) count += 1;
    return count;
  }

  // ---- telling ----

  function at(time) {
    return dateTime(time, manifest.zone);
  }

  // What the verifier said of the checks that a step rests on: good, bad, or null if it said nothing
  // of one of them. The log and its files carry every step.
  function markOf(checks) {
    if (!report || report.apart) return { state: null };
    const said = ['files', 'log', ...checks].map((name) => report.checks.find((c) => c.check === name));
    const bad = said.find((c) => c && c.verdict === 'FAIL');
    if (bad) return { state: 'bad', bad };
    return { state: said.every((c) => c && c.verdict === 'ok') ? 'good' : null };
  }

  function markText({ state, bad }) {
    if (state === 'bad') {
      return [h('strong', {}, t('board.mark-bad')), ' ', checkTitle(bad.check), ' ', h('code', {}, bad.code), bad.where ? `: ${bad.where}` : ''];
    }
    return h('strong', {}, t(state ? 'board.mark-good' : report ? 'board.mark-after' : 'board.mark-none'));
  }

  // done: the record tells of it; checks: by which the verifier judges it.
  function step(done, checks, title, ...body) {
    const mark = done ? markOf(checks) : null;
    const state = !done ? 'open' : mark.state || 'told';
    return h('li', { class: state, 'data-step': checks.join(' ') },
      h('h3', {}, title, done ? null : h('span', { class: 'step-open' }, ` (${t('board.open')})`)),
      body.filter(Boolean).map((b) => (b instanceof Node ? b : h('p', {}, b))),
      mark && h('p', { class: 'mark' }, markText(mark)));
  }

  function act(code, checks, title, text) {
    const a = story && story.acts[code];
    return step(Boolean(a), checks, title, a ? t('board.signed', { time: at(a.time), names: names(manifest.officers, a.signers) }) : null,
      a && text ? text : null);
  }

  function steps() {
    const s = story;
    const n = manifest.trustees.length;
    const who = s && s.trustees;
    const confirmed = who ? who.confirms.size === n : Boolean(keys);
    const list = [
      step(true, ['manifest'], t('board.defined'), t('board.defined-what'), h('p', {}, h('code', { class: 'fingerprint' }, app.election.fingerprint))),
      act(ACT.APPROVE, ['approval'], t('board.approved'), ''),
      step(who && who.deals.size === n, ['ceremony'], t('board.ceremony'), tn('board.ceremony-what', n, { t: manifest.threshold }),
        who && who.deals.size ? t('board.dealt', { names: names(manifest.trustees, who.deals) }) : null,
        s && s.complaints ? tn('board.complaints', s.complaints) : null),
      step(confirmed, ['keys'], t('board.confirmed'), confirmed ? t('board.confirmed-what', { names: manifest.trustees.map((w) => w.name).join(', ') }) : null),
      step(s && s.roll, ['roll'], t('board.roll'), s && s.roll ? tn('board.roll-what', s.roll.voters) : null,
        s && s.roll ? t('board.signed', { time: at(s.roll.time), names: names(manifest.officers, s.roll.signers) }) : null,
        s && s.rollChanges ? tn('board.roll-changes', s.rollChanges) : null),
      step(s && s.registered > 0, ['registrations', 'cancels'], t('board.enrolled'), s ? tn('board.enrolled-what', s.registered) : null,
        s && s.cancelled ? tn('board.cancelled', s.cancelled) : null),
      step(who && who.alive.size > manifest.threshold, ['ceremony'], t('board.alive'), who && who.alive.size ? t('board.alive-what', { names: names(manifest.trustees, who.alive) }) : null),
      act(ACT.OPEN, ['acts'], t('board.opened'), ''),
      step(s && s.ballots > 0, ['ballots', 'chains', 'batches'], t('board.ballots'), s && s.ballots
        ? [tn('board.ballots-what', s.ballots), tn('board.batches-what', s.batches)].join(' ') : null,
      s && s.lastBatch ? t('board.last-batch', { time: at(s.lastBatch) }) : null,
      s && s.excluded ? tn('board.excluded', s.excluded) : null),
      act(ACT.CLOSE, ['acts'], t('board.closed'), ''),
      act(ACT.FREEZE, ['acts', 'aggregates'], t('board.frozen'), t('board.frozen-what')),
      step(who && who.shares.size >= manifest.threshold, ['shares', 'totals'], t('board.decrypted'), who && who.shares.size
        ? t('board.decrypted-what', { names: names(manifest.trustees, who.shares) }) : null),
      act(ACT.PUBLISH, ['acts', 'results', 'reconciliation'], t('board.published'), ''),
    ];
    return h('ol', { class: 'story' }, list);
  }

  function check(good, text) {
    const state = good === null ? 'unknown' : good ? 'good' : 'bad';
    return h('li', { class: `check ${state}` }, h('strong', {}, t(`board.check-${state}`)), ' ', text);
  }

  function checks() {
    return h('section', { class: 'card' }, h('h2', {}, t('board.checks')), h('p', {}, t('board.checks-what')), h('ul', { class: 'checks' },
      check(true, t('board.c-manifest')),
      check(keys === null ? null : Boolean(keys), t('board.c-keys')),
      check(checkpoint ? true : checkpoint === null ? false : null, checkpoint ? tn('board.c-checkpoint', checkpoint.size) : t('board.c-checkpoint-none')),
      check(rootMatches, t('board.c-root'))),
    h('p', { class: 'hint' }, t('board.not-all')));
  }

  function readButton() {
    return button(tn('board.read-all', checkpoint.size), (event) => {
      event.target.disabled = true;
      readAll().catch((e) => app.show(() => ({ title: t('board.title'), content: failure(e) })));
    });
  }

  // A long record is read when somebody asks for it; until then nothing is said of its steps.
  function telling() {
    if (story || !checkpoint) return steps();
    return [h('p', {}, t('board.unread')), h('p', {}, readButton())];
  }

  function verifyHere() {
    const box = (...content) => h('section', { class: 'card', 'aria-labelledby': 'verify-here' },
      h('h2', { id: 'verify-here' }, t('board.verify-here')), content);
    if (running) {
      return box(running.progress.node, h('p', {}, button(t('verify.stop'), () => {
        running.stop();
        location.reload();
      })));
    }
    return box(problem && failure(problem), verdict(),
      h('p', {}, t('board.verify-here-what')),
      h('p', {}, button(t(report ? 'board.verify-again' : 'board.verify-all'), verifyAll, { class: 'primary' })),
      h('p', {}, link('/verify', t('board.verify-other'))));
  }

  function verdict() {
    if (!report) return null;
    if (report.apart) return notice('bad', t('board.apart'), t('board.apart-what'));
    return [h('div', { id: 'verdict', tabindex: -1 }, notice(report.verified ? 'good' : 'bad', t(report.verified ? 'verify.good' : 'verify.bad'),
      report.verified ? t('board.verified', { size: checkpoint.size }) : t('verify.bad-what'))),
    h('details', {}, h('summary', {}, t('verify.outcome')), h('ul', { class: 'checks' }, report.checks.map(verdictLine)))];
  }

  function downloads() {
    const files = [['manifest.json', 'board.f-manifest'], ['checkpoint', 'board.f-checkpoint']];
    if (app.election.phase === 'published') files.push(['results.json', 'board.f-results'], ['results.csv', 'board.f-csv']);
    return h('section', { class: 'card' }, h('h2', {}, t('board.files')),
      h('ul', {}, files.map(([name, label]) => h('li', {}, h('a', { href: `/board/${name}`, download: true }, name), ' ', t(label)))),
      archiveSaver(), h('p', {}, t('board.verify')), h('pre', { tabindex: 0 }, h('code', {}, `tapat mirror --server ${location.origin} record\ntapat verify record\ntapat archive record record.tar`)));
  }

  // The last batch, before the first one the last act.
  function lastTime() {
    return story.lastBatch || Math.max(0, ...Object.values(story.acts).map((a) => a.time));
  }

  // Until the results are out the log goes on, with empty batches if need be. spec: R-15
  function still() {
    if (!story || !story.acts[ACT.APPROVE] || story.acts[ACT.PUBLISH]) return false;
    return Date.now() / 1000 - lastTime() > 3 * Math.max(60, 10 * manifest.batchInterval);
  }

  function screen() {
    return {
      title: t('board.title'),
      wide: true,
      content: [
        h('p', { class: 'lead' }, t('board.lead')),
        still() && notice('wait', t('board.still', { time: at(lastTime()) }), t('board.still-what')),
        rootMatches === false && notice('bad', t('board.bad'), t('alarm.next')),
        h('div', { class: 'columns board' },
          h('section', {}, h('h2', {}, t('board.story')),
            !report && !running && h('p', { class: 'jump-narrow' }, h('a', { href: '#verify-here' }, t('board.verify-here'))),
            progress !== null ? h('p', { class: 'working' }, t('board.reading', { done: progress, size: checkpoint.size })) : null, telling()),
          h('div', {}, verifyHere(), checks(), downloads(), h('section', { class: 'card' }, h('h2', {}, t('board.not-here')), h('p', {}, t('board.not-here-what'))))),
        checkpoint ? h('p', { class: 'hint' }, t('board.size', { n: number(checkpoint.size) })) : null,
      ],
    };
  }
});
