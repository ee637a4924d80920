// Records that must be refused, each with the check and the code by which; and good ones at every
// stage. Everything but the fault is right: what is changed is signed again by whoever signs it,
// the tree and the checkpoint are made anew. spec: Y-2, Y-3
import { ascii, compare, concat, hex, u16, u64, u8 } from '../../verifier/bytes.js';
import { Board } from '../../verifier/board.js';
import { G, L, mod, scalarBytes, times } from '../../verifier/group.js';
import { sha256 } from '../../verifier/hash.js';
import { leafHash, root } from '../../verifier/tree.js';
import { E, Election } from './election.mjs';
import { goodAtTheLimit, limits } from './limits.mjs';
import { schema } from './schema.mjs';

// The state after the entries so far, without their signatures and proofs.
export function replay(e) {
  const board = new Board(e.m, e.generators(), (size) =>
    root(e.entries.slice(0, size).map(leafHash)),
  );
  for (const entry of e.entries) board.apply(E.readEntry(entry));
  return board;
}

const steps = {
  begun: (e) => e.begin(),
  approved: (e) => e.approve(),
  rolled: (e) => e.commitRoll(),
  committed: (e) => e.commits(),
  dealt: (e) => e.push(...e.numbers.map((i) => e.deal(i))),
  confirmed: (e) => e.push(...e.numbers.map((i) => e.confirm(i))),
  alive: (e) => e.alive(1, 2, 3),
  enrolled: (e) => e.enrol(),
  opened: (e) => e.open(),
  voted(e) {
    e.voters.slice(0, 8).forEach((v, i) => e.vote(v, i));
    e.batch();
    e.vote(e.voters[0], 5).vote(e.voters[4], 7).batch();
    e.push(e.cancel(e.voters[5]), e.exclude(e.voters[6].tip));
    e.push(e.changes([[e.row('a', 0, 1), e.row('b', 1, 2)], [e.absent, e.row('c', 2)]]));
  },
  closed: (e) => e.close(),
  frozen: (e) => e.freeze(e.aggregates(replay(e))),
  shared: (e) => e.push(e.shares(1), e.shares(3)),
  published: (e) => e.publish(e.results()),
};
export const stages = Object.keys(steps);

function copy(e) {
  const c = Object.assign(Object.create(Election.prototype), e);
  for (const name of ['entries', 'pending']) c[name] = [...e[name]];
  for (const name of ['documents', 'copies']) c[name] = new Map(e[name]);
  c.voters = e.voters.map((v) => ({ ...v }));
  if (e.deals) c.deals = Object.fromEntries(Object.entries(e.deals).map(([i, d]) => [i, { ...d }]));
  return c;
}
const bases = new Map();
// The honest election up to and with a stage; options: Election's
export function at(stage, options = {}) {
  const name = JSON.stringify(options),
    base = bases.get(name) ?? new Map();
  bases.set(name, base);
  if (!base.size) base.set('', new Election(options));
  let last = '';
  for (const s of stages) {
    if (!base.has(s)) {
      const e = copy(base.get(last));
      steps[s](e);
      base.set(s, e);
    }
    if (s === stage) return copy(base.get(s));
    last = s;
  }
  throw new Error(`no stage ${stage}`);
}
// All stages after one, on an election that was changed.
export function onward(e, from, to = 'published') {
  for (const s of stages.slice(stages.indexOf(from) + 1, stages.indexOf(to) + 1)) steps[s](e);
  return e;
}

const flip = (bytes, i, bit = 1) =>
  bytes.map((x, j) => (j === (i < 0 ? bytes.length + i : i) ? x ^ bit : x));
const patch = (bytes, i, value) =>
  concat(bytes.subarray(0, i), value, bytes.subarray(i + value.length));
const last = (e, change) => e.entries.push(change(e.entries.pop()));
const find = (e, type, n = 0) =>
  e.entries.map((x, i) => [x, i]).filter(([x]) => x[0] === type)[n][1];
const change = (e, i, how) => {
  e.entries[i] = how(e.entries[i]);
};
const ZERO32 = new Uint8Array(32);
const X = new Uint8Array(32).fill(7);
const BAD_POINT = new Uint8Array(32).fill(1);

const list = [];
// name, stage that it starts from, what is done, check and code of the refusal
const add = (name, stage, action, check, code, options = {}) =>
  list.push({
    name,
    check,
    code,
    make: () => {
      const e = at(stage, options),
        other = action(e);
      return other instanceof Election ? other : e;
    },
  });

// ---- entries that do not parse: N-1, N-2, N-4, N-5, N-8, L-9
add('entry: empty', 'approved', (e) => e.push(new Uint8Array(0)), 'log', 'entry.length');
add(
  'entry: too long',
  'opened',
  (e) => e.push(concat(u8(3), new Uint8Array(60000))),
  'ceremony',
  'entry.length',
);
add(
  'entry: a ballot too long',
  'opened',
  (e) => e.push(concat(u8(11), new Uint8Array(60000))),
  'ballots',
  'ballot.length',
);
add('entry: type 0', 'approved', (e) => e.push(u8(0)), 'log', 'entry.type');
add('entry: type 16', 'approved', (e) => e.push(concat(u8(16), X)), 'log', 'entry.type');
add(
  'commit: a byte less',
  'committed',
  (e) => last(e, (x) => x.slice(0, -1)),
  'ceremony',
  'entry.malformed',
);
add(
  'commit: a byte more',
  'committed',
  (e) => last(e, (x) => concat(x, u8(0))),
  'ceremony',
  'entry.malformed',
);
add('act: number 7', 'approved', (e) => e.push(e.act(7)), 'acts', 'entry.malformed');
add(
  'act: a reason where none is',
  'closed',
  (e) => e.push(e.act(E.FREEZE, X, { reason: 1 })),
  'acts',
  'entry.malformed',
);
add(
  'exclusion: reason 3',
  'voted',
  (e) => e.push(e.exclude(e.voters[1].tip, { reason: 3 })),
  'acts',
  'entry.malformed',
);
add(
  'act: signers out of order',
  'approved',
  (e) => {
    e.entries.pop();
    e.push(e.act(E.APPROVE, e.fingerprint, { who: [2, 1] }));
  },
  'acts',
  'entry.malformed',
);
add(
  'act: one signer twice',
  'approved',
  (e) => {
    e.entries.pop();
    e.push(e.act(E.APPROVE, e.fingerprint, { who: [2, 2] }));
  },
  'acts',
  'entry.malformed',
);
add(
  'shares: a document over the limit',
  'frozen',
  (e) => e.push(e.single(E.SHARES, 1, concat(X, u64(2 ** 26 + 1)))),
  'shares',
  'entry.malformed',
);
add('registrations: none', 'confirmed', (e) => e.push(u8(9)), 'registrations', 'entry.malformed');
add(
  'registrations: cut',
  'enrolled',
  (e) => last(e, (x) => x.slice(0, -1)),
  'registrations',
  'registration.malformed',
);
add(
  'liveness: proofs not of 64 bytes',
  'confirmed',
  (e) => e.push(e.single(E.LIVENESS, 1, concat(u64(5), u64(1), X, X))),
  'ceremony',
  'entry.malformed',
);
add(
  'batch: a byte more',
  'voted',
  (e) => e.push(concat(e.batchEntry(), u8(0))),
  'batches',
  'entry.malformed',
);

add(
  'commit: shorter than its signature',
  'approved',
  (e) => e.push(concat(u8(3), u16(1), new Uint8Array(63))),
  'ceremony',
  'entry.length',
);
add(
  'commit: nothing but its signature',
  'approved',
  (e) => e.push(concat(u8(3), u16(1), new Uint8Array(64))),
  'ceremony',
  'entry.malformed',
);

