/**
 * How the set of scribes and its quorums change (§7, Raft §6), as pure functions from one configuration to the next. A change
 * goes through entries of the log, each active from the moment it is appended and none appended before the one before it is
 * committed; voters are scribes and the numbers they decide by:
 *
 *   {voters}  →  {voters, target}       newcomers are sent the log and count for nothing; left out when nobody is new
 *             →  {target, outgoing: voters}      joint: every decision needs a quorum of both
 *             →  {target}
 *
 * What is to become of it stands in the entry itself, so whoever leads next goes on where the last leader stopped.
 */
import { MAX_SCRIBES } from './limits.ts';
import { whyNotQuorums } from './quorum.ts';
import type { Configuration, Quorums, ScribeMember, Voters } from './types.ts';

/** Numbers, or that there be none and majorities decide. */
export type QuorumChoice = Quorums | 'majority';

/**
 * Numbers in force were chosen for so many scribes: `add` and `remove` must say which hold for one more or less. Where majorities
 * decide they go on doing so, unless a change says otherwise.
 */
export type MembershipChange =
  | { readonly kind: 'add'; readonly member: ScribeMember; readonly quorums?: QuorumChoice }
  /** By name: names are unique among the voters. A scribe that is still catching up is dropped: the change is called off. */
  | { readonly kind: 'remove'; readonly scribeId: string; readonly quorums?: QuorumChoice }
  /** The disk of `scribeId` makes way for `member`, which may keep the name: it is another disk (R26). */
  | { readonly kind: 'replace'; readonly scribeId: string; readonly member: ScribeMember }
  /** The same scribes decide by other numbers. */
  | { readonly kind: 'quorums'; readonly quorums: QuorumChoice };

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

/** Numbers that are a majority's today are not the same as majorities: they stay when scribes come and go. */
const sameQuorums = (left: Quorums | undefined, right: Quorums | undefined): boolean =>
  left?.commit === right?.commit && left?.vote === right?.vote;

/** Whether these voters decide as the change asks for, if it asks for anything. */
export const decidesBy = ({ quorums }: Voters, change: MembershipChange): boolean =>
  change.kind === 'replace' || change.quorums === undefined || sameQuorums(quorums, numbersOf(change.quorums));

const numbersOf = (choice: QuorumChoice): Quorums | undefined => (choice === 'majority' ? undefined : choice);

const voters = (scribes: readonly ScribeMember[], quorums: Quorums | undefined): Voters =>
  quorums === undefined ? { scribes } : { scribes, quorums };

const refused = (reason: string): Plan => ({ kind: 'refused', reason });

/** What to append for `change`; the caller has seen to it that `configuration` is committed. */
export function planChange(configuration: Configuration, change: MembershipChange): Plan {
  const { outgoing, target } = configuration;
  const now = voters(configuration.scribes, configuration.quorums);
  const goal = goalOf(outgoing ?? now, change);
  const isGoal = (other: Voters): boolean =>
    typeof goal !== 'string' && sameSet(goal.scribes, other.scribes) && sameQuorums(goal.quorums, other.quorums);
  if (target !== undefined && change.kind === 'remove' && isNewcomer(configuration, change.scribeId)) {
    const keeps = decidesBy(now, change);
    return keeps
      ? { kind: 'append', configuration: now }
      : refused('who is still joining leaves without other quorums');
  }
  if (outgoing !== undefined || target !== undefined) {
    return isGoal(target ?? now) ? { kind: 'same' } : refused('another change of the members is under way');
  }
  if (isDone(now, change)) return { kind: 'same' };
  if (typeof goal === 'string') return refused(goal);
  return { kind: 'append', configuration: newcomers(now, goal) ? { ...now, target: goal } : joint(now, goal) };
}

/** The next configuration of a change under way, or null; `caughtUp` says of a newcomer whether it may vote. */
export function nextStep(
  { scribes, quorums, outgoing, target }: Configuration,
  caughtUp: (storageUuid: string) => boolean,
): Configuration | null {
  const now = voters(scribes, quorums);
  if (outgoing !== undefined) return now;
  if (target === undefined) return null;
  const ready = target.scribes.every(({ storageUuid }) => caughtUp(storageUuid) || holds(scribes, storageUuid));
  return ready ? joint(now, target) : null;
}

const joint = (outgoing: Voters, goal: Voters): Configuration => ({ ...goal, outgoing });

const holds = (set: readonly ScribeMember[], storageUuid: string): boolean =>
  set.some((member) => member.storageUuid === storageUuid);

const newcomers = ({ scribes }: Voters, goal: Voters): boolean =>
  goal.scribes.some((member) => !holds(scribes, member.storageUuid));

const isNewcomer = ({ scribes, target }: Configuration, scribeId: string): boolean =>
  target?.scribes.some((member) => member.scribeId === scribeId && !scribes.some((it) => sameMember(it, member))) ===
  true;

/** An answer may be lost after all was done: asking again is no error. */
function isDone(now: Voters, change: MembershipChange): boolean {
  const { scribes } = now;
  if (!decidesBy(now, change)) return false;
  if (change.kind === 'quorums') return true;
  if (change.kind === 'remove') return !scribes.some(({ scribeId }) => scribeId === change.scribeId);
  if (!scribes.some((scribe) => sameMember(scribe, change.member))) return false;
  if (change.kind === 'add' || change.scribeId === change.member.scribeId) return true;
  return !scribes.some(({ scribeId }) => scribeId === change.scribeId);
}

/** The voters that a change leads to, or why there are none. */
function goalOf(from: Voters, change: MembershipChange): Voters | string {
  const scribes = change.kind === 'quorums' ? from.scribes : scribesAfter(from.scribes, change);
  if (typeof scribes === 'string') return scribes;
  const said = change.kind === 'replace' ? undefined : change.quorums;
  if (said === undefined && from.quorums !== undefined && scribes.length !== from.scribes.length) {
    const { commit, vote } = from.quorums;
    return `a commit quorum of ${commit} and a vote quorum of ${vote} were chosen for ${from.scribes.length} scribes: say with this change which are to hold for ${scribes.length}, or that majorities decide`;
  }
  const quorums = said === undefined ? from.quorums : numbersOf(said);
  return (quorums && whyNotQuorums(quorums, scribes.length)) ?? voters(scribes, quorums);
}

function scribesAfter(
  scribes: readonly ScribeMember[],
  change: Exclude<MembershipChange, { kind: 'quorums' }>,
): readonly ScribeMember[] | string {
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
