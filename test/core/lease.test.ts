/** Lease reads (R22) and the promises they rest on (R9, R10), sentence by sentence, on clocks that are given. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Message } from '../../src/core/messages.ts';
import { ScribeMachine } from '../../src/core/scribe.ts';
import type { Term } from '../../src/core/types.ts';
import { at, Bench, configuration, sent } from './worker-bench.ts';

const LEASE = 150;
/** With five percent of drift allowed either way. */
const SPAN = (LEASE * 0.95) / 1.05;

/** Scribe a of term 1, heard of by workers v and w since time 0. */
function scribe(maxLeaseMillis: number, now: number, presumedLeaseMillis = maxLeaseMillis): ScribeMachine {
  const start = {
    ...{ scribeId: 'a', storageUuid: 'a', hardState: { term: 1, votedFor: null }, commit: at(0, 0) },
    ...{ logStart: at(0, 0), tail: at(1, 1), termRuns: [{ term: 1, firstIndex: 1 }] },
    configurations: [{ id: at(1, 1), configuration }],
  };
  const machine = new ScribeMachine(
    start,
    { electionTimeoutMinMillis: LEASE, maxLeaseMillis, presumedLeaseMillis },
    now,
  );
  for (const name of ['v', 'w']) {
    const identity = { workerId: name, incarnation: `${name}1`, address: `${name}:1` };
    machine.step({ kind: 'linkUp', from: `worker:${name}1`, peer: { role: 'worker', identity } }, now);
  }
  return machine;
}

/** A heartbeat of v, leader of term 1, that asks for a lease; what was promised. */
function hear(machine: ScribeMachine, now: number): number {
  const append = { kind: 'append', term: 1, incarnation: 'v1', prev: at(1, 1), batches: [], commit: 0 } as const;
  const message = { ...append, round: 1, echo: true, leaseMillis: LEASE };
  const { sends } = machine.step({ kind: 'message', from: 'worker:v1', message }, now);
  return sends.flatMap((send) => (send.message.kind === 'appendReply' ? [send.message.leaseMillis] : []))[0] ?? -1;
}

/** What w's request for the vote of term 2 is answered once everything is durable. */
function vote(machine: ScribeMachine, now: number, askedIn: Term | null = null): string | undefined {
  const candidacy = { term: 2, incarnation: 'w1', tail: at(1, 1) };
  const message: Message =
    askedIn === null ? { kind: 'vote', ...candidacy } : { kind: 'transferVote', ...candidacy, askedIn };
  const asked = machine.step({ kind: 'message', from: 'worker:w1', message }, now);
  const written = machine.step({ kind: 'durable', write: asked.persists.length, writeMicros: 0, fsyncMicros: 0 }, now);
  const answers = [...asked.sends, ...written.sends].map((send) => send.message);
  return answers.flatMap((answer) => (answer.kind === 'voteReply' ? [answer.reason] : []))[0];
}

describe('a scribe that has promised', () => {
  test('R9 R22: a closed connection ends no promise, and workers hear of it when the promise is over', () => {
    const machine = scribe(LEASE, -LEASE);
    assert.equal(hear(machine, 0), LEASE);
    assert.deepEqual(machine.step({ kind: 'linkDown', from: 'worker:v1' }, 10).sends, []);
    assert.equal(vote(machine, LEASE - 1), 'leader-live');
    assert.equal(machine.wakeAt, LEASE);
    const [notice] = machine.step({ kind: 'tick' }, LEASE).sends;
    assert.equal(notice?.message.kind, 'leaderGone');
    assert.equal(vote(machine, LEASE), 'granted');
  });

  test('R9: where leases are off a closed connection frees it at once', () => {
    const machine = scribe(0, 0);
    assert.equal(hear(machine, 0), 0);
    assert.equal(machine.step({ kind: 'linkDown', from: 'worker:v1' }, 10).sends.length, 1);
    assert.equal(vote(machine, 10), 'granted');
  });

  test('R10: one that may have promised before it started waits, whatever it promises now', () => {
    assert.equal(vote(scribe(0, 1000, LEASE), 1000 + LEASE - 1), 'leader-live');
    assert.equal(vote(scribe(0, 1000, LEASE), 1000 + LEASE), 'granted');
    assert.equal(vote(scribe(LEASE, 1000), 1000 + LEASE - 1), 'leader-live');
    assert.equal(vote(scribe(LEASE, 1000), 1000 + LEASE), 'granted');
    assert.equal(vote(scribe(0, 1000), 1000), 'granted');
  });

  test('R22: only the leader that it promised to, or a later one, may ask it to vote for another', () => {
    for (const [askedIn, reason] of [
      [0, 'leader-live'],
      [1, 'granted'],
    ] as const) {
      const machine = scribe(LEASE, -LEASE);
      hear(machine, 0);
      assert.equal(vote(machine, 1, askedIn), reason);
    }
  });

  test('R22: it promises no more than its own settings allow', () => assert.equal(hear(scribe(20, 0), 0), 20));
});

describe('a leader with a lease', () => {
  /** Leads, its no-op committed; scribes a and b have answered the first round late. */
  function leading(leaseMillis = LEASE): { bench: Bench; since: number } {
    const bench = new Bench(leaseMillis);
    const term = bench.lead();
    const since = bench.now;
    bench.now += 40;
    for (const key of ['scribe:a', 'scribe:b'] as const) bench.acknowledge(key, at(1, term), null, 1);
    return { bench, since };
  }
  const read = (bench: Bench) => bench.machine.step({ kind: 'read', request: 7 }, bench.now);

  test('R22: serves a read without a single message, from when the round was sent and not from when it was answered', () => {
    const { bench, since } = leading();
    bench.now = since + SPAN - 0.01;
    const within = read(bench);
    assert.deepEqual([within.readable, within.sends], [[{ request: 7, index: 1 }], []]);
    bench.now = since + SPAN + 0.01;
    const after = read(bench);
    assert.deepEqual(after.readable, []);
    assert.ok(after.sends.some(({ message }) => message.kind === 'append' && message.echo));
  });

  test('R22: gives the lease up before it tells another to stand, for the rest of the term', () => {
    const { bench } = leading();
    bench.receive('worker:v1', { kind: 'follow', tail: at(0, 0) });
    bench.acknowledge('worker:v1', at(1, 1));
    const told = bench.machine.step({ kind: 'transfer', request: 1, to: 'v1' }, bench.now);
    assert.equal(sent(told, 'takeOver').length, 1);
    assert.deepEqual(read(bench).readable, []);
  });

  test('R22: where leases are off every read asks the scribes', () => {
    assert.deepEqual(read(leading(0).bench).readable, []);
  });
});
