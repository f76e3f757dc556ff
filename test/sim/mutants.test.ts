/** Each bug put into the core is caught, within a bounded number of seeds, by the invariant that is there for it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EVERY_MUTANT } from './every-mutant.ts';
import { realMachines } from './machines.ts';
import { loadPatched } from './patched-core.ts';
import { runSeed } from './run.ts';

/** The rarest is seen by about one seed in three hundred; a change of the core reshuffles which. */
const MOST_SEEDS = 3000;

describe('mutants', () => {
  for (const mutant of EVERY_MUTANT) {
    test(`${mutant.rule}: ${mutant.name} is caught by ${mutant.caughtBy}`, async (context) => {
      const { machines, remove } = await loadPatched(mutant.patches);
      context.after(remove);
      const run = mutant.run ?? runSeed;
      const others = new Set<string>();
      for (let seed = 1; seed <= MOST_SEEDS; seed++) {
        const { violation } = run(seed, machines);
        if (violation === null) continue;
        if (violation.invariant === mutant.caughtBy) {
          context.diagnostic(`seed ${seed}; before it: ${[...others].join(', ') || 'nothing'}`);
          assert.equal(run(seed, realMachines).violation, null, 'the core itself keeps this seed');
          return;
        }
        others.add(violation.invariant);
      }
      assert.fail(
        `not caught in ${MOST_SEEDS} seeds by ${mutant.caughtBy}, but by ${[...others].join(', ') || 'nothing'}`,
      );
    });
  }

  test('a patch that does not match exactly once is refused', async () => {
    const patch = { file: 'scribe.js', find: 'no such text', replace: '' };
    await assert.rejects(loadPatched([patch]), /0 matches in scribe\.js/);
    await assert.rejects(loadPatched([{ ...patch, find: 'this' }]), /matches in scribe\.js/);
  });
});
