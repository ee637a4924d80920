// Every kind of entry and every attack of the list has a record. spec: Y-2
import assert from 'node:assert/strict';
import test from 'node:test';

import { list } from './list.mjs';

for (const { row, records } of list)
  test(`records of ${row}`, () => assert.ok(records.length > 0, 'no record'));