// ---- signatures and quorums: N-3, N-6, N-7, B-4
add(
  'approval: one signature is false',
  'approved',
  (e) => last(e, (x) => flip(x, -1)),
  'acts',
  'entry.signature',
);
add(
  'approval: one officer',
  'begun',
  (e) => e.approve(e.fingerprint, { who: [1] }),
  'acts',
  'entry.quorum',
);
add(
  'approval: no such officer',
  'begun',
  (e) => {
    e.officers = [...e.officers, e.keyPair()];
    e.approve(e.fingerprint, { who: [1, 4] });
  },
  'acts',
  'entry.signer',
);
add(
  'approval: signed by registrars',
  'begun',
  (e) => {
    e.officers = e.registrars;
    e.approve();
  },
  'acts',
  'entry.signature',
);
add(
  'commit: trustee 0',
  'approved',
  (e) => {
    e.makeDeals();
    e.push(flip(e.commit(1), 2));
  },
  'ceremony',
  'entry.signer',
);
add(
  'commit: trustee 5',
  'approved',
  (e) => {
    e.makeDeals();
    e.push(patch(e.commit(1), 1, u16(5)));
  },
  'ceremony',
  'entry.signer',
);
add(
  'commit: signed by another trustee',
  'approved',
  (e) => {
    e.makeDeals();
    const entry = e.commit(1);
    e.trustees = [e.trustees[1], ...e.trustees.slice(1)];
    e.push(e.single(E.COMMIT, 1, entry.subarray(3, entry.length - 64)));
  },
  'ceremony',
  'entry.signature',
);
add(
  'commit: of another election',
  'approved',
  (e) => {
    e.makeDeals();
    const entry = e.commit(1),
      body = entry.subarray(1, entry.length - 64);
    e.push(concat(u8(3), body, e.sign(E.ENTRY_USE, e.trustees[0], concat(X, u8(3), body))));
  },
  'ceremony',
  'entry.signature',
);
add(
  'commit: signature with R the identity',
  'approved',
  (e) => {
    e.makeDeals();
    e.push(patch(e.commit(1), 67, ZERO32));
  },
  'ceremony',
  'entry.signature',
);
add(
  'commit: signature with z of L and more',
  'approved',
  (e) => {
    e.makeDeals();
    e.push(patch(e.commit(1), 99, new Uint8Array(32).fill(255)));
  },
  'ceremony',
  'entry.signature',
);
add(
  'cancel: one registrar',
  'voted',
  (e) => e.push(e.cancel(e.voters[1], { who: [1] })),
  'cancels',
  'entry.quorum',
);
add(
  'cancel: false signature',
  'voted',
  (e) => e.push(flip(e.cancel(e.voters[1]), -40)),
  'cancels',
  'entry.signature',
);
add(
  'confirm: false signature',
  'confirmed',
  (e) => last(e, (x) => flip(x, -1)),
  'keys',
  'entry.signature',
);

// ---- definition and approval: S-1, S-4, Y-7
add(
  'manifest: entry 0 is another',
  'approved',
  (e) => {
    const entries = e.entries.splice(0, 1);
    e.push(...entries);
  },
  'acts',
  'board.order',
);
add('manifest: a second', 'approved', (e) => e.push(e.entries[0]), 'manifest', 'board.phase');
add(
  'commit before approval',
  'begun',
  (e) => {
    e.makeDeals();
    e.push(e.commit(1));
  },
  'ceremony',
  'board.order',
);
add('registrations before approval', 'begun', (e) => e.enrol(), 'registrations', 'board.order');
add('approval of another manifest', 'begun', (e) => e.approve(X), 'acts', 'board.subject');
add('approval twice', 'approved', (e) => e.approve(), 'acts', 'board.repeat');
add('approval again when open', 'opened', (e) => e.approve(), 'acts', 'board.phase');

