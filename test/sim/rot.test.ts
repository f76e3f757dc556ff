/** Clusters on disks that rot, among all other faults: everything is found, repaired from a peer, and nothing lost is counted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { realMachines } from './machines.ts';
import { reportFailure } from './report.ts';
import { type RunResult, runSeed } from './run.ts';

const SEEDS = 100;

describe('disks that rot', () => {
  const results: RunResult[] = [];

  test(`R29 S11 S53: ${SEEDS} seeds keep every invariant, and all damage is repaired`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = runSeed(seed, realMachines, 'rot');
      if (result.violation !== null) assert.fail(reportFailure(result, realMachines));
      results.push(result);
    }
  });

  test('a configuration that cannot be read is met: its scribe votes for nobody until it is repaired', () => {
    const times = results.reduce((sum, { reached }) => sum + (reached.get('scribe unsure') ?? 0), 0);
    assert.ok(times > SEEDS / 10, `scribe unsure: ${times}`);
  });

  test('the seeds are not idle: batches rot, are found, denied to nobody, and repaired', () => {
    for (const branch of ['batch rots', 'damage found', 'damage repaired', 'read unknown']) {
      const times = results.reduce((sum, { reached }) => sum + (reached.get(branch) ?? 0), 0);
      assert.ok(times > SEEDS, `${branch}: ${times}`);
    }
  });
});
