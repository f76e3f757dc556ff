/** What a proposal is told is true, whatever becomes of the leader that took it (protocol §5, C12). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../src/core/types.ts';
import { ScriptoriumError } from '../../src/errors.ts';
import { Proposals, type Settlement } from '../../src/runtime/proposals.ts';
import { encodeBatch } from '../../src/wire/batch.ts';
import { encodeEntry } from '../../src/wire/entries.ts';
import { encodeResults } from '../../src/wire/results.ts';

const LIMITS = { maxBatchBytes: 1000, maxQueuedBytes: 5000 };
const command = new Uint8Array([1, 2, 3]);

function propose(proposals: Proposals, settled: Settlement[]): void {
  const proposal = { count: 1, settle: (settlement: Settlement) => void settled.push(settlement) };
  proposals.add(proposal, 4 + command.length, 0, (writer) => writer.append(command));
}

const seal = (proposals: Proposals, term: number, firstIndex: number): Batch =>
  proposals.seal(term, firstIndex, 1, 0).batch;

const foreign = (term: number, firstIndex: number): Batch =>
  encodeBatch({ kind: 'command', term, firstIndex, timestampMillis: 1, count: 1, body: encodeEntry(command) });

const codes = (settled: readonly Settlement[]): (string | number)[] =>
  settled.map((settlement) => (settlement.kind === 'failed' ? settlement.error.code : settlement.firstIndex));

test('each proposal of a batch gets its own results', () => {
  const proposals = new Proposals(LIMITS);
  const first: Settlement[] = [];
  const second: Settlement[] = [];
  propose(proposals, first);
  propose(proposals, second);
  const batch = seal(proposals, 3, 10);
  assert.equal(batch.count, 2);
  proposals.committed(batch);
  const results = ['a', 'bb'].map((text) => ({ failed: false, bytes: Buffer.from(text) }));
  proposals.applied(batch, encodeResults(results));
  assert.deepEqual([codes(first), codes(second)], [[10], [11]]);
  const [settlement] = second;
  assert.ok(settlement?.kind === 'applied');
  assert.equal(Buffer.from(settlement.results.subarray(5)).toString(), 'bb');
});

test('C12 a batch cut from the log is not called superseded until another entry is committed in its place', () => {
  const proposals = new Proposals(LIMITS);
  const settled: Settlement[] = [];
  propose(proposals, settled);
  seal(proposals, 3, 10);
  proposals.truncated(10);
  assert.deepEqual(codes(settled), []);
  proposals.committed(foreign(3, 9));
  assert.deepEqual(codes(settled), []);
  proposals.committed(foreign(5, 10));
  assert.deepEqual(codes(settled), ['SUPERSEDED']);
});

test('C12 a batch cut from the log is superseded once a later term is committed before its place, which nobody may ever fill', () => {
  const proposals = new Proposals(LIMITS);
  const settled: Settlement[] = [];
  propose(proposals, settled);
  seal(proposals, 3, 10);
  proposals.truncated(10);
  proposals.committed(foreign(4, 9));
  assert.deepEqual(codes(settled), ['SUPERSEDED']);
});

test('C12 a batch cut from the log that a later leader brings back is executed', () => {
  const proposals = new Proposals(LIMITS);
  const settled: Settlement[] = [];
  propose(proposals, settled);
  seal(proposals, 3, 10);
  proposals.truncated(10);
  const again = foreign(3, 10); // the same entry, read back from a scribe
  proposals.committed(again);
  proposals.applied(again, encodeResults([{ failed: false, bytes: new Uint8Array(0) }]));
  assert.deepEqual(codes(settled), [10]);
});

test('C12 a leader elected again at the same index tells old and new proposals apart', () => {
  const proposals = new Proposals(LIMITS);
  const old: Settlement[] = [];
  const young: Settlement[] = [];
  propose(proposals, old);
  seal(proposals, 3, 10);
  proposals.truncated(10);
  propose(proposals, young);
  const batch = seal(proposals, 6, 10);
  proposals.committed(batch);
  proposals.applied(batch, encodeResults([{ failed: false, bytes: new Uint8Array(0) }]));
  assert.deepEqual([codes(old), codes(young)], [['SUPERSEDED'], [10]]);
});

test('what was never appended is refused; what was in flight is unknown when everything ends', () => {
  const proposals = new Proposals(LIMITS);
  const settled: Settlement[] = [];
  propose(proposals, settled);
  seal(proposals, 3, 10);
  propose(proposals, settled);
  proposals.abandon(() => new ScriptoriumError('LEADERSHIP_LOST', 'gone'));
  assert.deepEqual(codes(settled), ['NOT_LEADER', 'LEADERSHIP_LOST']);
  const outcomes = settled.map((settlement) => (settlement.kind === 'failed' ? settlement.error.outcome : 'executed'));
  assert.deepEqual(outcomes, ['not-executed', 'unknown']);
});

test('proposals beyond maxQueuedBytes are refused as overloaded, and taken again once a batch has left', () => {
  const proposals = new Proposals({ maxBatchBytes: 10, maxQueuedBytes: 15 });
  const settled: Settlement[] = [];
  for (let count = 0; count < 3; count++) propose(proposals, settled);
  assert.deepEqual(codes(settled), ['OVERLOADED']);
  assert.equal(proposals.waiting, 'full');
  seal(proposals, 1, 2);
  propose(proposals, settled);
  assert.deepEqual(codes(settled), ['OVERLOADED']);
});

test('what is proposed again while it is refused waits for the next leader, and is not refused along', () => {
  const proposals = new Proposals(LIMITS);
  const again: Settlement[] = [];
  const refused: Settlement[] = [];
  const proposal = {
    count: 1,
    settle: (settlement: Settlement) => {
      refused.push(settlement);
      assert.ok(refused.length < 10, 'it is refused over and over');
      propose(proposals, again);
    },
  };
  proposals.add(proposal, 4 + command.length, 0, (writer) => writer.append(command));
  proposals.refuseForming(() => new ScriptoriumError('NO_LEADER', 'nobody leads'));
  assert.deepEqual([codes(refused), codes(again)], [['NO_LEADER'], []]);
  assert.equal(proposals.waiting, 'some');
  const batch = seal(proposals, 3, 10);
  proposals.committed(batch);
  proposals.applied(batch, encodeResults([{ failed: false, bytes: new Uint8Array(0) }]));
  assert.deepEqual(codes(again), [10]);
});