// ---- ceremony: ..X-11, X-15, X-17, D-7, D-10, S-13
add('commit twice', 'committed', (e) => e.push(e.commit(2)), 'ceremony', 'ceremony.repeat');
add(
  'commit: box key zero',
  'approved',
  (e) => {
    e.makeDeals();
    e.push(e.commit(1, { boxKey: ZERO32 }));
  },
  'ceremony',
  'ceremony.box-key',
);
add(
  'commit: box key of order 8',
  'approved',
  (e) => {
    e.makeDeals();
    e.push(
      e.commit(1, {
        boxKey: Uint8Array.from(
          Buffer.from('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', 'hex'),
        ),
      }),
    );
  },
  'ceremony',
  'ceremony.box-key',
);
add(
  'deal before all commits',
  'approved',
  (e) => {
    e.makeDeals();
    e.push(e.commit(1), e.commit(2), e.commit(3), e.deal(1));
  },
  'ceremony',
  'ceremony.order',
);
add('deal twice', 'dealt', (e) => e.push(e.deal(1)), 'ceremony', 'ceremony.repeat');
add(
  'deal: a share box too few',
  'committed',
  (e) => {
    const d = e.deals[1];
    e.push(e.deal(1, { ...d, boxes: d.boxes.subarray(0, d.boxes.length - 32) }));
  },
  'ceremony',
  'ceremony.commitments',
);
add(
  'deal: other than committed',
  'committed',
  (e) => e.push(e.deal(1, e.makeDeal(1))),
  'ceremony',
  'ceremony.hash',
);
const dealWith = (e, change) => {
  e.makeDeals();
  change(e.deals[1]);
  e.push(...e.numbers.map((i) => e.commit(i)), e.deal(1));
};
add(
  'deal: the identity among the commitments',
  'approved',
  (e) =>
    dealWith(e, (d) => {
      d.messages = [patch(d.messages[0], 0, ZERO32), ...d.messages.slice(1)];
    }),
  'ceremony',
  'ceremony.commitments',
);
add(
  'deal: a commitment that does not decode',
  'approved',
  (e) =>
    dealWith(e, (d) => {
      d.messages = [patch(d.messages[0], 32, BAD_POINT), ...d.messages.slice(1)];
    }),
  'ceremony',
  'ceremony.commitments',
);
add(
  'deal: z of L and more',
  'approved',
  (e) =>
    dealWith(e, (d) => {
      d.messages = [
        patch(d.messages[0], d.messages[0].length - 32, scalarBytes(L)),
        ...d.messages.slice(1),
      ];
    }),
  'ceremony',
  'ceremony.commitments',
);
add(
  'deal: possession is not proved',
  'approved',
  (e) =>
    dealWith(e, (d) => {
      const a = d.coefficients[1],
        claimed = [a[0] + 1n, ...a.slice(1)];
      d.messages = [d.messages[0], e.dealMessage(e.who(1, 1), a, claimed)];
    }),
  'ceremony',
  'ceremony.possession',
);
add(
  'deal: the proof of another dealer',
  'approved',
  (e) =>
    dealWith(e, (d) => {
      d.messages = [e.dealMessage(e.who(0, 2), d.coefficients[0]), d.messages[1]];
    }),
  'ceremony',
  'ceremony.possession',
);
add(
  'deal: the last one makes a key the identity',
  'approved',
  (e) => {
    e.makeDeals();
    const constants = [1, 2, 3].map((i) => e.deals[i].coefficients[0][0]);
    const [, ...rest] = e.deals[4].coefficients[0];
    const a = [mod(-constants.reduce((x, y) => x + y)), ...rest];
    e.deals[4].messages = [e.dealMessage(e.who(0, 4), a), e.deals[4].messages[1]];
    e.push(...e.numbers.map((i) => e.commit(i)), ...e.numbers.map((i) => e.deal(i)));
  },
  'ceremony',
  'ceremony.commitments',
);
add(
  'complaint before the deals',
  'committed',
  (e) => e.push(e.complaint(1, 2)),
  'ceremony',
  'ceremony.order',
);
add(
  'complaint about oneself',
  'dealt',
  (e) => e.push(e.complaint(1, 1)),
  'ceremony',
  'ceremony.order',
);
add(
  'complaint about nobody',
  'dealt',
  (e) => e.push(e.complaint(1, 5)),
  'ceremony',
  'ceremony.order',
);
add(
  'complaint about dealer 0',
  'dealt',
  (e) => e.push(e.complaint(1, 0)),
  'ceremony',
  'ceremony.order',
);
add(
  'complaint twice',
  'dealt',
  (e) => e.push(e.complaint(1, 2), e.complaint(1, 2)),
  'ceremony',
  'ceremony.repeat',
);
add(
  'complaint after an answer',
  'dealt',
  (e) => e.push(e.complaint(1, 2), e.opening(2, 1), e.complaint(1, 2)),
  'ceremony',
  'ceremony.repeat',
);
add(
  "complaint after one's confirmation",
  'dealt',
  (e) => e.push(e.confirm(1), e.complaint(1, 2)),
  'ceremony',
  'ceremony.order',
);
add(
  'opening that nobody asked for',
  'dealt',
  (e) => e.push(e.opening(2, 1)),
  'ceremony',
  'ceremony.order',
);
add(
  'opening twice',
  'dealt',
  (e) => e.push(e.complaint(1, 2), e.opening(2, 1), e.opening(2, 1)),
  'ceremony',
  'ceremony.order',
);
add(
  'opening: a share too few',
  'dealt',
  (e) => e.push(e.complaint(1, 2), e.opening(2, 1, e.shareOf(2, 1).slice(1))),
  'ceremony',
  'ceremony.share',
);
add(
  'after a false opening: confirm',
  'dealt',
  (e) => e.push(e.complaint(1, 2), e.opening(2, 1, e.shareOf(2, 3)), e.confirm(1)),
  'ceremony',
  'ceremony.dealer-out',
);
add(
  'confirm while a complaint is open',
  'dealt',
  (e) => e.push(e.complaint(1, 2), e.confirm(3)),
  'ceremony',
  'ceremony.order',
);
add(
  'confirm before the deals',
  'committed',
  (e) => e.push(e.confirm(1)),
  'ceremony',
  'ceremony.order',
);
add(
  'confirm twice',
  'dealt',
  (e) => e.push(e.confirm(1), e.confirm(1)),
  'ceremony',
  'ceremony.repeat',
);
add(
  'confirm of other keys',
  'dealt',
  (e) => e.push(e.confirm(1, X)),
  'ceremony',
  'ceremony.confirm',
);
add('commit when open', 'opened', (e) => e.push(e.commit(1)), 'ceremony', 'board.phase');
add(
  'liveness before the keys',
  'committed',
  (e) => e.push(e.liveness(1)),
  'ceremony',
  'ceremony.order',
);
add(
  'liveness: one proof too few',
  'confirmed',
  (e) => {
    const entry = e.liveness(1);
    e.push(e.single(E.LIVENESS, 1, entry.subarray(3, entry.length - 128)));
  },
  'ceremony',
  'liveness.length',
);
add(
  'liveness: a false proof',
  'confirmed',
  (e) => e.push(e.liveness(1, { wrong: 1n })),
  'ceremony',
  'liveness.proof',
);
add(
  'liveness: of another root',
  'confirmed',
  (e) => e.push(e.liveness(1, { rootHash: X })),
  'ceremony',
  'board.root',
);
add(
  'liveness: of a board to come',
  'confirmed',
  (e) => e.push(e.liveness(1, { size: e.entries.length + 1 })),
  'ceremony',
  'board.root',
);
add(
  'liveness: at time 0',
  'confirmed',
  (e) => e.push(e.liveness(1, { time: 0n })),
  'ceremony',
  'board.repeat',
);
add(
  'liveness: its time again',
  'confirmed',
  (e) => e.push(e.liveness(1, { time: 50n }), e.liveness(1, { time: 50n })),
  'ceremony',
  'board.repeat',
);
// The batches of these days, then a proof of what the board was `back` entries ago. spec: S-19
const days = (e, list, back) => {
  for (const day of list) e.batch({ time: day * 86400n });
  return e.push(e.liveness(1, { size: e.entries.length - back }));
};
add(
  'liveness: of the day before yesterday',
  'confirmed',
  (e) => days(e, [5n, 6n, 6n, 7n], 4),
  'ceremony',
  'board.stale',
);
add(
  'liveness: from before a silence of days',
  'confirmed',
  (e) => days(e, [5n, 7n], 2),
  'ceremony',
  'board.stale',
);
add(
  'liveness: of another root, of long ago',
  'confirmed',
  (e) =>
    e
      .batch({ time: 0n })
      .batch({ time: 999999n })
      .push(e.liveness(1, { size: 0, rootHash: X })),
  'ceremony',
  'board.root',
);
add(
  'liveness: a false proof, its time again',
  'confirmed',
  (e) => e.push(e.liveness(1, { time: 50n }), e.liveness(1, { time: 50n, wrong: 1n })),
  'ceremony',
  'liveness.proof',
);
add('liveness when closed', 'closed', (e) => e.push(e.liveness(1)), 'ceremony', 'board.phase');

// ---- enrolment: L-5..L-10, S-12
const reg = (name, options, code) =>
  add(
    `registration: ${name}`,
    'confirmed',
    (e) =>
      e.push(
        e.registrations([
          e.registration(e.voters[0], typeof options === 'function' ? options(e) : options),
        ]),
      ),
    'registrations',
    code,
  );
reg('credential is the identity', { key: ZERO32 }, 'registration.credential');
reg('credential does not decode', { key: BAD_POINT }, 'registration.credential');
reg('no such unit', { unit: 3 }, 'registration.unit');
reg('the style of another unit', { style: 1 }, 'registration.style');
reg('one registrar', { who: [1] }, 'registration.quorum');
reg(
  'no such registrar',
  (e) => {
    e.registrars = [...e.registrars, e.keyPair()];
    return { who: [1, 2, 3] };
  },
  'registration.signer',
);
reg(
  'signed by an officer',
  (e) => {
    e.registrars = [e.registrars[0], e.officers[0]];
    return {};
  },
  'registration.signature',
);
add(
  'registration: a third signature is false',
  'enrolled',
  (e) => last(e, (x) => flip(x, -1)),
  'registrations',
  'registration.signature',
);
add(
  'registrations out of order',
  'confirmed',
  (e) => {
    const all = e.voters
      .map((v) => e.registration(v))
      .sort(compare)
      .reverse();
    e.push(concat(u8(9), ...all));
  },
  'registrations',
  'registration.order',
);
add(
  'registration twice in an entry',
  'confirmed',
  (e) => e.push(e.registrations([e.registration(e.voters[0]), e.registration(e.voters[0])])),
  'registrations',
  'registration.order',
);
add(
  'registration twice',
  'enrolled',
  (e) => e.enrol([e.voters[3]]),
  'registrations',
  'registration.repeat',
);
add(
  'registration when closed',
  'closed',
  (e) => e.enrol([e.keyPair()].map((v) => ({ ...v, unit: 0 }))),
  'registrations',
  'board.phase',
);
add(
  'cancel of a stranger',
  'voted',
  (e) => e.push(e.cancel(e.keyPair())),
  'cancels',
  'cancel.credential',
);
add('cancel twice', 'voted', (e) => e.push(e.cancel(e.voters[5])), 'cancels', 'cancel.repeat');
add('cancel when frozen', 'frozen', (e) => e.push(e.cancel(e.voters[1])), 'cancels', 'board.phase');

