/**
 * Carries what the logs of one directory append to their journal: everything of one turn of the event loop goes at its
 * end, behind the microtasks of that turn, so that a thousand callers that go on at the same time share one batch of each
 * log and one group commit. Bounds what waits for the disk. Must never settle anything before its ticket is durable, and
 * takes nothing any more once the journal failed or was closed.
 */
import { ScriptoriumError } from '../errors.ts';
import { BatchBuilder } from '../wire/batch-builder.ts';

/** Who is told what became of a record: a log, of its entries up to `lastIndex`; or whoever waits for something else. */
export interface RecordOwner {
  durable(lastIndex: number): void;
  failed(error: ScriptoriumError): void;
}

/** A log with a batch under way. */
export interface BatchOwner extends RecordOwner {
  /** Gives the journal the batch that was begun, if there is one. */
  handOver(): void;
}

interface RecordInFlight {
  readonly ticket: number;
  readonly owner: RecordOwner;
  readonly lastIndex: number;
  readonly bytes: number;
  next: RecordInFlight | null;
}

/** Builders are kept for the next turn while they hold no more memory than this. */
const MAX_SPARE_BYTES = 16 * 1024 * 1024;

export class TickCommit {
  readonly #maxPendingBytes: number;
  #refusal: ScriptoriumError | null = null;
  #pendingBytes = 0;
  #durableTicket = 0;
  #oldest: RecordInFlight | null = null;
  #newest: RecordInFlight | null = null;
  /** Begun in this turn. */
  readonly #begun: BatchOwner[] = [];
  readonly #spare: BatchBuilder[] = [];
  #spareBytes = 0;

  constructor(maxPendingBytes: number) {
    this.#maxPendingBytes = maxPendingBytes;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Why nothing is taken any more, null while something is. */
  get refusal(): ScriptoriumError | null {
    return this.#refusal;
  }

  /** Whether `bytes` more may wait; they count from now on. */
  admit(bytes: number): boolean {
    if (this.#refusal !== null || this.#pendingBytes + bytes > this.#maxPendingBytes) return false;
    this.#pendingBytes += bytes;
    return true;
  }

  /** Why `admit` said no. */
  whyNot(): ScriptoriumError {
    return this.#refusal ?? new ScriptoriumError('OVERLOADED', 'more than maxPendingBytes wait for the disk');
  }

  /** A builder for a batch that `owner` hands over at the end of this turn at the latest. */
  begin(owner: BatchOwner): BatchBuilder {
    if (this.#begun.length === 0) process.nextTick(this.#endOfTurn);
    this.#begun.push(owner);
    const builder = this.#spare.pop();
    if (builder === undefined) return new BatchBuilder();
    this.#spareBytes -= builder.capacity;
    builder.begin();
    return builder;
  }

  /** Takes a builder back whose batch was handed over. */
  giveBack(builder: BatchBuilder): void {
    if (this.#spareBytes + builder.capacity > MAX_SPARE_BYTES) return;
    this.#spareBytes += builder.capacity;
    this.#spare.push(builder);
  }

  /** Tells `owner` when the record with this ticket is durable; `bytes` of it were admitted. */
  track(ticket: number, owner: RecordOwner, lastIndex: number, bytes: number): void {
    const record: RecordInFlight = { ticket, owner, lastIndex, bytes, next: null };
    if (this.#newest === null) this.#oldest = record;
    else this.#newest.next = record;
    this.#newest = record;
  }

  /** Of what was admitted, `bytes` were refused by the journal. */
  release(bytes: number): void {
    this.#pendingBytes -= bytes;
  }

  readonly #endOfTurn = (): void => {
    // What follows may hand over more, but begins nothing.
    for (const owner of this.#begun) owner.handOver();
    this.#begun.length = 0;
    this.#settle();
  };

  /** The journal's word that everything up to `ticket` is durable. */
  durable(ticket: number): void {
    this.#durableTicket = ticket;
    this.#settle();
  }

  #settle(): void {
    let record = this.#oldest;
    while (record !== null && record.ticket <= this.#durableTicket) {
      this.#pendingBytes -= record.bytes;
      record.owner.durable(record.lastIndex);
      record = record.next;
    }
    this.#oldest = record;
    if (record === null) this.#newest = null;
  }

  /** The journal's word that nothing more becomes durable (R30). */
  fail(error: ScriptoriumError): void {
    this.stop(new ScriptoriumError(error.code, error.message, { cause: error, outcome: 'not-executed' }));
    const unknown = new ScriptoriumError(error.code, error.message, { cause: error, outcome: 'unknown' });
    for (let record = this.#oldest; record !== null; record = record.next) record.owner.failed(unknown);
    this.#oldest = null;
    this.#newest = null;
  }

  /** Hands over what was begun and takes nothing more, for the reason given. */
  stop(refusal: ScriptoriumError): void {
    this.#endOfTurn();
    this.#refusal ??= refusal;
  }
}

/** Settles when the record with this ticket is durable. */
export function whenDurable(commit: TickCommit, ticket: number): Promise<void> {
  return new Promise((resolve, reject) => commit.track(ticket, { durable: () => resolve(), failed: reject }, 0, 0));
}
