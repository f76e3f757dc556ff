/**
 * The checker on generated histories. Those made from a sequential execution are right by construction; of arbitrary small
 * ones the naive checker says what they are.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkHistory } from './check.ts';
import { type Action, type Ending, type Operation, REFUSED, type Result } from './history.ts';
import { perform, type Value } from './model.ts';
import { isLinearizable } from './naive.ts';

const word = fc.constantFrom('1', '2', 'x');
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.constant<Action>({ kind: 'get' }),
  word.map((value): Action => ({ kind: 'set', value })),
  fc.constantFrom(1, 2).map((by): Action => ({ kind: 'increment', by })),
  word.map((text): Action => ({ kind: 'append', text })),
  fc
    .record({ expected: fc.option(word, { nil: undefined }), value: word })
    .map((pair): Action => ({ kind: 'compareAndSet', ...pair })),
  fc.constant<Action>({ kind: 'delete' }),
);

/** One call of a sequential execution: how long before and after its moment its span reaches, and whether its answer was lost. */
const call = fc.record({
  action,
  before: fc.nat(40),
  after: fc.nat(40),
  fate: fc.constantFrom('answered', 'answered', 'answered', 'lost after', 'lost before', 'refused before'),
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** Ten positions per call; a call's moment is in the middle of its ten. */
function execute(calls: readonly Call[]): Operation[] {
  let value: Value;
  return calls.map(({ action, before, after, fate }, position) => {
    const moment = 10 * position + 5;
    const startedAt = moment - before;
    const client = `${position}`;
    if (fate === 'lost before') return { client, key: 'k', action, startedAt, ending: { kind: 'unknown' } };
    if (fate === 'refused before') return { client, key: 'k', action, startedAt, ending: { kind: 'not-executed' } };
    const step = perform(value, action);
    value = step.value;
    const ending: Ending =
      fate === 'lost after' ? { kind: 'unknown' } : { kind: 'answered', at: moment + after, result: step.result };
    return { client, key: 'k', action, startedAt, ending };
  });
}

const anyResult: fc.Arbitrary<Result> = fc.constantFrom<Result>(
  null,
  true,
  false,
  '1',
  '2',
  'x',
  '11',
  'x1',
  1,
  2,
  3,
  REFUSED,
);
const anyEnding = (startedAt: number): fc.Arbitrary<Ending> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .record({ lasts: fc.integer({ min: 1, max: 8 }), result: anyResult })
        .map(({ lasts, result }): Ending => ({ kind: 'answered', at: startedAt + lasts, result })),
    },
    { weight: 1, arbitrary: fc.constant<Ending>({ kind: 'unknown' }) },
  );
const anyOperation: fc.Arbitrary<Operation> = fc
  .record({ action, startedAt: fc.nat(12) })
  .chain(({ action, startedAt }) =>
    anyEnding(startedAt).map((ending) => ({ client: 'c', key: 'k', action, startedAt, ending })),
  );

function checkAgainstNaive(history: readonly Operation[]): void {
  const { verdict, report } = checkHistory(history);
  assert.equal(verdict, isLinearizable(history) ? 'valid' : 'invalid', report);
}

describe('the linearizability checker, on generated histories', () => {
  test('accepts every history of a sequential execution', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
        const { verdict, report } = checkHistory(execute(calls));
        assert.equal(verdict, 'valid', report);
      }),
      { numRuns: 3_000 },
    );
  });

  test('judges an execution with one answer changed as the naive checker does', () => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 6 }), fc.nat(5), anyResult, (calls, changed, result) => {
        const history = execute(calls).map(
          (operation, position): Operation =>
            position === changed % calls.length && operation.ending.kind === 'answered'
              ? { ...operation, ending: { ...operation.ending, result } }
              : operation,
        );
        checkAgainstNaive(history);
      }),
      { numRuns: 10_000 },
    );
  });

  test('judges arbitrary small histories as the naive checker does', () => {
    fc.assert(fc.property(fc.array(anyOperation, { maxLength: 6 }), checkAgainstNaive), { numRuns: 10_000 });
  });
});
