/**
 * Carries what the logs of one directory append to their journal. Appends are copied to a stage as they come; the stage goes
 * to the journal when enough bytes stand in it, so that the disk works while the turn goes on, and at the end of the turn
 * behind its microtasks, so that a thousand callers that go on at the same time share a few group commits. Bounds what waits
 * for the disk. Must never settle anything before its ticket is durable, and takes nothing any more once the journal failed
 * or was closed.
 */
import { MAX_BATCH_BYTES } from '../core/limits.ts';
import { ScriptoriumError } from '../errors.ts';
import { BatchStage } from '../wire/batch-stage.ts';
import { ENTRY_HEADER_BYTES } from '../wire/entries.ts';
import type { Journal } from './journal.ts';
import { type AppendOwner, PendingAppends } from './pending-appends.ts';

/** A log that appends. */
export interface Appender extends AppendOwner {
  readonly group: number;
  /** Index of its next entry. */
  nextIndex: number;
}

/** What was handed to the journal under one ticket. */
interface Handed {
  readonly ticket: number;
  /** Appends before this place become durable with it. */
  readonly place: number;
  readonly bytes: number;
  /** Of a record that is no append: told when it is durable, or will not be. */
  readonly settle: ((error: ScriptoriumError | null) => void) | null;
  next: Handed | null;
}

/** A batch in the stage, to be taken back if the journal refuses it. */
interface Staged {
  readonly appender: Appender;
  readonly firstIndex: number;
}

/** There is one writer and nobody to disagree with. */
export const TERM = 1;
/** Enough for the disk to be worth starting; small enough that the first of many callers goes on before the last began. */
const HAND_OVER_BYTES = 32 * 1024;

export class TickCommit {
  readonly #journal: () => Journal;
  readonly #maxPendingBytes: number;
  readonly #stage = new BatchStage();
  readonly #pending = new PendingAppends();
  #staged: Staged[] = [];
  #stagedBytes = 0;
  #stagedPlace = 0;
  #current: Appender | null = null;
  #turnEnds = false;
  #refusal: ScriptoriumError | null = null;
  #pendingBytes = 0;
  #oldest: Handed | null = null;
  #newest: Handed | null = null;

  /** `journal` is asked for when there is something for it. */
  constructor(journal: () => Journal, maxPendingBytes: number) {
    this.#journal = journal;
    this.#maxPendingBytes = maxPendingBytes;
  }

  /** Bytes of entries that wait for the disk. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Why nothing is taken any more, null while something is. */
  get refusal(): ScriptoriumError | null {
    return this.#refusal;
  }

  append(appender: Appender, entry: Uint8Array): Promise<number> {
    const bytes = ENTRY_HEADER_BYTES + entry.length;
    if (!this.#admits(bytes)) return Promise.reject(this.#whyNot());
    this.#prepare(appender, bytes);
    this.#stage.add(entry);
    return this.#added(appender, 1, bytes);
  }

  /** All next to each other in one batch; resolves with the index of the last. They take `bytes` with their headers. */
  appendBatch(appender: Appender, entries: readonly Uint8Array[], bytes: number): Promise<number> {
    if (!this.#admits(bytes)) return Promise.reject(this.#whyNot());
    this.#prepare(appender, bytes);
    for (const entry of entries) this.#stage.add(entry);
    return this.#added(appender, entries.length, bytes);
  }

  /** Resolves when the record with this ticket, which is no append, is durable. */
  whenDurable(ticket: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: ScriptoriumError | null): void => (error === null ? resolve() : reject(error));
      this.#track({ ticket, place: 0, bytes: 0, settle, next: null });
    });
  }

  /** Gives the journal what was appended in this turn. */
  handOver(): void {
    if (this.#staged.length === 0) return;
    const place = this.#pending.place;
    this.#stage.close();
    try {
      const ticket = this.#journal().sealAndAppend(this.#stage.bytes, this.#stage.byteLength);
      this.#track({ ticket, place, bytes: this.#stagedBytes, settle: null, next: null });
    } catch (error) {
      this.#takeBack(error);
    }
    this.#stage.clear();
    this.#staged = [];
    this.#stagedBytes = 0;
    this.#stagedPlace = this.#pending.place;
    this.#current = null;
  }

  /** The journal's word that everything up to `ticket` is durable. */
  durable(ticket: number): void {
    let handed = this.#oldest;
    for (; handed !== null && handed.ticket <= ticket; handed = handed.next) {
      this.#pendingBytes -= handed.bytes;
      this.#pending.resolveBefore(handed.place);
      handed.settle?.(null);
    }
    this.#oldest = handed;
    if (handed === null) this.#newest = null;
  }

  /** The journal's word that nothing more becomes durable (R30). */
  fail(error: ScriptoriumError): void {
    this.stop(new ScriptoriumError(error.code, error.message, { cause: error, outcome: 'not-executed' }));
    const unknown = new ScriptoriumError(error.code, error.message, { cause: error, outcome: 'unknown' });
    this.#pending.rejectFrom(0, unknown);
    for (let handed = this.#oldest; handed !== null; handed = handed.next) handed.settle?.(unknown);
    this.#oldest = null;
    this.#newest = null;
  }

  /** Hands over what was begun and takes nothing more, for the reason given. */
  stop(refusal: ScriptoriumError): void {
    this.handOver();
    this.#refusal ??= refusal;
  }

  #admits(bytes: number): boolean {
    return this.#refusal === null && this.#pendingBytes + bytes <= this.#maxPendingBytes;
  }

  #whyNot(): ScriptoriumError {
    return this.#refusal ?? new ScriptoriumError('OVERLOADED', 'more than maxPendingBytes wait for the disk');
  }

  /** Sees to it that entries that take `bytes` go to a batch of this log. */
  #prepare(appender: Appender, bytes: number): void {
    if (this.#stage.batchBytes + bytes > MAX_BATCH_BYTES) this.handOver();
    if (this.#current === appender) return;
    this.#stage.begin(appender.group, TERM, appender.nextIndex);
    this.#staged.push({ appender, firstIndex: appender.nextIndex });
    this.#current = appender;
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    process.nextTick(this.#endOfTurn);
  }

  #added(appender: Appender, count: number, bytes: number): Promise<number> {
    appender.nextIndex += count;
    this.#pendingBytes += bytes;
    this.#stagedBytes += bytes;
    const promise = this.#pending.add(appender, appender.nextIndex - 1);
    if (this.#stage.byteLength >= HAND_OVER_BYTES) {
      this.handOver();
      this.#journal().flush();
    }
    return promise;
  }

  readonly #endOfTurn = (): void => {
    this.#turnEnds = false;
    this.handOver();
  };

  #track(handed: Handed): void {
    if (this.#newest === null) this.#oldest = handed;
    else this.#newest.next = handed;
    this.#newest = handed;
  }

  /** Nothing of the stage was taken, and nothing follows it yet: its indexes are free again. */
  #takeBack(error: unknown): void {
    for (const { appender, firstIndex } of this.#staged.reverse()) appender.nextIndex = firstIndex;
    this.#pendingBytes -= this.#stagedBytes;
    this.#pending.rejectFrom(this.#stagedPlace, notExecuted(error));
  }
}

/** The journal's word for what it did not take; a journal that failed says `unknown` of what it had taken. */
function notExecuted(error: unknown): Error {
  if (!(error instanceof ScriptoriumError)) return error as Error;
  return new ScriptoriumError(error.code, error.message, { cause: error, outcome: 'not-executed' });
}