// ---- acts: S-3, S-5..S-9, S-15, Y-10
add(
  'open: the ceremony is not done',
  'dealt',
  (e) => e.push(e.act(E.OPEN, e.keyDigest)),
  'acts',
  'board.order',
);
add('open: other keys', 'enrolled', (e) => e.open({ subject: X }), 'acts', 'board.subject');
add(
  'open: too few proved liveness',
  'confirmed',
  (e) => e.alive(1, 2).open(),
  'acts',
  'board.quorum',
);
add('open: before the opening time', 'enrolled', (e) => e.open(), 'acts', 'board.time', {
  test: false,
});
add('open twice', 'opened', (e) => e.open(), 'acts', 'board.phase');
add('an act before the last one', 'voted', (e) => e.close({ time: 5n }), 'acts', 'board.time');
add('close: with a subject', 'voted', (e) => e.push(e.act(E.CLOSE, X)), 'acts', 'board.subject');
add(
  'close: before the closing time',
  'enrolled',
  (e) => {
    e.time = e.m.times.open;
    e.open().close();
  },
  'acts',
  'board.time',
  { test: false },
);
add('close in setup', 'enrolled', (e) => e.close(), 'acts', 'board.phase');
add(
  'close inside a batch',
  'opened',
  (e) => {
    e.vote(e.voters[0]);
    e.push(...e.pending).close();
  },
  'batches',
  'board.batch',
);
add('exclusion of no ballot', 'voted', (e) => e.push(e.exclude(X)), 'acts', 'exclusion.ballot');
add(
  'exclusion of a replaced ballot',
  'voted',
  (e) => {
    const old = e.entries
      .filter((x) => x[0] === 11)
      .map((x) => e.ballotHash(x))
      .find((h) => !e.voters.some((v) => !compare(v.tip, h)));
    e.push(e.exclude(old));
  },
  'acts',
  'exclusion.ballot',
);
add(
  'exclusion twice',
  'voted',
  (e) => e.push(e.exclude(e.voters[6].tip)),
  'acts',
  'exclusion.repeat',
);
add(
  'exclusion again by a later ballot',
  'voted',
  (e) => {
    e.vote(e.voters[6], 2).batch();
    e.push(e.exclude(e.voters[6].tip));
  },
  'acts',
  'exclusion.repeat',
);
add(
  'exclusion when frozen',
  'frozen',
  (e) => e.push(e.exclude(e.voters[1].tip)),
  'acts',
  'board.phase',
);
add(
  'freeze when open',
  'voted',
  (e) => e.push(e.act(E.FREEZE, e.document(X))),
  'acts',
  'board.phase',
);
add('freeze twice', 'frozen', (e) => e.push(e.act(E.FREEZE, e.freezeHash)), 'acts', 'board.phase');
add(
  'publish before the shares',
  'frozen',
  (e) => {
    e.push(e.shares(1));
    e.publish(e.results());
  },
  'acts',
  'board.quorum',
);
add('publish twice', 'published', (e) => e.push(e.act(E.PUBLISH, X)), 'acts', 'board.phase');

// ---- the roll: N-20, N-21, S-5, S-30..S-33, Y-21

const rolled = (name, action, code) => add(`roll: ${name}`, 'rolled', action, 'roll', code);
const otherRoll = (options) => (e) => {
  e.entries.pop();
  return e.commitRoll(options);
};
rolled('twice', (e) => e.commitRoll(), 'board.repeat');
add('roll: when voting is open', 'opened', (e) => e.commitRoll(), 'roll', 'board.phase');
add('roll: not approved', 'begun', (e) => e.commitRoll(), 'roll', 'board.order');
add(
  'opening: no roll',
  'approved',
  (e) => e.ceremony().alive(1, 2, 3).open(),
  'acts',
  'board.order',
);
rolled('one officer', otherRoll({ who: [1] }), 'entry.quorum');
rolled(
  'signed by registrars',
  (e) => {
    e.officers = e.registrars;
    return otherRoll()(e);
  },
  'entry.signature',
);
rolled('before the last act', otherRoll({ time: 5n }), 'board.time');
const full = [60, 50, 40];
rolled('a unit too few', otherRoll({ rows: [full, full] }), 'roll.units');
rolled('a unit too many', otherRoll({ rows: [full, full, full, full] }), 'roll.units');
rolled('more electors than rows', otherRoll({ rows: [full, full, [49, 50, 40]] }), 'roll.units');
rolled(
  'more online than electors',
  otherRoll({ rows: [[60, 50, 51], full, full] }),
  'roll.units',
);
rolled(
  'more electors than registered',
  otherRoll({ rows: [full, [110, 101, 40], full] }),
  'roll.units',
);
rolled('rows and leaves differ', otherRoll({ leaves: 181 }), 'roll.sum');
rolled('rows beyond 2^32', otherRoll({ rows: [full, full, [2 ** 32 - 1, 1, 1]], leaves: 119 }), 'roll.sum');
rolled('a byte more', (e) => last(e, (x) => concat(x, u8(0))), 'entry.malformed');
rolled('a unit cut', otherRoll({ rows: [full, full, [60, 50]] }), 'entry.malformed');

const changeRoll = (e, ...list) => e.push(e.changes(list));
const odd = (name, changes) =>
  rolled(`change: ${name}`, (e) => changeRoll(e, ...changes(e)), 'roll.change');
add('roll: a change before it', 'approved', (e) => changeRoll(e, [e.absent, e.row('a')]), 'roll', 'board.order');
add('roll: a change after the close', 'closed', (e) => changeRoll(e, [e.absent, e.row('a')]), 'roll', 'board.phase');
rolled(
  'change: one officer',
  (e) => e.push(e.changes([[e.absent, e.row('a')]], { who: [2] })),
  'entry.quorum',
);
rolled(
  'change: before the last act',
  (e) => e.push(e.changes([[e.absent, e.row('a')]], { time: 5n })),
  'board.time',
);
rolled('change: none', (e) => e.push(e.changes([])), 'entry.malformed');
rolled('change: half of one', (e) => changeRoll(e, [e.row('a')]), 'entry.malformed');
odd('absent before and after', (e) => [[e.absent, e.absent]]);
odd('nothing is changed', (e) => [[e.row('a'), e.row('a')]]);
odd('standing 5', (e) => [[e.absent, e.row('a', 0, 5)]]);
odd('unit 3', (e) => [[e.absent, e.row('a', 3)]]);
odd('a leaf of zeros', (e) => [[e.absent, patch(e.row('a'), 0, ZERO32)]]);
odd('absent with a leaf', (e) => [[e.row('a', 0, 0), e.row('b')]]);
odd('absent with a unit', (e) => [[e.row('a'), patch(e.absent, 32, u16(1))]]);
odd('two take one row', (e) => [
  [e.row('a'), e.row('b')],
  [e.row('a'), e.row('c')],
]);
odd('two make one row', (e) => [
  [e.row('a'), e.row('c')],
  [e.row('b'), e.row('c')],
]);
odd('one undoes another', (e) => [
  [e.row('a'), e.row('b', 0, 2)],
  [e.row('b', 0, 2), e.row('c')],
]);
rolled(
  'change: a row that is gone',
  (e) => changeRoll(changeRoll(e, [e.row('a'), e.row('b')]), [e.row('a'), e.row('c')]),
  'roll.change',
);
rolled(
  'change: a row that is there',
  (e) => changeRoll(changeRoll(e, [e.row('a'), e.row('b')]), [e.absent, e.row('b')]),
  'roll.change',
);
rolled(
  'change: not as it came',
  (e) => changeRoll(changeRoll(e, [e.absent, e.row('a', 1, 1)]), [e.row('a', 1, 4), e.absent]),
  'roll.change',
);
rolled(
  'change: of another unit than it came to',
  (e) => changeRoll(changeRoll(e, [e.absent, e.row('a', 1, 1)]), [e.row('a', 2, 1), e.absent]),
  'roll.change',
);
const three = { rows: [full, full, [3, 2, 1]] };
const less = (name, ...standings) =>
  rolled(
    `change: ${name}`,
    (e) =>
      changeRoll(
        otherRoll(three)(e),
        ...standings.map((s, i) => [e.row(`x${i}`, 2, s), e.absent]),
      ),
    'roll.change',
  );
less('more rows than there are', 4, 4, 4, 4);
less('more electors than there are', 2, 2, 2);
less('more online than there are', 1, 1);

// ---- ballots: C-3..C-6, C-8, S-10, S-20..S-24, Y-11
const ballot = (name, how, check, code) =>
  add(
    `ballot: ${name}`,
    'opened',
    (e) => {
      e.pending.push(how(e, e.voters[0]));
      e.batch();
    },
    check,
    code,
  );
