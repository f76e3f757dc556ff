/** Fitting a leader's batches into a follower's log, against doing it entry by entry on arrays (Raft §5.3). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { matchBatches } from '../../src/core/matching.ts';
import { TermMap } from '../../src/core/term-map.ts';
import type { Batch } from '../../src/core/types.ts';

/** A log as the batches it was built from: each a number of entries and a term, terms never falling. */
type Shape = readonly { readonly count: number; readonly rise: number }[];
const shape: fc.Arbitrary<Shape> = fc.array(fc.record({ count: fc.integer({ min: 1, max: 3 }), rise: fc.nat(1) }), {
  maxLength: 6,
});

function batchesOf(list: Shape, after: readonly Batch[], step: number, offset: number): Batch[] {
  const batches = [...after];
  for (const { count, rise } of list) {
    const last = batches.at(-1);
    const firstIndex = last === undefined ? 1 : last.firstIndex + last.count;
    const floor = (last?.term ?? 0) + rise;
    const term = floor + ((offset - (floor % step) + step) % step);
    batches.push({ kind: 'command', term, firstIndex, count, timestampMillis: 0, bytes: new Uint8Array(0) });
  }
  return batches;
}

const termsOf = (batches: readonly Batch[]): number[] =>
  batches.flatMap(({ term, count }) => new Array<number>(count).fill(term));

/** A leader's and a follower's log with a common beginning; their own batches have terms of different parity. */
const logs = fc.tuple(shape, shape, shape, fc.nat(20), fc.nat(20)).map(([shared, left, right, from, count]) => {
  const common = batchesOf(shared, [], 2, 0);
  const leader = batchesOf(left, common, 2, 0);
  const follower = batchesOf(right, common, 2, 1);
  const start = from % (leader.length + 1);
  return { leader, follower, start, sent: leader.slice(start, start + (count % (leader.length - start + 1))) };
});

describe('matchBatches', () => {
  test('R12: agrees with comparing entry by entry, and never drops what matches', () => {
    fc.assert(
      fc.property(logs, ({ leader, follower, start, sent }) => {
        const log = new TermMap({ index: 0, term: 0 });
        for (const { count, term } of follower) log.append(count, term);
        const own = termsOf(follower);
        const theirs = termsOf(leader);
        const before = termsOf(leader.slice(0, start));
        const prev = { index: before.length, term: before.at(-1) ?? 0 };
        const match = matchBatches(log, prev, sent);
        const holds = prev.index === 0 || own[prev.index - 1] === prev.term;
        assert.equal(match.kind === 'match', holds);
        if (match.kind === 'conflict') {
          assert.ok(match.hint.index < prev.index || match.hint.term < prev.term, 'the hint leads back');
          return;
        }
        const through = prev.index + termsOf(sent).length;
        assert.equal(match.through, through);
        // Entry by entry: the first index that differs, if any, is where to truncate; a shorter message truncates nothing.
        let differs: number | null = null;
        for (let index = prev.index + 1; index <= Math.min(through, own.length) && differs === null; index++) {
          if (own[index - 1] !== theirs[index - 1]) differs = index;
        }
        assert.equal(match.truncateFrom, differs);
        const kept = differs === null ? own : own.slice(0, differs - 1);
        const result = [...kept, ...termsOf(match.fresh)];
        assert.deepEqual(result.slice(0, through), theirs.slice(0, through));
        if (differs === null) assert.deepEqual(result.slice(0, own.length), own);
      }),
      { numRuns: 3000 },
    );
  });

  test('R12 P04: an append delivered again, late and shorter, changes nothing', () => {
    const log = new TermMap({ index: 0, term: 0 });
    log.append(5, 1);
    const [first] = batchesOf([{ count: 2, rise: 1 }], [], 1, 0);
    assert.deepEqual(matchBatches(log, { index: 0, term: 0 }, [first as Batch]), {
      kind: 'match',
      truncateFrom: null,
      fresh: [],
      through: 2,
    });
  });
});
