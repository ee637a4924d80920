// A crowd enrols on a bad line, by each way: every one ends enrolled or in a state that has a name,
// none twice, none lost; also where the server is killed under them. With TAPAT_LONG=1 10,000 voters by
// each way, and 200 kills. spec: H-4, H-11, J-14, Q-4

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { build, tapat } from '../server/daemon.mjs';
import { differences, disagreements, simulate } from './crowd.mjs';

const has = (program) => { try { execFileSync('which', [program]); return true; } catch { return false; } };
const skip = !fs.existsSync(tapat) && 'no build/tapat';
const noLetters = skip || (!(fs.existsSync(path.join(build, 'tapat-letters')) && has('pdftotext')) && 'no letters');
const long = Boolean(process.env.TAPAT_LONG);
const many = long ? 10000 : 100;
const size = long ? { atOnce: 128, patience: 900000 } : { wait: 4000, patience: 120000 };
const timeout = long ? 3600000 : 300000;

for (const route of ['code', 'letter', 'oidc', 'desk', 'documents']) {
  test(`${many} voters by ${route}`, { skip: route === 'letter' ? noLetters : skip, timeout }, async () => {
    const report = await simulate({ ...size, voters: many, route });
    assert.deepEqual(report.problems, []);
    const { recorded = 0, rejected = 0, started = 0 } = report.states;
    assert.equal(recorded + rejected + started, many, JSON.stringify(report));
    assert.ok(recorded >= 0.95 * many, JSON.stringify(report));
    assert.equal(report.board.registered, recorded);
    assert.ok(report.requests.cut && report.requests.twice && report.messages.lost, JSON.stringify(report));
  });
}

for (const route of ['code', 'letter', 'oidc', 'desk', 'documents']) {
  const kills = long ? 200 : { code: 10 }[route] || 4;
  test(`the server is killed ${kills} times while voters enrol by ${route}`, { skip: route === 'letter' ? noLetters : skip, timeout }, async () => {
    const report = await simulate({ ...size, voters: 5 * kills, kills, route, seed: 2 });
    assert.deepEqual(report.problems, []);
    assert.equal(report.kills, kills);
    assert.ok(report.requests.again > 0, 'no request met a server that was away');
    const { recorded = 0, rejected = 0 } = report.states;
    assert.equal(recorded + rejected, 5 * kills, JSON.stringify(report));
    assert.equal(report.board.registered, recorded);
    assert.ok(recorded >= 4.5 * kills, JSON.stringify(report));
  });
}

test('a voter who is lost, there twice or nowhere is seen', () => {
  const people = [['S-1', 'recorded', 'aa'], ['S-2', 'recorded', 'bb'], ['S-3', 'rejected', 'cc']]
    .map(([number, state, credential]) => ({ number, state, credential }));
  assert.deepEqual(differences(['aa', 'bb'], people), []);
  assert.match(differences(['aa'], people)[0], /^S-2 is recorded and not on the board/);
  assert.match(differences(['aa', 'bb', 'bb'], people)[0], /^1 credentials are on the board twice/);
  assert.match(differences(['aa', 'bb', 'cc'], people)[0], /^cc is on the board and of nobody/);
  assert.match(differences(['aa', 'bb'], [...people, { number: 'S-4', state: 'none' }])[0], /^S-4 is nowhere/);
  const funnel = { roll: 3, board: 2, signed: 0, waiting: {}, rejected: { absent: 1 }, closed: {}, sent: 0, none: 0, proven: 0, open: 0 };
  assert.deepEqual(disagreements(funnel, 2, people), []);
  assert.match(disagreements({ ...funnel, board: 1 }, 2, people)[0], /^the funnel says 1 on the board, not 2/);
  assert.match(disagreements({ ...funnel, waiting: { day: 1 } }, 2, people)[0], /^the funnel says 1 waiting, not 0/);
});