const one = (e, v, context) => e.ballot(v, 1, context);
ballot('too short for its head', (e, v) => one(e, v).slice(0, 100), 'ballots', 'ballot.length');
ballot('a byte less', (e, v) => one(e, v).slice(0, -1), 'ballots', 'ballot.length');
ballot('a byte more', (e, v) => concat(one(e, v), u8(0)), 'ballots', 'ballot.length');
ballot(
  'of another election',
  (e, v) => e.resign(flip(one(e, v), 1), v),
  'ballots',
  'ballot.fingerprint',
);
ballot(
  'no such style',
  (e, v) => e.resign(patch(one(e, v), 103, u16(2)), v),
  'ballots',
  'ballot.style',
);
ballot(
  'a style of another length',
  (e, v) => e.resign(patch(one(e, v), 103, u16(1)), v),
  'ballots',
  'ballot.length',
);
ballot('number 0', (e, v) => one(e, v, { sequence: 0 }), 'chains', 'ballot.sequence');
ballot(
  'the first with a predecessor',
  (e, v) => one(e, v, { previous: X }),
  'chains',
  'ballot.previous',
);
ballot(
  'number 2 without a predecessor',
  (e, v) => one(e, v, { sequence: 2 }),
  'chains',
  'ballot.previous',
);
const sigma = (e) => 1 + 104 + 32 * (e.m.contests[0].p + 7);
ballot(
  'R is the identity',
  (e, v) => e.resign(patch(one(e, v), 105, ZERO32), v),
  'ballots',
  'ballot.point',
);
ballot(
  'a point does not decode',
  (e, v) => e.resign(patch(one(e, v), 105 + 64, BAD_POINT), v),
  'ballots',
  'ballot.point',
);
ballot(
  'a scalar of L',
  (e, v) => e.resign(patch(one(e, v), sigma(e) + 32, scalarBytes(L)), v),
  'ballots',
  'ballot.scalar',
);
ballot(
  'sigma changed',
  (e, v) => e.resign(flip(one(e, v), sigma(e)), v),
  'ballots',
  'ballot.proof',
);
ballot(
  'a response changed',
  (e, v) => e.resign(flip(one(e, v), sigma(e) + 32), v),
  'ballots',
  'ballot.proof',
);
ballot(
  'the last response of the last contest',
  (e, v) => e.resign(flip(one(e, v), -96), v),
  'ballots',
  'ballot.proof',
);
ballot(
  'C plus G',
  (e, v) => {
    const b = one(e, v),
      at = 105 + 32;
    const { point } = { point: times(G, 9n) };
    return e.resign(patch(b, at, point.toBytes()), v);
  },
  'ballots',
  'ballot.proof',
);
ballot(
  'a vote of 2',
  (e, v) => one(e, v, { cheat: { 0: { bits: [2, 0, 0, 0, 0] } } }),
  'ballots',
  'ballot.proof',
);
ballot(
  'a vote of -1',
  (e, v) => one(e, v, { cheat: { 0: { bits: [L - 1n, 1, 1, 1, 0] } } }),
  'ballots',
  'ballot.proof',
);
ballot(
  'three of two',
  (e, v) => one(e, v, { cheat: { 0: { bits: [1, 1, 1, 0, 0] } } }),
  'ballots',
  'ballot.proof',
);
ballot(
  'sigma made to fit',
  (e, v) => one(e, v, { cheat: { 0: { bits: [1, 1, 1, 0, 0], sigma: 1n } } }),
  'ballots',
  'ballot.proof',
);
ballot(
  'another point than the bits say',
  (e, v) => one(e, v, { cheat: { 0: { shift: [1n, 0n] } } }),
  'ballots',
  'ballot.proof',
);
ballot(
  'proofs for another unit',
  (e, v) => e.resign(patch(one(e, v, { unit: 2 }), 101, u16(0)), v),
  'ballots',
  'ballot.proof',
);
ballot(
  'proofs for another credential',
  (e, v) => e.resign(patch(one(e, e.voters[3]), 33, v.key), v),
  'ballots',
  'ballot.proof',
);
ballot(
  'the signature of another',
  (e, v) => one(e, v, { signer: e.voters[1] }),
  'ballots',
  'ballot.signature',
);
ballot('the signature changed', (e, v) => flip(one(e, v), -1), 'ballots', 'ballot.signature');
ballot(
  'a signature with R the identity',
  (e, v) => {
    const b = one(e, v);
    return patch(b, b.length - 64, ZERO32);
  },
  'ballots',
  'ballot.signature',
);
ballot(
  'nobody is registered under it',
  (e) => one(e, { ...e.keyPair(), unit: 0, sequence: 0, tip: ZERO32 }),
  'ballots',
  'ballot.credential',
);
ballot('of another unit', (e, v) => one(e, v, { unit: 2 }), 'ballots', 'ballot.unit');
ballot('of another unit and style', (e, v) => one(e, v, { unit: 1 }), 'ballots', 'ballot.unit');
ballot('of another style', (e, v) => one(e, v, { style: 1 }), 'ballots', 'ballot.style');
ballot(
  'a gap in the numbers',
  (e, v) => one(e, v, { sequence: 3, previous: X }),
  'chains',
  'ballot.sequence',
);
add(
  'ballot: the same number again',
  'voted',
  (e) => {
    const v = e.voters[1];
    e.pending.push(e.ballot(v, 4, { sequence: 1, previous: ZERO32 }));
    e.batch();
  },
  'chains',
  'ballot.sequence',
);
add(
  'ballot: another predecessor',
  'voted',
  (e) => {
    e.pending.push(e.ballot(e.voters[1], 4, { previous: X }));
    e.batch();
  },
  'chains',
  'ballot.previous',
);
add(
  'ballot: the same bytes again',
  'voted',
  (e) => {
    e.pending.push(e.entries[find(e, 11)]);
    e.batch();
  },
  'chains',
  'ballot.sequence',
);
add(
  'ballot: of a cancelled credential',
  'voted',
  (e) => e.vote(e.voters[5]).batch(),
  'ballots',
  'ballot.cancelled',
);
add('ballot in setup', 'enrolled', (e) => e.vote(e.voters[0]).batch(), 'batches', 'board.phase');
add('ballot after close', 'closed', (e) => e.vote(e.voters[1]).batch(), 'batches', 'board.phase');
add(
  'ballots not sorted',
  'opened',
  (e) => {
    e.vote(e.voters[0]).vote(e.voters[1]).batch();
    const i = find(e, 11);
    [e.entries[i], e.entries[i + 1]] = [e.entries[i + 1], e.entries[i]];
  },
  'batches',
  'board.order',
);

// ---- batches: S-10, S-11, Y-12
add('batch: number 0', 'opened', (e) => e.batch({ number: 0 }), 'batches', 'board.batch');
add('batch: a number left out', 'voted', (e) => e.batch({ number: 4 }), 'batches', 'board.batch');
add(
  'batch: one ballot too many',
  'opened',
  (e) => e.vote(e.voters[0]).batch({ ballots: 2 }),
  'batches',
  'board.batch',
);
add('batch: back in time', 'voted', (e) => e.batch({ time: 1n }), 'batches', 'board.time');
add(
  'batch: the log ends inside',
  'opened',
  (e) => {
    e.vote(e.voters[0]);
    e.push(...e.pending);
  },
  'batches',
  'board.batch',
);
add(
  'batch: an entry inside',
  'opened',
  (e) => {
    e.vote(e.voters[0]);
    e.push(...e.pending, e.liveness(1)).push(e.batchEntry());
  },
  'batches',
  'board.batch',
);
add(
  'batch: a ballot left out',
  'voted',
  (e) => e.entries.splice(find(e, 11), 1),
  'batches',
  'board.batch',
);

// ---- counting: W-7, W-10, W-13, S-14, U-4, U-7, Y-13, Y-14, Y-16, Y-17
const frozenWith = (name, how) =>
  add(
    `aggregates: ${name}`,
    'closed',
    (e) => {
      const good = e.aggregates(replay(e));
      e.freeze(how(e, good));
    },
    'aggregates',
    'aggregates.hash',
  );
