/** A blank disk under the uuid of a voter meets a leader that still takes it for a newcomer, many times over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runForgottenNewcomer } from './forgotten-newcomer.ts';
import { realMachines } from './machines.ts';

const SEEDS = 100;

test(`P21 R26: in ${SEEDS} seeds a leader that was deposed calls nobody a newcomer`, () => {
  let meetings = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation, outcome, lines } = runForgottenNewcomer(seed, realMachines);
    assert.equal(violation, null, `seed ${seed}: ${violation?.message}\n${lines.join('\n')}`);
    if (outcome === true) meetings++;
  }
  assert.ok(meetings > SEEDS / 2, `they met only ${meetings} times`);
});
