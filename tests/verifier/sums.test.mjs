// The sums that the page of the results makes by itself (web/sums.js), and that both verifiers' pages
// say the same of what is checked. spec: U-1..U-3, U-5
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';

import { faultsOf } from '../../web/sums.js';
import { at, unusual } from '../records/tampered.mjs';

const root = new URL('../../', import.meta.url).pathname;
const parse = (bytes) => JSON.parse(new TextDecoder().decode(bytes));
// As the page has the manifest (web/election.js).
const manifestOf = (files) => {
  const m = parse(files.get('manifest.json'));
  return { ...m, styles: m.styles.map((s) => ({ ...s, contests: s.contests.map((id) => ({ id })) })) };
};
const every = ({ posts, contests }) => [...posts, ...contests.flat()];

// The places of all numbers of a value.
const numbers = (v, path = []) =>
  typeof v === 'number'
    ? [path]
    : Object.entries(v && typeof v === 'object' ? v : {}).flatMap(([k, x]) => numbers(x, [...path, k]));
function changed(value, path, by) {
  const copy = structuredClone(value);
  const last = path.slice(0, -1).reduce((o, k) => o[k], copy);
  last[path.at(-1)] += by;
  return copy;
}

test('published results of all kinds add up', () => {
  const elections = [at('published'), ...unusual.map((u) => u.make())];
  const published = elections.map((e) => e.fileList()).filter((f) => f.has('results.json'));
  assert.ok(published.length > 1);
  for (const files of published) {
    const json = parse(files.get('results.json'));
    const faults = faultsOf(json, manifestOf(files), json.fingerprint);
    assert.ok(!faults.other);
    assert.deepEqual(every(faults), []);
  }
});

test('no number can be changed alone, in no post, no contest and no set', () => {
  const files = at('published').fileList(),
    json = parse(files.get('results.json')),
    manifest = manifestOf(files);
  const places = numbers(json).filter((p) => !/^tapat$|seats$/.test(p.at(-1)));
  assert.ok(places.length > 50);
  for (const path of places)
    for (const by of [1, -1]) {
      const faults = faultsOf(changed(json, path, by), manifest, json.fingerprint);
      assert.ok(faults.other || every(faults).length, `${path.join('.')} ${by}`);
    }
});

test('results of another election, or of another form', () => {
  const files = at('published').fileList(),
    json = parse(files.get('results.json')),
    manifest = manifestOf(files);
  const of = (change) => {
    const copy = structuredClone(json);
    change(copy);
    return faultsOf(copy, manifest, json.fingerprint).other;
  };
  assert.ok(!of(() => {}));
  assert.ok(faultsOf(json, manifest, '0'.repeat(64)).other);
  assert.ok(of((j) => j.reconciliation.units.pop()));
  assert.ok(of((j) => j.contests.reverse()));
  assert.ok(of((j) => j.contests[0].options.reverse()));
  assert.ok(of((j) => j.contests[0].sets[0].votes.pop()));
  assert.ok(of((j) => delete j.reconciliation));
});

test("the two verifiers' pages say the same of what is checked, the roll among it, and what cannot be", () => {
  const po = fs.readFileSync(`${root}web/i18n/en.po`, 'utf8');
  const texts = (name) =>
    [...po.matchAll(new RegExp(`msgid "verify\\.${name}-\\d"\\nmsgstr "(.*)"`, 'g'))].map((m) => m[1]);
  const html = fs.readFileSync(`${root}verifier/index.html`, 'utf8');
  const items = (title) =>
    [...html.split(`<h2>${title}</h2>`)[1].split('</ul>')[0].matchAll(/<li>(.*)<\/li>/g)].map((m) => m[1]);
  const checked = items('What is checked');
  assert.deepEqual(checked, texts('checked'));
  assert.match(checked.join(), /roll of voters.*commitment/);
  // the last is of the page of the site that is judged, and of no other
  assert.deepEqual(items('What no verifier can check'), texts('cannot').slice(0, -1));
});