frozenWith('a sum changed', (e, good) => patch(good, good.length - 32, times(G, 3n).toBytes()));
frozenWith('another board size', (e, good) => patch(good, 32, u64(1)));
frozenWith('a byte more', (e, good) => concat(good, u8(0)));
add(
  'aggregates: an excluded ballot is in them',
  'closed',
  (e) => {
    const board = replay(e);
    for (const c of board.credentials.values()) c.excluded = false;
    e.freeze(e.aggregates(board));
  },
  'aggregates',
  'aggregates.hash',
);
add(
  'aggregates: a cancelled ballot is in them',
  'closed',
  (e) => {
    const board = replay(e);
    for (const c of board.credentials.values()) c.cancelled = false;
    e.freeze(e.aggregates(board));
  },
  'aggregates',
  'aggregates.hash',
);
add(
  'shares when closed',
  'closed',
  (e) => {
    e.aggregates(replay(e));
    e.freezeHash = X;
    e.push(e.shares(1));
  },
  'shares',
  'board.phase',
);
add('shares twice', 'shared', (e) => e.push(e.shares(1)), 'shares', 'board.repeat');
add(
  'shares: an empty document',
  'frozen',
  (e) => e.push(e.single(E.SHARES, 1, e.reference(new Uint8Array(0)))),
  'shares',
  'board.subject',
);
const badShares = (name, options) =>
  add(
    `shares: ${name}`,
    'frozen',
    (e) => {
      const results = e.results();
      e.push(
        e.shares(1),
        e.shares(3, typeof options === 'function' ? options(e) : options),
      ).publish(results);
    },
    'shares',
    'shares.quorum',
  );
badShares('too few are good', { garbage: true });
badShares('of other aggregates', { hash: X });
badShares("under another trustee's number", { name: 2 });
add(
  'shares: a document cut',
  'frozen',
  (e) => {
    const results = e.results(),
      bytes = e.sharesDocument(3);
    e.push(e.shares(1), e.single(E.SHARES, 3, e.reference(bytes.slice(0, -1)))).publish(results);
  },
  'shares',
  'shares.quorum',
);
const wrongResults = (name, how) =>
  add(`results: ${name}`, 'shared', (e) => e.publish(e.results(how)), 'results', 'results.hash');
wrongResults('a vote more', (v) => {
  v.contests[0].options[0].votes++;
  return v;
});
wrongResults('another winner', (v) => {
  v.contests[0].options[2].outcome = 'won';
  return v;
});
wrongResults('the reconciliation', (v) => {
  v.reconciliation.total.counted++;
  return v;
});
wrongResults('members in another order', (v) => ({ id: v.id, ...v }));
add(
  'results: without the last line feed',
  'shared',
  (e) => {
    const r = e.results();
    e.publish({ ...r, json: r.json.slice(0, -1) });
  },
  'results',
  'results.hash',
);
add(
  'results: the table differs',
  'published',
  (e) => void e.copies.set('results.csv', flip(e.copies.get('results.csv'), -3)),
  'results',
  'results.csv',
);
add(
  'results: the copy differs',
  'published',
  (e) => void e.copies.set('results.json', flip(e.copies.get('results.json'), -3)),
  'results',
  'files.copy',
);
add(
  'reconciliation: more enrolled than on the roll',
  'begun',
  () => {
    const e = new Election({ voters: 10 }),
      value = e.manifestValue();
    value.units[0].registered = 3;
    e.setManifest(value);
    return onward(e, '', 'closed');
  },
  'reconciliation',
  'reconciliation.roll',
);

add(
  'aggregates: a sum changed, and more enrolled than on the roll', // both are said: Y-22
  'begun',
  () => {
    const e = new Election({ voters: 10 }),
      value = e.manifestValue();
    value.units[0].registered = 3;
    e.setManifest(value);
    onward(e, '', 'closed');
    const good = e.aggregates(replay(e));
    e.freeze(patch(good, good.length - 32, times(G, 3n).toBytes()));
    return e;
  },
  'aggregates',
  'aggregates.hash',
);

// ---- two faults in one entry: the first in the order of S-18 is named ----

add(
  'two faults: the phase, a false signature',
  'opened',
  (e) => e.push(flip(e.commit(1), -1)),
  'ceremony',
  'board.phase',
);
add(
  'two faults: no approval, a false signature',
  'begun',
  (e) => {
    e.makeDeals();
    e.push(flip(e.commit(1), -1));
  },
  'ceremony',
  'board.order',
);
add(
  'two faults: inside a batch, a false signature',
  'opened',
  (e) => {
    e.vote(e.voters[0]);
    e.push(...e.pending, flip(e.liveness(1), -1));
  },
  'batches',
  'board.batch',
);
add(
  'two faults: a false signature, another subject',
  'begun',
  (e) => e.push(flip(e.act(E.APPROVE, X), -1)),
  'acts',
  'entry.signature',
);
add(
  'two faults: one signer too few, another subject',
  'begun',
  (e) => e.approve(X, { who: [1] }),
  'acts',
  'entry.quorum',
);
add(
  'two faults: one signer too few, a false signature',
  'begun',
  (e) => e.push(flip(e.act(E.APPROVE, e.fingerprint, { who: [1] }), -1)),
  'acts',
  'entry.signature',
);
add(
  'two faults: one registrar too few, a false signature',
  'confirmed',
  (e) => e.push(flip(e.registrations([e.registration(e.voters[0], { who: [1] })]), -1)),
  'registrations',
  'registration.quorum',
);
add(
  'two faults: one registrar too few, no such unit',
  'confirmed',
  (e) => e.push(e.registrations([e.registration(e.voters[0], { who: [1], unit: 9 })])),
  'registrations',
  'registration.unit',
);
ballot(
  'two faults: a false proof, nobody is registered',
  (e) => {
    const v = { ...e.keyPair(), unit: 0, sequence: 0, tip: ZERO32 };
    return e.resign(flip(one(e, v), sigma(e)), v);
  },
  'ballots',
  'ballot.proof',
);
ballot(
  'two faults: a false signature, another unit',
  (e, v) => flip(one(e, v, { unit: 2 }), -1),
  'ballots',
  'ballot.signature',
);

// ---- the manifest: M-1..M-7, M-11, M-12, M-14..M-20, M-22, M-23
const manifest = (name, how, code) =>
  add(
    `manifest: ${name}`,
    'begun',
    () => {
      const e = new Election({ voters: 1 }),
        value = e.manifestValue(),
        text = how(value, e) ?? value;
      e.setManifest(typeof text === 'string' ? ascii(text) : text);
      return e.begin();
    },
    'manifest',
    `manifest.${code}`,
  );
const manyOptions = (n) =>
  Array.from({ length: n }, (_, i) => ({ number: i + 1, name: `o${i}`, party: '' }));
