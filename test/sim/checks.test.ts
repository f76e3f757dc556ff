/** The checks themselves: each is shown a history it must refuse, by name, and one like it that is fine. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Persist } from '../../src/core/effects.ts';
import type { Batch } from '../../src/core/types.ts';
import { Disk, Image } from './disk.ts';
import { Ghost } from './ghost.ts';
import { type LogNode, LogTree } from './log-tree.ts';
import { Operations } from './operations.ts';
import { Rules } from './rules.ts';
import { Violation } from './violation.ts';

let built = 0;
const batch = (firstIndex: number, term: number, count = 1): Batch => ({
  kind: 'command',
  term,
  firstIndex,
  count,
  timestampMillis: firstIndex,
  bytes: Uint8Array.of(++built),
});

const configuration = { scribes: ['a', 'b', 'c'].map((id) => ({ scribeId: id, storageUuid: id, address: `${id}:1` })) };
const known = [configuration];

const breaks = (invariant: string, run: () => void): void => {
  assert.throws(run, (error) => error instanceof Violation && error.invariant === invariant, invariant);
};

/** A tree with one batch at entry 1 of term 1. */
const planted = (): { tree: LogTree; first: LogNode } => {
  const tree = new LogTree();
  return { tree, first: tree.grow({ ...batch(1, 1), configuration }, null, []) };
};

describe('log tree', () => {
  test('one position, one batch, one history', () => {
    const { tree, first } = planted();
    const second = tree.grow(batch(2, 1, 3), first, [7, 8, 9]);
    assert.equal(tree.endingAt({ index: 4, term: 1 }), second);
    assert.equal(tree.find({ ...second.batch }, 'here'), second);
    breaks('log-matching', () => tree.grow(batch(2, 1), first, []));
    breaks('log-dense', () => tree.grow(batch(9, 2), second, []));
    breaks('term-falls', () => tree.grow(batch(2, 0), first, []));
    breaks('logged-clock-goes-back', () => tree.grow({ ...batch(5, 1), timestampMillis: 1 }, second, []));
    breaks('invented-batch', () => tree.find(batch(5, 1), 'here'));
    breaks('log-matching', () => tree.find({ ...second.batch, bytes: Uint8Array.of(99) }, 'here'));
  });
});

describe('disk image', () => {
  const image = (): { tree: LogTree; first: LogNode; image: Image } => {
    const { tree, first } = planted();
    return { tree, first, image: new Image({ term: 1, votedFor: null }, [first], { index: 0, term: 0 }) };
  };
  const append = (node: LogNode): { number: number; persist: Persist; node: LogNode } => ({
    number: 1,
    persist: { kind: 'append', batch: node.batch },
    node,
  });

  test('S48: replays appends and truncations, refuses what does not fit', () => {
    const { tree, first, image: disk } = image();
    const second = tree.grow(batch(2, 1, 2), first, []);
    const later = tree.grow(batch(4, 2), second, []);
    breaks('log-matching', () => disk.replay(append(later)));
    disk.replay(append(second));
    breaks('entry-above-term', () => disk.replay(append(later)));
    breaks('truncation-inside-batch', () =>
      disk.replay({ number: 2, persist: { kind: 'truncateSuffix', from: 3 }, node: null }),
    );
    disk.replay({ number: 2, persist: { kind: 'truncateSuffix', from: 2 }, node: null });
    assert.equal(disk.tip, first);
    breaks('term-goes-back', () =>
      disk.replay({ number: 3, persist: { kind: 'hardState', hardState: { term: 0, votedFor: null } }, node: null }),
    );
  });

  test('S23: a crash keeps the image and a prefix of what was pending', () => {
    const { tree, first, image: kept } = image();
    const disk = new Disk(kept);
    const second = tree.grow(batch(2, 1), first, []);
    const third = tree.grow(batch(3, 1), second, []);
    disk.pending.push({ ...append(second), number: 1 }, { ...append(third), number: 2 });
    const seen: (LogNode | null)[] = [];
    assert.equal(
      disk.complete(1, ({ node }) => seen.push(node)),
      1,
    );
    assert.deepEqual([seen, disk.image.tip, disk.pending.length], [[second], second, 1]);
    const start = disk.image.recover('a', 'uuid');
    assert.deepEqual([start.tail, start.termRuns], [{ index: 2, term: 1 }, [{ term: 1, firstIndex: 1 }]]);
  });
});

/** Scribes a and b, whose logs end at `tip`, vote for a worker, which then leads. */
const elect = (rules: Rules, term: number, incarnation: string, tip: LogNode): void => {
  for (const scribe of ['a', 'b']) rules.granted(scribe, term, incarnation, tip);
  rules.elected(term, incarnation, tip, known);
};

