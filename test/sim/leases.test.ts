/** Lease reads among faults, transfers and drifting clocks, with every invariant of the usual runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realMachines } from './machines.ts';
import { reportFailure } from './report.ts';
import { runSeed } from './run.ts';

const SEEDS = 300;

test(`R22 P34: in ${SEEDS} seeds with leases on, and clocks that drift as far as is allowed, no read is stale`, () => {
  let executed = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = runSeed(seed, realMachines, 'leases');
    if (result.violation !== null) assert.fail(reportFailure(result, realMachines));
    executed += result.executed;
  }
  assert.ok(executed > 50 * SEEDS, `only ${executed} operations were answered`);
});
