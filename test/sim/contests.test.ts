/** Troubles that keep coming back: all times are virtual. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contest, restartLoop, swizzle } from './contests.ts';
import { quantile } from './election-times.ts';
import { realMachines } from './machines.ts';

const TIMEOUT_MILLIS = 150;
const CONTESTS = 1000;
const LOOPS = 3;
const LOOP_SECONDS = 20;
const SWIZZLES = 100;

describe('workers whose time-outs are all the same', () => {
  for (const workers of [2, 3, 4, 5]) {
    test(`P12 P36: ${workers} of them have a leader within five time-outs, ninety-nine of a hundred times`, (context) => {
      const times = Array.from({ length: CONTESTS }, (_, trial) =>
        contest(trial + 1, workers, TIMEOUT_MILLIS, realMachines),
      ).sort((left, right) => left - right);
      const [median, most] = [quantile(times, 0.5), quantile(times, 0.99)];
      context.diagnostic(`median ${Math.round(median)} ms, 99 of 100 ${Math.round(most)} ms`);
      assert.ok(most <= 5 * TIMEOUT_MILLIS, `${most}`);
    });
  }
});

describe('a process that crashes 200 ms after each start', () => {
  for (const what of ['leader', 'scribe'] as const) {
    test(`P22: be it a ${what}, terms rise by less than one a second, and writes go on in every second`, () => {
      for (let seed = 1; seed <= LOOPS; seed++) {
        const { terms, writesBySecond } = restartLoop(seed, what, 200, LOOP_SECONDS, realMachines);
        assert.ok(terms < LOOP_SECONDS, `seed ${seed}: ${terms} terms`);
        assert.ok(Math.min(...writesBySecond) > 0, `seed ${seed}: ${writesBySecond}`);
      }
    });
  }
});

test('P11: links that clog one by one and open in another order leave every invariant whole, and writes go on after', () => {
  for (let seed = 1; seed <= SWIZZLES; seed++) swizzle(seed, 4, realMachines);
});
