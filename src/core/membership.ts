/**
 * How the set of scribes changes (§7, Raft §6), as pure functions from one configuration to the next. A change goes through
 * entries of the log, each active from the moment it is appended and none appended before the one before it is committed:
 *
 *   {scribes}  →  {scribes, target}       newcomers are sent the log and count for nothing; left out when nobody is new
 *              →  {scribes: target, outgoing: scribes}      joint: every decision needs a majority of both sets
 *              →  {scribes: target}
 *
 * What is to become of it stands in the entry itself, so whoever leads next goes on where the last leader stopped.
 */
import { MAX_SCRIBES } from './limits.ts';
import type { Configuration, ScribeMember } from './types.ts';

export type MembershipChange =
  | { readonly kind: 'add'; readonly member: ScribeMember }
  /** By name: names are unique among the voters. A scribe that is still catching up is dropped: the change is called off. */
  | { readonly kind: 'remove'; readonly scribeId: string }
  /** The disk of `scribeId` makes way for `member`, which may keep the name: it is another disk (R26). */
  | { readonly kind: 'replace'; readonly scribeId: string; readonly member: ScribeMember };

export type Plan =
  | { readonly kind: 'append'; readonly configuration: Configuration }
  /** This very change is done, or under way: nothing to append. */
  | { readonly kind: 'same' }
  | { readonly kind: 'refused'; readonly reason: string };

export const isStable = (configuration: Configuration): boolean =>
  configuration.target === undefined && configuration.outgoing === undefined;

const sameMember = (left: ScribeMember, right: ScribeMember): boolean =>
  left.storageUuid === right.storageUuid && left.scribeId === right.scribeId;

const sameSet = (left: readonly ScribeMember[], right: readonly ScribeMember[]): boolean =>
  left.length === right.length && left.every((member) => right.some((other) => sameMember(member, other)));

const refused = (reason: string): Plan => ({ kind: 'refused', reason });

/** What to append for `change`; the caller has seen to it that `configuration` is committed. */
export function planChange(configuration: Configuration, change: MembershipChange): Plan {
  const { scribes, outgoing, target } = configuration;
  const from = outgoing ?? scribes;
  const goal = goalOf(from, change);
  const isGoal = (set: readonly ScribeMember[]): boolean => typeof goal !== 'string' && sameSet(goal, set);
  if (target !== undefined && change.kind === 'remove' && isNewcomer(configuration, change.scribeId)) {
    return { kind: 'append', configuration: { scribes } };
  }
  if (outgoing !== undefined || target !== undefined) {
    return isGoal(target ?? scribes) ? { kind: 'same' } : refused('another change of the members is under way');
  }
  if (isDone(scribes, change)) return { kind: 'same' };
  if (typeof goal === 'string') return refused(goal);
  return { kind: 'append', configuration: newcomers(scribes, goal) ? { scribes, target: goal } : joint(scribes, goal) };
}

/** The next configuration of a change under way, or null; `caughtUp` says of a newcomer whether it may vote. */
export function nextStep(
  { scribes, outgoing, target }: Configuration,
  caughtUp: (storageUuid: string) => boolean,
): Configuration | null {
  if (outgoing !== undefined) return { scribes };
  if (target === undefined) return null;
  const ready = target.every(({ storageUuid }) => caughtUp(storageUuid) || holds(scribes, storageUuid));
  return ready ? joint(scribes, target) : null;
}

const joint = (outgoing: readonly ScribeMember[], scribes: readonly ScribeMember[]): Configuration => ({
  scribes,
  outgoing,
});

const holds = (set: readonly ScribeMember[], storageUuid: string): boolean =>
  set.some((member) => member.storageUuid === storageUuid);

const newcomers = (scribes: readonly ScribeMember[], goal: readonly ScribeMember[]): boolean =>
  goal.some((member) => !holds(scribes, member.storageUuid));

const isNewcomer = ({ scribes, target }: Configuration, scribeId: string): boolean =>
  target?.some((member) => member.scribeId === scribeId && !scribes.some((it) => sameMember(it, member))) === true;

/** An answer may be lost after all was done: asking again is no error. */
function isDone(scribes: readonly ScribeMember[], change: MembershipChange): boolean {
  if (change.kind === 'remove') return !scribes.some(({ scribeId }) => scribeId === change.scribeId);
  if (!scribes.some((scribe) => sameMember(scribe, change.member))) return false;
  if (change.kind === 'add' || change.scribeId === change.member.scribeId) return true;
  return !scribes.some(({ scribeId }) => scribeId === change.scribeId);
}

/** The set that a change leads to, or why there is none. */
function goalOf(scribes: readonly ScribeMember[], change: MembershipChange): readonly ScribeMember[] | string {
  const leaving = change.kind === 'add' ? null : change.scribeId;
  if (leaving !== null && !scribes.some(({ scribeId }) => scribeId === leaving))
    return `no scribe is called ${leaving}`;
  const staying = scribes.filter(({ scribeId }) => scribeId !== leaving);
  if (change.kind === 'remove') return staying.length === 0 ? 'the last scribe cannot be removed' : staying;
  const { scribeId, storageUuid } = change.member;
  if (holds(scribes, storageUuid)) return `the disk ${storageUuid} is a member already`;
  if (staying.some((scribe) => scribe.scribeId === scribeId)) return `another scribe is called ${scribeId}`;
  const there = staying.find(({ address }) => address === change.member.address);
  if (there !== undefined) return `${there.address} is the address of ${there.scribeId}`;
  if (staying.length >= MAX_SCRIBES) return `no more than ${MAX_SCRIBES} scribes`;
  return [...staying, change.member];
}
