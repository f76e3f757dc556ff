/** Many workers do not load the leader: it feeds one of them, and scribes relay the log to the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realMachines } from './machines.ts';
import { leadMany } from './relayed.ts';

const SEEDS = 10;

test('§3 R16: a leader sends each batch to one of its learners, however many there are, and all apply everything', () => {
  for (let seed = 1; seed <= SEEDS; seed++)
    for (const workers of [2, 8]) {
      const { violation, outcome, lines } = leadMany(seed, workers, realMachines);
      assert.equal(violation, null, `seed ${seed}, ${workers} workers: ${violation?.message}\n${lines.join('\n')}`);
      if (outcome === null) throw new Error('it has no outcome');
      assert.ok(outcome.share > 0.9 && outcome.share < 1.1, `${outcome.share} appends for a batch`);
    }
});
