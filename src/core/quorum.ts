/**
 * Majorities over the scribes of a configuration. Members are counted by storage uuid, each once (R26). In a joint
 * configuration both the old and the new set must agree (Raft §6): so no decision of one set alone can go against the other.
 */
import type { Configuration, ScribeMember } from './types.ts';

export const majority = (size: number): number => Math.floor(size / 2) + 1;

const sets = ({ scribes, outgoing }: Configuration): readonly (readonly ScribeMember[])[] =>
  outgoing === undefined ? [scribes] : [scribes, outgoing];

/** Whether those for whom `holds` is true are a majority, of both sets when there are two. */
export function isQuorum(configuration: Configuration, holds: (storageUuid: string) => boolean): boolean {
  return sets(configuration).every((set) => {
    let count = 0;
    for (const { storageUuid } of set) if (holds(storageUuid)) count++;
    return count >= majority(set.length);
  });
}

/** The largest value that a majority has reached, `value` being what one scribe has reached. */
export function quorumValue(configuration: Configuration, value: (storageUuid: string) => number): number {
  const reached = sets(configuration).map((set) => {
    const values = set.map(({ storageUuid }) => value(storageUuid)).sort((left, right) => right - left);
    return values[majority(values.length) - 1] ?? 0;
  });
  return Math.min(...reached);
}

function distinct(members: readonly ScribeMember[]): readonly ScribeMember[] {
  return [...new Map(members.map((member) => [member.storageUuid, member])).values()];
}

/** Those whose votes and acknowledgements count. */
export const votersOf = (configuration: Configuration): readonly ScribeMember[] =>
  configuration.outgoing === undefined ? configuration.scribes : distinct(sets(configuration).flat());

/** Those who are sent the log: the voters, and those who catch up to become voters. */
export const membersOf = (configuration: Configuration): readonly ScribeMember[] =>
  configuration.target === undefined
    ? votersOf(configuration)
    : distinct([...votersOf(configuration), ...configuration.target]);

export const isVoter = (configuration: Configuration, storageUuid: string): boolean =>
  votersOf(configuration).some((scribe) => scribe.storageUuid === storageUuid);

/** Catches up to become a voter: what it forgets, no decision has rested on. */
export const isNewcomer = (configuration: Configuration, storageUuid: string): boolean =>
  configuration.target?.some((scribe) => scribe.storageUuid === storageUuid) === true &&
  !isVoter(configuration, storageUuid);

export const isMember = (configuration: Configuration, storageUuid: string): boolean =>
  membersOf(configuration).some((scribe) => scribe.storageUuid === storageUuid);
