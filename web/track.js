// Where is my vote? By tracker, without login. The answer is one sentence and never a name.

import { getBytes, getJson, optional } from './api.js';
import { entryAt } from './tiles.js';
import { startCore } from './core.js';
import { button, codeBlock, field, h, notice } from './dom.js';
import { loadManifest, provenRecorded } from './election.js';
import { fromHex, same } from './hex.js';
import { dateTime, has, t } from './i18n.js';
import { failure, start } from './shell.js';

const ENTRY_BALLOT = 11;

start('track', async (app) => {
  const state = { text: '', shown: null };
  let core;
  let manifest;
  app.leave(() => core?.stop());
  try {
    core = await startCore();
    manifest = await loadManifest(core, app.election);
  } catch (e) {
    app.show(() => ({ title: t('track.title'), content: failure(e) }));
    return;
  }
  const given = decodeURIComponent(location.hash.slice(1)).slice(0, 60);
  app.show(screen, { focus: false });
  if (given) {
    state.text = given;
    app.show(screen, { focus: false });
    await look().catch((e) => { state.shown = () => failure(e); app.again(); });
  }

  function screen() {
    const code = field({
      label: t('track.code'), hint: t('track.code-hint'), value: state.text, autocomplete: 'off',
      autocapitalize: 'characters', spellcheck: 'false', class: 'mono', maxlength: 60,
      oninput: (e) => { state.text = e.target.value; },
    });
    const result = h('div', { role: 'status' }, state.shown && state.shown());
    const submit = async (event) => {
      event.preventDefault();
      code.fail('');
      if (!await core.readCode(state.text, 25)) {
        code.fail(t(state.text.trim() ? 'track.wrong' : 'track.empty'));
        return;
      }
      try {
        await look();
      } catch (e) {
        result.replaceChildren(failure(e));
      }
    };
    return {
      title: t('track.title'),
      content: [
        h('p', { class: 'lead' }, t('track.lead')),
        h('form', { class: 'card', onsubmit: submit, novalidate: true }, code.node,
          h('button', { class: 'primary', type: 'submit' }, t('track.look'))),
        result,
        h('section', {}, h('h2', {}, t('track.means')), h('p', {}, t('track.proves')), h('p', {}, t('track.proves-not'))),
      ],
    };
  }

  async function look() {
    const tracker = await core.tidyCode(state.text, 25);
    if (!tracker) {
      state.shown = () => notice('bad', t('track.wrong-title'), t('track.wrong'));
      app.again();
      return;
    }
    state.text = tracker;
    const answer = await optional(getJson(`/api/tracker/${tracker}`));
    const leaf = answer && fromHex(answer.entry_hash, 32);
    const proven = answer && answer.state !== 'accepted' && leaf
      && await provenRecorded(core, manifest, answer, leaf);
    state.shown = () => verdict(tracker, answer, proven);
    app.again();
  }

  function verdict(tracker, answer, proven) {
    if (!answer) return notice('bad', t('track.unknown'), t('track.unknown-next'));
    const kind = { accepted: 'wait', excluded: 'bad', replaced: 'info' }[answer.state] || 'good';
    const id = has(`track.${answer.state}`) ? answer.state : 'recorded';
    const sentence = notice(kind, t(`track.${id}`), t(`track.${id}-what`));
    if (answer.state === 'accepted') return [codeBlock(tracker, t('cast.tracker')), sentence];
    const checked = h('div', { role: 'status' });
    return [
      codeBlock(tracker, t('cast.tracker')), sentence,
      proven ? notice('good', t('track.proof-good'), t('track.proof-good-what', { leaf: answer.leaf, size: proven.size }),
        answer.batch_time && t('receipt.batch', { batch: answer.batch, time: dateTime(answer.batch_time, manifest.zone) }))
        : notice('bad', t('track.proof-bad'), t('alarm.next')),
      proven && h('div', {}, h('p', {}, t('track.full')), button(t('track.full-go'), async (event) => {
        event.target.disabled = true;
        checked.replaceChildren(h('p', { class: 'working' }, t('track.full-working')));
        try {
          checked.replaceChildren(await readBallot(tracker, answer, proven)
            ? notice('good', t('track.full-good')) : notice('bad', t('track.full-bad'), t('alarm.next')));
        } catch (e) {
          checked.replaceChildren(failure(e));
        }
      }), checked),
    ];
  }

  // Reads the published ballot itself and computes tracker and leaf from it.
  async function readBallot(tracker, answer, proven) {
    const entry = await entryAt(getBytes, answer.leaf, proven.size);
    return Boolean(entry) && entry[0] === ENTRY_BALLOT
      && same(await core.leaf(entry), fromHex(answer.entry_hash, 32))
      && await core.tracker(entry.slice(1)) === tracker;
  }
});