const text = (change) => (v) => change(JSON.stringify(v, null, 1));
manifest('empty', () => ' ', 'json');
manifest(
  'not JSON',
  text((t) => t.slice(0, -1)),
  'json',
);
manifest(
  'something after it',
  text((t) => `${t}x`),
  'json',
);
manifest(
  'a member twice',
  text((t) => t.replace('"tapat": 1', '"tapat": 1, "tapat": 1')),
  'json',
);
manifest(
  'U+0000 in a text',
  text((t) => t.replace('A small', 'A \\u0000 small')),
  'json',
);
manifest(
  'half a surrogate pair',
  text((t) => t.replace('A small', 'A \\ud800 small')),
  'json',
);
manifest(
  'a byte order mark',
  text((t) => `\ufeff${t}`),
  'json',
);
manifest(
  'a list',
  text((t) => `[${t}]`),
  'type',
);
manifest(
  'a number with a fraction',
  text((t) => t.replace('"max": 2', '"max": 2.0')),
  'type',
);
// spec: M-23
const provider = { issuer: 'https://id.example', client: 'us', name: 'ID', claim: 'sub' };
export const enrolment = (change) => (v, e) => {
  v.enrol = {
    show: true,
    shared: 4,
    review_days: 5,
    routes: ['code', 'documents'],
    posts: { rome: ['oidc', 'desk', 'letter'] },
    documents: e.trustees.slice(0, v.registrars.who.length).map((s) => hex(s.key)),
    oidc: { ...provider },
  };
  change(v.enrol, v);
};
const enrol = (name, change, code) => manifest(`enrol, ${name}`, enrolment(change), code);
enrol('a member less', (x) => void delete x.show, 'members');
enrol('shared by none', (x) => void (x.shared = 0), 'value');
enrol('an unknown route', (x) => x.routes.push('fax'), 'value');
enrol('a route twice', (x) => x.posts.rome.push('desk'), 'duplicate');
enrol('a post of no unit', (x) => void (x.posts.oslo = ['code']), 'reference');
enrol('documents without keys', (x) => void delete x.documents, 'members');
enrol('keys without documents', (x) => void (x.routes = ['code']), 'members');
enrol('too few keys', (x) => x.documents.pop(), 'value');
enrol('a key twice', (x) => void (x.documents[1] = x.documents[0]), 'duplicate');
enrol('a key that is none', (x) => void (x.documents[0] = '00'.repeat(32)), 'key');
enrol('no provider', (x) => void delete x.oidc, 'members');
enrol('a provider for nobody', (x) => void (x.posts = {}), 'members');
enrol(
  'a provider in clear',
  (x, v) => {
    v.test = false;
    x.oidc.issuer = 'http://127.0.0.1:9';
  },
  'value',
);

