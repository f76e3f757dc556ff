/**
 * What a quorum is, from outside: counted one by one, in both sets where there are two, by the numbers that the configuration says
 * or else by more than half. Shares no code with the core.
 */
import type { Configuration, Voters } from '../../src/core/types.ts';

const setsOf = ({ outgoing, ...now }: Configuration): readonly Voters[] =>
  outgoing === undefined ? [now] : [now, outgoing];

function counts(set: Voters, holds: (storageUuid: string) => boolean, least: number | undefined): boolean {
  const holding = set.scribes.filter(({ storageUuid }) => holds(storageUuid)).length;
  return least === undefined ? 2 * holding > set.scribes.length : holding >= least;
}

/** Whether what they hold is committed. */
export const commits = (configuration: Configuration, holds: (storageUuid: string) => boolean): boolean =>
  setsOf(configuration).every((set) => counts(set, holds, set.quorums?.commit));

/** Whether their votes make a leader. */
export const elects = (configuration: Configuration, votes: (storageUuid: string) => boolean): boolean =>
  setsOf(configuration).every((set) => counts(set, votes, set.quorums?.vote));

/** Whether no vote can go past what is committed, nor past another vote: the first of a set vote, the last of it hold. */
export function isSafe({ scribes, quorums }: Voters): boolean {
  if (quorums === undefined) return true;
  const voting = scribes.slice(0, quorums.vote);
  const last = (count: number) => scribes.slice(scribes.length - count);
  return [quorums.commit, quorums.vote].every(
    (count) => count > 0 && last(count).some((member) => voting.includes(member)),
  );
}

export const includes = ({ scribes, outgoing, target }: Configuration, storageUuid: string): boolean =>
  [scribes, outgoing?.scribes ?? [], target?.scribes ?? []].some((set) =>
    set.some((member) => member.storageUuid === storageUuid),
  );
