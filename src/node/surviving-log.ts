/** The log of the best of several scribes that do not run; what its disk cannot read is read from another that holds it. */
import type { EntryId, LoggedConfiguration } from '../core/types.ts';
import { ScriptoriumError } from '../errors.ts';
import { GROUP } from '../runtime/scribe-driver.ts';
import type { Journal } from '../storage/journal.ts';
import type { GroupState } from '../storage/journal-types.ts';
import { decodeBatches } from '../wire/batch.ts';

const READ_BYTES = 1024 * 1024;

export class SurvivingLog {
  readonly #best: Journal;
  readonly #others: readonly Journal[];

  constructor(best: Journal, others: readonly Journal[]) {
    this.#best = best;
    this.#others = others;
  }

  get tail(): EntryId {
    return this.#best.group(GROUP).tail;
  }

  /** Whole batches back to back, the first of which begins at `index`. ROTTEN when no disk can read that one. */
  async read(index: number): Promise<Uint8Array> {
    try {
      return await this.#best.read(GROUP, index, READ_BYTES);
    } catch (error) {
      if (!isRotten(error)) throw error;
      return await this.#readElsewhere(index, error);
    }
  }

  /** The last entry up to which every one can be read, found by reading them. */
  async readable(): Promise<EntryId> {
    const { tail } = this;
    let last: EntryId = { index: 0, term: 0 };
    while (last.index < tail.index) {
      try {
        for (const { firstIndex, count, term } of decodeBatches(await this.read(last.index + 1)))
          last = { index: firstIndex + count - 1, term };
      } catch (error) {
        if (isRotten(error)) break;
        throw error;
      }
    }
    return last;
  }

  /** The newest up to `through`, an entry that can be read; null where there is none. */
  async configuration(through: EntryId): Promise<LoggedConfiguration | null> {
    const index = this.#best.group(GROUP).configurations.findLast((at) => at <= through.index);
    const [batch] = index === undefined ? [] : decodeBatches(await this.read(index));
    if (batch?.configuration === undefined) return null;
    return { id: { index: batch.firstIndex, term: batch.term }, configuration: batch.configuration };
  }

  /** One batch: in what follows the other log may not be the same. */
  async #readElsewhere(index: number, cause: unknown): Promise<Uint8Array> {
    const term = termAt(this.#best.group(GROUP), index);
    for (const journal of this.#others) {
      // Index and term name an entry, in every log.
      if (termAt(journal.group(GROUP), index) !== term) continue;
      try {
        return await journal.read(GROUP, index, 1);
      } catch (error) {
        if (!isRotten(error)) throw error;
      }
    }
    throw new ScriptoriumError('ROTTEN', `none of these disks can read entry ${index}`, { cause });
  }
}

const isRotten = (error: unknown): boolean => (error as { readonly code?: unknown }).code === 'ROTTEN';

function termAt({ termRuns, tail }: GroupState, index: number): number | undefined {
  return index > tail.index ? undefined : termRuns.findLast(({ firstIndex }) => firstIndex <= index)?.term;
}
