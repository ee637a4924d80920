// Enrolment, way documents: photos of an ID, sealed on this device to the registrars and sent one by
// one; each may be sent again.

import { Refusal, post, postBytes } from '../api.js';
import { h, notice, replace, uniqueId } from '../dom.js';
import { loadManifest } from '../election.js';
import { fromHex } from '../hex.js';
import { dateTime, t } from '../i18n.js';
import { resume } from './again.js';
import { isOwn, ownScreen } from './own.js';
import { form, steps } from './page.js';
import { readStatus } from './status.js';

const KINDS = ['front', 'back', 'selfie'];
const NEEDED = ['front'];
const LONG_SIDE = 2000;
const MOST_BYTES = 1500000;

class NoPicture extends Error {}

function jpeg(canvas, quality) {
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', quality); });
}

// A JPEG of at most MOST_BYTES, whatever the camera gave; nothing of the file but the picture.
export async function scaled(file) {
  let image;
  try {
    image = await createImageBitmap(file);
  } catch {
    throw new NoPicture();
  }
  for (let side = LONG_SIDE; side >= 500; side *= 0.7) {
    const scale = Math.min(1, side / Math.max(image.width, image.height));
    const canvas = h('canvas', {});
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await jpeg(canvas, 0.85);
    if (blob && blob.size <= MOST_BYTES) return new Uint8Array(await blob.arrayBuffer());
  }
  throw new NoPicture();
}

async function upload(page, name, file) {
  const { state, core } = page;
  state.manifest ??= await loadManifest(core, page.app.election);
  const keys = new Uint8Array(state.manifest.documentKeys.flatMap((key) => [...key]));
  const kind = KINDS.indexOf(name) + 1;
  const box = await core.sealDocument({
    fingerprint: page.fingerprint, application: fromHex(state.status.application, 16), credential: fromHex(state.own, 32), kind, keys,
  }, await scaled(file));
  const token = fromHex(state.enrolment);
  const body = new Uint8Array(token.length + 1 + box.length);
  body.set(token);
  body[token.length] = kind;
  body.set(box, token.length + 1);
  await postBytes('/api/enrol/document', body);
  state.sent.add(name);
}

function picker(page, name) {
  const id = uniqueId('photo');
  const said = h('p', { role: 'status' });
  const error = h('p', { class: 'field-error', role: 'alert', hidden: true });
  const sent = () => replace(said, page.state.sent.has(name) ? `✓ ${t('documents.sent')}` : '');
  const fail = (text) => {
    error.hidden = !text;
    error.textContent = text;
  };
  const take = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    fail('');
    replace(said, t('documents.sending'));
    try {
      await upload(page, name, file);
    } catch (e) {
      fail(e instanceof NoPicture ? t('documents.no-picture') : e instanceof Refusal && e.code !== 'network'
        ? t('documents.refused') : t('documents.again'));
    }
    sent();
  };
  sent();
  return h('div', { class: 'field' }, h('label', { for: id }, t(`documents.${name}`)),
    h('p', { class: 'hint', id: `${id}-hint` }, t(`documents.${name}-hint`)), error,
    h('input', {
      id, type: 'file', accept: 'image/*', capture: name === 'selfie' ? 'user' : 'environment', 'aria-describedby': `${id}-hint`, onchange: take,
    }), said);
}

function documentsScreen(page) {
  const { state } = page;
  const missing = h('p', { class: 'field-error', role: 'alert', hidden: true });
  return {
    title: t('documents.title'),
    content: [
      steps(1),
      h('p', { class: 'lead' }, t('documents.lead')),
      form([KINDS.map((name) => picker(page, name)), missing], t('documents.hand-in'), async () => {
        const lacks = NEEDED.filter((name) => !state.sent.has(name));
        missing.hidden = !lacks.length;
        missing.textContent = lacks.length ? t('documents.front-first') : '';
        if (lacks.length) return;
        await post('/api/enrol/submit', { enrolment: state.enrolment });
        await readStatus(page);
      }),
      notice('info', t('documents.who-sees'), t('documents.deleted')),
      h('p', { class: 'aside' }, t('documents.until', { time: dateTime(state.status.due) })),
      resume(page),
    ],
  };
}

export async function showDocuments(page) {
  page.state.sent ??= new Set(page.state.status.documents);
  page.app.show(() => (isOwn(page) ? documentsScreen(page) : ownScreen(page, () => showDocuments(page))));
}
