/**
 * What donors give of their logs, and what of it a reader may take. Pure: the reader's log and whom to believe are catch-up.ts's
 * affair. Keeps R6: nothing is taken that does not follow, in the donor's own log, exactly the entry at which the reader's ends.
 */
import type { PeerKey } from './messages.ts';
import { type Batch, type EntryId, lastIndex, sameId } from './types.ts';

/** One read: under way while `answer` is null, else waiting for what lies before it. */
export interface Piece {
  readonly donor: PeerKey;
  readonly asOf: EntryId;
  readonly maxBytes: number;
  /** What it follows; of one that lies ahead the term is guessed until the donor confirms it. */
  prev: EntryId;
  /** Number of the request. */
  number: number;
  /** When it was asked for, or its donor answered something else since. */
  heardAt: number;
  /** Guesses so far. */
  tries: number;
  answer: { readonly batches: readonly Batch[]; readonly commit: EntryId } | null;
}

export const endOf = (batch: Batch): EntryId => ({ index: lastIndex(batch), term: batch.term });

const bytesOf = (batches: readonly Batch[]): number => batches.reduce((sum, { bytes }) => sum + bytes.length, 0);

/**
 * Whether this can be what was asked for: the batch that holds the entry after `prev`, and what comes after it, each under the
 * one before, no more than was asked for (one batch may be any size) and nothing beyond what the donor vouches for.
 */
export function isSound({ prev, asOf, maxBytes }: Piece, batches: readonly Batch[]): boolean {
  const first = batches[0];
  if (first === undefined || (batches.length > 1 && bytesOf(batches) > maxBytes)) return false;
  if (first.firstIndex > prev.index + 1 || lastIndex(first) <= prev.index) return false;
  // Batches are never cut: the first may begin before what was asked for, and is then of the term of `prev` itself.
  if (first.firstIndex <= prev.index && first.term !== prev.term) return false;
  let before = first.firstIndex <= prev.index ? { index: first.firstIndex - 1, term: first.term } : prev;
  for (const batch of batches) {
    if (batch.firstIndex !== before.index + 1 || batch.term < before.term) return false;
    before = endOf(batch);
  }
  return before.index <= asOf.index && before.term <= asOf.term;
}

/** What of an answered piece follows `tail`, or null where its donor's log does not show exactly that entry there (R6). */
export function following(tail: EntryId, prev: EntryId, batches: readonly Batch[]): readonly Batch[] | null {
  const at = batches.findIndex((batch) => lastIndex(batch) > tail.index);
  const first = batches[at];
  if (first === undefined) return [];
  const before = at === 0 ? prev : endOf(batches[at - 1] as Batch);
  return sameId(before, tail) && first.firstIndex === tail.index + 1 ? batches.slice(at) : null;
}
