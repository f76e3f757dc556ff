/** Quorum arithmetic against counting by hand, over every size of configuration. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_SCRIBES } from '../../src/core/limits.ts';
import { isMember, isQuorum, majority, membersOf, quorumValue, votersOf } from '../../src/core/quorum.ts';
import type { Configuration, ScribeMember } from '../../src/core/types.ts';

const configurationOf = (size: number): Configuration => ({
  scribes: Array.from({ length: size }, (_, at) => ({ scribeId: `s${at}`, storageUuid: `u${at}`, address: 'h:1' })),
});
const sizes = fc.integer({ min: 1, max: MAX_SCRIBES });
const subset = (size: number): fc.Arbitrary<ReadonlySet<string>> =>
  fc.subarray(configurationOf(size).scribes.map(({ storageUuid }) => storageUuid)).map((list) => new Set(list));

describe('quorum', () => {
  test('P30: majorities of one to five', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((size) => majority(size)),
      [1, 2, 2, 3, 3],
    );
  });

  test('any two quorums share a scribe, and the rest of a quorum is none', () => {
    const pairs = sizes.chain((size) => fc.tuple(fc.constant(size), subset(size), subset(size)));
    fc.assert(
      fc.property(pairs, ([size, one, other]) => {
        const configuration = configurationOf(size);
        const quorum = (of: ReadonlySet<string>): boolean => isQuorum(configuration, (uuid) => of.has(uuid));
        if (quorum(one) && quorum(other)) assert.ok([...one].some((uuid) => other.has(uuid)));
        const rest = isQuorum(configuration, (uuid) => !one.has(uuid));
        assert.ok(!(rest && quorum(one)));
      }),
      { numRuns: 2000 },
    );
  });

  test('R11: the quorum value is the largest one that a majority has reached', () => {
    const cases = sizes.chain((size) => fc.array(fc.nat(12), { minLength: size, maxLength: size }));
    fc.assert(
      fc.property(cases, (values) => {
        const configuration = configurationOf(values.length);
        const reached = (uuid: string): number => values[Number(uuid.slice(1))] as number;
        const countAt = (value: number): number => values.filter((each) => each >= value).length;
        const expected = Math.max(...[0, ...values].filter((value) => 2 * countAt(value) > values.length));
        assert.equal(quorumValue(configuration, reached), expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('P27: a joint configuration decides what both its sets decide, and members are counted once', () => {
    const member = (at: number) => ({ scribeId: `s${at}`, storageUuid: `u${at}`, address: 'h:1' });
    const set = fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 7 });
    const reaches = fc.array(fc.nat(4), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(set, set, reaches, (now, before, values) => {
        const joint: Configuration = { scribes: now.map(member), outgoing: before.map(member) };
        const value = (uuid: string): number => values[Number(uuid.slice(1))] as number;
        // Naive: the largest value for which more than half of either set, counted one by one, has reached it.
        const most = (ids: readonly number[], least: number): boolean =>
          2 * ids.filter((id) => (values[id] as number) >= least).length > ids.length;
        const agreed = [4, 3, 2, 1, 0].find((least) => most(now, least) && most(before, least)) ?? 0;
        assert.equal(quorumValue(joint, value), agreed);
        for (const least of [0, 1, 2, 3, 4, 5]) {
          assert.equal(
            isQuorum(joint, (uuid) => value(uuid) >= least),
            most(now, least) && most(before, least),
          );
        }
        const union = [...new Set([...now, ...before])].sort();
        assert.deepEqual(
          votersOf(joint)
            .map(({ storageUuid }) => Number(storageUuid.slice(1)))
            .sort(),
          union,
        );
      }),
      { numRuns: 5000 },
    );
  });

  test('P27: who only catches up is a member without a say', () => {
    const [one, two] = configurationOf(2).scribes as [ScribeMember, ScribeMember];
    const waiting: Configuration = { scribes: [one], target: [one, two] };
    assert.ok(isMember(waiting, 'u1') && membersOf(waiting).length === 2 && votersOf(waiting).length === 1);
    assert.ok(!isQuorum(waiting, (uuid) => uuid === 'u1'));
    assert.ok(isQuorum(waiting, (uuid) => uuid === 'u0'));
  });

  test('R26: members are counted by storage uuid, strangers not at all', () => {
    const configuration = configurationOf(3);
    assert.ok(!isQuorum(configuration, (uuid) => uuid === 'u9' || uuid === 'u0'));
    assert.ok(isMember(configuration, 'u2') && !isMember(configuration, 's2'));
    assert.equal(
      quorumValue({ scribes: [] }, () => 7),
      0,
    );
  });
});
