/**
 * How a follower, scribe or learner, fits batches of a leader's log into its own (Raft §5.3, AppendEntries steps 2–4). Pure
 * questions over a TermMap; the caller carries out the answer.
 */
import type { TermMap } from './term-map.ts';
import { type Batch, type EntryId, type Index, lastIndex } from './types.ts';

export type Match =
  /** `prev` is not in this log; `hint` is where the sender should try next (R18). */
  | { readonly kind: 'conflict'; readonly hint: EntryId }
  /** Truncate from there first (null: nothing conflicts), then append `fresh`; the logs then agree up to `through`. */
  | {
      readonly kind: 'match';
      readonly truncateFrom: Index | null;
      readonly fresh: readonly Batch[];
      readonly through: Index;
    };

/**
 * `prev` and `batches` come from a log that the sender vouches for; batches are adjacent and follow `prev` (checked by the
 * codec). Only a term mismatch ever asks for truncation, at the first conflicting entry: a shorter or delayed message that
 * matches truncates nothing (R12). A `prev` below the base is committed here and everywhere, so it matches.
 */
export function matchBatches(log: TermMap, prev: EntryId, batches: readonly Batch[]): Match {
  const through = batches.length === 0 ? prev.index : lastIndex(batches[batches.length - 1] as Batch);
  if (prev.index >= log.base.index && !log.holds(prev)) return { kind: 'conflict', hint: log.hintFor(prev) };
  for (const [position, batch] of batches.entries()) {
    if (lastIndex(batch) <= log.base.index) continue;
    const term = log.termAt(batch.firstIndex);
    if (term === batch.term) continue; // the same batch: one leader per term builds each index once, and never re-cuts
    // No leader's log looks like that: nothing of it is taken, whatever sent it.
    if (!follows(log, batch)) return { kind: 'match', truncateFrom: null, fresh: [], through: prev.index };
    return {
      kind: 'match',
      truncateFrom: term === undefined ? null : batch.firstIndex,
      fresh: batches.slice(position),
      through,
    };
  }
  return { kind: 'match', truncateFrom: null, fresh: [], through };
}

/** Whether the batch can stand behind the entry that this log has before it. */
function follows(log: TermMap, { firstIndex, term }: Batch): boolean {
  const before = log.termAt(firstIndex - 1);
  return before !== undefined && before <= term;
}
