/** Batches of one message follow each other without a gap and never go back in term; anything else is no log (N20). */
import { type Batch, type EntryId, lastIndex } from '../core/types.ts';
import { badFrame } from './byte-reader.ts';

/** Checks that `batches` follow `prev`; null when the message does not say what they follow. Returns where they end. */
export function checkAdjacent(prev: EntryId | null, batches: readonly Batch[]): EntryId {
  let end = prev;
  for (const batch of batches) {
    if (end !== null && batch.firstIndex !== end.index + 1) throw badFrame('batches that do not follow each other');
    if (end !== null && batch.term < end.term) throw badFrame('batches whose terms go back');
    end = { index: lastIndex(batch), term: batch.term };
  }
  return end ?? { index: 0, term: 0 };
}
