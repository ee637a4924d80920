// The independent verifier as a page: files from the disk of whoever looks, and nothing from
// anywhere else.
import { archiveFolder, noArchive } from './archive.js';
import { ascii, unhex } from './bytes.js';
import { MAX_FILE, verify } from './verify.js';

const $ = (id) => document.getElementById(id);

// What the page says beside what stands in index.html.
const words = {
  en: {
    other: 'Filipino',
    title: 'Independent verifier',
    good: 'Verified: everything that is on this board holds.',
    bad: 'Not verified.',
    digits: 'A fingerprint is 64 digits of 0 to 9 and a to f.',
    reading: 'Reading the record.',
    failed: 'The program failed, and says nothing of the record',
    fingerprint: 'Fingerprint of the election',
    rate: (done, total, rate) => `${done} of ${total}, ${rate} a second`,
  },
  fil: {
    other: 'English',
    title: 'Hiwalay na tagasuri',
    good: 'Nasuri: tama ang lahat ng nasa board na ito.',
    bad: 'Hindi pumasa sa pagsusuri.',
    digits: 'Ang fingerprint ay 64 na digit ng 0 hanggang 9 at a hanggang f.',
    reading: 'Binabasa ang talaan.',
    failed: 'Pumalya ang programa, at walang sinasabi tungkol sa talaan',
    fingerprint: 'Fingerprint ng halalan',
    rate: (done, total, rate) => `${done} sa ${total}, ${rate} bawat segundo`,
  },
};
const html = document.documentElement;
const say = (name) => words[html.lang][name];
function speak(lang) {
  html.lang = lang;
  document.title = say('title');
  $('other').textContent = say('other');
  $('other').lang = lang === 'en' ? 'fil' : 'en';
  if (shown) show(...shown);
}
let shown = null; // a report and the seconds that it took
const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());
const byteText = (text) => Array.from(ascii(text), (b) => String.fromCharCode(b)).join('');
// Lets the page be drawn between two files.
const breath = () => new Promise((done) => setTimeout(done));

// The files below the folder that was chosen, by their names in it.
function chosen(list) {
  const files = new Map();
  for (const f of list) files.set(byteText(f.webkitRelativePath.split('/').slice(1).join('/')), f);
  return {
    list: () => [...files.keys()],
    read: async (name) => {
      await breath();
      return files.has(name) ? bytesOf(files.get(name).slice(0, MAX_FILE)) : null;
    },
  };
}
const archive = (file) =>
  archiveFolder(file.size, async (at, length) => {
    if (length > 512) await breath();
    return bytesOf(file.slice(at, at + length));
  });

function show(report, seconds) {
  shown = [report, seconds];
  $('verdict').textContent = say(report.verified ? 'good' : 'bad');
  const line = (c) => {
    const li = document.createElement('li');
    li.className = c.verdict === 'FAIL' ? 'FAIL' : '';
    li.dataset.check = c.check;
    const why = c.verdict === 'FAIL' ? `${c.code} ${c.where}` : c.detail;
    li.textContent = `${c.verdict} \u2014 ${c.check}: ${why}`;
    return li;
  };
  $('checks').replaceChildren(...report.checks.map(line));
  $('progress').textContent =
    `${seconds.toFixed(1)} s. ${say('fingerprint')}: ${report.fingerprint}`;
  $('outcome').hidden = false;
}

async function run(open) {
  const text = $('known').value.replace(/\s/g, '').toLowerCase();
  $('outcome').hidden = true;
  shown = null;
  if (text && !/^[0-9a-f]{64}$/.test(text)) {
    $('progress').textContent = say('digits');
    return;
  }
  $('progress').textContent = say('reading');
  const began = performance.now();
  const tell = (what, done, total) => {
    const rate = done / ((performance.now() - began) / 1000);
    $('progress').textContent = `${what}: ${say('rate')(done, total, Math.round(rate))}`;
  };
  try {
    const files = await open();
    const report = files ? await verify(files, text ? unhex(text) : null, tell) : noArchive;
    show(report, (performance.now() - began) / 1000);
    $('verdict').focus();
  } catch (e) {
    $('progress').textContent = `${say('failed')}: ${e.message}`;
  }
}

$('form').addEventListener('submit', (e) => e.preventDefault());
for (const [id, open] of [
  ['folder', (list) => chosen(list)],
  ['archive', (list) => archive(list[0])],
])
  $(id).addEventListener('change', (e) => {
    const list = [...e.target.files];
    e.target.value = '';
    if (list.length) run(() => open(list));
  });

$('other').addEventListener('click', () => speak(html.lang === 'en' ? 'fil' : 'en'));
speak(/^(fil|tl)\b/.test(navigator.language) ? 'fil' : 'en');
