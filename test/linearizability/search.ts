/**
 * Decides whether the operations on one key are linearizable: the depth-first search of Wing and Gong with Lowe's memory of
 * configurations. A configuration is the set of answered operations placed so far, the value, and the unknown operations
 * used up. n lost answers must not cost 2^n configurations, so an unknown operation is used only where it can help: using
 * one only narrows what is left, hence
 *   - a configuration is skipped when one with the same placed set and value and fewer unknown operations was visited;
 *   - of several unknown operations that do the same, the one that started first is used first;
 *   - one is not used when it changes nothing, or when a write that looks at nothing would follow it.
 *
 * It must never answer `valid` or `invalid` without having earned it: a search cut off by its budget is `undecided`.
 */
import type { Operation, Result } from './history.ts';
import { perform, type Value } from './model.ts';

/** An operation that was answered, so that it must be placed between its start and its end. */
interface Answered {
  readonly operation: Operation;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly result: Result;
}

export interface SearchResult {
  readonly verdict: 'valid' | 'invalid' | 'undecided';
  /** The longest order found in which every answer is right; the whole proof when valid. */
  readonly longest: readonly Operation[];
  /** The value after `longest`. */
  readonly value: Value;
  readonly configurations: number;
}

interface Choice {
  readonly operation: Operation;
  /** Position in `answered`, or in `unknown` when `isUnknown`. */
  readonly position: number;
  readonly isUnknown: boolean;
}

interface Frame {
  readonly value: Value;
  readonly usedUnknown: bigint;
  readonly choices: readonly Choice[];
  next: number;
  /** The choice that led from the frame below to this one. */
  readonly made: Choice | undefined;
}

/** The changing part of one search. */
class Search {
  readonly answered: readonly Answered[];
  readonly unknown: readonly Operation[];
  readonly placed: Uint8Array;
  /** Every answered operation before this position is placed. */
  lowest = 0;
  /** Placed set and value → the sets of unknown operations it was visited with. */
  readonly visited = new Map<string, bigint[]>();
  configurations = 0;

  constructor(operations: readonly Operation[]) {
    this.answered = operations.flatMap((operation): Answered[] => {
      const { ending, startedAt } = operation;
      return ending.kind === 'answered' ? [{ operation, startedAt, endedAt: ending.at, result: ending.result }] : [];
    });
    this.answered = this.answered.toSorted((left, right) => left.startedAt - right.startedAt);
    // A lost `get` tells nothing and does nothing; an operation that was promised not to happen must not be used.
    this.unknown = operations
      .filter((operation) => operation.ending.kind === 'unknown' && operation.action.kind !== 'get')
      .toSorted((left, right) => left.startedAt - right.startedAt);
    this.placed = new Uint8Array(this.answered.length);
  }

  /** What may come next: everything that started before the first end among what is not placed yet. Unknown ones last. */
  choices(usedUnknown: bigint): Choice[] {
    const choices: Choice[] = [];
    let firstEnd = Number.POSITIVE_INFINITY;
    for (let position = this.lowest; position < this.answered.length; position += 1) {
      if (this.placed[position] === 1) continue;
      const candidate = this.answered[position]!;
      if (candidate.startedAt > firstEnd) break;
      firstEnd = Math.min(firstEnd, candidate.endedAt);
      choices.push({ operation: candidate.operation, position, isUnknown: false });
    }
    return choices.concat(this.unknownChoices(usedUnknown, firstEnd));
  }

  /** The first unused one of every kind of unknown operation that started before `firstEnd`. */
  unknownChoices(usedUnknown: bigint, firstEnd: number): Choice[] {
    const choices = new Map<string, Choice>();
    for (const [position, operation] of this.unknown.entries()) {
      if (operation.startedAt > firstEnd) break;
      if ((usedUnknown & (1n << BigInt(position))) !== 0n) continue;
      const what = JSON.stringify(operation.action);
      if (!choices.has(what)) choices.set(what, { operation, position, isUnknown: true });
    }
    return [...choices.values()];
  }

  place(choice: Choice): void {
    if (choice.isUnknown) return;
    this.placed[choice.position] = 1;
    while (this.placed[this.lowest] === 1) this.lowest += 1;
  }

  takeBack(choice: Choice): void {
    if (choice.isUnknown) return;
    this.placed[choice.position] = 0;
    this.lowest = Math.min(this.lowest, choice.position);
  }

  /** Remembers the present configuration; false when it or one at least as good was visited before. */
  visit(value: Value, usedUnknown: bigint): boolean {
    let key = `${this.lowest}`;
    for (let position = this.lowest; position < this.placed.length; position += 1) {
      if (this.placed[position] === 1) key += `,${position}`;
      else if (this.answered[position]!.startedAt > this.answered[this.lowest]!.endedAt) break;
    }
    key += value === undefined ? '|' : `|=${value}`;
    const before = this.visited.get(key);
    if (before === undefined) this.visited.set(key, [usedUnknown]);
    else if (before.some((used) => (used & usedUnknown) === used)) return false;
    else before.push(usedUnknown);
    this.configurations += 1;
    return true;
  }
}

/** Whether a choice overwrites the value without any answer that depends on it. */
function overwritesBlindly({ operation, isUnknown }: Choice): boolean {
  return operation.action.kind === 'set' || (isUnknown && operation.action.kind === 'delete');
}

/** Searches an order of `operations` (all on one key) that explains every answer; gives up after `budget` configurations. */
export function searchOrder(operations: readonly Operation[], budget: number): SearchResult {
  const search = new Search(operations);
  const stack: Frame[] = [{ value: undefined, usedUnknown: 0n, choices: search.choices(0n), next: 0, made: undefined }];
  let longest: { count: number; order: readonly Operation[]; value: Value } = { count: 0, order: [], value: undefined };
  let placedCount = 0;

  const keepLongest = (): void => {
    if (placedCount <= longest.count) return;
    const order = stack.flatMap(({ made }) => (made === undefined ? [] : [made.operation]));
    longest = { count: placedCount, order, value: stack.at(-1)!.value };
  };
  const finish = (verdict: SearchResult['verdict']): SearchResult => {
    keepLongest();
    return { verdict, longest: longest.order, value: longest.value, configurations: search.configurations };
  };
  const goBack = ({ made }: Frame): void => {
    keepLongest();
    stack.pop();
    if (made === undefined) return;
    search.takeBack(made);
    if (!made.isUnknown) placedCount -= 1;
  };

  while (placedCount < search.answered.length) {
    const frame = stack.at(-1);
    if (frame === undefined) return finish('invalid');
    const choice = frame.choices[frame.next];
    frame.next += 1;
    if (choice === undefined) {
      goBack(frame);
      continue;
    }
    if (frame.made?.isUnknown === true && overwritesBlindly(choice)) continue;
    const { value, result } = perform(frame.value, choice.operation.action);
    const fits = choice.isUnknown ? value !== frame.value : result === search.answered[choice.position]!.result;
    if (!fits) continue;
    if (search.configurations >= budget) return finish('undecided');
    const usedUnknown = choice.isUnknown ? frame.usedUnknown | (1n << BigInt(choice.position)) : frame.usedUnknown;
    search.place(choice);
    if (search.visit(value, usedUnknown)) {
      stack.push({ value, usedUnknown, choices: search.choices(usedUnknown), next: 0, made: choice });
      if (!choice.isUnknown) placedCount += 1;
    } else search.takeBack(choice);
  }
  return finish('valid');
}
