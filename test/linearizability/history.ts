/**
 * What clients did and what they were told, as the linearizability checker takes it. Times are positions in one order of
 * events seen by one observer (see recorder.ts), never clock readings: a clock may step back or stand still.
 */

/** One call on one key. `undefined` as `expected` means "only if the key is absent". */
export type Action =
  | { readonly kind: 'get' }
  | { readonly kind: 'set'; readonly value: string }
  | { readonly kind: 'increment'; readonly by: number }
  | { readonly kind: 'append'; readonly text: string }
  | { readonly kind: 'compareAndSet'; readonly expected: string | undefined; readonly value: string }
  | { readonly kind: 'delete' };

/** The answer of a call that was executed and changed nothing because it made no sense (an increment of a word). */
export const REFUSED = Symbol('refused');

/**
 * What a call answers: a value or `null` for `get`, `null` for `set`, the new number for `increment`, the new length for
 * `append`, whether it took place for `compareAndSet`, whether there was something for `delete`; or REFUSED.
 */
export type Result = string | number | boolean | null | typeof REFUSED;

/**
 * How a call ended. `unknown`: it may take effect at any moment after its start, or never. `not-executed`: it was promised
 * never to take effect.
 */
export type Ending =
  | { readonly kind: 'answered'; readonly at: number; readonly result: Result }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'not-executed' };

export interface Operation {
  readonly client: string;
  readonly key: string;
  readonly action: Action;
  readonly startedAt: number;
  readonly ending: Ending;
}
