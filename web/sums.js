// Do the numbers of results.json add up, per post, per contest and in total? The faults as
// { id, ... } for a text results.f-ID. That the numbers follow from the ballots is the verifier's to
// say, not this file's. spec: U-1..U-3, U-5

export const figures = ['registered', 'added', 'removed', 'changes', 'online', 'enrolled', 'cancelled', 'ballots', 'replaced',
  'voided', 'excluded', 'counted'];

const sum = (list, of) => list.reduce((n, x) => n + of(x), 0);
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

// Is this about this election at all: its posts, contests and options, each once and in order?
function isOf(json, manifest) {
  return same(json.reconciliation.units.map((u) => u.unit), manifest.units.map((u) => u.id))
    && same(json.contests.map((c) => c.id), manifest.contests.map((c) => c.id))
    && json.contests.every((c, i) => same(c.options.map((o) => o.number), manifest.contests[i].options.map((o) => o.number))
      && c.sets.every((s) => s.votes.length === c.options.length));
}

function* ofPosts({ total, units }) {
  for (const u of units) {
    const parts = u.replaced + u.voided + u.excluded + u.counted;
    if (u.ballots !== parts) yield { id: 'post', unit: u.unit, ballots: u.ballots, sum: parts };
    if (u.enrolled - u.cancelled > u.online) yield { id: 'online', unit: u.unit, credentials: u.enrolled - u.cancelled, online: u.online };
  }
  for (const figure of figures) {
    const all = sum(units, (u) => u[figure]);
    if (total[figure] !== all) yield { id: 'total', figure, total: total[figure], sum: all };
  }
}

// spec: U-1, U-2
function outcomeOf(contest, votes, k) {
  if (contest.method === 'totals' || !contest.ballots) return 'none';
  const more = votes.filter((v) => v > votes[k]).length;
  const asMany = votes.filter((v, j) => j !== k && v >= votes[k]).length;
  return asMany < contest.seats ? 'won' : more >= contest.seats ? 'lost' : 'tied';
}

function* ofContest(c, contest, units) {
  const counted = new Map(units.map((u) => [u.unit, u.counted]));
  const votes = c.options.map((o) => o.votes);
  for (const s of c.sets) {
    const inside = sum(s.units, (id) => counted.get(id) ?? NaN);
    if (s.ballots !== inside) yield { id: 'set', units: s.units, ballots: s.ballots, sum: inside };
  }
  const ballots = sum(c.sets, (s) => s.ballots);
  if (c.ballots !== ballots) yield { id: 'ballots', ballots: c.ballots, sum: ballots };
  const due = sum(contest.units, (id) => counted.get(id) ?? NaN);
  if (c.ballots + c.withheld !== due) yield { id: 'withheld', ballots: c.ballots + c.withheld, sum: due };
  for (const [k, option] of contest.options.entries()) {
    const inSets = sum(c.sets, (s) => s.votes[k]);
    if (votes[k] !== inSets) yield { id: 'votes', option, votes: votes[k], sum: inSets };
    if (votes[k] > c.ballots) yield { id: 'most', option, votes: votes[k], ballots: c.ballots };
    if (c.options[k].outcome !== outcomeOf({ ...contest, ballots }, votes, k)) yield { id: 'outcome', option };
  }
  const all = sum(votes, (v) => v);
  if (all > contest.max * c.ballots) yield { id: 'marks', votes: all, most: contest.max * c.ballots };
}

// { posts: [fault], contests: [[fault]] }; other: the document is of another election or has another form.
export function faultsOf(json, manifest, fingerprint) {
  try {
    if (json.fingerprint !== fingerprint || !isOf(json, manifest)) return { other: true, posts: [], contests: [] };
    const { units } = json.reconciliation;
    const styles = manifest.styles.map((s) => s.contests.map((c) => c.id));
    const styleOf = new Map(manifest.styles.map((s, i) => [s.id, styles[i]]));
    const contests = json.contests.map((c, i) => {
      const voting = manifest.units.filter((u) => styleOf.get(u.style).includes(c.id)).map((u) => u.id);
      return [...ofContest(c, { ...manifest.contests[i], units: voting }, units)];
    });
    return { other: false, posts: [...ofPosts(json.reconciliation)], contests };
  } catch {
    return { other: true, posts: [], contests: [] };
  }
}
