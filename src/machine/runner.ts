/**
 * Applies committed entries to one state machine, in its thread. Keeps: indexes are dense, so an entry is applied once or
 * not at all and a gap is never silent; a command that throws is that command's result (R33) and the log goes on; a read
 * never runs on a state older than the one it was asked for.
 */
import { assert } from '../core/assert.ts';
import { iterateEntries } from '../wire/entries.ts';
import type { EntryContext, StateMachine } from './contract.ts';
import { ResultWriter } from './result-writer.ts';
import type { ApplyOutcome, ApplyTask, PlacedBatch, ReadOutcome, ReadTask } from './tasks.ts';
import type { Whereabouts } from './whereabouts.ts';

/**
 * Results of one batch together, apart from their headers. Bounded by batch and not by run: batches are the same on all workers and
 * for ever, and so is then which results are dropped; what makes up a run depends on the hour.
 */
export const MAX_BATCH_RESULTS_BYTES = 16 * 1024 * 1024;
/** With so many bytes of answers a run of queries is over. */
const ENOUGH_ANSWER_BYTES = 16 * 1024 * 1024;

export class Runner {
  readonly #machine: StateMachine;
  readonly #whereabouts: Whereabouts;
  readonly #results = new ResultWriter();
  #appliedIndex = 0;

  constructor(machine: StateMachine, whereabouts: Whereabouts) {
    this.#machine = machine;
    this.#whereabouts = whereabouts;
  }

  apply({ run, batches, bytes }: ApplyTask): ApplyOutcome & { readonly bytes: Uint8Array<ArrayBuffer> } {
    const sectionBytes: (number | null)[] = [];
    let offset = 0;
    for (const batch of batches) {
      assert(batch.firstIndex === this.#appliedIndex + 1, `index ${batch.firstIndex} follows ${this.#appliedIndex}`);
      if (batch.sectionBytes === null) {
        sectionBytes.push(null);
      } else {
        const before = this.#results.byteLength;
        this.#results.allow(MAX_BATCH_RESULTS_BYTES);
        this.#applySection(run, batch, bytes.subarray(offset, offset + batch.sectionBytes));
        if (!batch.wantsResults) this.#results.cut(before);
        sectionBytes.push(batch.wantsResults ? this.#results.byteLength - before : null);
        offset += batch.sectionBytes;
      }
      this.#appliedIndex += batch.count;
    }
    this.#whereabouts.end();
    return { bytes: this.#results.take(), sectionBytes };
  }

  /** Stops when the answers have become large; the first is always among them. */
  read({ run, minimumIndex, queries }: ReadTask): ReadOutcome & { readonly bytes: Uint8Array<ArrayBuffer> } {
    assert(this.#appliedIndex >= minimumIndex, `a read at ${minimumIndex} on the state of ${this.#appliedIndex}`);
    this.#results.allow(Number.POSITIVE_INFINITY);
    let count = 0;
    for (const query of queries) {
      if (this.#results.byteLength >= ENOUGH_ANSWER_BYTES) break;
      this.#whereabouts.begin(run, count++);
      this.#results.record(() => this.#machine.read(query));
    }
    this.#whereabouts.end();
    return { bytes: this.#results.take(), count };
  }

  #applySection(run: number, { firstIndex, term, timestampMillis, count }: PlacedBatch, section: Uint8Array): void {
    let index = firstIndex;
    for (const command of iterateEntries(section)) {
      const context: EntryContext = { index, term, timestampMillis };
      this.#whereabouts.begin(run, index);
      this.#results.record(() => this.#machine.apply(command, context));
      index++;
    }
    assert(index === firstIndex + count, `${count} entries in the batch at ${firstIndex}, found ${index - firstIndex}`);
  }
}
