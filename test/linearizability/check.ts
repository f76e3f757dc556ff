/**
 * The verdict on a whole history. Keys are independent objects, and a history is linearizable exactly when that of every
 * object is (Herlihy and Wing), so each key is searched alone. `undecided` is a failure of the run that produced the
 * history, never a pass. The budget counts configurations and not seconds: the same history has the same verdict anywhere.
 */
import { explain } from './explain.ts';
import type { Operation } from './history.ts';
import { type SearchResult, searchOrder } from './search.ts';

/** Configurations visited per key before giving up; some hundred bytes of memory each. */
export const DEFAULT_BUDGET = 2_000_000;

export interface Verdict {
  readonly verdict: SearchResult['verdict'];
  /** Keys in the history. */
  readonly keys: number;
  readonly operations: number;
  /** Configurations visited, all keys together. */
  readonly configurations: number;
  /** Why not, in words, for the first key that is not valid; empty when valid. */
  readonly report: string;
}

function byKey(operations: readonly Operation[]): Map<string, Operation[]> {
  const keys = new Map<string, Operation[]>();
  for (const operation of operations) {
    const ofKey = keys.get(operation.key);
    if (ofKey === undefined) keys.set(operation.key, [operation]);
    else ofKey.push(operation);
  }
  return keys;
}

/** Judges `operations` in any order; `budget` bounds the configurations visited per key. */
export function checkHistory(operations: readonly Operation[], budget: number = DEFAULT_BUDGET): Verdict {
  const keys = byKey(operations);
  let verdict: Verdict['verdict'] = 'valid';
  let configurations = 0;
  let report = '';
  for (const [key, ofKey] of keys) {
    const found = searchOrder(ofKey, budget);
    configurations += found.configurations;
    if (found.verdict === 'valid' || verdict === 'invalid') continue;
    if (found.verdict === 'undecided' && verdict === 'undecided') continue;
    verdict = found.verdict;
    report =
      found.verdict === 'invalid'
        ? explain(key, ofKey, budget)
        : `key ${key}: undecided after ${found.configurations} configurations of ${ofKey.length} operations`;
  }
  return { verdict, keys: keys.size, operations: operations.length, configurations, report };
}
