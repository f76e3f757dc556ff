/**
 * The sequential meaning of every action on one key: what a store without any concurrency would do. Written from the
 * description of the commands, not from the store it judges, and shares nothing with it.
 */
import { type Action, REFUSED, type Result } from './history.ts';

/** The value of a key; `undefined` when it is absent. */
export type Value = string | undefined;

export interface Step {
  readonly value: Value;
  readonly result: Result;
}

const INTEGER = /^(0|-?[1-9][0-9]*)$/;

function increment(value: Value, by: number): Step {
  const current = value ?? '0';
  if (!INTEGER.test(current)) return { value, result: REFUSED };
  const sum = Number(current) + by;
  return { value: String(sum), result: sum };
}

/** The value after `action` on `value`, and what the caller is told. */
export function perform(value: Value, action: Action): Step {
  switch (action.kind) {
    case 'get':
      return { value, result: value ?? null };
    case 'set':
      return { value: action.value, result: null };
    case 'increment':
      return increment(value, action.by);
    case 'append': {
      const joined = (value ?? '') + action.text;
      return { value: joined, result: joined.length };
    }
    case 'compareAndSet':
      return value === action.expected ? { value: action.value, result: true } : { value, result: false };
    case 'delete':
      return { value: undefined, result: value !== undefined };
  }
}
