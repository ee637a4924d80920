// Many equations as one sum under weights of their own. spec: B-30..B-34
// An item is { bound, equations }; an equation is { terms: [[point, scalar], ...],
// shared: [[base, scalar], ...] } and says that the sum of all is zero; bases are points that the
// items have in common.
import { L, mod, sumOfMultiples, Weights, ZERO } from './group.js';
import { Transcript } from './hash.js';

// The weight of each equation of each item. spec: B-31
export function draw(items) {
  const t = new Transcript('batch');
  items.forEach((item, i) => {
    t.number('item', i);
    for (const part of item.bound) t.item('bound', part);
  });
  const w = new Weights(t.challenge('weights'));
  return items.map((item) => item.equations.map(() => w.take()));
}

function holds(items, weights) {
  const list = [],
    scalars = [],
    shared = new Map();
  items.forEach((item, i) => {
    item.equations.forEach((equation, j) => {
      const w = weights[i][j];
      for (const [p, x] of equation.terms) {
        list.push(p);
        scalars.push((w * x) % L);
      }
      for (const [base, x] of equation.shared)
        shared.set(base, ((shared.get(base) ?? 0n) + w * x) % L);
    });
  });
  for (const [base, x] of shared) {
    list.push(base);
    scalars.push(x);
  }
  return sumOfMultiples(list, scalars.map(mod)).equals(ZERO);
}

// Halved until every bad item is alone. spec: B-33
function bisect(items, weights, first, bad) {
  if (holds(items, weights)) return;
  if (items.length === 1) {
    bad.push(first);
    return;
  }
  const half = items.length >> 1;
  bisect(items.slice(0, half), weights.slice(0, half), first, bad);
  bisect(items.slice(half), weights.slice(half), first + half, bad);
}

// The indexes of the items that are false.
export function badItems(items) {
  const bad = [];
  if (items.length) bisect(items, draw(items), 0, bad);
  return bad;
}
