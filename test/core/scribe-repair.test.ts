/** What a scribe says and does about a part of its log that its disk cannot read back. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { ScribeEffects, ScribeEvent, ScribeStart } from '../../src/core/effects.ts';
import type { Message, PeerKey } from '../../src/core/messages.ts';
import { ScribeMachine } from '../../src/core/scribe.ts';
import type { Batch, EntryId } from '../../src/core/types.ts';
import { at, batch, configuration } from './worker-bench.ts';

const ELECTION_MILLIS = 150;

/** A scribe of term 1 that recovered this. */
const recovered = (log: Pick<ScribeStart, 'tail' | 'commit' | 'configurations'>): ScribeMachine =>
  new ScribeMachine(
    {
      scribeId: 'a',
      storageUuid: 'a',
      hardState: { term: 1, votedFor: null },
      logStart: at(0, 0),
      termRuns: [{ term: 1, firstIndex: 1 }],
      ...log,
    },
    { electionTimeoutMinMillis: ELECTION_MILLIS, maxLeaseMillis: 0, presumedLeaseMillis: 0 },
    0,
  );

describe('a scribe with entries 1 to 4 of term 1, 1 and 2 known to be committed', () => {
  let machine: ScribeMachine;
  let now = 0;
  const step = (event: ScribeEvent): ScribeEffects => machine.step(event, now);
  const receive = (from: PeerKey, message: Message): ScribeEffects => step({ kind: 'message', from, message });
  const readAfter = (prev: EntryId): ScribeEffects =>
    receive('worker:v1', { kind: 'read', request: 1, prev, asOf: null, maxBytes: 1000 });
  const append = (prev: EntryId, batches: readonly Batch[], term = 1, commit = 0): ScribeEffects =>
    receive('worker:v1', {
      kind: 'append',
      term,
      incarnation: 'v1',
      prev,
      batches,
      commit,
      round: 1,
      echo: true,
      leaseMillis: 0,
    });
  const acknowledged = ({ sends }: ScribeEffects): EntryId | undefined =>
    sends.flatMap(({ message }) => (message.kind === 'appendReply' ? [message.durable] : []))[0];
  const asked = ({ sends }: ScribeEffects): { peer: PeerKey; request: number; prev: EntryId } => {
    const send = sends.find(({ message }) => message.kind === 'read');
    assert.ok(send?.message.kind === 'read');
    return { peer: send.to, request: send.message.request, prev: send.message.prev };
  };
  const answer = (from: PeerKey, request: number, batches: readonly Batch[]): ScribeEffects =>
    receive(from, { kind: 'readReply', request, outcome: 'entries', batches, hint: at(0, 0), commit: at(0, 0) });

  beforeEach(() => {
    now = 0;
    machine = recovered({ tail: at(4, 1), commit: at(2, 1), configurations: [{ id: at(1, 1), configuration }] });
    for (const name of ['b', 'c'])
      step({ kind: 'linkUp', from: `scribe:${name}`, peer: { role: 'scribe', storageUuid: name, scribeId: name } });
    const identity = { workerId: 'v', incarnation: 'v1', address: 'v:1' };
    step({ kind: 'linkUp', from: 'worker:v1', peer: { role: 'worker', identity } });
  });

  test('R29: answers unknown for what it cannot read, never that there is nothing, and serves the rest', () => {
    step({ kind: 'damaged', from: 3, to: 3 });
    const { sends, reads } = readAfter(at(2, 1));
    assert.deepEqual(reads, []);
    assert.ok(sends.some(({ message }) => message.kind === 'readReply' && message.outcome === 'unknown'));
    assert.deepEqual(
      readAfter(at(1, 1)).reads.map(({ from, to }) => [from, to]),
      [[2, 2]],
    );
    assert.deepEqual(
      readAfter(at(3, 1)).reads.map(({ from, to }) => [from, to]),
      [[4, 4]],
    );
  });

  test('R29: takes from the leader itself the very batch that it cannot read, and none of another term', () => {
    step({ kind: 'damaged', from: 3, to: 3 });
    const offered = [batch(2, 1), batch(3, 1), batch(4, 1)];
    const { persists, repairs } = append(at(1, 1), offered);
    assert.deepEqual([persists, repairs], [[], [offered[1]]]);
    assert.deepEqual(append(at(2, 1), [batch(3, 2)], 2).repairs, [], 'what is cut off is not damaged');
  });

  test('R29: acknowledges nothing above damage that may be uncommitted, until it is repaired', () => {
    step({ kind: 'damaged', from: 3, to: 3 });
    assert.deepEqual(acknowledged(append(at(4, 1), [])), at(2, 1));
    assert.deepEqual(acknowledged(step({ kind: 'repaired', batch: batch(3, 1) })), at(4, 1));
  });

  test('R29: an acknowledgement that waits for the term to be durable is not said of what is found lost meanwhile', () => {
    assert.equal(acknowledged(append(at(4, 1), [], 2)), undefined, 'the term is on its way to the disk');
    step({ kind: 'damaged', from: 3, to: 3 });
    const { sends } = step({ kind: 'durable', write: 1, writeMicros: 0, fsyncMicros: 0 });
    const said = sends.flatMap(({ message }) => (message.kind === 'appendReply' ? [message.durable] : []));
    assert.deepEqual(said, [at(2, 1)]);
  });

  test('R29: damage that is known to be committed holds no acknowledgement back', () => {
    step({ kind: 'damaged', from: 2, to: 2 });
    assert.deepEqual(acknowledged(append(at(4, 1), [])), at(4, 1));
  });

  test('R29: word of damage that comes when another entry stands there, or none, is no damage of the log', () => {
    step({ kind: 'damaged', from: 4, to: 9 });
    assert.deepEqual(machine.damaged, [{ from: 4, to: 4 }]);
    step({ kind: 'damaged', from: 6, to: 9 });
    assert.deepEqual(machine.damaged, [{ from: 4, to: 4 }]);
  });

  test('R29: a part that nobody can give does not keep the next one from being asked for', () => {
    const first = asked(step({ kind: 'damaged', from: 2, to: 2 }));
    step({ kind: 'damaged', from: 4, to: 4 });
    assert.deepEqual(first.prev, at(1, 1));
    now += ELECTION_MILLIS;
    assert.deepEqual(asked(step({ kind: 'tick' })).prev, at(1, 1), 'the other peer');
    now += ELECTION_MILLIS;
    const next = asked(step({ kind: 'tick' }));
    assert.deepEqual([next.peer, next.prev], ['scribe:b', at(3, 1)]);
    assert.deepEqual(answer(next.peer, next.request, [batch(4, 1)]).repairs, [batch(4, 1)]);
  });

  test('R29: votes by index and term, which it knows', () => {
    step({ kind: 'damaged', from: 4, to: 4 });
    const vote = (term: number, tail: EntryId): Message | undefined => {
      receive('worker:v1', { kind: 'vote', term, incarnation: 'v1', tail });
      return step({ kind: 'durable', write: term - 1, writeMicros: 0, fsyncMicros: 0 }).sends[0]?.message;
    };
    assert.equal((vote(2, at(3, 1)) as { reason?: string }).reason, 'log-behind');
    assert.equal((vote(3, at(4, 1)) as { reason?: string }).reason, 'granted');
  });

  test('S11 R29: asks one peer after another for the very batch, and counts it when it is durable', () => {
    const first = asked(step({ kind: 'damaged', from: 3, to: 3 }));
    assert.deepEqual(first, { peer: 'scribe:b', request: first.request, prev: at(2, 1) });
    const foreign = answer(first.peer, first.request, [batch(3, 2)]);
    assert.deepEqual(foreign.repairs, [], 'another term: not the batch that stood there');
    const second = asked(foreign);
    assert.equal(second.peer, 'scribe:c');
    assert.deepEqual(answer(second.peer, second.request, [batch(3, 1)]).repairs, [batch(3, 1)]);
    assert.deepEqual(machine.damaged, [{ from: 3, to: 3 }]);
    step({ kind: 'repaired', batch: batch(3, 1) });
    assert.deepEqual(machine.damaged, []);
  });

  test('R29: once all have been asked in vain it waits before it begins anew', () => {
    const first = asked(step({ kind: 'damaged', from: 3, to: 3 }));
    const second = asked(answer(first.peer, first.request, []));
    assert.deepEqual(answer(second.peer, second.request, []).sends, []);
    now += ELECTION_MILLIS - 1;
    assert.deepEqual(step({ kind: 'tick' }).sends, []);
    now += 1;
    assert.deepEqual(asked(step({ kind: 'tick' })).peer, first.peer);
  });

  test('S07 R29: a later leader that has another entry there ends the damage', () => {
    step({ kind: 'damaged', from: 4, to: 4 });
    append(at(3, 1), [batch(4, 2)], 2);
    assert.deepEqual(machine.damaged, []);
  });
});

