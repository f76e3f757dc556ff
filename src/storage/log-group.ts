/**
 * One log of entries in a directory. Appends get their indexes at once, are copied straight into the batch of this turn,
 * and are told their index when it is durable; indexes are dense and start at 1. Says nothing of an entry, to readers either, before it is durable.
 */
import { types } from 'node:util';
import { MAX_BATCH_BYTES, MAX_ENTRY_BYTES } from '../core/limits.ts';
import { ScriptoriumError } from '../errors.ts';
import { BATCH_HEADER_BYTES } from '../wire/batch.ts';
import { ENTRY_HEADER_BYTES } from '../wire/entries.ts';
import type { Journal } from './journal.ts';
import { type LogEntry, type ReadOptions, readLog } from './log-reader.ts';
import { type Appender, TERM, type TickCommit } from './tick-commit.ts';
import { orAborted, WaitingReaders } from './waiting.ts';

export interface AppendOptions {
  /** Aborting means "stop waiting" (ABORTED): what was appended may still become durable. */
  readonly signal?: AbortSignal;
}

export class LogGroup {
  readonly group: number;
  readonly #journal: Journal;
  readonly #commit: TickCommit;
  readonly #readers = new WaitingReaders();
  readonly #appender: Appender;
  #durableIndex: number;
  #startIndex: number;

  constructor(group: number, journal: Journal, commit: TickCommit) {
    const { logStart, tail } = journal.group(group);
    this.group = group;
    this.#journal = journal;
    this.#commit = commit;
    this.#durableIndex = tail.index;
    this.#startIndex = logStart.index;
    this.#appender = {
      group,
      nextIndex: tail.index + 1,
      durableThrough: (index) => {
        this.#durableIndex = index;
        this.#readers.wake();
      },
    };
  }

  /** Index of the first entry that was not dropped. */
  get firstIndex(): number {
    return this.#startIndex + 1;
  }

  /** Index of the last durable entry; `firstIndex - 1` if there is none. */
  get lastIndex(): number {
    return this.#durableIndex;
  }

  /**
   * Appends one entry of at most 1 MiB, copying it before this returns; resolves with its index once it is durable.
   * Rejects with TOO_LARGE, OVERLOADED, NO_SPACE, JOURNAL_FAILED, CLOSED, or ABORTED; each says in `outcome` what is known.
   */
  append(entry: Uint8Array, options?: AppendOptions): Promise<number> {
    const refusal = checkEntry(entry) ?? checkSignal(options?.signal);
    if (refusal !== null) return Promise.reject(refusal);
    return orAborted(this.#commit.append(this.#appender, entry), options?.signal);
  }

  /**
   * Appends entries next to each other, all of them or, whatever happens, none; resolves with the index of the first. An
   * entry takes 4 bytes besides its own, and together they must fit a batch of 4 MiB.
   */
  async appendBatch(entries: readonly Uint8Array[], options?: AppendOptions): Promise<number> {
    const refusal = checkEntries(entries) ?? checkSignal(options?.signal);
    if (refusal !== null) throw refusal;
    let bytes = 0;
    for (const entry of entries) bytes += ENTRY_HEADER_BYTES + entry.length;
    if (bytes > MAX_BATCH_BYTES - BATCH_HEADER_BYTES) throw tooLarge('a batch', bytes, MAX_BATCH_BYTES);
    const last = await orAborted(this.#commit.appendBatch(this.#appender, entries, bytes), options?.signal);
    return last - entries.length + 1;
  }

  /**
   * Durable entries in order, from `from` on (default: the first there is) to the last that is durable when this is called;
   * with `live`, on and on, until the log is closed. Rejects with RANGE_GONE, ROTTEN, ABORTED.
   */
  read(options: ReadOptions = {}): AsyncGenerator<LogEntry, void, undefined> {
    return readLog(
      {
        firstIndex: () => this.firstIndex,
        lastIndex: () => this.#durableIndex,
        refusal: () => this.#commit.refusal,
        news: (signal) => this.#readers.wait(signal),
        readBatches: (fromIndex, maxBytes) => this.#journal.read(this.group, fromIndex, maxBytes),
      },
      options,
    );
  }

  /**
   * Drops the entries up to `index`, which must be durable; resolves when that is durable itself. Their space is used again
   * as whole segments become free.
   */
  async truncatePrefix(index: number): Promise<void> {
    if (!Number.isSafeInteger(index) || index < 0) {
      throw new ScriptoriumError('BAD_OPTION', `truncatePrefix: ${index} is not an index`);
    }
    if (index > this.#durableIndex) {
      throw new ScriptoriumError('BEYOND_TAIL', `index ${index} is beyond the last durable one, ${this.#durableIndex}`);
    }
    if (this.#commit.refusal !== null) throw this.#commit.refusal;
    if (index <= this.#startIndex) return;
    // Behind what this turn appended, so that records become durable in the order of the calls.
    this.#commit.handOver();
    const ticket = this.#journal.truncatePrefix(this.group, index, TERM);
    this.#startIndex = index;
    await this.#commit.whenDurable(ticket);
  }

  /** To be called when there is news of the journal besides what became durable. */
  wakeReaders(): void {
    this.#readers.wake();
  }
}

const tooLarge = (what: string, bytes: number, limit: number): ScriptoriumError =>
  new ScriptoriumError('TOO_LARGE', `${what} of ${bytes} bytes; the limit is ${limit}`);

function checkEntry(entry: unknown): ScriptoriumError | null {
  if (!types.isUint8Array(entry)) return new ScriptoriumError('BAD_OPTION', 'an entry must be a Uint8Array');
  return entry.length > MAX_ENTRY_BYTES ? tooLarge('an entry', entry.length, MAX_ENTRY_BYTES) : null;
}

function checkEntries(entries: readonly unknown[]): ScriptoriumError | null {
  if (!Array.isArray(entries) || entries.length === 0) {
    return new ScriptoriumError('BAD_OPTION', 'a batch must be an array of at least one entry');
  }
  for (const entry of entries) {
    const refusal = checkEntry(entry);
    if (refusal !== null) return refusal;
  }
  return null;
}

const checkSignal = (signal: AbortSignal | undefined): ScriptoriumError | null =>
  signal?.aborted === true
    ? new ScriptoriumError('DEADLINE_PASSED', 'the call was aborted before anything was appended')
    : null;
