/** A scribe that comes back on an old copy of its disk, many times over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realMachines } from './machines.ts';
import { runRolledBack } from './rolled-back.ts';

const SEEDS = 100;

test(`S40 R26: in ${SEEDS} seeds a disk that went back counts for nothing from then on, and is reported`, () => {
  let losing = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation, outcome, lines } = runRolledBack(seed, realMachines);
    assert.equal(violation, null, `seed ${seed}: ${violation?.message}\n${lines.join('\n')}`);
    if (outcome !== null && outcome > 0) losing++;
  }
  assert.ok(losing > SEEDS / 2, `only ${losing} seeds lost anything`);
});
