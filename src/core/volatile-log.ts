/**
 * A worker's log: batches in memory from a base that moves up as the state machine applies. Keeps the uncommitted suffix
 * whole (so that failover needs no reading) and a bounded window of applied batches for followers a little behind (R16).
 */
import { assert } from './assert.ts';
import { TermMap } from './term-map.ts';
import { type Batch, type EntryId, type Index, lastIndex, ORIGIN } from './types.ts';

/** Dropped heads are cut off the array once this many have gathered. */
const COMPACT_AFTER = 1024;

export class VolatileLog {
  readonly terms = new TermMap(ORIGIN);
  #batches: (Batch | undefined)[] = [];
  /** Position of the first batch still held. */
  #head = 0;
  #bytes = 0;
  /** Bytes of batches above `#applied`. */
  #unappliedBytes = 0;
  #applied: Index = 0;
  #timestampMillis = 0;

  get base(): EntryId {
    return this.terms.base;
  }

  get tail(): EntryId {
    return this.terms.tail;
  }

  get unappliedBytes(): number {
    return this.#unappliedBytes;
  }

  /** Highest logged clock seen; a new batch may not be stamped below it. */
  get timestampMillis(): number {
    return this.#timestampMillis;
  }

  append(batch: Batch): void {
    assert(batch.firstIndex === this.tail.index + 1, 'batches are adjacent');
    this.terms.append(batch.count, batch.term);
    this.#batches.push(batch);
    this.#bytes += batch.bytes.length;
    this.#unappliedBytes += batch.bytes.length;
    this.#timestampMillis = Math.max(this.#timestampMillis, batch.timestampMillis);
  }

  /** Forget `[from, tail]`, which nothing has applied. */
  truncateFrom(from: Index): void {
    assert(from > this.#applied, 'applied entries are never truncated');
    this.terms.truncateFrom(from);
    while (this.#batches.length > this.#head && (this.#batches.at(-1) as Batch).firstIndex >= from) {
      const { length } = (this.#batches.pop() as Batch).bytes;
      this.#bytes -= length;
      this.#unappliedBytes -= length;
    }
  }

  /** The state machine has applied up to `index`; drop what no follower is owed. */
  applied(index: Index, windowBytes: number): void {
    for (const batch of this.#after(this.#applied)) {
      if (lastIndex(batch) > index) break;
      this.#unappliedBytes -= batch.bytes.length;
      this.#applied = lastIndex(batch);
    }
    let dropped: Batch | null = null;
    while (this.#head < this.#batches.length && this.#bytes > windowBytes) {
      const batch = this.#batches[this.#head] as Batch;
      if (lastIndex(batch) > this.#applied) break;
      this.#bytes -= batch.bytes.length;
      this.#batches[this.#head++] = undefined; // its bytes are free at once, not when the array is cut (R16)
      dropped = batch;
    }
    if (dropped !== null) this.terms.dropThrough(lastIndex(dropped));
    if (this.#head > COMPACT_AFTER) {
      this.#batches.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** As `TermMap.hintFor`, but always where a batch ends, or the base: a log is cut and sent on only there. */
  hintFor(id: EntryId): EntryId {
    const hint = this.terms.hintFor(id);
    const holder = this.#batches[this.#positionAfter(hint.index) - 1] as Batch;
    const isInside = hint.index > this.base.index && lastIndex(holder) > hint.index;
    return isInside ? this.terms.idAt(holder.firstIndex - 1) : hint;
  }

  /** Whole batches from `from` (a batch border within the window): about `maxBytes`, at least one unless `from` is past the tail. */
  slice(from: Index, maxBytes: number): readonly Batch[] {
    const batches: Batch[] = [];
    let bytes = 0;
    for (const batch of this.#after(from - 1)) {
      if (batches.length > 0 && bytes + batch.bytes.length > maxBytes) break;
      batches.push(batch);
      bytes += batch.bytes.length;
    }
    return batches;
  }

  /** Batches that lie in `(after, through]`. */
  between(after: Index, through: Index): readonly Batch[] {
    const batches: Batch[] = [];
    for (const batch of this.#after(after)) {
      if (lastIndex(batch) > through) break;
      batches.push(batch);
    }
    return batches;
  }

  *#after(index: Index): Generator<Batch> {
    for (let position = this.#positionAfter(index); position < this.#batches.length; position++) {
      yield this.#batches[position] as Batch;
    }
  }

  /** Where the batches above `index` begin, found by binary search. */
  #positionAfter(index: Index): number {
    let low = this.#head;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches[middle] as Batch).firstIndex <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
