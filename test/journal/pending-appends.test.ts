/** The ring of promises, against what a plain array would do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AppendOwner, PendingAppends } from '../../src/storage/pending-appends.ts';

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('add' as const), by: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resolve' as const), by: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reject' as const), by: fc.nat(5) }) },
);

test('every append is settled once, in order, after its log was told, with its own index or the error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 400 }), async (steps) => {
      const pending = new PendingAppends();
      const settled: string[] = [];
      const told: string[] = [];
      const expected: string[] = [];
      const owners = [0, 1, 2].map(
        (log): AppendOwner => ({ durableThrough: (index) => void told.push(`${log}:${index}`) }),
      );
      const last = [0, 0, 0];
      /** By place: what was added there and neither resolved nor taken back. */
      let waiting: { place: number; name: string }[] = [];
      for (const { kind, by } of steps) {
        if (kind === 'add') {
          last[by] = (last[by] as number) + 1;
          const name = `${by}:${last[by]}`;
          waiting.push({ place: pending.place, name });
          pending.add(owners[by] as AppendOwner, last[by] as number).then(
            (index) => settled.push(`${by}:${index}`),
            (error: Error) => settled.push(`${error.message} ${name}`),
          );
          continue;
        }
        const first = waiting[0]?.place ?? pending.place;
        if (kind === 'resolve') {
          const before = Math.min(first + by, pending.place);
          pending.resolveBefore(before);
          expected.push(...waiting.filter(({ place }) => place < before).map(({ name }) => name));
          waiting = waiting.filter(({ place }) => place >= before);
        } else {
          const from = pending.place - by;
          pending.rejectFrom(from, new Error('refused'));
          expected.push(...waiting.filter(({ place }) => place >= from).map(({ name }) => `refused ${name}`));
          waiting = waiting.filter(({ place }) => place < from);
        }
        await new Promise(setImmediate);
        assert.deepEqual(settled, expected);
        assert.deepEqual(
          told,
          expected.filter((name) => !name.startsWith('refused')),
        );
      }
    }),
    { numRuns: 200 },
  );
});
