/**
 * Whether a change of the members could be finished as things are. From the moment it is appended nothing is committed without a
 * quorum of the scribes there will be, so a change that leaves too few of them in reach would stop the cluster, and could not be
 * taken back (§7). The protocol allows it, since it is safe; nobody wants it.
 */
import { type MembershipChange, planChange } from '../core/membership.ts';
import { isCommitQuorum, quorumsOf, votersOf } from '../core/quorum.ts';
import type { Configuration } from '../core/types.ts';

/** Why not, or null; `isReached`: whether this disk is linked. What is refused for other reasons is not judged here. */
export function whyNotNow(
  configuration: Configuration,
  change: MembershipChange,
  isReached: (storageUuid: string) => boolean,
): string | null {
  const plan = planChange(configuration, change);
  if (plan.kind !== 'append') return null;
  const { outgoing, target, ...next } = plan.configuration;
  const goal = target ?? next;
  // A newcomer decides nothing before it has caught up, so it is there by then.
  const voting = new Set(votersOf(configuration).map(({ storageUuid }) => storageUuid));
  const isThere = (storageUuid: string): boolean => !voting.has(storageUuid) || isReached(storageUuid);
  if (isCommitQuorum(goal, isThere)) return null;
  const missing = goal.scribes.filter(({ storageUuid }) => !isThere(storageUuid));
  const names = missing.map(({ scribeId, address }) => `${scribeId} at ${address}`).join(', ');
  return (
    `nothing could be written afterwards: of the ${goal.scribes.length} scribes there would be ${quorumsOf(goal).commit} must commit, ` +
    `and ${names} cannot be reached; bring them back or replace them first`
  );
}
