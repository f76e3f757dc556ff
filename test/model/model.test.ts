/**
 * Bounded exhaustive search over the real machines: from the beginning until nothing within the bounds is left, and from each of
 * the situations in directed.ts as far as the budget reaches. Covers, besides the ids in the names of the situations, P01, P03,
 * P17, P21, P27, P32 and P37 as far as its events go.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MUTANTS } from '../sim/mutants.ts';
import { loadOpened } from '../sim/patched-core.ts';
import { CLOSED, CLOSED_IN_SOAK, DIRECTED } from './directed.ts';
import { FOUND_BY_MODEL } from './found.ts';
import { explore } from './scope.ts';

const isSoak = process.env.SCRIPTORIUM_SOAK_MINUTES !== undefined;
/** States from each situation, to look for what nobody knows and to find a bug that was put in, and how many in all are asked for. */
const STATES = isSoak ? 4_000_000 : 45_000;
const STATES_TO_BUG = 100_000;
const LEAST_STATES = 2_000_000;

describe('model', () => {
  let core: Awaited<ReturnType<typeof loadOpened>>;
  let states = 0;
  before(async () => {
    core = await loadOpened([]);
  });
  after(() => core.remove());

  for (const scope of isSoak ? [...CLOSED, ...CLOSED_IN_SOAK] : CLOSED) {
    test(`${scope.name}: every state within the bounds keeps the promises`, (context) => {
      const found = explore(scope, core.machines, {
        states: Number.POSITIVE_INFINITY,
        depth: Number.POSITIVE_INFINITY,
      });
      assert.equal(found.violation, null, [found.violation?.message, ...found.lines].join('\n'));
      assert.ok(found.closed);
      states += found.states;
      context.diagnostic(`${found.states} states, depth ${found.depth}, nothing left`);
    });
  }

  for (const scope of DIRECTED) {
    test(`from ${scope.name}`, (context) => {
      const found = explore(scope, core.machines, { states: STATES, depth: Number.POSITIVE_INFINITY });
      assert.equal(found.violation, null, [found.violation?.message, ...found.lines].join('\n'));
      states += found.states;
      context.diagnostic(`${found.states} states, depth ${found.depth}, ${found.closed ? 'nothing left' : 'cut off'}`);
    });
  }

  test('there are enough situations and states', (context) => {
    assert.ok(DIRECTED.length >= 20);
    assert.ok(states >= LEAST_STATES, `${states} states`);
    context.diagnostic(`${states} states`);
  });
});

describe('the model finds bugs', () => {
  for (const { mutant, scope, invariant } of FOUND_BY_MODEL) {
    test(`${mutant}: ${invariant}`, async (context) => {
      const known = MUTANTS.find(({ name }) => name.startsWith(mutant));
      const start = [...DIRECTED, ...CLOSED].find(({ name }) => name === scope);
      assert.ok(known !== undefined && start !== undefined);
      const { machines, remove } = await loadOpened(known.patches);
      context.after(remove);
      const { violation, lines, states } = explore(start, machines, {
        states: STATES_TO_BUG,
        depth: Number.POSITIVE_INFINITY,
      });
      assert.equal(violation?.invariant, invariant);
      assert.ok(lines.at(-1)?.includes(invariant), lines.join('\n')); // the way there is told to its end
      const joined = explore({ ...start, joined: true }, machines, { states: STATES_TO_BUG, depth: STATES_TO_BUG });
      assert.notEqual(joined.violation, null);
      context.diagnostic(`after ${states} states, ${lines.length} lines`);
    });
  }
});
