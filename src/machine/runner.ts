/**
 * Applies committed entries to one state machine, in its thread. Keeps: indexes are dense, so an entry is applied once or
 * not at all and a gap is never silent; a command that throws is that command's result (R33) and the log goes on; a read
 * never runs on a state older than the one it was asked for.
 */
import { assert } from '../core/assert.ts';
import { iterateEntries } from '../wire/entries.ts';
import type { EntryContext, StateMachine } from './contract.ts';
import { ResultWriter } from './result-writer.ts';
import type { ApplyOutcome, ApplyTask, PlacedBatch, ReadTask } from './tasks.ts';
import type { Whereabouts } from './whereabouts.ts';

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
        this.#applySection(run, batch, bytes.subarray(offset, offset + batch.sectionBytes));
        sectionBytes.push(this.#results.byteLength - before);
        offset += batch.sectionBytes;
      }
      this.#appliedIndex += batch.count;
    }
    this.#whereabouts.end();
    return { bytes: this.#results.take(), sectionBytes };
  }

  read({ run, minimumIndex, queries }: ReadTask): Uint8Array<ArrayBuffer> {
    assert(this.#appliedIndex >= minimumIndex, `a read at ${minimumIndex} on the state of ${this.#appliedIndex}`);
    for (const [position, query] of queries.entries()) {
      this.#whereabouts.begin(run, position);
      this.#results.record(() => this.#machine.read(query));
    }
    this.#whereabouts.end();
    return this.#results.take();
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
