// Code letters: what the PDF holds, the register, and the route. spec: Q-9

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Daemon, build, tapat } from '../server/daemon.mjs';

const has = (program) => { try { execFileSync('which', [program]); return true; } catch { return false; } };
const skip = (!fs.existsSync(path.join(build, 'tapat-letters')) && 'no build/tapat-letters') || (!fs.existsSync(tapat) && 'no build/tapat')
  || (!(has('pdftotext') && has('pdftoppm') && has('zbarimg')) && 'no poppler or zbar');
const url = 'https://vote.example.org';

function read(d, file) {
  const text = execFileSync('pdftotext', ['-layout', d.at(file), '-'], { encoding: 'utf8' });
  return text.split('\f').filter((p) => p.trim()).map((page) => ({ page, code: /\b([0-9A-Z]{5}(?:-[0-9A-Z]{5}){2}-[0-9A-Z])\b/.exec(page)[1] }));
}

test('letters of a post: printed, read back, used once, voided', { skip }, async () => {
  const d = new Daemon();
  try {
    const { units } = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8'));
    const [post, other] = units.map((u) => u.id);
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['letter'], posts: { [other]: ['code'] } } });
    d.roll([{ number: 'V-1', name: 'Peña Maria', unit: post }, { number: 'V-2', unit: post }, { number: 'V-3', unit: other, contact: 'v3@example.org' }]);
    await d.start();
    const args = ['--data', d.at('data'), '--manifest', d.at('manifest.json'), '--url', url];
    const print = (file, ...more) => d.run('letter', 'print', ...args, '--post', post, '--out', d.at(file), ...more);
    print('a.pdf');
    const pages = read(d, 'a.pdf');
    assert.equal(pages.length, 2);
    assert.match(pages[0].page, /Peña Maria/);
    assert.match(pages[0].page, /V-1/);
    assert.match(pages[0].page, /Nobody will ask you for it/);
    assert.match(pages[0].page, /Walang hihingi nito/);
    assert.equal(fs.statSync(d.at('a.pdf')).mode & 0o077, 0);
    execFileSync('pdftoppm', ['-r', '150', '-png', '-f', '1', '-l', '1', d.at('a.pdf'), d.at('page')]);
    const image = fs.readdirSync(d.dir).find((f) => f.startsWith('page') && f.endsWith('.png'));
    assert.equal(execFileSync('zbarimg', ['-q', '--raw', d.at(image)], { encoding: 'utf8' }).trim(), `${url}/enrol#letter=${pages[0].code}`);
    // Nothing of a code is in the store.
    const kept = fs.readdirSync(d.at('data')).filter((f) => f.startsWith('tapat.db')).map((f) => fs.readFileSync(d.at(`data/${f}`), 'latin1')).join('');
    for (const { code } of pages) assert.ok(!kept.includes(code) && !kept.includes(code.replaceAll('-', '')));

    assert.equal(d.fails('letter', 'print', ...args, '--post', post, '--out', d.at('b.pdf')).status, 1); // all have one
    assert.equal(d.fails('letter', 'print', ...args, '--post', other, '--out', d.at('b.pdf')).status, 1); // no such route there
    assert.ok(!fs.existsSync(d.at('b.pdf')));
    print('b.pdf', '--voter', 'V-2');
    const [again] = read(d, 'b.pdf');

    const begin = async (number) => (await d.post('/api/enrol/start', { number, birth_date: '1990-01-01' })).enrolment;
    const letter = (enrolment, code) => d.post('/api/enrol/letter', { enrolment, code });
    const one = await begin('V-1');
    const two = await begin('V-2');
    assert.equal((await letter(one, again.code)).code, 'enrol.letter'); // another's
    assert.equal((await letter(one, 'short')).code, 'request.value');
    const wrong = `${pages[0].code[0] === '0' ? '1' : '0'}${pages[0].code.slice(1)}`;
    assert.equal((await letter(one, wrong)).code, 'enrol.letter-typed');
    assert.equal((await letter(two, pages[1].code)).code, 'enrol.letter-void');
    assert.equal((await letter(one, pages[0].code.toLowerCase().replaceAll('-', ' '))).state, 'proven');
    assert.equal((await letter(one, pages[0].code)).state, 'proven'); // again: harmless
    assert.equal((await letter(await begin('V-1'), pages[0].code)).code, 'enrol.letter-used');
    assert.equal((await letter(two, again.code)).state, 'proven');
    assert.equal((await letter(await begin('V-3'), pages[0].code)).code, 'enrol.route');
    const register = JSON.parse(d.run('letter', 'list', '--data', d.at('data'), '--json'));
    assert.deepEqual(register.map((l) => [l.number, l.state]), [['V-2', 'used'], ['V-2', 'void'], ['V-1', 'used']]);
    assert.match(d.run('letter', 'list', '--data', d.at('data')), /^used +2$/m);
    assert.ok(!d.log().includes(pages[0].code));
  } finally {
    await d.end();
  }
});
