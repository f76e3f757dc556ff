/** The ring of promises, against what a plain array would do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PendingAppends } from '../../src/storage/pending-appends.ts';

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('add' as const), by: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resolve' as const), by: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reject' as const), by: fc.nat(5) }) },
);

test('every append is settled once, in order, with its own index or the error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
      const pending = new PendingAppends();
      const settled: (number | string)[] = [];
      const expected: (number | string)[] = [];
      let waiting: number[] = [];
      let last = 0;
      let settledThrough = 0;
      for (const { kind, by } of steps) {
        if (kind === 'add') {
          last += by;
          waiting.push(last);
          pending.add(last).then(
            (index) => settled.push(index),
            (error: Error) => settled.push(error.message),
          );
          continue;
        }
        if (kind === 'resolve') {
          settledThrough += by;
          pending.resolveThrough(settledThrough);
          expected.push(...waiting.filter((index) => index <= settledThrough));
          waiting = waiting.filter((index) => index > settledThrough);
        } else {
          const from = last - by;
          pending.rejectFrom(from, new Error('refused'));
          expected.push(...waiting.filter((index) => index >= from).map(() => 'refused'));
          waiting = waiting.filter((index) => index < from);
        }
        await new Promise(setImmediate);
        assert.deepEqual(settled, expected);
      }
    }),
    { numRuns: 200 },
  );
});
