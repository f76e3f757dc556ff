/** Leadership handed over many times over, with every invariant of the usual runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realMachines } from './machines.ts';
import { reportFailure } from './report.ts';
import { runSeed } from './run.ts';

const SEEDS = 300;

test(`P38: in ${SEEDS} seeds every transfer ends in time, by another leader or by the old one going on`, (context) => {
  const totals = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = runSeed(seed, realMachines, 'transfers');
    if (result.violation !== null) assert.fail(reportFailure(result, realMachines));
    for (const [branch, times] of result.reached) totals.set(branch, (totals.get(branch) ?? 0) + times);
  }
  for (const outcome of ['done', 'kept', 'refused'])
    assert.ok((totals.get(`transfer ${outcome}`) ?? 0) > SEEDS / 4, `too few were ${outcome}`);
  context.diagnostic(['done', 'kept', 'refused'].map((each) => `${each} ${totals.get(`transfer ${each}`)}`).join(', '));
});
