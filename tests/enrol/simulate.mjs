// Voters who enrol on a bad line, by one way, at the daemon itself; prints what came of it as JSON.
// Usage: node tests/enrol/simulate.mjs --route code|letter|oidc|desk|documents --voters N
//        [--seed S] [--lost PERCENT] [--repeated PERCENT] [--kills K] [--at-once VOTERS]
// Ends with 1 if a voter is lost, there twice, or in no state that has a name.

import { parseArgs } from 'node:util';

import { simulate } from './crowd.mjs';

const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({
  options: { route: text('code'), voters: text('100'), seed: text('1'), lost: text('5'), repeated: text('5'), kills: text('0'), 'at-once': text('32') },
});
const number = (name) => {
  const value = Number(values[name]);
  if (!(value >= 0)) throw new Error(`--${name} is not a number`);
  return value;
};
console.info = console.warn; // what the identity provider notes
const report = await simulate({
  route: values.route, voters: number('voters'), seed: number('seed'), lost: number('lost') / 100, repeated: number('repeated') / 100,
  kills: number('kills'), atOnce: number('at-once'), patience: 600000,
});
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.problems.length ? 1 : 0;
