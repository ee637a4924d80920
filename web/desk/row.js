// The desk: one application. What the officer compares, and the decision.

import { Refusal, post } from '../api.js';
import { button, codeBlock, h, notice, replace, uniqueId } from '../dom.js';
import { form } from '../enrol/page.js';
import { fromHex, toHex } from '../hex.js';
import { dateTime, t, tn } from '../i18n.js';
import { failure } from '../shell.js';
import { opinionOf } from './opinions.js';
import { dueWords } from './queue.js';

export const REASONS = ['person', 'unreadable', 'incomplete', 'document', 'mismatch', 'absent'];
const KINDS = ['front', 'back', 'selfie'];

async function approve(desk, row) {
  const { manifest } = desk;
  const unit = manifest.units[row.unit];
  if (!unit || manifest.styles[row.style]?.id !== unit.style) throw new Refusal(409, { code: 'registration.style' });
  const signature = await desk.core.approve(manifest.fingerprint, {
    credential: fromHex(row.credential, 32), possession: fromHex(row.possession, 64), unit: row.unit, style: row.style,
  });
  await post('/api/registrar/registrations', {
    registrations: [{
      credential: row.credential, unit: row.unit, style: row.style, registrar: desk.registrar, signature: toHex(signature),
    }],
  });
  const quorum = manifest.registrarQuorum;
  const others = row.signed.filter((by) => by !== desk.registrar).length;
  desk.done = others + 1 < quorum ? t('desk.done-part', { name: row.name, n: others + 1, of: quorum }) : t('desk.done', { name: row.name });
  await desk.back();
}

async function refuse(desk, row, reason) {
  const time = desk.now();
  const signature = await desk.core.refuse(desk.manifest.fingerprint, {
    application: fromHex(row.application, 16), credential: fromHex(row.credential, 32), reason: REASONS.indexOf(reason) + 1, time,
  });
  await post('/api/registrar/refusals', {
    registrar: desk.registrar, time, signature: toHex(signature), application: row.application, reason,
  });
  desk.done = t('desk.refused', { name: row.name });
  await desk.back();
}

// As a data address: a policy that lets no other picture in needs no exception for it.
function picture(bytes, label) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(h('img', { class: 'document', src: reader.result, alt: label }));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([bytes], { type: 'image/jpeg' }));
  });
}

async function showDocument(desk, row, name, place) {
  const kind = KINDS.indexOf(name) + 1;
  const { registrars, fingerprint } = desk.manifest;
  const box = await desk.askDocument(row, kind);
  let bytes;
  try {
    bytes = await desk.core.openDocument({
      fingerprint, application: fromHex(row.application, 16), credential: fromHex(row.credential, 32), kind,
      registrars: registrars.length, registrar: desk.registrar,
    }, box);
  } catch {
    replace(place, notice('bad', t('desk.document-bad')));
    return;
  }
  replace(place, await picture(bytes, t(`documents.${name}`)));
}

function documents(desk, row) {
  if (!row.documents.length) return row.route === 'documents' ? notice('info', t('desk.no-documents')) : null;
  return h('section', { class: 'card' }, h('h2', {}, t('desk.documents')), row.documents.map((name) => {
    const place = h('div', {});
    return [h('p', {}, button(t('desk.show-document', { what: t(`documents.${name}`) }), async () => {
      try {
        await showDocument(desk, row, name, place);
      } catch (e) {
        replace(place, failure(e));
      }
    })), place];
  }));
}

function facts(desk, row) {
  const line = (label, ...value) => [h('dt', {}, label), h('dd', {}, value)];
  return h('dl', { class: 'facts' },
    line(t('desk.name'), row.name), line(t('desk.number'), row.number), line(t('desk.birth'), row.birth_date),
    line(t('desk.post'), desk.unitName(row.unit)), line(t('desk.way'), t(`desk.route-${row.route || 'proven'}`)),
    line(t('desk.came'), dateTime(row.created, desk.manifest.zone)), line(t('desk.decide'), dueWords(desk, row).text));
}

function approval(desk, row) {
  const mine = row.signed.includes(desk.registrar);
  if (row.enrolled) return notice('bad', t('desk.enrolled'), t('desk.enrolled-what'));
  if (mine) return notice('info', t('desk.mine'));
  const id = uniqueId('seen');
  const seen = h('input', { type: 'checkbox', id });
  const error = h('p', { class: 'field-error', role: 'alert', hidden: true });
  const words = t(`desk.seen-${row.route || 'proven'}`);
  return form([
    h('div', { class: 'tick' }, seen, h('label', { for: id }, words)), error,
  ], t('desk.approve'), async () => {
    error.hidden = seen.checked;
    error.textContent = seen.checked ? '' : t('desk.seen-first');
    if (seen.checked) await approve(desk, row);
  });
}

function refusal(desk, row) {
  const id = uniqueId('reason');
  const select = h('select', { id }, h('option', { value: '' }, t('desk.reason-choose')),
    REASONS.map((reason) => h('option', { value: reason }, t(`reason.${reason}`))));
  const error = h('p', { class: 'field-error', role: 'alert', hidden: true });
  return form([
    h('div', { class: 'field' }, h('label', { for: id }, t('desk.reason')),
      h('p', { class: 'hint' }, t('desk.reason-hint')), error, select),
  ], t('desk.refuse'), async () => {
    error.hidden = Boolean(select.value);
    error.textContent = select.value ? '' : t('desk.reason-first');
    if (select.value) await refuse(desk, row, select.value);
  });
}

export function rowScreen(desk, row) {
  const code = h('div', {});
  desk.core.credentialFingerprint(fromHex(row.credential, 32), desk.manifest.fingerprint)
    .then((name) => replace(code, codeBlock(name, t('slip.fingerprint'))));
  const { registrars: who, registrarQuorum: quorum } = desk.manifest;
  return {
    title: row.name,
    content: [
      facts(desk, row),
      row.matched ? notice('wait', t('desk.near'), t(`desk.near-${row.matched}`), t('desk.near-next')) : null,
      row.others ? notice('info', tn('desk.others', row.others)) : null,
      quorum > 1 && row.signed.length
        ? h('p', {}, t('desk.signed-by', { n: row.signed.length, of: quorum }), ': ', row.signed.map((by) => who[by - 1]?.name).join(', ')) : null,
      h('section', { class: 'card slip' }, h('h2', {}, t('slip.fingerprint')), code,
        h('p', { class: 'hint' }, t(row.route === 'desk' ? 'desk.compare' : 'desk.compare-far'))),
      documents(desk, row),
      opinionOf(desk, row),
      approval(desk, row),
      refusal(desk, row),
      h('p', {}, button(t('desk.back'), () => desk.back(), { class: 'quiet' })),
    ],
  };
}