manifest('a member more', (v) => void (v.extra = 1), 'members');
manifest('a member less', (v) => void delete v.zone, 'members');
manifest(
  'an option with a member more',
  (v) => void (v.contests[0].options[0].extra = 1),
  'members',
);
manifest('a language left out of a title', (v) => void delete v.title.fil, 'members');
manifest('another suite', (v) => void (v.suite = 'other'), 'value');
manifest('a text as a number', (v) => void (v.zone = 7), 'type');
manifest('space at the end of a text', (v) => void (v.zone = 'Asia/Manila '), 'value');
manifest('a control character', (v) => void (v.units[0].name = 'a\u0085b'), 'value');
manifest('a mark that turns the writing', (v) => void (v.units[0].name = 'a\u202eb'), 'value');
manifest('an id with a space', (v) => void (v.id = 'a b'), 'value');
manifest('max over the options', (v) => void (v.contests[0].max = 4), 'value');
manifest('min over max', (v) => void (v.contests[0].min = 3), 'value');
manifest('no seats of plurality', (v) => void (v.contests[0].seats = 0), 'value');
manifest('seats of totals', (v) => void (v.contests[1].seats = 1), 'value');
manifest(
  'two contests of one id',
  (v) => {
    v.contests[1].id = 'one';
    for (const s of v.styles) s.contests = ['one'];
  },
  'duplicate',
);
manifest(
  'two options of one number',
  (v) => void (v.contests[0].options[1].number = 1),
  'duplicate',
);
manifest(
  'two options of one name',
  (v) => void (v.contests[0].options[1].name = v.contests[0].options[0].name),
  'duplicate',
);
manifest(
  'a style without its contest',
  (v) => void (v.styles[0].contests[1] = 'three'),
  'reference',
);
manifest('contests out of order', (v) => void v.styles[0].contests.reverse(), 'reference');
manifest('a contest in no style', (v) => void v.styles[0].contests.pop(), 'reference');
manifest('a unit without its style', (v) => void (v.units[0].style = 'none'), 'reference');
manifest('a style of no unit', (v) => void (v.units[1].style = 'both'), 'reference');
manifest(
  'a key in capitals',
  (v) => void (v.officers.who[0].key = v.officers.who[0].key.toUpperCase()),
  'key',
);
manifest('a key that is no point', (v) => void (v.trustees.who[0].key = '01'.repeat(32)), 'key');
manifest('the identity as a key', (v) => void (v.trustees.who[0].key = '00'.repeat(32)), 'key');
manifest('a log key of small order', (v) => void (v.log.key = `01${'00'.repeat(31)}`), 'key');
manifest(
  'a log key outside the prime-order group',
  (v) => void (v.log.key = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'),
  'key',
);
manifest('one key twice', (v) => void (v.officers.who[1].key = v.officers.who[0].key), 'duplicate');
manifest(
  'one name twice',
  (v) => void (v.officers.who[1].name = v.officers.who[0].name),
  'duplicate',
);
manifest('all of n', (v) => void (v.trustees.threshold = 4), 'threshold');
manifest('quorum over the officers', (v) => void (v.officers.quorum = 4), 'value');
manifest('a day that is not', (v) => void (v.times.open = '2028-02-30T00:00:00Z'), 'value');
manifest('close before open', (v) => void (v.times.close = '2028-04-09T00:00:00Z'), 'times');
manifest('floor 1', (v) => void (v.merge.floor = 1), 'value');
manifest('deadline before the interval', (v) => void (v.batch.deadline_s = 1), 'value');
manifest('a plus sign in the origin', (v) => void (v.log.origin = 'a+b'), 'value');
manifest('a check twice', (v) => void (v.check = ['challenge', 'challenge']), 'duplicate');
manifest('more witnesses asked than there are', (v) => void (v.witnesses.quorum = 1), 'value');
manifest(
  'the log is a witness',
  (v) => void (v.witnesses = { quorum: 0, who: [{ name: 'w', key: v.log.key }] }),
  'duplicate',
);
manifest(
  'more voters than half a point holds',
  (v) => {
    for (const u of v.units) u.registered = 8388608;
  },
  'size',
);
manifest(
  'a deal does not fit',
  (v) => {
    for (const c of v.contests) c.options = manyOptions(512);
  },
  'size',
);
manifest(
  'a ballot does not fit',
  (v) => {
    v.trustees.who.pop();
    const one = { ...v.contests[0], min: 0, max: 46 };
    v.contests = Array.from({ length: 15 }, (_, k) => ({
      ...one,
      id: `c${k}`,
      options: manyOptions(46),
    }));
    v.styles = [{ id: 'both', contests: v.contests.map((c) => c.id) }];
    for (const u of v.units) u.style = 'both';
  },
  'size',
);

// ---- files of a record that is otherwise right: what is done to the map from path to bytes
// spec: ..R-6, R-8, R-9, R-13, Y-4, Y-5

const file = (name, stage, how, check, code) =>
  list.push({ name: `file: ${name}`, check, code, make: () => at(stage), files: how });
const bundle = 'tile/entries/000.p/40',
  tile = 'tile/0/000.p/40';
const edit = (name, how) => (f) => void f.set(name, how(f.get(name)));
const document = (f) => [...f.keys()].filter((x) => x.startsWith('document/')).at(-1);
const lines = (how) => (b) => ascii(how(new TextDecoder().decode(b)));
file('no checkpoint', 'voted', (f) => f.delete('checkpoint'), 'log', 'record.missing');
file(
  'a checkpoint cut',
  'voted',
  edit('checkpoint', (b) => b.slice(0, -1)),
  'log',
  'checkpoint.malformed',
);
file(
  'a size with a zero before',
  'voted',
  edit(
    'checkpoint',
    lines((t) => t.replace('\n3', '\n03')),
  ),
  'log',
  'checkpoint.malformed',
);
file(
  'an extension line',
  'voted',
  edit(
    'checkpoint',
    lines((t) => t.replace('\n\n', '\nx\n\n')),
  ),
  'log',
  'checkpoint.malformed',
);
file(
  'another origin',
  'voted',
  edit(
    'checkpoint',
    lines((t) => t.replace('small.', 'other.')),
  ),
  'log',
  'checkpoint.origin',
);
file(
  'a line of another key',
  'voted',
  edit(
    'checkpoint',
    lines((t) => t.replace(/\u2014 (\S+) .{4}/, '\u2014 $1 AAAA')),
  ),
  'log',
  'checkpoint.key',
);
file(
  'a signature that is false',
  'voted',
  edit(
    'checkpoint',
    lines((t) => t.replace(/(.)(...)=\n$/, (_, a, b) => `${a === 'A' ? 'B' : 'A'}${b}=\n`)),
  ),
  'log',
  'checkpoint.signature',
);
file(
  'a line of a stranger',
  'voted',
  edit(
    'checkpoint',
    lines((t) => `${t}\u2014 who AAAAAAAA\n`),
  ),
  'log',
  'checkpoint.cosignature',
);
file(
  'an older checkpoint',
  'voted',
  (f, e) => {
    for (const [k, v] of e.fileList(e.entries.slice(0, -1))) if (k === 'checkpoint') f.set(k, v);
  },
  'files',
  'files.unknown',
);
file('no manifest.json', 'voted', (f) => f.delete('manifest.json'), 'files', 'files.missing');
file(
  'another manifest.json',
  'voted',
  edit('manifest.json', (b) => concat(b, ascii(' '))),
  'files',
  'files.copy',
);
file('a tile is missing', 'published', (f) => f.delete(tile), 'files', 'files.missing');
file('a bundle is missing', 'published', (f) => f.delete(bundle), 'files', 'files.missing');
file(
  'a tile of another size',
  'published',
  (f) => f.set('tile/0/000.p/9', X),
  'files',
  'files.unknown',
);
file('a file more', 'published', (f) => f.set('index.html', X), 'files', 'files.unknown');
file(
  'results before they are due',
  'voted',
  (f) => f.set('results.json', X),
  'files',
  'files.unknown',
);
file('no results.csv', 'published', (f) => f.delete('results.csv'), 'files', 'files.missing');
file(
  'a document is missing',
  'published',
  (f) => f.delete(document(f)),
  'files',
  'document.missing',
);
file(
  'a document is changed',
  'published',
  (f) => edit(document(f), (b) => flip(b, 5))(f),
  'files',
  'document.hash',
);
file(
  'a document that nobody names',
  'published',
  (f) => f.set(`document/${hex(sha256(X))}`, X),
  'files',
  'files.unknown',
);
file(
  'a tile is changed',
  'published',
  edit(tile, (b) => flip(b, 100)),
  'log',
  'log.tile',
);
file(
  'a tile is cut',
  'published',
  edit(tile, (b) => b.slice(0, -1)),
  'log',
  'log.tile',
);
file(
  'an entry is changed',
  'published',
  edit(bundle, (b) => flip(b, 30)),
  'log',
  'log.entry',
);
file(
  'the last entry is changed',
  'published',
  edit(bundle, (b) => flip(b, -1)),
  'log',
  'log.entry',
);
file(
  'a bundle is cut',
  'published',
  edit(bundle, (b) => b.slice(0, -1)),
  'log',
  'log.bundle',
);
file(
  'a bundle goes on',
  'published',
  edit(bundle, (b) => concat(b, u8(0))),
  'log',
  'log.bundle',
);
file(
  'a tile and its entry are changed alike',
  'published',
  (f, e) => {
    const other = e.fileList(e.entries.map((x, i) => (i === 9 ? flip(x, 9) : x)));
    for (const name of [tile, bundle]) f.set(name, other.get(name));
  },
  'log',
  'log.root',
);

limits({
  ...{ add, at, ballot, change, dealWith, edit, file, flip, lines, list, manifest, manyOptions },
  ...{ onward, patch, replay },
});
schema({ enrolment, manifest });
// What stands before an entry that is not its leaf is named first, though one file holds both.
const lastEntryChanged = (f) => {
  const name = [...f.keys()].find((x) => x.startsWith('tile/entries/'));
  f.set(name, flip(f.get(name), -1));
};
for (const name of ['ballot: R is the identity', 'manifest: entry 0 names another document']) {
  const first = list.find((r) => r.name === name);
  list.push({
    ...first,
    name: `two faults: ${name}, the last entry is changed`,
    make: () => first.make().push(X),
    files: lastEntryChanged,
  });
}
export const tampered = list;

// ---- unusual records that hold all the same: name and make

const closing = (e) => onward(e, 'voted');
export const unusual = [
  {
    name: 'a complaint that is answered',
    make: () => {
      const e = at('dealt');
      return onward(e.push(e.complaint(1, 2), e.opening(2, 1)), 'dealt', 'voted');
    },
  },
  {
    name: 'a false opening ends the ceremony',
    make: () => {
      const e = at('dealt');
      return e.push(e.complaint(1, 2), e.opening(2, 1, e.shareOf(2, 3)));
    },
  },
  {
    name: 'a row goes and comes back',
    make: () => {
      const e = at('rolled'),
        [a, b] = [e.row('p', 1), e.row('q', 1, 4)];
      changeRoll(changeRoll(e, [a, b]), [b, a], [e.row('n', 0, 3), e.row('o', 2, 3)]);
      return onward(changeRoll(e, [a, e.absent]), 'rolled');
    },
  },
  {
    name: 'liveness before all have confirmed',
    make: () => {
      const e = at('dealt');
      return e.push(e.confirm(1), e.liveness(1));
    },
  },
  {
    name: 'liveness of yesterday',
    make: () => days(at('confirmed'), [5n, 6n, 6n, 7n], 3),
  },
  {
    name: 'liveness from before the first batch',
    make: () => days(at('confirmed'), [5n, 6n], 2),
  },
  {
    name: 'a ballot after an exclusion does not count',
    make: () => {
      const e = at('voted');
      return closing(e.vote(e.voters[6], 2).batch());
    },
  },
  {
    name: 'an excluded credential is cancelled too',
    make: () => {
      const e = at('voted');
      return closing(e.push(e.cancel(e.voters[6])));
    },
  },
  {
    name: 'nobody voted',
    make: () => closing(at('opened').batch()),
  },
  {
    name: 'a contest is withheld, units are merged',
    make: () => at('published', { floor: 5 }),
  },
  {
    name: 'units are merged over groups',
    make: () => at('published', { floor: 3 }),
  },
  {
    name: 'false shares of one trustee',
    make: () => {
      const e = at('frozen');
      const results = e.results();
      return e.push(e.shares(1, { garbage: true }), e.shares(2), e.shares(4)).publish(results);
    },
  },
  {
    name: 'false shares of one trustee, cut ones of another',
    make: () => {
      const e = at('frozen'),
        cut = e.sharesDocument(3).slice(1),
        results = e.results();
      e.push(e.shares(1, { garbage: true }), e.single(E.SHARES, 3, e.reference(cut)));
      return e.push(e.shares(2), e.shares(4)).publish(results);
    },
  },
  {
    name: 'too few good shares before publishing',
    make: () => {
      const e = at('frozen');
      return e.push(e.shares(1, { garbage: true }), e.shares(2));
    },
  },
  {
    name: 'a manifest that says how voters enrol',
    make: () => {
      const e = new Election({ voters: 1 }),
        value = e.manifestValue();
      enrolment((x) => void (x.oidc.issuer = 'http://127.0.0.1:9'))(value, e);
      e.setManifest(value);
      return e.begin();
    },
  },
  {
    name: 'batches after publishing',
    make: () => at('published').batch(),
  },
  {
    name: 'a log with tiles of two levels',
    make: () => {
      const e = at('approved');
      for (let i = 0; i < 300; i++) e.batch();
      return e;
    },
  },
  ...goodAtTheLimit({ at, patch }),
  {
    name: 'a roll of as many rows as 32 bits hold, one more and one less',
    make: () => {
      const e = at('approved');
      e.commitRoll({ rows: [[2 ** 32 - 1, 50, 40], [0, 0, 0], [0, 0, 0]], leaves: 2 ** 32 - 1 });
      return e.push(e.changes([[e.absent, e.row('a')]]), e.changes([[e.row('b'), e.absent]]));
    },
  },
  {
    name: 'two of three witnesses',
    make: () => at('begun', { witnesses: 3, quorum: 2 }),
  },
  {
    name: 'the last of three witnesses, where none is asked for',
    make: () => {
      const e = at('begun', { witnesses: 3, quorum: 0 });
      e.cosigning = e.witnesses.slice(2);
      return e;
    },
  },
];
