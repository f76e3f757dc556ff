/** Quorum arithmetic against counting by hand: every subset of small sets, and random ones of every size. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_SCRIBES } from '../../src/core/limits.ts';
import {
  commitValue,
  isCommitQuorum,
  isMember,
  isVoteQuorum,
  majority,
  membersOf,
  votersOf,
  whyNotQuorums,
} from '../../src/core/quorum.ts';
import type { Configuration, Quorums, ScribeMember, Voters } from '../../src/core/types.ts';

const member = (at: number): ScribeMember => ({ scribeId: `s${at}`, storageUuid: `u${at}`, address: 'h:1' });
const configurationOf = (size: number): Configuration => ({
  scribes: Array.from({ length: size }, (_, at) => member(at)),
});
const sizes = fc.integer({ min: 1, max: MAX_SCRIBES });
const subset = (size: number): fc.Arbitrary<ReadonlySet<string>> =>
  fc.subarray(configurationOf(size).scribes.map(({ storageUuid }) => storageUuid)).map((list) => new Set(list));

/** Subsets of the scribes 0, 1, … are bit masks from here on. */
const isIn = (mask: number, at: number): boolean => (mask & (1 << at)) !== 0;
const maskOf = ({ scribes }: Voters): number =>
  scribes.reduce((mask, { storageUuid }) => mask | (1 << Number(storageUuid.slice(1))), 0);
function bits(mask: number): number {
  let count = 0;
  for (let at = 0; at < 31; at++) if (isIn(mask, at)) count++;
  return count;
}
const holding = (mask: number) => (uuid: string) => isIn(mask, Number(uuid.slice(1)));

/** The naive model: masks of which some part is big enough, counted in each set by itself. */
function naive(configuration: Configuration, which: keyof Quorums, mask: number): boolean {
  const { outgoing, ...now } = configuration;
  for (const set of outgoing === undefined ? [now] : [now, outgoing]) {
    const count = bits(mask & maskOf(set));
    const enough = set.quorums === undefined ? 2 * count > set.scribes.length : count >= set.quorums[which];
    if (!enough) return false;
  }
  return true;
}

/** Those masks up to `universe` scribes that are quorums by the code under test; held against the naive model on the way. */
function quorumMasks(configuration: Configuration, which: keyof Quorums, universe: number): number[] {
  const decides = which === 'commit' ? isCommitQuorum : isVoteQuorum;
  const masks: number[] = [];
  for (let mask = 0; mask < 1 << universe; mask++) {
    const is = decides(configuration, holding(mask));
    assert.equal(is, naive(configuration, which, mask));
    if (is) masks.push(mask);
  }
  return masks;
}

/** Whether any two of these share a scribe. */
const meet = (left: readonly number[], right: readonly number[]): boolean =>
  left.every((one) => right.every((other) => (one & other) !== 0));

