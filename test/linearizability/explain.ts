/**
 * Turns "not linearizable" into something to read: the shortest beginning of the history that is already impossible, the
 * longest order that explains part of it, and the answers that fit nowhere after that.
 */
import { type Action, type Operation, REFUSED, type Result } from './history.ts';
import { perform } from './model.ts';
import { searchOrder } from './search.ts';

/** Operations shown before the impossible one. */
const SHOWN = 12;

const quote = (text: string): string =>
  text.length <= 40 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 40))}…`;

function describeAction(action: Action): string {
  switch (action.kind) {
    case 'set':
      return `set ${quote(action.value)}`;
    case 'increment':
      return `increment ${action.by}`;
    case 'append':
      return `append ${quote(action.text)}`;
    case 'compareAndSet':
      return `set ${quote(action.value)} if ${action.expected === undefined ? 'absent' : quote(action.expected)}`;
    default:
      return action.kind;
  }
}

function describeResult(result: Result): string {
  if (result === REFUSED) return 'refused';
  return typeof result === 'string' ? quote(result) : String(result);
}

/** One line: when, who, what, and the answer. */
function describe(operation: Operation): string {
  const { ending } = operation;
  const span = `[${operation.startedAt}, ${ending.kind === 'answered' ? ending.at : '∞'}]`;
  const answer = ending.kind === 'answered' ? describeResult(ending.result) : ending.kind;
  return `${span.padEnd(16)} ${operation.client.padEnd(8)} ${describeAction(operation.action)} → ${answer}`;
}

/** The history as an observer who stopped looking after `position` would have recorded it. */
function until(operations: readonly Operation[], position: number): Operation[] {
  return operations
    .filter((operation) => operation.startedAt <= position)
    .map((operation) =>
      operation.ending.kind === 'answered' && operation.ending.at > position
        ? { ...operation, ending: { kind: 'unknown' } }
        : operation,
    );
}

/** Linearizability is closed under prefixes, so the first impossible answer is found by halving. */
function shortestInvalid(
  operations: readonly Operation[],
  budget: number,
): { last: Operation; beginning: Operation[] } {
  const ended = operations
    .flatMap((operation) => (operation.ending.kind === 'answered' ? [{ operation, at: operation.ending.at }] : []))
    .toSorted((left, right) => left.at - right.at);
  let low = 0;
  let high = ended.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (searchOrder(until(operations, ended[middle]!.at), budget).verdict === 'invalid') high = middle;
    else low = middle + 1;
  }
  return { last: ended[high]!.operation, beginning: until(operations, ended[high]!.at) };
}

/** The report on one key whose history (`operations`) is not linearizable. */
export function explain(key: string, operations: readonly Operation[], budget: number): string {
  const { last, beginning } = shortestInvalid(operations, budget);
  const { longest, value } = searchOrder(beginning, budget);
  const placed = new Set(longest);
  const unplaced = beginning.filter((operation) => !placed.has(operation) && operation.ending.kind !== 'not-executed');
  const lines = [
    `key ${key}: not linearizable; the first answer that cannot be is`,
    `  ${describe(last)}`,
    `the longest order that explains ${longest.length} of ${beginning.length} operations ends with`,
    ...longest.slice(-SHOWN).map((operation) => `  ${describe(operation)}`),
    `which leaves the value ${value === undefined ? 'absent' : quote(value)}; after that`,
    ...unplaced
      .toSorted((left, right) => left.startedAt - right.startedAt)
      .slice(0, SHOWN)
      .map(
        (operation) =>
          `  ${describe(operation)}  (would answer ${describeResult(perform(value, operation.action).result)})`,
      ),
  ];
  const forbidden = beginning.filter((operation) => operation.ending.kind === 'not-executed');
  if (forbidden.length > 0) {
    lines.push('promised not to have been executed:');
    lines.push(...forbidden.slice(-SHOWN).map((operation) => `  ${describe(operation)}`));
  }
  return lines.join('\n');
}