describe('ghost', () => {
  test('R11: figure 8: an old entry on a majority is not chosen until an entry of the newer term is', () => {
    const { tree, first } = planted();
    const ghost = new Ghost(first);
    const rules = new Rules(ghost);
    const old = tree.grow(batch(2, 2), first, []);
    const rival = tree.grow(batch(2, 3), first, []);
    rules.accepted('a', old);
    assert.equal(ghost.tip, first);
    // Copied to b by a leader of term 4: b's own term is 4 then, so nobody reports it as accepted in term 2.
    const own = tree.grow(batch(3, 4), old, []);
    rules.accepted('a', own);
    assert.equal(ghost.tip, first);
    breaks('commit-not-chosen', () => rules.committed(2, () => 'leader'));
    rules.accepted('b', own);
    assert.deepEqual(ghost.nodes, [first, old, own]);
    rules.committedEntry(2, 2, () => 'leader');
    breaks('commit-not-chosen', () => rules.committedEntry(2, 3, () => 'leader'));
    rules.accepted('b', rival);
    breaks('committed-entry-lost', () => rules.accepted('c', rival));
  });

  test('P13: one leader a term, one vote a term, and a leader has what was chosen before', () => {
    const { tree, first } = planted();
    const rules = new Rules(new Ghost(first));
    elect(rules, 2, 'one', first);
    breaks('one-leader-per-term', () => rules.elected(2, 'two', first, known));
    breaks('one-leader-per-term', () => rules.leads(2, 'two'));
    rules.granted('a', 3, 'one', first);
    rules.granted('a', 3, 'one', first);
    breaks('two-votes-in-a-term', () => rules.granted('a', 3, 'two', first));
    const chosen = tree.grow(batch(2, 2), first, []);
    rules.accepted('a', chosen);
    rules.accepted('b', chosen);
    breaks('leader-lacks-committed', () => rules.elected(4, 'two', first, known));
    for (const scribe of ['a', 'b']) rules.granted(scribe, 5, 'two', chosen);
    breaks('leader-lacks-committed', () => rules.elected(5, 'two', first, known));
    elect(rules, 6, 'two', chosen);
    const longer = tree.grow(batch(3, 6), chosen, []);
    for (const scribe of ['a', 'b']) rules.granted(scribe, 7, 'two', longer);
    breaks('leader-without-votes', () => rules.elected(7, 'two', chosen, known));
  });

  test('a commit found out late is still held against leaders elected meanwhile', () => {
    const { tree, first } = planted();
    const rules = new Rules(new Ghost(first));
    const chosen = tree.grow(batch(2, 2), first, []);
    rules.accepted('a', chosen);
    elect(rules, 3, 'two', first);
    breaks('leader-lacks-committed', () => rules.accepted('b', chosen));
  });
});

describe('operations', () => {
  const ignore = (): void => {};

  test('P17 P18: a read misses nothing that had finished before it began', () => {
    const operations = new Operations();
    const write = operations.begin('write', ignore);
    const early = operations.begin('read', ignore);
    operations.executedAt(write, 5);
    const late = operations.begin('read', ignore);
    operations.executedAt(early, 4); // it overlapped the write: either answer is fine
    breaks('stale-read', () => operations.executedAt(late, 4));
    operations.executedAt(late, 7);
    breaks('stale-read', () => operations.executedAt(operations.begin('read', ignore), 6));
    breaks('write-in-the-past', () => operations.executedAt(operations.begin('write', ignore), 7));
  });

  test('outcomes are true: executed is there, once and where it was said, not-executed is not', () => {
    const { tree, first } = planted();
    const judge = (end: (operations: Operations) => readonly number[]): (() => void) => {
      const operations = new Operations();
      const commands = end(operations);
      const tip = tree.endingAt({ index: 1, term: 1 }) ?? null;
      const node = { ...first, firstIndex: 2, lastIndex: 1 + commands.length, previous: tip, commands };
      return () => operations.judge([first, node]);
    };
    const finished = (operations: Operations, index: number): number => {
      const operation = operations.begin('write', ignore);
      operations.executedAt(operation, index);
      return operation.number;
    };
    judge((operations) => [finished(operations, 2), finished(operations, 3)])();
    breaks(
      'acknowledged-lost',
      judge((operations) => [finished(operations, 2)].slice(1)),
    );
    breaks(
      'acknowledged-lost',
      judge((operations) => [finished(operations, 3)]),
    );
    breaks(
      'executed-twice',
      judge((operations) => [finished(operations, 2), 0]),
    );
    const refused = (operations: Operations): number => {
      const operation = operations.begin('write', ignore);
      operations.refuse(operation);
      return operation.number;
    };
    breaks(
      'refused-executed',
      judge((operations) => [refused(operations)]),
    );
    judge((operations) => [refused(operations)].slice(1))();
  });
});
