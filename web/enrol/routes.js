// Enrolment, after the first screen: how I show who I am. All routes that the voter's post has, of
// equal rank. A route is a file beside this one; it adds itself with what opens it.

import { button, h, notice } from '../dom.js';
import { t } from '../i18n.js';
import { resume } from './again.js';
import { steps } from './page.js';

// Straight on where there is one way only.
export async function chooseRoute(page) {
  const open = page.state.routes.filter((name) => page.routes.has(name));
  if (open.length === 1 && !page.state.review) await page.routes.get(open[0])();
  else page.app.show(() => routesScreen(page, open));
}

function routesScreen(page, open) {
  const { provider } = page.state;
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
