// Servers as a mirror, a monitor and whoever compares checkpoints may meet them: answers without end,
// of another length, of nothing, and words that would act on a terminal. Each program ends by itself,
// with the exit code that it promises, and says what was wrong. Attacks F2, F7.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { at } from '../records/tampered.mjs';

const root = new URL('../../', import.meta.url).pathname;
const tapat = process.env.TAPAT ?? path.join(root, 'build/tapat');
const skip = !fs.existsSync(tapat) && 'not built';
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'servers-'));
test.after(() => fs.rmSync(dir, { recursive: true, force: true }));

const good = at('begun').fileList();
const endless = (_, answer) => {
  const more = () => {
    while (!answer.destroyed && answer.write(Buffer.alloc(1 << 16, 0x5b)));
  };
  answer.on('drain', more);
  answer.writeHead(200);
  more();
};
const says = (status, body) => (_, answer) => answer.writeHead(status).end(body);
const hostile = JSON.stringify({ code: 'x\x1b[2J', detail: 'all\r\x9bwell' });

// The record, but for the names that are answered otherwise; then what a command does with it.
async function run(other, ...args) {
  const server = http.createServer((question, answer) => {
    const name = question.url.replace(/^\/board\//, '');
    const how = other[name] ?? (good.has(name) ? says(200, Buffer.from(good.get(name))) : says(404, ''));
    how(question, answer);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const child = spawn(tapat, [...args, '--server', `http://127.0.0.1:${server.address().port}`]);
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (x) => said.push(x));
  const ended = await new Promise((done) => child.on('close', (status, signal) => done(signal ?? status)));
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  const text = Buffer.concat(said).toString('latin1');
  assert.match(text, /^[\x20-\x7e\n]*$/, 'nothing that acts');
  return { status: ended, text };
}
let serial = 0;
const mirror = (other) => run(other, 'mirror', path.join(dir, `m${serial++}`));
const monitor = (other) => run(other, 'board', 'monitor', '--once', '--state', path.join(dir, `s${serial++}`));
const check = (other) => run(other, 'board', 'check');

const tile = 'tile/0/000.p/1',
  bundle = 'tile/entries/000.p/1';
const [document] = [...good.keys()].filter((name) => name.startsWith('document/'));
const cases = {
  'a good one': [mirror, {}, 0, /^$/],
  'a good one, watched': [monitor, {}, 0, /ok 1 entries/],
  'a tile too short': [mirror, { [tile]: says(200, 'x') }, 1, /no such file/],
  'a tile without end': [mirror, { [tile]: endless }, 3, /does not answer/],
  'a bundle of nothing': [mirror, { [bundle]: says(200, '') }, 1, /no such file/],
  'a bundle that is none': [mirror, { [bundle]: says(200, 'x') }, 1, /log\.bundle/],
  'a document of nothing': [mirror, { [document]: says(200, '') }, 1, /no such file/],
  'a checkpoint that is none': [mirror, { checkpoint: says(200, 'x') }, 1, /checkpoint\.malformed/],
  'a checkpoint too long': [mirror, { checkpoint: says(200, 'x'.repeat(65537)) }, 1, /no such file/],
  'a refusal that acts on a terminal': [mirror, { checkpoint: says(400, hostile) }, 1, /refused \(400\)/],
  'a refusal without end': [mirror, { checkpoint: says(400, '['.repeat(1 << 20)) }, 1, /refused \(400\)/],
  'watched: a checkpoint that is none': [monitor, { checkpoint: says(200, 'x') }, 1, /ALARM checkpoint/],
  'watched: a checkpoint too long': [monitor, { checkpoint: says(200, 'x'.repeat(65537)) }, 1, /ALARM checkpoint/],
  'watched: a checkpoint without end': [monitor, { checkpoint: endless }, 3, /does not answer/],
  'watched: no manifest': [monitor, { 'manifest.json': says(200, '') }, 1, /manifest\.json/],
  'watched: a manifest without end': [monitor, { 'manifest.json': endless }, 3, /does not answer/],
  'watched: a manifest of many values': [
    monitor,
    { 'manifest.json': says(200, `[${'{},'.repeat(2 ** 20)}{}]`) },
    1,
    /manifest\.size/,
  ],
  'compared: a checkpoint that is none': [check, { checkpoint: says(200, 'x') }, 1, /checkpoint\.malformed/],
  'compared: no checkpoint': [check, { checkpoint: says(500, hostile) }, 3, /refused \(500\)/],
};
for (const [name, [program, other, status, words]] of Object.entries(cases))
  test(`a server: ${name}`, { skip }, async () => {
    const ended = await program(other);
    assert.equal(ended.status, status, ended.text);
    assert.match(ended.text, words);
  });
