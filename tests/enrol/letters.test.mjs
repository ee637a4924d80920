// Code letters: what the PDF holds, postal addresses, the register, and the route. spec: Q-9, J-34

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

test('letters with postal addresses, and a specimen', { skip }, async () => {
  const d = new Daemon();
  try {
    const { units } = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8'));
    const [post] = units.map((u) => u.id);
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['letter'], posts: {} } });
    d.roll(['V-1', 'V-2', 'V-3', 'V-4'].map((number) => ({ number, unit: post })));
    const args = ['--data', d.at('data'), '--manifest', d.at('manifest.json'), '--url', url, '--post', post];
    const file = (text) => d.write('addresses.csv', text);
    // a wrong row prints nothing at all
    const long = `${'x'.repeat(71)}`;
    for (const row of [`V-1,"${long}"`, 'V-1,a|b|c|d|e|f|g', 'V-1,one,two', 'V-1,"a\u0007b"', 'V-1,"open']) {
      file(`number,address\n${row}\n`);
      const { status, said } = d.fails('letter', 'print', ...args, '--out', d.at('a.pdf'), '--addresses', d.at('addresses.csv'));
      assert.equal(status, 1, row);
      assert.match(said, /line 2: |rows are wrong/);
      assert.ok(!fs.existsSync(d.at('a.pdf')) && !fs.existsSync(d.at('a.pdf.part')));
    }
    file('number,where\nV-1,a\n');
    assert.match(d.fails('letter', 'print', ...args, '--out', d.at('a.pdf'), '--addresses', d.at('addresses.csv')).said, /columns number and address are needed/);
    assert.equal(JSON.parse(d.run('letter', 'list', '--data', d.at('data'), '--json')).length, 0);
    // other columns are passed over; V-3 has none; V-9 is of nobody here
    file('No;Name;Where\nV-2;b;"12 Peña St, Apt 3\n1000 CITY|AUSTRALIA"\nV-9;z;Elsewhere\nV-3;c;\nV-1;a; 7 Long Road | SECOND CITY \n');
    const columns = ['--addresses', d.at('addresses.csv'), '--column', 'number=No', '--column', 'address=Where', '--separator', ';'];
    assert.match(d.run('letter', 'print', ...args, '--out', d.at('a.pdf'), ...columns), /^2 letters/);
    const pages = read(d, 'a.pdf').map((p) => p.page);
    assert.equal(pages.length, 2);
    assert.match(pages[0], /Voter V-1[^\n]*\n\s*7 Long Road\s*\n\s*SECOND CITY/);
    assert.match(pages[1], /12 Peña St, Apt 3[^\n]*\n\s*1000 CITY\s*\n\s*AUSTRALIA/);
    assert.doesNotMatch(pages.join(''), /Elsewhere/);
    // the address is within the window: 20 to 105 mm, 55 to 90 mm from the corner
    const box = execFileSync('pdftotext', ['-bbox', '-l', '1', d.at('a.pdf'), '-'], { encoding: 'utf8' });
    const [, x, y, right, below] = /xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">SECOND</.exec(box).map(Number);
    const mm = 72 / 25.4;
    assert.ok(x >= 20 * mm - 1 && right <= 105 * mm && y >= 55 * mm && below <= 90 * mm, `${x} ${y} ${right} ${below}`);
    // no address is in the store, and who had none is printed in a run without the file
    const kept = fs.readdirSync(d.at('data')).filter((f) => f.startsWith('tapat.db')).map((f) => fs.readFileSync(d.at(`data/${f}`), 'latin1')).join('');
    assert.ok(!kept.includes('Long Road') && !kept.includes('SECOND CITY'));
    assert.match(d.run('letter', 'print', ...args, '--out', d.at('b.pdf')), /^2 letters/);
    assert.deepEqual(read(d, 'b.pdf').map((p) => /V-\d/.exec(p.page)[0]), ['V-3', 'V-4']);

    // how letters look, without a store: its code is none
    d.run('letter', 'print', '--specimen', ...args.slice(2), '--out', d.at('s.pdf'));
    const [specimen] = read(d, 's.pdf');
    assert.match(specimen.page, /SPECIMEN, JUANA/);
    assert.match(specimen.page, /Walang hihingi nito/);
    await d.start();
    const { enrolment } = await d.post('/api/enrol/start', { number: 'V-1', birth_date: '1990-01-01' });
    assert.equal((await d.post('/api/enrol/letter', { enrolment, code: specimen.code })).code, 'enrol.letter');
    if (process.env.SHOTS) for (const name of ['s', 'a']) execFileSync('pdftoppm', ['-r', '60', '-png', '-l', '1', d.at(`${name}.pdf`), path.join(process.env.SHOTS, `letter-${name}`)]);
  } finally {
    await d.end();
  }
});
