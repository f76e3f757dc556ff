/**
 * The definition of linearizability, tried out by brute force: every choice of the unknown operations that took effect,
 * every order, every check. Hopeless beyond a handful of operations, and too simple to be wrong; the real checker is held
 * against it.
 */
import type { Operation } from './history.ts';
import { perform, type Value } from './model.ts';

const endOf = (operation: Operation): number =>
  operation.ending.kind === 'answered' ? operation.ending.at : Number.POSITIVE_INFINITY;

/** Whether `rest` can be put in an order after `value` in which every answer is right and nothing precedes its past. */
function canOrder(rest: readonly Operation[], value: Value): boolean {
  if (rest.length === 0) return true;
  return rest.some((operation, position) => {
    const others = rest.toSpliced(position, 1);
    if (others.some((other) => endOf(other) < operation.startedAt)) return false;
    const step = perform(value, operation.action);
    if (operation.ending.kind === 'answered' && operation.ending.result !== step.result) return false;
    return canOrder(others, step.value);
  });
}

/** Whether the operations (all on one key) are linearizable. */
export function isLinearizable(operations: readonly Operation[]): boolean {
  const answered = operations.filter((operation) => operation.ending.kind === 'answered');
  const unknown = operations.filter((operation) => operation.ending.kind === 'unknown');
  for (let choice = 0; choice < 2 ** unknown.length; choice += 1) {
    const happened = unknown.filter((_, position) => ((choice >> position) & 1) === 1);
    if (canOrder([...answered, ...happened], undefined)) return true;
  }
  return false;
}