describe('a scribe that cannot read its newest configuration', () => {
  let machine: ScribeMachine;
  const step = (event: ScribeEvent): ScribeEffects => machine.step(event, 1000);
  const receive = (from: PeerKey, message: Message): ScribeEffects => step({ kind: 'message', from, message });
  const lost = { id: at(2, 1), configuration: null };
  const identity = { workerId: 'v', incarnation: 'v1', address: 'v:1' };
  const start = (configurations: ScribeStart['configurations']): void => {
    machine = recovered({ tail: at(3, 1), commit: at(3, 1), configurations });
    step({ kind: 'linkUp', from: 'worker:v1', peer: { role: 'worker', identity } });
  };
  const heartbeat: Message = {
    kind: 'append',
    term: 1,
    incarnation: 'v1',
    prev: at(3, 1),
    batches: [],
    commit: 3,
    round: 1,
    echo: true,
    leaseMillis: 0,
  };
  const notice: Message = {
    kind: 'configurationNotice',
    term: 1,
    configuration: { id: at(2, 1), configuration },
    committed: true,
  };
  const vote = (): string | undefined => {
    const { persists, sends } = receive('worker:v1', { kind: 'vote', term: 2, incarnation: 'v1', tail: at(3, 1) });
    const more = persists.length === 0 ? [] : step({ kind: 'durable', write: 1, writeMicros: 0, fsyncMicros: 0 }).sends;
    return [...sends, ...more].flatMap(({ message }) => (message.kind === 'voteReply' ? [message.reason] : []))[0];
  };
  const kinds = ({ sends }: ScribeEffects): string[] => sends.map(({ message }) => message.kind);

  test('R29 R26: neither votes nor acknowledges by an older one, and asks the others of that one for the newest', () => {
    start([{ id: at(1, 1), configuration }, lost]);
    assert.equal(machine.standing, 'unsure');
    assert.equal(vote(), 'storage');
    assert.deepEqual(kinds(receive('worker:v1', heartbeat)), ['probeReply']);
    const { sends } = step({ kind: 'damaged', from: 2, to: 2 });
    assert.deepEqual(
      sends.map(({ to, message }) => [to, message.kind]),
      [['scribe:b', 'read']],
    );
  });

  test('R29: takes a log of a leader that calls it a member, which does not make it vote', () => {
    start([lost]);
    step({ kind: 'damaged', from: 2, to: 2 });
    const { sends } = receive('worker:v1', notice);
    assert.ok(
      sends.some(({ to, message }) => to === 'scribe:b' && message.kind === 'read'),
      'it knows the others now',
    );
    assert.deepEqual(kinds(receive('worker:v1', heartbeat)), ['appendReply']);
    assert.equal(vote(), 'storage');
  });

  test('R29: is a member again when that batch is repaired', () => {
    start([{ id: at(1, 1), configuration }, lost]);
    step({ kind: 'damaged', from: 2, to: 2 });
    step({ kind: 'repaired', batch: batch(2, 1, 'configuration') });
    assert.equal(machine.standing, 'ok');
    assert.equal(vote(), 'granted');
  });

  test('R29: does not need one that a newer configuration has replaced', () => {
    start([lost, { id: at(3, 1), configuration }]);
    assert.equal(machine.standing, 'ok');
    assert.equal(vote(), 'granted');
  });
});
