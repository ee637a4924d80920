// Which units report together, and the aggregates document. spec: W-1..W-9
import { concat, opaque, u16, u32, u64 } from './bytes.js';

const byBallots = (a, b) => a.ballots - b.ballots || a.units[0] - b.units[0];
const join = (a, b) => ({
  units: [...a.units, ...b.units].sort((x, y) => x - y),
  ballots: a.ballots + b.ballots,
});
const total = (sets) => sets.reduce((n, s) => n + s.ballots, 0);

// While the pool is below the floor, the smallest set joins it.
function fill(pool, sets, floor) {
  let grown = pool,
    rest = [...sets].sort(byBallots);
  while (grown.ballots < floor && rest.length) {
    grown = join(grown, rest[0]);
    rest = rest.slice(1);
  }
  return { grown, rest };
}

// units: [{ unit, group, ballots }], those with ballots only. Returns the sets, or null if the
// whole
// contest is below the floor. spec: W-2..W-6
export function reportingSets(units, floor) {
  const groups = new Map();
  for (const u of units) {
    const g = groups.get(u.group) ?? { large: [], small: [] };
    (u.ballots >= floor ? g.large : g.small).push({ units: [u.unit], ballots: u.ballots });
    groups.set(u.group, g);
  }
  if (total(units) < floor) return null;
  let sets = [],
    left = [];
  for (const { large, small } of groups.values()) {
    if (!small.length) {
      sets.push(...large);
      continue;
    }
    const { grown, rest } = fill(small.reduce(join), large, floor);
    sets.push(...rest);
    (grown.ballots >= floor ? sets : left).push(grown);
  }
  if (left.length) {
    const { grown, rest } = fill(left.reduce(join), sets, floor);
    sets = [...rest, grown];
  }
  return sets.sort((a, b) => a.units[0] - b.units[0]);
}

// sets: [{ contest, units, ballots, R, C }] in order, R and C as points. spec: W-7
export function writeAggregates(fingerprint, boardSize, boardRoot, sets) {
  const bodies = sets.map((s) =>
    concat(
      u16(s.contest),
      opaque(2, 2048, concat(...s.units.map(u16))),
      u32(s.ballots),
      s.R.toBytes(),
      ...s.C.map((x) => x.toBytes()),
    ),
  );
  return concat(fingerprint, u64(boardSize), boardRoot, opaque(0, 2 ** 26, concat(...bodies)));
}
