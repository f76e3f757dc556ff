/** A log that others could fill. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Seldom } from '../../src/runtime/seldom.ts';
import { ManualClock } from '../manual-clock.ts';

test('the same is news once a minute, and no more than a page of different things is', () => {
  const clock = new ManualClock();
  const seldom = new Seldom(clock);
  assert.deepEqual([seldom.isNews('a'), seldom.isNews('a'), seldom.isNews('b')], [true, false, true]);
  const more = Array.from({ length: 100 }, (_, number) => seldom.isNews(`${number}`));
  assert.equal(more.filter((isNews) => isNews).length, 62);
  clock.advance(59_999);
  assert.equal(seldom.isNews('a'), false);
  clock.advance(1);
  assert.deepEqual([seldom.isNews('a'), seldom.isNews('a'), seldom.isNews('99')], [true, false, true]);
});
