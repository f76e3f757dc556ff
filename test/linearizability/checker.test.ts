/** The checker on histories whose verdict is known: what it must let pass, what it must catch, and what it says then. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkHistory } from './check.ts';
import { type Action, type Ending, type Operation, REFUSED, type Result } from './history.ts';
import { isLinearizable } from './naive.ts';
import { Recorder } from './recorder.ts';

/** `[client, action, startedAt, endedAt or how it ended, result]`, all on one key. */
type Row = readonly [string, Action, number, number | 'unknown' | 'not-executed', Result?];

const get: Action = { kind: 'get' };
const remove: Action = { kind: 'delete' };
const set = (value: string): Action => ({ kind: 'set', value });
const increment = (by = 1): Action => ({ kind: 'increment', by });
const append = (text: string): Action => ({ kind: 'append', text });
const compareAndSet = (expected: string | undefined, value: string): Action => ({
  kind: 'compareAndSet',
  expected,
  value,
});

function operationsOf(rows: readonly Row[], key = 'k'): Operation[] {
  return rows.map(([client, action, startedAt, end, result = null]) => {
    const ending: Ending = typeof end === 'number' ? { kind: 'answered', at: end, result } : { kind: end };
    return { client, key, action, startedAt, ending };
  });
}

const GOOD: Readonly<Record<string, readonly Row[]>> = {
  'an empty history': [],
  'a read of a key never written': [['a', get, 1, 2, null]],
  'one client after another': [
    ['a', set('1'), 1, 2],
    ['b', get, 3, 4, '1'],
    ['a', set('2'), 5, 6],
    ['b', get, 7, 8, '2'],
  ],
  'a read that overlaps a write and sees the old value': [
    ['a', set('1'), 1, 2],
    ['a', set('2'), 3, 6],
    ['b', get, 4, 5, '1'],
  ],
  'a read that overlaps a write and sees the new value': [
    ['a', set('1'), 1, 2],
    ['a', set('2'), 3, 6],
    ['b', get, 4, 5, '2'],
  ],
  'writes that overlap and end in the other order': [
    ['a', set('1'), 1, 6],
    ['b', set('2'), 2, 3],
    ['c', get, 7, 8, '1'],
  ],
  'an unknown write that took effect much later': [
    ['a', set('1'), 1, 'unknown'],
    ['b', get, 2, 3, null],
    ['b', set('2'), 4, 5],
    ['b', get, 6, 7, '2'],
    ['b', get, 8, 9, '1'],
  ],
  'an unknown write that never took effect': [
    ['a', set('1'), 1, 'unknown'],
    ['b', set('2'), 2, 3],
    ['b', get, 4, 5, '2'],
  ],
  'an unknown increment that took effect between two others': [
    ['a', increment(), 1, 2, 1],
    ['b', increment(5), 3, 'unknown'],
    ['a', increment(), 4, 5, 2],
    ['a', increment(), 6, 7, 8],
  ],
  'a write promised not to have been executed that is not seen': [
    ['a', set('1'), 1, 2],
    ['b', set('2'), 3, 'not-executed'],
    ['a', get, 4, 5, '1'],
  ],
  'compare-and-set won by one of two': [
    ['a', compareAndSet(undefined, 'a'), 1, 4, true],
    ['b', compareAndSet(undefined, 'b'), 2, 3, false],
    ['c', get, 5, 6, 'a'],
  ],
  'an order found only after one that wastes an unknown call': [
    ['a', increment(), 1, 'unknown'],
    ['c', remove, 2, 4, true],
    ['b', append('2'), 3, 'unknown'],
    ['c', get, 5, 6, '1'],
  ],
  'delete, append and a refused increment': [
    ['a', append('xy'), 1, 2, 2],
    ['a', increment(), 3, 4, REFUSED],
    ['a', append('z'), 5, 6, 3],
    ['a', get, 7, 8, 'xyz'],
    ['a', remove, 9, 10, true],
    ['a', remove, 11, 12, false],
    ['a', increment(), 13, 14, 1],
  ],
};

