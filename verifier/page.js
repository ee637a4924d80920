// The independent verifier as a page: files from the disk of whoever looks, and nothing from
// anywhere else.
import { archiveFolder, noArchive } from './archive.js';
import { unhex } from './bytes.js';
import { verify } from './verify.js';

const $ = (id) => document.getElementById(id);
const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());
// Lets the page be drawn between two files.
const breath = () => new Promise((done) => setTimeout(done));

// The files below the folder that was chosen, by their names in it.
function chosen(list) {
  const files = new Map();
  for (const f of list) files.set(f.webkitRelativePath.split('/').slice(1).join('/'), f);
  return {
    list: () => [...files.keys()],
    read: async (name) => {
      await breath();
      return files.has(name) ? bytesOf(files.get(name)) : null;
    },
  };
}
const archive = (file) =>
  archiveFolder(file.size, async (at, length) => {
    if (length > 512) await breath();
    return bytesOf(file.slice(at, at + length));
  });

function show(report, seconds) {
  $('verdict').textContent = report.verified
    ? 'Verified: everything that is on this board holds.'
    : 'Not verified.';
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
    `${seconds.toFixed(1)} s. Fingerprint of the election: ${report.fingerprint}`;
  $('outcome').hidden = false;
  $('verdict').focus();
}

async function run(open) {
  const text = $('known').value.replace(/\s/g, '').toLowerCase();
  $('outcome').hidden = true;
  if (text && !/^[0-9a-f]{64}$/.test(text)) {
    $('progress').textContent = 'A fingerprint is 64 digits of 0 to 9 and a to f.';
    return;
  }
  $('progress').textContent = 'Reading the record.';
  const began = performance.now();
  const tell = (what, done, total) => {
    const rate = done / ((performance.now() - began) / 1000);
    $('progress').textContent = `${what}: ${done} of ${total}, ${Math.round(rate)} a second`;
  };
  try {
    const files = await open();
    const report = files ? await verify(files, text ? unhex(text) : null, tell) : noArchive;
    show(report, (performance.now() - began) / 1000);
  } catch (e) {
    $('progress').textContent = `The program failed, and says nothing of the record: ${e.message}`;
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
