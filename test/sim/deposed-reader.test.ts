/** A leader with a lease is cut off in the ways that lead closest to a stale read, many times over. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runDeposedReader, WAYS } from './deposed-reader.ts';
import { realMachines } from './machines.ts';

const SEEDS = 50;

describe('a leader with a lease that is cut off', () => {
  for (const way of WAYS) {
    test(`R9 R10 R22: reads nothing stale where ${way}, in ${SEEDS} seeds`, () => {
      let reading = 0;
      let beside = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { violation, outcome, lines } = runDeposedReader(seed, realMachines, way);
        assert.equal(violation, null, `seed ${seed}: ${violation?.message}\n${lines.join('\n')}`);
        if ((outcome?.onLease ?? 0) > 0) reading++;
        if ((outcome?.writesBeside ?? 0) > 0) beside++;
      }
      assert.ok(reading > SEEDS / 2, `the old leader read in only ${reading} seeds`);
      assert.ok(beside > SEEDS / 4, `another wrote beside it in only ${beside} seeds`);
    });
  }
});
