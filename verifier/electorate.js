// The commitment to the roll and its changes. spec: S-31..S-33
import { Fault, hex, isZero, same } from './bytes.js';

const ABSENT = 0,
  ONLINE = 1,
  DISABLED = 4;
const isElector = (s) => s.standing !== ABSENT && s.standing !== DISABLED;
const isState = (s, units) =>
  s.standing === ABSENT
    ? s.unit === 0 && isZero(s.leaf)
    : s.standing <= DISABLED && s.unit < units && !isZero(s.leaf);

export class Electorate {
  // spec: S-31
  constructor(m, { root, leaves, units }) {
    const unitsFault = (where) => {
      throw new Fault('roll.units', where);
    };
    if (units.length !== m.units.length) unitsFault('roll');
    units.forEach((u, i) => {
      if (u.electors > u.rows || u.online > u.electors || u.electors > m.units[i].registered)
        unitsFault(`unit ${m.units[i].id}`);
    });
    if (units.reduce((n, u) => n + u.rows, 0) !== leaves) throw new Fault('roll.sum', 'roll');
    Object.assign(this, { root, leaves, known: new Map(), changes: 0 });
    this.units = units.map((u) => ({
      ...u,
      committed: u.electors,
      added: 0,
      removed: 0,
      changes: 0,
    }));
  }
  // All changes of an entry, or none. spec: S-32
  change(list) {
    const units = this.units.map((u) => ({ ...u })),
      named = new Set();
    list.forEach((c, i) => {
      if (!this.isPossible(c, named) || !this.move(units, c))
        throw new Fault('roll.change', `change ${i + 1}`);
    });
    for (const { before, after } of list) {
      if (before.standing) this.known.set(hex(before.leaf), null);
      if (after.standing) this.known.set(hex(after.leaf), after);
    }
    this.units = units;
    this.changes += list.length;
  }
  isPossible({ before, after }, named) {
    const n = this.units.length;
    if (!isState(before, n) || !isState(after, n) || same(before.leaf, after.leaf)) return false;
    for (const s of [before, after]) {
      if (!s.standing) continue;
      if (named.has(hex(s.leaf))) return false;
      named.add(hex(s.leaf));
    }
    // undefined: no change named it; null: gone
    const was = before.standing ? this.known.get(hex(before.leaf)) : undefined;
    const there =
      was === undefined ||
      (was !== null && was.unit === before.unit && was.standing === before.standing);
    return there && !(after.standing && this.known.get(hex(after.leaf)));
  }
  // spec: S-33
  move(units, { before, after }) {
    const stays = isElector(before) && isElector(after) && before.unit === after.unit;
    if (before.standing) {
      const u = units[before.unit];
      u.rows--;
      if (isElector(before)) u.electors--;
      if (before.standing === ONLINE) u.online--;
      if (isElector(before) && !stays) u.removed++;
      if (u.rows < 0 || u.electors < 0 || u.online < 0) return false;
    }
    if (after.standing) {
      const u = units[after.unit];
      u.rows++;
      if (isElector(after)) u.electors++;
      if (after.standing === ONLINE) u.online++;
      if (isElector(after) && !stays) u.added++;
    }
    units[(after.standing ? after : before).unit].changes++;
    return true;
  }
}
