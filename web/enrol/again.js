// The way back to an enrolment: a link with its token after the #, which browsers send to no server.

import { button, h, replace } from '../dom.js';
import { t } from '../i18n.js';
import { qrImage } from '../qr.js';
import { href } from '../shell.js';

export function resumeLink({ state }) {
  return `${location.origin}${href('/enrol', `#${state.enrolment}`)}`;
}

// The address follows the token, so that a reload or a bookmark goes on here.
export function keepToken({ state }) {
  const token = state.enrolment ? `#${state.enrolment}` : '';
  history.replaceState(history.state, '', `${location.pathname}${location.search}${token}`);
}

export function tokenInAddress() {
  return /^#([0-9a-f]{100,160})$/.exec(location.hash)?.[1] ?? null;
}

export function resume(page) {
  const place = h('div', {});
  return h('div', { class: 'aside no-print' }, h('p', {}, t('again.what')),
    button(t('again.show'), () => {
      const url = resumeLink(page);
      replace(place, h('div', { class: 'receipt-qr' }, qrImage(url, t('again.qr')),
        h('p', { class: 'hint' }, t('again.secret'))));
    }, { class: 'quiet' }), place);
}
