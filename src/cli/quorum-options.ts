/** The options by which quorums are chosen: two numbers that go together, or that majorities decide. */
import { MAX_SCRIBES } from '../core/limits.ts';
import type { QuorumChoice } from '../core/membership.ts';
import type { Quorums } from '../core/types.ts';
import { badOption, integer, type Settings, toggle } from './options.ts';

const scribes = (description: string) =>
  integer({ description, fallback: undefined, minimum: 1, maximum: MAX_SCRIBES, unit: 'scribes' });

/** Where a cluster begins: by majorities unless numbers are said. */
export const quorumNumbers = {
  commitQuorum: scribes(
    'How many scribes have a write on their disks before it is acknowledged; with --vote-quorum, without both a majority.',
  ),
  voteQuorum: scribes(
    'How many scribes elect a leader: with --commit-quorum more than there are, and no fewer than that.',
  ),
};

/** Where they change. */
export const quorumChoice = {
  ...quorumNumbers,
  majorities: toggle({ description: 'Let majorities decide again, instead of numbers.' }),
};

export function chosenNumbers({
  commitQuorum: commit,
  voteQuorum: vote,
}: Settings<typeof quorumNumbers>): Quorums | null {
  if (commit === undefined && vote === undefined) return null;
  if (commit === undefined || vote === undefined) throw badOption('--commit-quorum and --vote-quorum go together');
  return { commit, vote };
}

/** What is said of quorums, if anything. */
export function chosenQuorums(settings: Settings<typeof quorumChoice>): QuorumChoice | null {
  const numbers = chosenNumbers(settings);
  if (numbers !== null && settings.majorities) throw badOption('--majorities does not go with numbers');
  return settings.majorities ? 'majority' : numbers;
}
