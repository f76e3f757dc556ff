/**
 * The scribes of a running cluster, seen from outside: who they are by the leader's word, and the newcomer that a change would
 * let in; and a change asked for until it is over, whoever leads.
 */
import { decidesBy, isStable, type MembershipChange } from '../core/membership.ts';
import { isVoter, membersOf } from '../core/quorum.ts';
import type { ScribeMember } from '../core/types.ts';
import { type ErrorCode, isScriptoriumError, ScriptoriumError } from '../errors.ts';
import { pause, systemClock } from '../runtime/clock.ts';
import { Client } from './client.ts';
import { askStatus, isScribe, scribeStatus, workerStatus } from './observe.ts';
import type { IndexedConfiguration, ScribeStatus, WorkerStatus } from './status.ts';

/** Where to ask first, and of which cluster. */
export interface Contacts {
  readonly clusterId: string;
  readonly scribes: readonly string[];
  readonly workers: readonly string[];
}

export interface Leader {
  readonly address: string;
  readonly status: WorkerStatus;
}

/** An election may be under way. */
const PATIENCE_MILLIS = 5_000;
const LOOK_MILLIS = 50;

/** Whoever was asked is out of sight: what became of the change is for the next leader to say. */
const LOST_SIGHT: ReadonlySet<ErrorCode> = new Set(['LEADERSHIP_LOST', 'CONNECTION_LOST', 'UNREACHABLE']);

/** The worker that leads; UNREACHABLE when nobody answers, NO_LEADER when nobody leads for five seconds. */
export async function findLeader({ clusterId, scribes, workers }: Contacts): Promise<Leader> {
  const end = systemClock.now() + PATIENCE_MILLIS;
  for (;;) {
    const told = await Promise.all([
      ...scribes.map((address) => scribeStatus(address, clusterId)),
      ...workers.map((address) => workerStatus(address, clusterId)),
    ]);
    const addresses = new Set([...told.flatMap((status) => status?.leader?.address ?? []), ...workers]);
    const asked = await Promise.all(
      [...addresses].map(async (address) => ({ address, status: await workerStatus(address, clusterId) })),
    );
    const leading = asked
      .flatMap(({ address, status }) => (status?.role === 'leader' ? [{ address, status }] : []))
      .toSorted((left, right) => right.status.term - left.status.term);
    if (leading[0] !== undefined) return leading[0];
    if (systemClock.now() >= end)
      throw nobodyLeads(
        [...scribes, ...workers],
        told.some((status) => status !== null),
      );
    await pause(LOOK_MILLIS);
  }
}

function nobodyLeads(asked: readonly string[], anybodyAnswers: boolean): ScriptoriumError {
  return anybodyAnswers
    ? new ScriptoriumError(
        'NO_LEADER',
        'no worker leads: start a worker, and see that a vote quorum of the scribes runs, a majority if no other is configured',
      )
    : new ScriptoriumError('UNREACHABLE', `nobody answers at ${asked.join(', ')}`);
}

/**
 * The configuration with the highest index that the scribes at `addresses` hold, or null when nobody answers: good enough to
 * know where to look, also while no worker leads. What is in force only a leader knows.
 */
export async function newestConfiguration(
  addresses: readonly string[],
  clusterId?: string,
): Promise<IndexedConfiguration | null> {
  const told = await Promise.all(addresses.map((address) => scribeStatus(address, clusterId)));
  return told
    .flatMap((status) => status?.configuration ?? [])
    .reduce<IndexedConfiguration | null>((best, one) => (best === null || one.index > best.index ? one : best), null);
}

/** `voter`, or on its way in or out of the configuration. */
export type Part = 'voter' | 'joining' | 'leaving';

export interface Member extends ScribeMember {
  readonly part: Part;
  /** What the scribe at its address says, whichever disk that is; null when nobody answers. */
  readonly status: ScribeStatus | null;
}

export async function describeMembers(clusterId: string, configuration: IndexedConfiguration): Promise<Member[]> {
  const goal = (configuration.target ?? configuration).scribes;
  return await Promise.all(
    membersOf(configuration).map(async (member) => {
      const stays = goal.some(({ storageUuid }) => storageUuid === member.storageUuid);
      const part = !stays ? 'leaving' : isVoter(configuration, member.storageUuid) ? 'voter' : 'joining';
      return { ...member, part, status: await scribeStatus(member.address, clusterId) };
    }),
  );
}

export const isChanging = (configuration: IndexedConfiguration): boolean => !isStable(configuration);

/**
 * The scribe at `address`, as the member it is to become: running, of this cluster, and on a disk that was never a voter; or
 * one that the configuration names already, since asking twice is no error.
 */
export async function newcomerAt(
  address: string,
  clusterId: string,
  configuration: IndexedConfiguration,
): Promise<ScribeMember> {
  const status = await askStatus(address, clusterId);
  if (!isScribe(status)) throw new ScriptoriumError('BAD_OPTION', `${address} is a worker, ${status.workerId}`);
  const { scribeId, storageUuid, state } = status;
  const isKnown = membersOf(configuration).some((member) => member.storageUuid === storageUuid);
  if (!isKnown && state !== 'not-member' && state !== 'joining') {
    const why = state === 'failed' ? 'its journal has failed' : 'its directory holds the log of an earlier member';
    throw new ScriptoriumError(
      'NOT_EMPTY',
      `scribe ${scribeId} at ${address} is no newcomer: ${why}; start it on a blank one`,
    );
  }
  return { scribeId, storageUuid, address };
}

/** Whether nothing is left to do of it: `leavingUuid` is the disk that the one who leaves had when the change was asked for. */
function isOver(
  change: MembershipChange,
  leavingUuid: string | undefined,
  configuration: IndexedConfiguration,
): boolean {
  const has = (storageUuid: string | undefined): boolean =>
    configuration.scribes.some((member) => member.storageUuid === storageUuid);
  return (
    isStable(configuration) &&
    decidesBy(configuration, change) &&
    (!('scribeId' in change) || !has(leavingUuid)) &&
    (!('member' in change) || has(change.member.storageUuid))
  );
}

/**
 * Ask for a change and see it through: where the one asked led no more or went away, look who leads now and what became of
 * it, and ask again unless it is done. That repeats nothing, since disks are named by their uuid. Rejects as
 * `Client.changeMembers` does; resolves to the leader that says it is over.
 */
export async function seeThrough(
  contacts: Contacts,
  { leader, change, deadlineMillis }: { leader: Leader; change: MembershipChange; deadlineMillis: number },
): Promise<Leader> {
  const end = systemClock.now() + deadlineMillis;
  const leaving = 'scribeId' in change ? change.scribeId : undefined;
  const leavingUuid = leader.status.configuration.scribes.find(({ scribeId }) => scribeId === leaving)?.storageUuid;
  for (let asked = leader; ; asked = await findLeader(contacts)) {
    if (asked !== leader && isOver(change, leavingUuid, asked.status.configuration)) return asked;
    await using client = await Client.connect({ workers: [asked.address], clusterId: contacts.clusterId });
    try {
      await client.changeMembers(change, { deadlineMillis: Math.max(1, end - systemClock.now()) });
      return await findLeader(contacts);
    } catch (error) {
      if (!isScriptoriumError(error) || !LOST_SIGHT.has(error.code) || systemClock.now() >= end) throw error;
    }
  }
}
