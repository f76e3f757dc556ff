/**
 * Unsafe recovery: when a quorum of scribes is lost for ever, the log of the best survivor becomes the log of a cluster of its own,
 * with one scribe. What only lost scribes held is gone. Keeps: nothing is written to the survivors' directories, so they are the backup;
 * the new cluster has another id, so no scribe and no worker of the old one can ever be counted in it, should it come back (R26);
 * its only voter is a new disk that no older entry names, and its term is above all that survivors know (R1); no entry is skipped: the
 * new log ends before the first one that none of the disks can read (R31).
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isCommitQuorum, isVoteQuorum, membersOf, votersOf } from '../core/quorum.ts';
import {
  type Configuration,
  compareIds,
  type EntryId,
  type LoggedConfiguration,
  type ScribeMember,
} from '../core/types.ts';
import { ScriptoriumError } from '../errors.ts';
import { systemClock } from '../runtime/clock.ts';
import { randomHex } from '../runtime/random.ts';
import { GROUP } from '../runtime/scribe-driver.ts';
import { Journal } from '../storage/journal.ts';
import type { JournalIdentity } from '../storage/journal-types.ts';
import { decodeBatches, encodeConfigurationBatch } from '../wire/batch.ts';
import { type ClusterFile, writeClusterFile } from './cluster-file.ts';
import { makeDirectory } from './directories.ts';
import { scribeStatus } from './observe.ts';
import { QuietJournal } from './quiet-journal.ts';
import { SurvivingLog } from './surviving-log.ts';

/** What the directory of a scribe that is not running says. */
export interface Survivor {
  readonly directory: string;
  readonly identity: JournalIdentity;
  readonly term: number;
  readonly tail: EntryId;
  /** Up to here it was told that entries are committed: they were never only its own. */
  readonly commit: EntryId;
  /** Entries of which it is known that its disk cannot read them back. */
  readonly damaged: number;
}

export interface RecoveryPlan {
  readonly survivors: readonly Survivor[];
  /** Whose log is gone on with: the best by (term, index) of its tail (R5). */
  readonly chosen: Survivor;
  /** The last entry kept: the tail of that log, or the last one before an entry that none of the disks can read. */
  readonly through: EntryId;
  /** The newest of what is kept. */
  readonly configuration: LoggedConfiguration;
  /** Where the chosen scribe listened, and its successor will. */
  readonly address: string;
  /** Voters whose directories were not given. */
  readonly lost: readonly ScribeMember[];
  /** Stands for all of this: another one as soon as anything is different. */
  readonly confirmation: string;
}

/**
 * What could be recovered from these directories, found by reading the whole log; writes nothing to their logs. Rejects
 * CHANGE_REFUSED where nothing is lost: they are a quorum and can read every entry, or a scribe of the cluster still runs, and where
 * the best log is that of a disk that has no vote; BAD_OPTION where two of them are one disk; and with what opening a directory rejects
 * with, LOCKED among it.
 */
export async function planRecovery(directories: readonly string[], allowBuffered: boolean): Promise<RecoveryPlan> {
  if (new Set(directories.map((directory) => resolve(directory))).size < directories.length)
    throw new ScriptoriumError('BAD_OPTION', 'a directory is named twice');
  return await QuietJournal.withAll(directories, allowBuffered, async (opened) => {
    const survivors = opened.map(look);
    const chosen = best(survivors);
    const { clusterId } = chosen.identity;
    if (survivors.some(({ identity }) => identity.clusterId !== clusterId))
      throw new ScriptoriumError('WRONG_CLUSTER', 'the directories are of different clusters');
    const log = logOf(chosen, opened);
    const through = await log.readable();
    const configuration = await log.configuration(through);
    if (configuration === null)
      throw new ScriptoriumError('NOT_FORMATTED', `${chosen.directory} holds no members of a cluster that can be read`);
    const uuids = new Set(survivors.map(({ identity }) => identity.storageUuid));
    if (uuids.size < survivors.length)
      throw new ScriptoriumError('BAD_OPTION', 'two of the directories are copies of one disk; name the newer one');
    const isHere = (uuid: string): boolean => uuids.has(uuid);
    const { configuration: numbers } = configuration;
    if (isVoteQuorum(numbers, isHere) && isCommitQuorum(numbers, isHere) && compareIds(through, chosen.tail) === 0)
      throw refusal('these directories are a quorum: nothing is lost, start their scribes');
    const address = voterAddress(chosen, numbers);
    await refuseRunning(membersOf(numbers), clusterId);
    const lost = membersOf(numbers).filter(({ storageUuid }) => !isHere(storageUuid));
    const found = { survivors, chosen, through, configuration, address, lost };
    const confirmation = createHash('sha256').update(JSON.stringify(found)).digest('hex').slice(0, 12);
    return { ...found, confirmation };
  });
}

