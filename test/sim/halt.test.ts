/** Clusters that lose every copy of a committed entry: they stop there, say so, and go on when one copy comes back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { realMachines } from './machines.ts';
import { reportFailure } from './report.ts';
import { runSeed } from './run.ts';

const SEEDS = 100;

describe('an entry that no disk can read', () => {
  test(`R31 S11: ${SEEDS} clusters halt at it, answer nothing that rests on it, and repair all copies from one`, () => {
    const repaired: number[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = runSeed(seed, realMachines, 'halt');
      if (result.violation !== null) assert.fail(reportFailure(result, realMachines));
      repaired.push(result.reached.get('damage repaired') ?? 0);
    }
    // A single scribe has its copy back and needs no other.
    assert.ok(repaired.filter((copies) => copies > 0).length > SEEDS / 2, `${repaired}`);
  });
});
