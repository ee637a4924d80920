// Code letters: what the PDF and the list hold, postal addresses, the register, and the route, where
// the code stays with the voter. spec: Q-9, J-34, L-19, L-20, L-22

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Core } from '../../web/wasm.js';
import { Daemon, build, tapat } from '../server/daemon.mjs';

const has = (program) => { try { execFileSync('which', [program]); return true; } catch { return false; } };
const skip = (!fs.existsSync(path.join(build, 'tapat-letters')) && 'no build/tapat-letters') || (!fs.existsSync(tapat) && 'no build/tapat')
  || (!(has('pdftotext') && has('pdftoppm') && has('zbarimg')) && 'no poppler or zbar');
const url = 'https://vote.example.org';
const hex = (bytes) => Buffer.from(bytes).toString('hex');

function read(d, file) {
  const text = execFileSync('pdftotext', ['-layout', d.at(file), '-'], { encoding: 'utf8' });
  return text.split('\f').filter((p) => p.trim()).map((page) => ({ page, code: /\b([0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}-[0-9A-Z])\b/.exec(page)[1] }));
}

test('letters of a post: printed, read back, used once, voided', { skip }, async () => {
  const d = new Daemon();
  try {
    const { units } = JSON.parse(fs.readFileSync(new URL('../../ballots/ph2025/election.json', import.meta.url), 'utf8'));
    const [post, other] = units.map((u) => u.id);
    d.define({ enrol: { show: true, shared: 4, review_days: 5, routes: ['letter'], posts: { [other]: ['code'] } } });
    d.roll([{ number: 'V-1', name: 'Peña Maria', unit: post }, { number: 'V-2', unit: post }, { number: 'V-3', unit: other, contact: 'v3@example.org' }]);
    await d.start();
    const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    const fingerprint = crypto.createHash('sha256').update(fs.readFileSync(d.at('manifest.json'))).digest();
    const args = ['--data', d.at('data'), '--manifest', d.at('manifest.json'), '--url', url, '--list', d.at('list')];
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
    // Nothing of a code is in the store or on the list, which has the keys.
    const kept = fs.readdirSync(d.at('data')).filter((f) => f.startsWith('tapat.db')).map((f) => fs.readFileSync(d.at(`data/${f}`), 'latin1')).join('')
      + fs.readFileSync(d.at('list'), 'latin1');
    for (const { code } of pages) assert.ok(!kept.includes(code) && !kept.includes(code.replaceAll('-', '')));
    const opened = (code) => core.letterKey(core.codeRead(code, 20), fingerprint);
    const lines = pages.map(({ code }, i) => `V-${i + 1} ${post} ${hex(opened(code).key)}`);
    assert.deepEqual(fs.readFileSync(d.at('list'), 'utf8').split('\n'), [`tapat-letters v1 ${hex(fingerprint)}`,
      ...lines.map((line) => `begun ${line}`), ...lines, '']);
    // What was printed is not written over, and the list is left alone then.
    assert.match(d.fails('letter', 'print', ...args, '--post', post, '--out', d.at('a.pdf'), '--voter', 'V-1').said, /a\.pdf is there: send its letters/);
    assert.equal(d.fails('letter', 'print', ...args, '--post', post, '--out', d.at('nowhere/a.pdf'), '--voter', 'V-1').status, 3);
    assert.equal(fs.readFileSync(d.at('list'), 'utf8').split('\n').length, 6);

    assert.equal(d.fails('letter', 'print', ...args, '--post', post, '--out', d.at('b.pdf')).status, 1); // all have one
    assert.equal(d.fails('letter', 'print', ...args, '--post', other, '--out', d.at('b.pdf')).status, 1); // no such route there
    assert.ok(!fs.existsSync(d.at('b.pdf')));
    print('b.pdf', '--voter', 'V-2');
    const [again] = read(d, 'b.pdf');

    const begin = async (number) => (await d.post('/api/enrol/start', { number, birth_date: '1990-01-01' })).enrolment;
    const look = (enrolment, code) => d.post('/api/enrol/letter', { enrolment, letter: hex(opened(code).key) });
    const newKey = () => {
      const { sign, key } = core.registrar(crypto.randomBytes(32));
      return { key, credential: hex(key), possession: hex(core.possession(sign, key, fingerprint, crypto.randomBytes(32))) };
    };
    const hand = (enrolment, code, { key, credential, possession }, more = {}) => {
      const { secret, key: letter } = opened(code);
      const signature = hex(core.letterSign(secret, fingerprint, key, crypto.randomBytes(32)));
      return d.post('/api/enrol/letter', { enrolment, letter: hex(letter), credential, possession, signature, ...more });
    };
    const one = await begin('V-1');
    const two = await begin('V-2');
    const [key, other1, mine] = [newKey(), newKey(), newKey()];
    assert.equal((await look(one, again.code)).code, 'enrol.letter'); // another's
    assert.equal((await hand(one, again.code, key)).code, 'enrol.letter');
    assert.equal((await d.post('/api/enrol/letter', { enrolment: one, letter: 'short' })).code, 'request.value');
    assert.equal((await d.post('/api/enrol/letter', { enrolment: one, letter: hex(key.key), credential: key.credential })).code, 'request.members');
    const wrong = `${pages[0].code[0] === '0' ? '1' : '0'}${pages[0].code.slice(1)}`;
    assert.equal(core.codeRead(wrong, 20), null);
    assert.equal((await look(two, pages[1].code)).code, 'enrol.letter-void');
    assert.equal((await look(one, pages[0].code.toLowerCase().replaceAll('-', ' '))).state, 'good');
    assert.equal((await d.post('/api/enrol/status', { enrolment: one })).state, 'started'); // a look gives no right
    // What was signed for one key is for no other.
    const { credential, possession } = other1;
    assert.equal((await hand(one, pages[0].code, key, { credential, possession })).code, 'enrol.letter-signature');
    assert.equal((await hand(one, pages[0].code, key, { letter: hex(opened(again.code).key) })).code, 'enrol.letter-signature');
    assert.equal((await hand(one, pages[0].code, key, { possession })).code, 'enrol.possession');
    assert.equal((await hand(one, pages[0].code, key)).state, 'waiting');
    assert.equal((await hand(one, pages[0].code, key)).state, 'waiting'); // again: harmless
    assert.equal((await hand(one, pages[0].code, other1)).code, 'enrol.credential');
    assert.equal((await look(await begin('V-1'), pages[0].code)).code, 'enrol.letter-used');
    assert.equal((await hand(await begin('V-1'), pages[0].code, key)).code, 'enrol.letter-used');
    assert.equal((await hand(two, again.code, mine)).state, 'waiting');
    assert.equal((await look(await begin('V-3'), pages[0].code)).code, 'enrol.route');
    // A newer letter takes the place of a key that waits for an older one's sake; an older letter does not.
    d.write('her.csv', `number,name,birth_date,contact,unit\nV-2,Two,1990-01-01,,${post}\n`);
    d.run('letter', 'print', '--roll', d.at('her.csv'), '--manifest', d.at('manifest.json'), '--url', url, '--post', post, '--list', d.at('list3'), '--out', d.at('g.pdf'));
    const [third] = read(d, 'g.pdf');
    d.run('letter', 'load', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--list', d.at('list3'));
    const three = await begin('V-2');
    const hers = newKey();
    assert.equal((await hand(three, third.code, key)).code, 'enrol.credential'); // another voter's
    assert.equal((await d.post('/api/enrol/status', { enrolment: two })).credential, mine.credential);
    assert.equal((await hand(three, third.code, hers)).state, 'waiting');
    assert.equal((await d.post('/api/enrol/status', { enrolment: three })).credential, hers.credential);
    assert.equal((await hand(two, again.code, newKey())).code, 'enrol.letter-used');
    assert.match(d.run('registrar', '--server', d.url, '--key', d.at('r1'), '--manifest', d.at('manifest.json'), '--letters', d.at('list3'), '--yes'), /^1 credentials signed/m);
    const register = JSON.parse(d.run('letter', 'list', '--data', d.at('data'), '--json'));
    assert.deepEqual(register.map((l) => [l.number, l.state]), [['V-2', 'used'], ['V-2', 'used'], ['V-2', 'void'], ['V-1', 'used']]);
    assert.match(d.run('letter', 'list', '--data', d.at('data')), /^used +3$/m);
    assert.ok(!d.log().includes(pages[0].code));

    // Made elsewhere, out of a copy of the roll; the server gets the list.
    d.write('copy.csv', `number,name,birth_date,contact,unit\nV-8,Eight,1990-01-01,,${post}\nV-9,Nine,1990-01-01,,${other}\n`);
    const away = ['--roll', d.at('copy.csv'), '--manifest', d.at('manifest.json'), '--url', url, '--post', post];
    d.run('letter', 'print', ...away, '--list', d.at('list2'), '--out', d.at('c.pdf'));
    const [eight, ...none] = read(d, 'c.pdf');
    assert.equal(none.length, 0); // nobody of another post
    assert.equal(d.fails('letter', 'print', ...away, '--list', d.at('list2'), '--out', d.at('e.pdf')).status, 1); // has one
    // Killed while writing the list: the part of a line goes, and what comes after is whole.
    const whole = fs.readFileSync(d.at('list2'), 'utf8');
    fs.appendFileSync(d.at('list2'), `V-8 ${post} 0011`);
    d.run('letter', 'print', ...away, '--list', d.at('list2'), '--out', d.at('f.pdf'), '--voter', 'V-8');
    const [anew] = read(d, 'f.pdf');
    assert.equal(fs.readFileSync(d.at('list2'), 'utf8'), `${whole}${['begun ', ''].map((mark) => `${mark}V-8 ${post} ${hex(opened(anew.code).key)}\n`).join('')}`);
    d.write('list2', whole);
    const load = () => d.run('letter', 'load', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--list', d.at('list2'));
    assert.equal(load(), '0 letters added; 1 to nobody on the roll');
    d.run('roll', 'import', d.at('copy.csv'), '--manifest', d.at('manifest.json'), '--data', d.at('data'));
    assert.equal(load(), '1 letters added; 0 to nobody on the roll');
    assert.equal(load(), '0 letters added; 0 to nobody on the roll');
    assert.equal((await look(await begin('V-8'), eight.code)).state, 'good');
    fs.appendFileSync(d.at('list2'), `V-8 ${post} abc\n`);
    assert.match(d.fails('letter', 'load', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--list', d.at('list2')).said, /line 4 is no letter/);
    fs.writeFileSync(d.at('list2'), `tapat-letters v1 ${'0'.repeat(64)}\n`);
    assert.match(d.fails('letter', 'load', '--data', d.at('data'), '--manifest', d.at('manifest.json'), '--list', d.at('list2')).said, /no list of letters of this election/);
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
    const args = ['--data', d.at('data'), '--list', d.at('list'), '--manifest', d.at('manifest.json'), '--url', url, '--post', post];
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
    d.run('letter', 'print', '--specimen', ...args.slice(4), '--out', d.at('s.pdf'));
    const [specimen] = read(d, 's.pdf');
    assert.match(specimen.page, /SPECIMEN, JUANA/);
    assert.match(specimen.page, /Walang hihingi nito/);
    // of languages in which the letter has no text there is none, and English where it has no other
    const manifest = JSON.parse(fs.readFileSync(d.at('manifest.json'), 'utf8'));
    const only = (x) => (x && typeof x === 'object' && !Array.isArray(x) && 'en' in x ? { ceb: x.en }
      : Array.isArray(x) ? x.map(only) : x && typeof x === 'object' ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, only(v)])) : x);
    d.write('other.json', JSON.stringify({ ...only(manifest), languages: ['ceb'] }));
    d.run('letter', 'print', '--specimen', '--manifest', d.at('other.json'), '--url', url, '--post', post, '--out', d.at('o.pdf'));
    const [other] = read(d, 'o.pdf');
    assert.match(other.page, /Nobody will ask you for it/);
    assert.doesNotMatch(other.page, /Walang hihingi nito/);
    await d.start();
    const { enrolment } = await d.post('/api/enrol/start', { number: 'V-1', birth_date: '1990-01-01' });
    const core = new Core(new WebAssembly.Module(fs.readFileSync(path.join(build, 'web/tapat.wasm'))));
    const fingerprint = crypto.createHash('sha256').update(fs.readFileSync(d.at('manifest.json'))).digest();
    const { key } = core.letterKey(core.codeRead(specimen.code, 20), fingerprint);
    assert.equal((await d.post('/api/enrol/letter', { enrolment, letter: hex(key) })).code, 'enrol.letter');
    // each key of the list is that of the letter with this number
    const list = new Map(fs.readFileSync(d.at('list'), 'utf8').split('\n').slice(1, -1).map((line) => line.split(' ')).map(([number, , l]) => [number, l]));
    for (const name of ['a.pdf', 'b.pdf'])
      for (const { page, code } of read(d, name)) assert.equal(list.get(/V-\d/.exec(page)[0]), hex(core.letterKey(core.codeRead(code, 20), fingerprint).key));
    if (process.env.SHOTS) for (const name of ['s', 'a']) execFileSync('pdftoppm', ['-r', '60', '-png', '-l', '1', d.at(`${name}.pdf`), path.join(process.env.SHOTS, `letter-${name}`)]);
  } finally {
    await d.end();
  }
});
