// Outcomes, reconciliation, results.json and results.csv. spec: U-1..U-7
import { ascii } from './bytes.js';

// votes: of each option. spec: U-1, U-2
export function outcomes(method, seats, votes, ballots) {
  if (method === 'totals' || ballots === 0) return votes.map(() => 'none');
  return votes.map((v, i) => {
    const more = votes.filter((x) => x > v).length;
    const others = votes.filter((x, j) => j !== i && x >= v).length;
    return others < seats ? 'won' : more >= seats ? 'lost' : 'tied';
  });
}

// What ROLL and the changes say of a unit; before ROLL nothing.
function electorate(board, i) {
  if (!board.electorate) return {};
  const { committed: registered, added, removed, changes, online } = board.electorate.units[i];
  return { registered, added, removed, changes, online };
}
// spec: U-5
export function reconcile(board) {
  const { m } = board;
  const zero = () => ({
    registered: 0,
    added: 0,
    removed: 0,
    changes: 0,
    online: 0,
    enrolled: 0,
    cancelled: 0,
    ballots: 0,
    replaced: 0,
    voided: 0,
    excluded: 0,
    counted: 0,
  });
  const units = m.units.map((u, i) => ({
    unit: u.id,
    ...zero(),
    registered: u.registered,
    online: u.registered,
    ...electorate(board, i),
    ballots: board.ballotsOfUnit[i],
  }));
  for (const c of board.credentials.values()) {
    const row = units[c.unit];
    row.enrolled++;
    if (c.cancelled) row.cancelled++;
    if (!c.tip) continue;
    row.replaced += c.sequence - 1;
    if (c.cancelled) row.voided++;
    else if (c.excluded) row.excluded++;
    else row.counted++;
  }
  const total = zero();
  for (const row of units) for (const key of Object.keys(total)) total[key] += row[key];
  return { total, units };
}

// contests: [{ sets: [{ units, ballots, votes }], withheld }] in the order of the manifest.
export function resultsValue(m, fingerprint, contests, reconciliation) {
  const first = m.languages[0],
    name = (u) => m.units[u].id;
  return {
    tapat: 1,
    fingerprint,
    id: m.id,
    title: m.title.get(first),
    test: m.test,
    contests: m.contests.map((c, i) => {
      const { sets, withheld } = contests[i];
      const ballots = sets.reduce((n, s) => n + s.ballots, 0);
      const votes = c.options.map((_, j) => sets.reduce((n, s) => n + s.votes[j], 0)); // spec: U-3
      const outcome = outcomes(c.method, c.seats, votes, ballots);
      return {
        id: c.id,
        title: c.title.get(first),
        method: c.method,
        seats: c.seats,
        ballots,
        withheld,
        options: c.options.map((o, j) => ({
          number: o.number,
          name: o.name,
          party: o.party,
          votes: votes[j],
          outcome: outcome[j],
        })),
        sets: sets.map((s) => ({ units: s.units.map(name), ballots: s.ballots, votes: s.votes })),
      };
    }),
    reconciliation,
  };
}

// spec: U-4
export const resultsJson = (value) => ascii(`${JSON.stringify(value, null, 1)}\n`);

// An apostrophe before what a program could take for a formula.
const guarded = (x) => (/^[=+\-@\t\r]/.test(x) ? `'${x}` : String(x));
const quoted = (x) => (/[",\r\n]/.test(x) ? `"${x.replaceAll('"', '""')}"` : x);
const field = (x) => quoted(guarded(x));
// spec: U-7
export function resultsCsv(value) {
  const rows = [['contest', 'number', 'name', 'party', 'units', 'votes']];
  for (const c of value.contests)
    for (const s of c.sets)
      c.options.forEach((o, j) =>
        rows.push([c.id, o.number, o.name, o.party, s.units.join(' '), s.votes[j]]),
      );
  return ascii(rows.map((r) => `${r.map(field).join(',')}\r\n`).join(''));
}
