// Enrolment, after the first screen: how I show who I am. All routes that the voter's post has, of
// equal rank. A route is a file beside this one; it adds itself with what opens it.

import { post } from '../api.js';
import { button, h, notice } from '../dom.js';
import { t } from '../i18n.js';
import { keepToken, resume } from './again.js';
import { steps } from './page.js';
import { passkeyScreen } from './passkey.js';

// What a start gave: a token, which gives no right yet, and what routes the voter's post has. Then
// `go`, unless a passkey guards what was begun.
export async function take(page, answer, go = () => chooseRoute(page)) {
  Object.assign(page.state, {
    enrolment: answer.enrolment,
    routes: answer.routes,
    contacts: answer.contacts,
    provider: answer.provider || '',
    guarded: answer.passkey,
    review: Boolean(answer.review),
    status: null,
    own: null,
    sent: null,
  });
  keepToken(page);
  if (answer.passkey) page.app.show(() => passkeyScreen(page));
  else await go();
}

// Anew, with another token for the same voter: one token belongs to one application.
export async function again(page, go) {
  await take(page, await post('/api/enrol/again', { enrolment: page.state.enrolment }), go);
}

const openRoutes = ({ state, routes }) => state.routes.filter((name) => routes.has(name));

// Straight on where there is one way only.
export async function chooseRoute(page) {
  const open = openRoutes(page);
  if (open.length === 1 && !page.state.review) await page.routes.get(open[0])();
  else page.app.show(() => routesScreen(page));
}

export function routesScreen(page) {
  const { provider } = page.state;
  const open = openRoutes(page);
  return {
    title: t('routes.title'),
    content: [
      steps(1),
      page.state.review ? notice('wait', t('routes.near'), t('routes.near-what')) : h('p', { class: 'lead' }, t(open.length ? 'routes.lead' : 'routes.none')),
      h('ul', { class: 'plain cards' }, open.map((name) => h('li', { class: 'card' },
        h('h2', {}, t(`routes.${name}`, { provider })),
        h('p', {}, t(`routes.${name}-what`, { provider })),
        page.opener(t(`routes.${name}-go`, { provider }), page.routes.get(name))))),
      resume(page),
      h('div', { class: 'actions' }, button(t('back'), () => page.restart(), { class: 'quiet' })),
    ],
  };
}