/** While members change the old voters count as much as the new ones; a newcomer, or one that was removed, counts for nothing. */
function voterAddress({ identity, directory }: Survivor, configuration: Configuration): string {
  const voter = votersOf(configuration).find(({ storageUuid }) => storageUuid === identity.storageUuid);
  if (voter !== undefined) return voter.address;
  throw refusal(
    `${directory} has the best log, but ${identity.scribeId} is no voter by it, so it is not to be gone on with: name the others without it`,
  );
}

async function refuseRunning(members: readonly ScribeMember[], clusterId: string): Promise<void> {
  const statuses = await Promise.all(members.map(({ address }) => scribeStatus(address, clusterId)));
  for (const running of statuses) {
    if (running !== null)
      throw refusal(`scribe ${running.scribeId} runs at ${running.address}: stop it and name its directory too`);
  }
}

/**
 * Makes the new cluster in `into`, a directory that is blank or absent; its cluster file is written last, when all is durable. When
 * that fails, NO_SPACE among it, what was made of the new scribe is removed; after a crash it is left, without a cluster file.
 */
export async function recover(plan: RecoveryPlan, into: string, allowBuffered: boolean): Promise<ClusterFile> {
  const { identity, tail } = plan.chosen;
  const { scribeId } = identity;
  const member: ScribeMember = { scribeId, storageUuid: randomHex(16), address: plan.address };
  const file: ClusterFile = {
    schema: 1,
    clusterId: randomHex(16),
    createdMillis: systemClock.wallMillis(),
    scribes: [member],
    recovered: { clusterId: identity.clusterId, storageUuid: identity.storageUuid, tail: plan.through },
  };
  const directory = join(into, scribeId);
  makeDirectory(into);
  await Journal.format({
    directory,
    identity: { clusterId: file.clusterId, scribeId, storageUuid: member.storageUuid },
    allowBuffered,
  });
  try {
    const sources = plan.survivors.map((survivor) => survivor.directory);
    await QuietJournal.withAll(sources, allowBuffered, async (opened) => {
      const log = logOf(plan.chosen, opened);
      if (compareIds(log.tail, tail) !== 0)
        throw refusal(`${plan.chosen.directory} has changed since it was looked at`);
      await QuietJournal.withAll([directory], allowBuffered, ([target]) => copy(log, plan, target!, file));
    });
    await writeClusterFile(join(into, 'cluster.json'), file);
  } catch (error) {
    await rm(directory, { recursive: true });
    throw error;
  }
  return file;
}

/** The survivor's log, then the entry that names the new disk: until that one is durable, it is nobody's member. */
async function copy(log: SurvivingLog, plan: RecoveryPlan, target: QuietJournal, file: ClusterFile): Promise<void> {
  const { through, survivors } = plan;
  let timestampMillis = file.createdMillis;
  for (let index = 1; index <= through.index; ) {
    let ticket = 0;
    for (const batch of decodeBatches(await log.read(index))) {
      if (batch.firstIndex > through.index) break;
      ticket = target.journal.append(batch.bytes);
      index = batch.firstIndex + batch.count;
      timestampMillis = Math.max(timestampMillis, batch.timestampMillis);
    }
    await target.durable(ticket);
  }
  const term = Math.max(through.term, ...survivors.map((survivor) => survivor.term)) + 1;
  target.journal.saveHardState(GROUP, { term, votedFor: null });
  const place = { term, firstIndex: through.index + 1, timestampMillis };
  const batch = encodeConfigurationBatch(place, { scribes: file.scribes });
  await target.durable(target.journal.append(batch.bytes));
}

function look({ journal, directory }: QuietJournal): Survivor {
  const { hardState, tail, commitHint } = journal.group(GROUP);
  const damaged = journal.damage().reduce((sum, { from, to }) => sum + to - from + 1, 0);
  return { directory, identity: journal.identity, term: hardState.term, tail, commit: commitHint, damaged };
}

function best(survivors: readonly Survivor[]): Survivor {
  const [first] = survivors.toSorted((left, right) => compareIds(right.tail, left.tail));
  if (first === undefined) throw new ScriptoriumError('BAD_OPTION', 'at least one directory is needed');
  return first;
}

function logOf({ directory }: Survivor, opened: readonly QuietJournal[]): SurvivingLog {
  const chosen = opened.find((it) => it.directory === directory)!;
  return new SurvivingLog(
    chosen.journal,
    opened.filter((it) => it !== chosen).map(({ journal }) => journal),
  );
}

const refusal = (why: string): ScriptoriumError => new ScriptoriumError('CHANGE_REFUSED', why);
