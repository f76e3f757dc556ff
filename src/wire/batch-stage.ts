/**
 * Batches back to back in memory that is used again, complete but for their checksums, which the engine writes where it
 * copies them anyway. Entries are copied to where they will stand; consecutive ones of the same log share a batch. What
 * `bytes` holds is good until the next `clear`. Callers keep within the limits of the format.
 */
import { BATCH_HEADER_BYTES, writeBatchHeader } from './batch.ts';
import { ENTRY_HEADER_BYTES } from './entries.ts';

const INITIAL_BYTES = 64 * 1024;
/** More memory than this is not kept for the next time. */
const MAX_KEPT_BYTES = 1024 * 1024;

export class BatchStage {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;
  /** Where the batch that entries go to starts, its entries, and whose it is. */
  #start = 0;
  #count = 0;
  #group = 0;
  #term = 0;
  #firstIndex = 0;

  /** Whole memory; the batches stand in the first `byteLength` bytes once `close` was called. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get byteLength(): number {
    return this.#end;
  }

  /** Of the batch that entries go to now, header included. */
  get batchBytes(): number {
    return this.#end - this.#start;
  }

  /** Entries from now on are those of `group` from `firstIndex` on. */
  begin(group: number, term: number, firstIndex: number): void {
    this.close();
    this.#reserve(BATCH_HEADER_BYTES);
    this.#start = this.#end;
    this.#end += BATCH_HEADER_BYTES;
    this.#group = group;
    this.#term = term;
    this.#firstIndex = firstIndex;
  }

  add(entry: Uint8Array): void {
    const length = entry.length;
    this.#reserve(ENTRY_HEADER_BYTES + length);
    this.#view.setUint32(this.#end, length, true);
    this.#bytes.set(entry, this.#end + ENTRY_HEADER_BYTES);
    this.#end += ENTRY_HEADER_BYTES + length;
    this.#count += 1;
  }

  /** Writes the header of the batch that entries went to. */
  close(): void {
    if (this.#count === 0) return;
    writeBatchHeader(this.#view, this.#start, this.batchBytes, {
      kind: 'command',
      group: this.#group,
      term: this.#term,
      firstIndex: this.#firstIndex,
      timestampMillis: 0,
      count: this.#count,
    });
    this.#count = 0;
  }

  clear(): void {
    this.#end = 0;
    this.#start = 0;
    this.#count = 0;
    if (this.#bytes.length <= MAX_KEPT_BYTES) return;
    this.#bytes = new Uint8Array(INITIAL_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
