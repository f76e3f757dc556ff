/**
 * Unsafe recovery: when a quorum of scribes is lost for ever, the log of the best survivor becomes the log of a cluster of its own,
 * with one scribe. What only lost scribes held is gone. Keeps: nothing is written to the survivors' directories, so they are the backup;
 * the new cluster has another id, so no scribe and no worker of the old one can ever be counted in it, should it come back (R26);
 * its only voter is a new disk that no older entry names, and its term is above all that survivors know (R1).
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isCommitQuorum, isVoteQuorum, membersOf } from '../core/quorum.ts';
import { compareIds, type EntryId, type LoggedConfiguration, type ScribeMember } from '../core/types.ts';
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

const COPY_BYTES = 1024 * 1024;

/** What the directory of a scribe that is not running says. */
export interface Survivor {
  readonly directory: string;
  readonly identity: JournalIdentity;
  readonly term: number;
  readonly tail: EntryId;
  /** Up to here it was told that entries are committed: they were never only its own. */
  readonly commit: EntryId;
  readonly configuration: LoggedConfiguration;
  /** Entries that its disk cannot read back. */
  readonly damaged: number;
}

export interface RecoveryPlan {
  readonly survivors: readonly Survivor[];
  /** Whose log is gone on with: the best by (term, index) of its tail (R5). */
  readonly chosen: Survivor;
  /** Voters whose directories were not given. */
  readonly lost: readonly ScribeMember[];
  /** Stands for all of this: another one as soon as anything is different. */
  readonly confirmation: string;
}

/**
 * What could be recovered from these directories; writes nothing to their logs. Rejects CHANGE_REFUSED where nothing is lost: they
 * are a quorum, or a scribe of the cluster still runs; and with what opening a directory rejects with, LOCKED among it.
 */
export async function planRecovery(directories: readonly string[], allowBuffered: boolean): Promise<RecoveryPlan> {
  const survivors: Survivor[] = [];
  for (const directory of directories) survivors.push(await look(directory, allowBuffered));
  const [chosen] = survivors.toSorted((left, right) => compareIds(right.tail, left.tail));
  if (chosen === undefined) throw new ScriptoriumError('BAD_OPTION', 'at least one directory is needed');
  const { clusterId } = chosen.identity;
  if (survivors.some(({ identity }) => identity.clusterId !== clusterId))
    throw new ScriptoriumError('WRONG_CLUSTER', 'the directories are of different clusters');
  const { configuration } = chosen.configuration;
  const isHere = (uuid: string): boolean => survivors.some(({ identity }) => identity.storageUuid === uuid);
  if (configuration.scribes.length === 0)
    throw new ScriptoriumError('NOT_FORMATTED', `${chosen.directory} was never a member of a cluster`);
  if (isVoteQuorum(configuration, isHere) && isCommitQuorum(configuration, isHere))
    throw refusal('these directories are a quorum: nothing is lost, start their scribes');
  const members = membersOf(configuration);
  const running = await Promise.all(members.map(({ address }) => scribeStatus(address, clusterId)));
  const living = running.find((status) => status !== null);
  if (living !== null && living !== undefined)
    throw refusal(`scribe ${living.scribeId} runs at ${living.address}: stop it and name its directory too`);
  const lost = members.filter(({ storageUuid }) => !isHere(storageUuid));
  const confirmation = createHash('sha256').update(JSON.stringify(survivors)).digest('hex').slice(0, 12);
  return { survivors, chosen, lost, confirmation };
}