/** All voters of the scribes in `mask`: by majorities, and by all numbers that are accepted. */
function votersIn(mask: number): Voters[] {
  const scribes = Array.from({ length: 31 }, (_, at) => at)
    .filter((at) => isIn(mask, at))
    .map(member);
  const all: Voters[] = [{ scribes }];
  for (let commit = 1; commit <= scribes.length; commit++) {
    for (let vote = 1; vote <= scribes.length; vote++) {
      if (whyNotQuorums({ commit, vote }, scribes.length) === null) all.push({ scribes, quorums: { commit, vote } });
    }
  }
  return all;
}

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
        const quorum = (of: ReadonlySet<string>): boolean => isVoteQuorum(configuration, (uuid) => of.has(uuid));
        if (quorum(one) && quorum(other)) assert.ok([...one].some((uuid) => other.has(uuid)));
        const rest = isVoteQuorum(configuration, (uuid) => !one.has(uuid));
        assert.ok(!(rest && quorum(one)));
      }),
      { numRuns: 2000 },
    );
  });

  test('R1 R11: numbers are accepted exactly where all their quorums meet as they must: every subset of up to seven', () => {
    let accepted = 0;
    for (let size = 1; size <= 7; size++) {
      const { scribes } = configurationOf(size);
      for (let commit = -1; commit <= size + 1; commit++) {
        for (let vote = -1; vote <= size + 1; vote++) {
          const isOk = whyNotQuorums({ commit, vote }, size) === null;
          if (commit < 1 || vote < 1 || commit > size || vote > size) {
            assert.ok(!isOk, `${commit} and ${vote} of ${size}`);
            continue;
          }
          const configuration = { scribes, quorums: { commit, vote } };
          const commits = quorumMasks(configuration, 'commit', size);
          const votes = quorumMasks(configuration, 'vote', size);
          const nothingLost = meet(votes, commits);
          const oneLeader = meet(votes, votes);
          const leaderCommits = votes.every((mask) => commits.includes(mask));
          assert.equal(isOk, nothingLost && oneLeader && leaderCommits, `${commit} and ${vote} of ${size}`);
          // What is refused beyond what is unsafe: a leader that could be elected and then do nothing.
          if (!isOk && nothingLost && oneLeader) assert.ok(vote < commit);
          accepted += isOk ? 1 : 0;
        }
      }
    }
    assert.equal(accepted, 1 + 2 + 4 + 6 + 9 + 12 + 16);
  });

  test('§7: every vote meets every commit, and every other vote, of the configurations beside it: all sets of up to four', () => {
    const universe = 4;
    const stages = Array.from({ length: (1 << universe) - 1 }, (_, at) => votersIn(at + 1)).flat();
    const masks = (configuration: Configuration) => ({
      commits: quorumMasks(configuration, 'commit', universe),
      votes: quorumMasks(configuration, 'vote', universe),
    });
    const alone = stages.map(masks);
    for (const [from, outgoing] of stages.entries()) {
      for (const [to, target] of stages.entries()) {
        const joint = masks({ ...target, outgoing });
        for (const { commits, votes } of [alone[from], joint, alone[to]] as (typeof joint)[]) {
          assert.ok(meet(joint.votes, commits) && meet(votes, joint.commits) && meet(joint.votes, votes));
        }
      }
    }
    assert.ok(stages.length ** 2 > 1000);
  });

  test('R11: the commit value is the largest one that a commit quorum has reached', () => {
    const cases = sizes.chain((size) =>
      fc.tuple(fc.array(fc.nat(12), { minLength: size, maxLength: size }), fc.integer({ min: 1, max: size })),
    );
    fc.assert(
      fc.property(cases, fc.boolean(), ([values, commit], isMajority) => {
        const { scribes } = configurationOf(values.length);
        const quorums = { commit, vote: values.length };
        const configuration = isMajority ? { scribes } : { scribes, quorums };
        const reached = (uuid: string): number => values[Number(uuid.slice(1))] as number;
        const countAt = (value: number): number => values.filter((each) => each >= value).length;
        const enough = (count: number): boolean => (isMajority ? 2 * count > values.length : count >= commit);
        const expected = Math.max(...[0, ...values].filter((value) => enough(countAt(value))));
        assert.equal(commitValue(configuration, reached), expected);
      }),
      { numRuns: 3000 },
    );
  });

  test('P27: a joint configuration decides what both its sets decide, and members are counted once', () => {
    const set = fc
      .uniqueArray(fc.nat(6), { minLength: 1, maxLength: 7 })
      .chain((ids) => fc.constantFrom(...votersIn(ids.reduce((mask, at) => mask | (1 << at), 0))));
    const reaches = fc.array(fc.nat(4), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(set, set, reaches, (now, outgoing, values) => {
        const joint: Configuration = { ...now, outgoing };
        const value = (uuid: string): number => values[Number(uuid.slice(1))] as number;
        const atLeast = (least: number): number =>
          values.reduce((mask, each, at) => mask | (each >= least ? 1 << at : 0), 0);
        const agreed = [4, 3, 2, 1, 0].find((least) => naive(joint, 'commit', atLeast(least))) ?? 0;
        assert.equal(commitValue(joint, value), agreed);
        for (const least of [0, 1, 2, 3, 4, 5]) {
          const holds = (uuid: string): boolean => value(uuid) >= least;
          assert.equal(isCommitQuorum(joint, holds), naive(joint, 'commit', atLeast(least)));
          assert.equal(isVoteQuorum(joint, holds), naive(joint, 'vote', atLeast(least)));
        }
        const union = maskOf(now) | maskOf(outgoing);
        assert.equal(maskOf({ scribes: votersOf(joint) }), union);
        assert.equal(votersOf(joint).length, bits(union));
      }),
      { numRuns: 5000 },
    );
  });

  test('P27: who only catches up is a member without a say', () => {
    const [one, two] = configurationOf(2).scribes as [ScribeMember, ScribeMember];
    const waiting: Configuration = { scribes: [one], target: { scribes: [one, two] } };
    assert.ok(isMember(waiting, 'u1') && membersOf(waiting).length === 2 && votersOf(waiting).length === 1);
    for (const decides of [isCommitQuorum, isVoteQuorum]) {
      assert.ok(!decides(waiting, (uuid) => uuid === 'u1'));
      assert.ok(decides(waiting, (uuid) => uuid === 'u0'));
    }
  });

  test('R26: members are counted by storage uuid, strangers not at all', () => {
    const configuration = configurationOf(3);
    assert.ok(!isVoteQuorum(configuration, (uuid) => uuid === 'u9' || uuid === 'u0'));
    assert.ok(isMember(configuration, 'u2') && !isMember(configuration, 's2'));
    assert.equal(
      commitValue({ scribes: [] }, () => 7),
      0,
    );
    assert.ok(!isCommitQuorum({ scribes: [] }, () => true) && !isVoteQuorum({ scribes: [] }, () => true));
  });

  test('what is refused says what would do', () => {
    const refusals: readonly (readonly [Quorums, number, RegExp])[] = [
      [{ commit: 2, vote: 3 }, 5, /vote quorum of at least 4$/],
      [{ commit: 4, vote: 3 }, 5, /vote quorum of at least 4$/],
      [{ commit: 0, vote: 5 }, 5, /1 to 5 of them$/],
      [{ commit: 2, vote: 6 }, 5, /1 to 5 of them$/],
      [{ commit: 1.5, vote: 5 }, 5, /1 to 5 of them$/],
      [{ commit: Number.NaN, vote: 5 }, 5, /1 to 5 of them$/],
    ];
    for (const [quorums, size, reason] of refusals) assert.match(whyNotQuorums(quorums, size) ?? '', reason);
  });
});
