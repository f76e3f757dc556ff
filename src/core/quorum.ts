/**
 * Which scribes of a configuration suffice for what. Members are counted by storage uuid, each once (R26). A *commit quorum*
 * holds an entry for ever; a *vote quorum* makes a leader. A majority is both unless the configuration says other numbers, which
 * are such that every vote quorum meets every commit quorum and every other vote quorum (decisions/0014). In a joint configuration
 * both the old and the new set must agree, each by its own numbers (Raft §6): so no decision of one set alone can go against the
 * other.
 */
import type { Configuration, Quorums, ScribeMember, Voters } from './types.ts';

export const majority = (size: number): number => Math.floor(size / 2) + 1;

const commitQuorumOf = ({ scribes, quorums }: Voters): number => quorums?.commit ?? majority(scribes.length);
const voteQuorumOf = ({ scribes, quorums }: Voters): number => quorums?.vote ?? majority(scribes.length);

/** How many scribes of one set make which quorum of it. */
export const quorumsOf = (voters: Voters): Quorums => ({ commit: commitQuorumOf(voters), vote: voteQuorumOf(voters) });

/** Why so many scribes may not decide by these numbers, with what would do instead; null: they may. */
export function whyNotQuorums({ commit, vote }: Quorums, size: number): string | null {
  const isPart = (count: number): boolean => Number.isInteger(count) && count >= 1 && count <= size;
  if (!isPart(commit) || !isPart(vote)) return `a quorum of ${size} scribes is 1 to ${size} of them`;
  // An entry that a vote quorum has not heard of would be lost with the next leader.
  if (vote + commit <= size)
    return `a vote quorum of ${vote} and a commit quorum of ${commit} can miss each other among ${size} scribes: it takes a vote quorum of at least ${size + 1 - commit}`;
  // With the rule before, this makes two vote quorums meet as well; and a leader that cannot commit could not even read.
  if (vote < commit)
    return `who is elected by ${vote} scribes must be able to commit: it takes a vote quorum of at least ${commit}`;
  return null;
}

const sets = (configuration: Configuration): readonly Voters[] =>
  configuration.outgoing === undefined ? [configuration] : [configuration, configuration.outgoing];

function countOf({ scribes }: Voters, holds: (storageUuid: string) => boolean): number {
  let count = 0;
  for (const { storageUuid } of scribes) if (holds(storageUuid)) count++;
  return count;
}

/** Whether those for whom `holds` is true can keep an entry: every later leader's election will have asked one of them. */
export const isCommitQuorum = (configuration: Configuration, holds: (storageUuid: string) => boolean): boolean =>
  sets(configuration).every((set) => countOf(set, holds) >= commitQuorumOf(set));

/** Whether those for whom `holds` is true can make a leader. */
export const isVoteQuorum = (configuration: Configuration, holds: (storageUuid: string) => boolean): boolean =>
  sets(configuration).every((set) => countOf(set, holds) >= voteQuorumOf(set));

/** The largest value that a commit quorum has reached, `value` being what one scribe has reached. */
export function commitValue(configuration: Configuration, value: (storageUuid: string) => number): number {
  const reached = sets(configuration).map((set) => {
    const values = set.scribes.map(({ storageUuid }) => value(storageUuid)).sort((left, right) => right - left);
    return values[commitQuorumOf(set) - 1] ?? 0;
  });
  return Math.min(...reached);
}

function distinct(members: readonly ScribeMember[]): readonly ScribeMember[] {
  return [...new Map(members.map((member) => [member.storageUuid, member])).values()];
}

/** Those whose votes and acknowledgements count. */
export const votersOf = (configuration: Configuration): readonly ScribeMember[] =>
  configuration.outgoing === undefined
    ? configuration.scribes
    : distinct(sets(configuration).flatMap(({ scribes }) => scribes));

/** Those who are sent the log: the voters, and those who catch up to become voters. */
export const membersOf = (configuration: Configuration): readonly ScribeMember[] =>
  configuration.target === undefined
    ? votersOf(configuration)
    : distinct([...votersOf(configuration), ...configuration.target.scribes]);

export const isVoter = (configuration: Configuration, storageUuid: string): boolean =>
  votersOf(configuration).some((scribe) => scribe.storageUuid === storageUuid);

/** Catches up to become a voter: what it forgets, no decision has rested on. */
export const isNewcomer = (configuration: Configuration, storageUuid: string): boolean =>
  configuration.target?.scribes.some((scribe) => scribe.storageUuid === storageUuid) === true &&
  !isVoter(configuration, storageUuid);

export const isMember = (configuration: Configuration, storageUuid: string): boolean =>
  membersOf(configuration).some((scribe) => scribe.storageUuid === storageUuid);
