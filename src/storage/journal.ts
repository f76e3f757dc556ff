/**
 * The journal of one directory: every log of a scribe in one durable stream. Appending returns a ticket at once; the
 * record is durable when `onDurable` was called with that ticket or a later one, and must not be acknowledged before.
 * After a write or fsync error nothing becomes durable any more and every append throws (R30); reads go on.
 */
import { addon, type NativeJournal } from '../addon/addon.ts';
import type { ScriptoriumError } from '../errors.ts';
import { calling, promising, toScriptoriumError } from './journal-errors.ts';
import type {
  DamagedRange,
  FormatOptions,
  GroupState,
  HardState,
  IndexTerm,
  JournalIdentity,
  JournalOptions,
  JournalStats,
  RecoveryReport,
} from './journal-types.ts';

export { type DiskProbe, probeDisk } from './disk-probe.ts';
export { type InspectReport, inspectDirectory } from './journal-inspect.ts';
export {
  type Cut,
  type CutPlace,
  planRepair,
  type Repaired,
  type RepairPlan,
  repairDirectory,
} from './journal-repair.ts';
export type * from './journal-types.ts';

export class Journal {
  readonly identity: JournalIdentity;
  readonly report: RecoveryReport;
  readonly #native: NativeJournal;
  #closing: Promise<void> | null = null;
  #flushing = false;
  /** Once a tick, behind everything that the tick still appends. */
  readonly #flush = (): void => {
    this.#flushing = false;
    this.flush();
  };

  private constructor(native: NativeJournal, identity: JournalIdentity, report: RecoveryReport) {
    this.#native = native;
    this.identity = identity;
    this.report = report;
  }

  /**
   * Makes a journal in an empty or absent directory, durable when the promise resolves. NOT_EMPTY for any other content:
   * nothing is ever formatted over, except what an interrupted format left.
   */
  static format(options: FormatOptions): Promise<void> {
    const { directory, identity, segmentBytes, allowBuffered, genesis, hardState } = options;
    const native = { directory, ...identity, segmentBytes, allowBuffered, genesis: genesis ?? [], hardState };
    return promising(() => addon.format(native));
  }

  /**
   * Locks the directory, recovers what it holds and makes that durable. Refuses, changing nothing, with NOT_FORMATTED,
   * WRONG_IDENTITY, LOCKED, NEWER_FORMAT, ROTTEN, UNCERTAIN_TAIL, NO_DIRECT_IO, NO_SPACE (only if the last segment is full
   * and there is no room for another), READ_ONLY or IO_ERROR.
   */
  static open(options: JournalOptions): Promise<Journal> {
    const { identity, onDurable, onFailure, onDamage = () => {}, onSpace = () => {}, ...rest } = options;
    return promising(async () => {
      const failed = (error: Error): void => onFailure(toScriptoriumError(error) as ScriptoriumError);
      const space = (lack: Error | null): void => onSpace(lack && (toScriptoriumError(lack) as ScriptoriumError));
      const native = new addon.NativeJournal({ ...rest, ...identity }, onDurable, failed, onDamage, space);
      const opened = await native.open();
      return new Journal(native, opened.identity, opened.report);
    });
  }

  /** What is known of a group, durable or not; all zeros for one that was never written. */
  group(group: number): GroupState {
    return calling(() => this.#native.group(group));
  }

  /** The groups that hold anything, ascending. */
  groups(): number[] {
    return calling(() => this.#native.groups());
  }

  /**
   * Appends one whole encoded batch, copying its bytes before it returns. It must start right after the tail of its group,
   * with a term not below the tail's (else BAD_OPTION). BAD_BATCH for a wrong shape or checksum, OVERLOADED when
   * maxPendingBytes wait for the disk, NO_SPACE while the disk is full, JOURNAL_FAILED, CLOSED.
   */
  append(batch: Uint8Array): number {
    return this.#written(calling(() => this.#native.append(batch)));
  }

  /**
   * Appends the batches that stand back to back in the first `length` bytes, complete but for their checksums, which are
   * written into them: for whoever makes batches, one call for all groups. Refused as `append` refuses; OVERLOADED and
   * NO_SPACE take none of them. Returns the ticket of the last.
   */
  sealAndAppend(batches: Uint8Array, length = batches.length): number {
    return this.#written(calling(() => this.#native.sealAndAppend(batches, length)));
  }

  /**
   * Whether so many batches, of so many bytes together, would be taken now: neither OVERLOADED nor NO_SPACE. Those that are
   * appended next then are taken, even if the disk turns out to be full. With 0 batches: whether terms, votes and cuts would
   * be, for which a full disk has a reserve.
   */
  admits(batches: number, bytes: number): boolean {
    return calling(() => this.#native.admits(batches, bytes));
  }

  /** Saves term and vote. BAD_OPTION if the term went back, or the vote of a term changed (R1). */
  saveHardState(group: number, state: HardState): number {
    return this.#written(calling(() => this.#native.saveHardState(group, state.term, state.votedFor)));
  }

  /** Cuts entries from `fromIndex` on, which must be where a batch starts; RANGE_GONE at or below the log's start. */
  truncateSuffix(group: number, fromIndex: number): number {
    return this.#written(calling(() => this.#native.truncateSuffix(group, fromIndex)));
  }

  /** Drops entries up to `index`, whose term is `term`; both stay as the virtual tail before the first entry (R24). */
  truncatePrefix(group: number, index: number, term: number): number {
    return this.#written(calling(() => this.#native.truncatePrefix(group, index, term)));
  }

  /** Notes how far a leader said the group had committed; comes back as `group().commitHint`. */
  saveCommitHint(group: number, hint: IndexTerm): number {
    return this.#written(calling(() => this.#native.saveCommitHint(group, hint.index, hint.term)));
  }

  /**
   * Whole batches back to back, from the one that holds `fromIndex`: at least one, then as many as fit `maxBytes`. Only
   * what is durable, checksums verified. RANGE_GONE, BEYOND_TAIL, ROTTEN (R29), IO_ERROR.
   */
  read(group: number, fromIndex: number, maxBytes: number): Promise<Uint8Array> {
    return promising(() => this.#native.read(group, fromIndex, maxBytes));
  }

  /**
   * Hands the disk what was appended, if it can take more, without waiting for the end of the turn; that happens by itself.
   * What became durable meanwhile is told later, never from here.
   */
  flush(): void {
    calling(() => this.#native.flush());
  }

  /** Parts of logs that are here and cannot be read, in order of group and index. */
  damage(): DamagedRange[] {
    return calling(() => this.#native.damage());
  }

  /**
   * Puts a whole encoded batch from another scribe where one was damaged: the very batch that stood there, else
   * BAD_OPTION. It can be read when the ticket is durable. Refused as `append` refuses besides.
   */
  repair(batch: Uint8Array): number {
    return this.#written(calling(() => this.#native.repair(batch)));
  }

  #written(ticket: number): number {
    if (!this.#flushing) {
      this.#flushing = true;
      process.nextTick(this.#flush);
    }
    return ticket;
  }

  stats(): JournalStats {
    return calling(() => this.#native.stats());
  }

  /** Makes durable what was appended, answers the reads, releases the directory. Rejects if the journal failed. */
  close(): Promise<void> {
    this.#closing ??= promising(() => this.#native.close());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
