/**
 * A durable log for one process: append bytes, get their index once they are on the disk, read them back in order. One
 * directory holds as many logs as wanted, by number; they share its journal, and with it one group commit. Calling the
 * methods of the directory itself means its log 0.
 */
import { isScriptoriumError, ScriptoriumError } from '../errors.ts';
import { Journal } from './journal.ts';
import type { JournalOptions, JournalStats, RecoveryReport } from './journal-types.ts';
import { type AppendOptions, LogGroup } from './log-group.ts';
import type { LogEntry, ReadOptions } from './log-reader.ts';
import { TickCommit } from './tick-commit.ts';

export interface DurableLogOptions
  extends Omit<JournalOptions, 'identity' | 'maxPendingBytes' | 'onDurable' | 'onFailure'> {
  /** Make the log if the directory is absent or empty; default false: NOT_FORMATTED. Never formats over anything. */
  readonly create?: boolean;
  /** Bytes of entries that may wait for the disk before appends are OVERLOADED; default 64 MiB, from 4 to 512 MiB. */
  readonly maxPendingBytes?: number;
}

export interface DurableLogStats extends JournalStats {
  /** Bytes of entries that wait for the disk. */
  readonly pendingBytes: number;
}

/** Whose journal it is: a scribe's must not be appended to without its protocol, so it is refused by name. */
const OWNER = 'durable-log';
const MEBIBYTE = 1024 * 1024;

export class DurableLog {
  /** What opening found, kept and dropped. */
  readonly report: RecoveryReport;
  readonly #journal: Journal;
  readonly #commit: TickCommit;
  readonly #groups: Map<number, LogGroup>;
  readonly #main: LogGroup;
  #closing: Promise<void> | null = null;

  private constructor(journal: Journal, commit: TickCommit, groups: Map<number, LogGroup>) {
    this.report = journal.report;
    this.#journal = journal;
    this.#commit = commit;
    this.#groups = groups;
    this.#main = this.group(0);
  }

  /**
   * Locks the directory, recovers what it holds, and makes that durable; `report` says what was found. Refuses, changing
   * nothing, with NOT_FORMATTED, NOT_EMPTY, WRONG_IDENTITY (a scribe's journal), LOCKED, ROTTEN, UNCERTAIN_TAIL and others.
   */
  static async open(options: DurableLogOptions): Promise<DurableLog> {
    const { create = false, maxPendingBytes = 64 * MEBIBYTE, ...rest } = options;
    if (!(maxPendingBytes >= 4 * MEBIBYTE && maxPendingBytes <= 512 * MEBIBYTE)) {
      throw new ScriptoriumError('BAD_OPTION', 'maxPendingBytes must be from 4 MiB to 512 MiB');
    }
    const commit = new TickCommit(() => journal, maxPendingBytes);
    const groups = new Map<number, LogGroup>();
    const journalOptions: JournalOptions = {
      ...rest,
      identity: { scribeId: OWNER },
      // The journal counts headers as well, and lets go of a block a little after it said that it is durable.
      maxPendingBytes: maxPendingBytes * 2,
      onDurable: (ticket) => commit.durable(ticket),
      onFailure: (error) => {
        commit.fail(error);
        for (const group of groups.values()) group.wakeReaders();
      },
    };
    const journal: Journal = create ? await openOrCreate(journalOptions) : await Journal.open(journalOptions);
    return new DurableLog(journal, commit, groups);
  }

  /** The log of this number, 0 or more; it need not exist before. */
  group(number: number): LogGroup {
    const known = this.#groups.get(number);
    if (known !== undefined) return known;
    const group = new LogGroup(number, this.#journal, this.#commit);
    this.#groups.set(number, group);
    return group;
  }

  /** Numbers of the logs that hold anything, ascending. */
  groups(): number[] {
    return this.#journal.groups();
  }

  get firstIndex(): number {
    return this.#main.firstIndex;
  }

  get lastIndex(): number {
    return this.#main.lastIndex;
  }

  append(entry: Uint8Array, options?: AppendOptions): Promise<number> {
    return this.#main.append(entry, options);
  }

  appendBatch(entries: readonly Uint8Array[], options?: AppendOptions): Promise<number> {
    return this.#main.appendBatch(entries, options);
  }

  read(options?: ReadOptions): AsyncGenerator<LogEntry, void, undefined> {
    return this.#main.read(options);
  }

  truncatePrefix(index: number): Promise<void> {
    return this.#main.truncatePrefix(index);
  }

  stats(): DurableLogStats {
    return { ...this.#journal.stats(), pendingBytes: this.#commit.pendingBytes };
  }

  /**
   * Makes durable what was appended, settles every append, ends what reads live, and releases the directory. Rejects if the
   * journal failed. Closing again gives the same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#commit.stop(new ScriptoriumError('CLOSED', 'the log was closed'));
    try {
      await this.#journal.close();
    } finally {
      for (const group of this.#groups.values()) group.wakeReaders();
    }
  }
}

async function openOrCreate(options: JournalOptions): Promise<Journal> {
  try {
    return await Journal.open(options);
  } catch (error) {
    if (!isScriptoriumError(error) || error.code !== 'NOT_FORMATTED') throw error;
  }
  const { directory, segmentBytes, allowBuffered } = options;
  await Journal.format({
    directory,
    identity: { scribeId: OWNER },
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
    ...(allowBuffered === undefined ? {} : { allowBuffered }),
  });
  return Journal.open(options);
}
