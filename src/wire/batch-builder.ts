/**
 * Builds command batches in memory that is used again: entries are copied to where they will stand, and sealing writes the
 * header before them. Holds one batch at a time; what `seal` returned is good until the next `begin`. Callers keep within
 * the limits of the format, which they ask with `fits`.
 */
import { MAX_BATCH_BYTES } from '../core/limits.ts';
import { BATCH_HEADER_BYTES, sealBatch } from './batch.ts';
import { ENTRY_HEADER_BYTES } from './entries.ts';

const INITIAL_BYTES = 4096;

export class BatchBuilder {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #end = BATCH_HEADER_BYTES;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Of the batch so far, header included. */
  get byteLength(): number {
    return this.#end;
  }

  /** Bytes of memory held. */
  get capacity(): number {
    return this.#bytes.length;
  }

  begin(): void {
    this.#end = BATCH_HEADER_BYTES;
    this.#count = 0;
  }

  /** Whether entries that take `sectionBytes` with their headers can still be added. */
  fits(sectionBytes: number): boolean {
    return this.#end + sectionBytes <= MAX_BATCH_BYTES;
  }

  add(entry: Uint8Array): void {
    const start = this.#end + ENTRY_HEADER_BYTES;
    const end = start + entry.length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#view.setUint32(this.#end, entry.length, true);
    this.#bytes.set(entry, start);
    this.#end = end;
    this.#count += 1;
  }

  /** The whole batch, aliasing this builder's memory. Checksums are made here, once for all entries. */
  seal(group: number, term: number, firstIndex: number): Uint8Array {
    const batch = this.#bytes.subarray(0, this.#end);
    sealBatch(batch, this.#view, { kind: 'command', group, term, firstIndex, timestampMillis: 0, count: this.#count });
    return batch;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.min(MAX_BATCH_BYTES, Math.max(needed, this.#bytes.length * 2)));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
