// The server is killed at random moments while voters enrol by one way, and started again: every voter
// goes on with the same token. Prints what came of it as JSON.
// Usage: node tests/enrol/killed.mjs [--route code] [--kills 200] [--voters 1000] [--seed S]

import { parseArgs } from 'node:util';

import { simulate } from './crowd.mjs';

const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({ options: { route: text('code'), kills: text('200'), voters: text('1000'), seed: text('1') } });
const [kills, voters, seed] = [values.kills, values.voters, values.seed].map(Number);
const report = await simulate({ route: values.route, voters, seed, kills, patience: 600000 });
if (report.kills !== kills) report.problems.push(`killed ${report.kills} times`);
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.problems.length ? 1 : 0;