const BAD: Readonly<Record<string, readonly Row[]>> = {
  'a stale read': [
    ['a', set('1'), 1, 2],
    ['a', set('2'), 3, 4],
    ['b', get, 5, 6, '1'],
  ],
  'an acknowledged write that is lost': [
    ['a', set('1'), 1, 2],
    ['b', get, 3, 4, null],
  ],
  'a lost update': [
    ['a', increment(), 1, 4, 1],
    ['b', increment(), 2, 3, 1],
  ],
  'a read from the future': [
    ['b', get, 1, 2, '1'],
    ['a', set('1'), 3, 4],
  ],
  'a value nobody wrote': [
    ['a', set('1'), 1, 2],
    ['b', get, 3, 4, '7'],
  ],
  'reads that go back while a write is under way': [
    ['a', set('1'), 1, 2],
    ['a', set('2'), 3, 10],
    ['b', get, 4, 5, '2'],
    ['c', get, 6, 7, '1'],
  ],
  'reads of two clients that disagree on the order of two writes': [
    ['a', set('1'), 1, 12],
    ['b', set('2'), 2, 12],
    ['c', get, 3, 4, '1'],
    ['c', get, 7, 8, '2'],
    ['d', get, 9, 10, '1'],
  ],
  'an unknown increment that takes effect twice': [
    ['a', increment(), 1, 2, 1],
    ['b', increment(), 3, 'unknown'],
    ['a', get, 4, 5, '3'],
  ],
  'an unknown append that takes effect twice': [
    ['a', append('x'), 1, 'unknown'],
    ['b', append('y'), 2, 3, 2],
    ['b', get, 4, 5, 'xyx'],
  ],
  'an unknown write seen, gone and seen again': [
    ['a', set('1'), 1, 'unknown'],
    ['b', get, 2, 3, '1'],
    ['b', set('2'), 4, 5],
    ['b', get, 6, 7, '1'],
  ],
  'an unknown write seen before it started': [
    ['b', get, 1, 2, '1'],
    ['a', set('1'), 3, 'unknown'],
  ],
  'a write promised not to have been executed that is seen': [
    ['a', set('1'), 1, 2],
    ['b', set('2'), 3, 'not-executed'],
    ['a', get, 4, 5, '2'],
  ],
  'compare-and-set won by both': [
    ['a', compareAndSet(undefined, 'a'), 1, 4, true],
    ['b', compareAndSet(undefined, 'b'), 2, 3, true],
  ],
  'a delete that is undone': [
    ['a', set('1'), 1, 2],
    ['a', remove, 3, 4, true],
    ['b', get, 5, 6, '1'],
  ],
  'appends acknowledged in an order the value contradicts': [
    ['a', append('x'), 1, 2, 1],
    ['b', append('y'), 3, 4, 2],
    ['c', get, 5, 6, 'yx'],
  ],
  'an answer of an increment on a word': [
    ['a', set('word'), 1, 2],
    ['a', increment(), 3, 4, 1],
  ],
};