/** Makes the new cluster in `into`, a directory that is blank or absent; its cluster file is written last, when all is durable. */
export async function recover(plan: RecoveryPlan, into: string, allowBuffered: boolean): Promise<ClusterFile> {
  const { identity, configuration, tail } = plan.chosen;
  const { scribeId } = identity;
  const before = configuration.configuration.scribes.find((it) => it.storageUuid === identity.storageUuid);
  if (before === undefined) throw refusal(`${scribeId} is no voter by its own log: its log is not to be gone on with`);
  const member: ScribeMember = { scribeId, storageUuid: randomHex(16), address: before.address };
  const file: ClusterFile = {
    schema: 1,
    clusterId: randomHex(16),
    createdMillis: systemClock.wallMillis(),
    scribes: [member],
    recovered: { clusterId: identity.clusterId, storageUuid: identity.storageUuid, tail },
  };
  const directory = join(into, scribeId);
  makeDirectory(into);
  await Journal.format({
    directory,
    identity: { clusterId: file.clusterId, scribeId, storageUuid: member.storageUuid },
    allowBuffered,
  });
  await copy(plan, directory, file, allowBuffered);
  await writeClusterFile(join(into, 'cluster.json'), file);
  return file;
}

/** The survivor's log, then the entry that names the new disk: until that one is durable, it is nobody's member. */
async function copy(plan: RecoveryPlan, directory: string, file: ClusterFile, allowBuffered: boolean): Promise<void> {
  const { chosen, survivors } = plan;
  const source = await openQuietly(chosen.directory, allowBuffered);
  const target = await openQuietly(directory, allowBuffered);
  try {
    const { tail } = source.journal.group(GROUP);
    if (compareIds(tail, chosen.tail) !== 0) throw refusal(`${chosen.directory} has changed since it was looked at`);
    let timestampMillis = file.createdMillis;
    for (let index = 1; index <= tail.index; ) {
      let ticket = 0;
      for (const batch of decodeBatches(await source.journal.read(GROUP, index, COPY_BYTES))) {
        ticket = target.journal.append(batch.bytes);
        index = batch.firstIndex + batch.count;
        timestampMillis = Math.max(timestampMillis, batch.timestampMillis);
      }
      await target.durable(ticket);
    }
    const term = Math.max(tail.term, ...survivors.map((survivor) => survivor.term)) + 1;
    target.journal.saveHardState(GROUP, { term, votedFor: null });
    const place = { term, firstIndex: tail.index + 1, timestampMillis };
    const batch = encodeConfigurationBatch(place, { scribes: file.scribes });
    await target.durable(target.journal.append(batch.bytes));
  } finally {
    await source.journal.close();
    await target.journal.close();
  }
}

async function look(directory: string, allowBuffered: boolean): Promise<Survivor> {
  const { journal } = await openQuietly(directory, allowBuffered);
  try {
    const { hardState, tail, commitHint, configurations } = journal.group(GROUP);
    const newest = configurations.at(-1);
    const [batch] = newest === undefined ? [] : decodeBatches(await journal.read(GROUP, newest, 1));
    const damaged = journal.damage().reduce((sum, { from, to }) => sum + to - from + 1, 0);
    const id = { index: batch?.firstIndex ?? 0, term: batch?.term ?? 0 };
    const configuration = { id, configuration: batch?.configuration ?? { scribes: [] } };
    const { identity } = journal;
    return { directory, identity, term: hardState.term, tail, commit: commitHint, configuration, damaged };
  } finally {
    await journal.close();
  }
}

/** A journal, and a way to wait for what it makes durable. */
async function openQuietly(
  directory: string,
  allowBuffered: boolean,
): Promise<{ readonly journal: Journal; durable(ticket: number): Promise<void> }> {
  let reached = 0;
  let failure: ScriptoriumError | null = null;
  let wake = (): void => {};
  const journal = await Journal.open({
    directory,
    allowBuffered,
    scrubBytesPerSecond: 0,
    onDurable: (ticket) => {
      reached = ticket;
      wake();
    },
    onFailure: (error) => {
      failure = error;
      wake();
    },
  });
  const durable = async (ticket: number): Promise<void> => {
    while (reached < ticket && failure === null)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    if (failure !== null) throw failure;
  };
  return { journal, durable };
}

const refusal = (why: string): ScriptoriumError => new ScriptoriumError('CHANGE_REFUSED', why);
