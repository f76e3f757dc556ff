/**
 * Walks the entries of whole batches that stand back to back, as a journal's read gives them, one at a time and without
 * copying. Checksums were verified where the bytes came from; shapes are checked here all the same, and what leads past
 * the end throws BAD_BATCH.
 */
import { ScriptoriumError } from '../errors.ts';
import { BATCH_HEADER_BYTES, readBatchPlace } from './batch.ts';
import { ENTRY_HEADER_BYTES, entryLength } from './entries.ts';

export class BatchCursor {
  readonly #bytes: Uint8Array;
  /** Where the next entry, or the next batch, begins. */
  #offset = 0;
  /** Entries of this batch that are still to come. */
  #left = 0;
  #index = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Of the entry that `next` returned last. */
  get index(): number {
    return this.#index;
  }

  /** The next entry, aliasing the bytes; null after the last one. */
  next(): Uint8Array | null {
    while (this.#left === 0) {
      if (this.#offset === this.#bytes.length) return null;
      this.#enterBatch();
    }
    const length = entryLength(this.#bytes, this.#offset);
    if (length < 0) throw new ScriptoriumError('BAD_BATCH', 'an entry leads past the end of what was read');
    const start = this.#offset + ENTRY_HEADER_BYTES;
    this.#offset = start + length;
    this.#left -= 1;
    this.#index += 1;
    return this.#bytes.subarray(start, this.#offset);
  }

  #enterBatch(): void {
    const { firstIndex, count } = readBatchPlace(this.#bytes, this.#offset);
    this.#offset += BATCH_HEADER_BYTES;
    this.#index = firstIndex - 1;
    this.#left = count;
  }
}
