/** A worker far behind reads in stripes: how much sooner it arrives than one that reads one piece after the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_CATCH_UP_READS } from '../../src/core/limits.ts';
import { arriveFarBehind } from './far-behind.ts';
import { type Machines, realMachines } from './machines.ts';
import { loadPatched } from './patched-core.ts';

const SEEDS = 10;
const ONE_AT_A_TIME = {
  file: 'limits.js',
  find: `MAX_CATCH_UP_READS = ${MAX_CATCH_UP_READS};`,
  replace: 'MAX_CATCH_UP_READS = 1;',
};

function medianOf(machines: Machines): number {
  const times = Array.from({ length: SEEDS }, (_, at) => {
    const { violation, outcome, lines } = arriveFarBehind(at + 1, machines);
    assert.equal(violation, null, `seed ${at + 1}: ${violation?.message}\n${lines.join('\n')}`);
    if (outcome === null) throw new Error('it has no outcome');
    assert.ok(outcome.reads > 50, `${outcome.reads} reads are not far`);
    return outcome.millis;
  });
  return times.sort((left, right) => left - right)[SEEDS / 2] as number;
}

test(`P15: over links with latency a worker far behind arrives about ${MAX_CATCH_UP_READS} times sooner than by one read at a time`, async () => {
  const { machines, remove } = await loadPatched([ONE_AT_A_TIME]);
  try {
    const [striped, single] = [medianOf(realMachines), medianOf(machines)];
    assert.ok(single > 0.7 * MAX_CATCH_UP_READS * striped, `${single} ms by one at a time, ${striped} ms in stripes`);
  } finally {
    remove();
  }
});