describe('the linearizability checker', () => {
  for (const [name, rows] of Object.entries(GOOD))
    test(`accepts ${name}`, () => {
      const verdict = checkHistory(operationsOf(rows));
      assert.equal(verdict.verdict, 'valid', verdict.report);
      assert.ok(isLinearizable(operationsOf(rows)), 'the naive checker disagrees');
    });

  for (const [name, rows] of Object.entries(BAD))
    test(`rejects ${name}`, () => {
      const verdict = checkHistory(operationsOf(rows));
      assert.equal(verdict.verdict, 'invalid');
      assert.ok(!isLinearizable(operationsOf(rows)), 'the naive checker disagrees');
    });

  test('judges keys apart and names the one that is wrong', () => {
    const history = [
      ...operationsOf(GOOD['an unknown write that took effect much later']!, 'fine'),
      ...operationsOf(BAD['a stale read']!, 'stale'),
    ];
    const verdict = checkHistory(history);
    assert.equal(verdict.verdict, 'invalid');
    assert.equal(verdict.keys, 2);
    assert.match(verdict.report, /^key stale: not linearizable/);
  });

  test('names the first impossible answer and what would have been right', () => {
    const rows: Row[] = [
      ['a', set('1'), 1, 2],
      ['a', set('2'), 3, 4],
      ['b', get, 5, 6, '1'],
      ['a', set('3'), 7, 8],
      ['c', get, 9, 10, '3'],
    ];
    const { report } = checkHistory(operationsOf(rows));
    const [, first] = report.split('\n');
    assert.match(first!, /\[5, 6\] +b +get → "1"/);
    assert.match(report, /\[5, 6\] .*would answer "2"/);
    assert.doesNotMatch(report, /\[9, 10\]/);
  });

  test('says undecided, and not valid, when its budget is used up', () => {
    const verdict = checkHistory(operationsOf(GOOD['one client after another']!), 2);
    assert.equal(verdict.verdict, 'undecided');
    assert.match(verdict.report, /undecided after 2 configurations/);
  });

  for (const [name, lostAction] of [
    ['different writes', (position: number) => set(`lost${position}`)],
    ['equal increments', () => increment()],
    ['deletes', () => remove],
  ] as const)
    test(`decides a wrong history with sixty lost answers to ${name}`, () => {
      const lost = Array.from({ length: 60 }, (_, position): Row => ['b', lostAction(position), position, 'unknown']);
      const rest = Array.from({ length: 60 }, (_, position): Row => {
        const [action, result] = position % 2 === 0 ? [set(`${position}`), null] : [get, `${position - 1}`];
        return ['a', action, 100 + 2 * position, 101 + 2 * position, result];
      });
      const verdict = checkHistory(operationsOf([...lost, ...rest, ['a', get, 900, 901, 'never written']]));
      assert.equal(verdict.verdict, 'invalid');
    });

  test('follows a long history of eight clients at work at once', () => {
    // Rounds of eight overlapping increments: any order fits until the answers are compared.
    const rows = Array.from({ length: 400 }, (_, round) =>
      Array.from(
        { length: 8 },
        (_, client): Row => [
          `${client}`,
          increment(),
          100 * round + client,
          100 * round + 50 + client,
          8 * round + 8 - client,
        ],
      ),
    ).flat();
    assert.equal(checkHistory(operationsOf(rows)).verdict, 'valid');
    const wrong = rows.with(-1, ['7', increment(), 39_907, 39_957, 3_194]);
    assert.equal(checkHistory(operationsOf(wrong)).verdict, 'invalid');
  });
});

describe('the recorder', () => {
  test('puts starts and ends in the order they were seen', () => {
    const recorder = new Recorder();
    const first = recorder.start('a', 'k', set('1'));
    const second = recorder.start('b', 'k', get);
    recorder.answered(second, '1');
    recorder.answered(first, null);
    const third = recorder.start('a', 'k', set('2'));
    recorder.failed(third, 'not-executed');
    recorder.start('b', 'k', increment());
    assert.deepEqual(recorder.history(), [
      { client: 'b', key: 'k', action: get, startedAt: 2, ending: { kind: 'answered', at: 3, result: '1' } },
      { client: 'a', key: 'k', action: set('1'), startedAt: 1, ending: { kind: 'answered', at: 4, result: null } },
      { client: 'a', key: 'k', action: set('2'), startedAt: 5, ending: { kind: 'not-executed' } },
      { client: 'b', key: 'k', action: increment(), startedAt: 6, ending: { kind: 'unknown' } },
    ]);
  });

  test('does not let an operation end twice', () => {
    const recorder = new Recorder();
    const pending = recorder.start('a', 'k', get);
    recorder.answered(pending, null);
    assert.throws(() => recorder.failed(pending, 'unknown'), /ended twice/);
  });
});
