/**
 * What a command of the store is. Its row says how many words it takes and whether it changes anything, which the front end
 * checks before a request goes anywhere; its `run` answers in Redis' words and must be deterministic.
 */
import type { Store } from './store.ts';

export interface CommandContext {
  readonly store: Store;
  /** Time by which keys count as gone: logged time for a write, the later of that and the reader's clock for a read. */
  readonly clock: number;
  /** Index of the entry being applied: the version of what it changes. 0 in a read, which changes nothing. */
  readonly index: number;
}

export interface Command {
  /** Lower case, as Redis spells it in errors. */
  readonly name: string;
  /** Words, the name included; negative: at least that many. */
  readonly arity: number;
  readonly kind: 'read' | 'write';
  /** Which words are keys: first, last (negative: counted from the end) and step; all 0 for none. */
  readonly keys: readonly [first: number, last: number, step: number];
  /** `words` has an allowed length; the reply is a byte string. */
  run(words: readonly string[], context: CommandContext): string;
}

export const NO_KEYS = [0, 0, 0] as const;
export const ONE_KEY = [1, 1, 1] as const;
export const ALL_KEYS = [1, -1, 1] as const;
export const EVERY_OTHER_KEY = [1, -1, 2] as const;

export const hasArity = (arity: number, words: number): boolean => (arity >= 0 ? words === arity : words >= -arity);

/** The length of the longest key among the words of a request. */
export function longestKey({ keys }: Command, words: readonly string[]): number {
  const [first, last, step] = keys;
  if (first === 0) return 0;
  const end = last < 0 ? words.length + last : last;
  let longest = 0;
  for (let position = first; position <= end; position += step)
    longest = Math.max(longest, (words[position] as string).length);
  return longest;
}
