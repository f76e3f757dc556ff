/** How soon a lost leader is replaced, in virtual time: what docs/election-times.md shows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MANNERS, measure, quantile } from './election-times.ts';
import { realMachines } from './machines.ts';

const TRIALS = 150;
/** A request to all and their answers. */
const BROADCAST_MILLIS = 15;

describe('election times', () => {
  const medians = MANNERS.map((manner) => quantile(measure(manner, TRIALS, realMachines), 0.5));

  test('P12 P36: a silent leader is replaced within its timeout and two broadcasts, later the wider the range', () => {
    const [narrow, wider, widest] = medians as [number, number, number];
    assert.ok(narrow < wider && wider < widest, `${medians}`);
    for (const [at, median] of [narrow, wider, widest].entries())
      assert.ok(median < (MANNERS[at]?.mostMillis ?? 0) + 2 * BROADCAST_MILLIS, `${medians}`);
  });

  test('R9: a leader whose links close is replaced in two broadcasts and a few milliseconds', () => {
    assert.ok((medians[3] as number) < 2 * BROADCAST_MILLIS + 5, `${medians}`);
  });
});
