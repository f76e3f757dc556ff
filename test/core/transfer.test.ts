/** Handing leadership over, as transcripts: the leader's side, the other's side, and what a scribe makes of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerEffects } from '../../src/core/effects.ts';
import { at, Bench, batch, sent } from './worker-bench.ts';

/** Leads term 1; entry 1 is committed, worker v follows and is acknowledged to hold it. */
function leading(): Bench {
  const bench = new Bench();
  bench.lead();
  bench.acknowledge('scribe:a', at(1, 1));
  bench.acknowledge('scribe:b', at(1, 1));
  bench.receive('worker:v1', { kind: 'follow', tail: at(1, 1) });
  bench.acknowledge('worker:v1', at(1, 1));
  return bench;
}

const transfer = (bench: Bench, to: string | null): WorkerEffects =>
  bench.machine.step({ kind: 'transfer', request: 1, to }, bench.now);

const outcomes = ({ transfers }: WorkerEffects): readonly string[] => transfers.map(({ outcome }) => outcome);

describe('a leader that hands over', () => {
  test('P38: tells a worker that holds its log to take over, and appends nothing more', () => {
    const bench = leading();
    const effects = transfer(bench, 'v1');
    assert.deepEqual(
      sent(effects, 'takeOver').map(({ tail, term }) => ({ tail, term })),
      [{ tail: at(1, 1), term: 1 }],
    );
    assert.equal(bench.machine.canPropose, false);
    bench.machine.step({ kind: 'propose', batch: batch(2, 1) }, bench.now);
    assert.deepEqual(bench.machine.tail, at(1, 1));
  });

  test('P38: waits for one that lags', () => {
    const bench = leading();
    bench.machine.step({ kind: 'propose', batch: batch(2, 1) }, bench.now);
    assert.deepEqual(sent(transfer(bench, 'v1'), 'takeOver'), []);
    assert.equal(sent(bench.acknowledge('worker:v1', at(2, 1)), 'takeOver').length, 1);
    assert.deepEqual(sent(bench.acknowledge('worker:v1', at(2, 1)), 'takeOver'), [], 'once');
  });

  test('P38: leads on when nobody took over within an election timeout', () => {
    const bench = leading();
    transfer(bench, 'v1');
    const end = bench.now + 150;
    const seen: string[] = [];
    while (bench.machine.wakeAt <= end) {
      bench.now = bench.machine.wakeAt;
      assert.equal(bench.machine.canPropose, false);
      seen.push(...outcomes(bench.machine.step({ kind: 'tick' }, bench.now)));
      bench.acknowledge('scribe:a', at(1, 1));
      bench.acknowledge('scribe:b', at(1, 1));
      if (seen.length > 0) break;
    }
    assert.deepEqual(seen, ['kept']);
    assert.equal(bench.machine.role, 'leader');
    assert.ok(bench.machine.canPropose);
  });

  test('is done when a scribe answers in a higher term', () => {
    const bench = leading();
    transfer(bench, null);
    const micros = { writeMicros: 0, fsyncMicros: 0 };
    const reply = {
      kind: 'appendReply',
      leaseMillis: 0,
      term: 2,
      incarnation: 'w1',
      durable: at(0, 0),
      conflict: null,
    } as const;
    assert.deepEqual(outcomes(bench.receive('scribe:a', { ...reply, round: 0, ...micros })), ['done']);
    assert.equal(bench.machine.role, 'learner');
  });

  test('refuses what it cannot do: no follower of that name, two at once, a change of the members meanwhile', () => {
    const bench = leading();
    assert.deepEqual(outcomes(transfer(bench, 'x1')), ['refused']);
    assert.ok(bench.machine.canPropose);
    transfer(bench, 'v1');
    assert.deepEqual(outcomes(transfer(bench, 'v1')), ['refused']);
    const change = { kind: 'remove', scribeId: 'c' } as const;
    const { changes } = bench.machine.step({ kind: 'change', request: 2, change }, bench.now);
    assert.deepEqual(
      changes.map(({ outcome }) => outcome),
      ['refused'],
    );
    assert.deepEqual(bench.machine.tail, at(1, 1));
  });

  test('R11: not before an entry of its own term is committed, and not by one that does not lead', () => {
    const bench = new Bench();
    assert.deepEqual(outcomes(transfer(bench, null)), ['refused']);
    bench.lead();
    bench.receive('worker:v1', { kind: 'follow', tail: at(0, 0) });
    assert.deepEqual(outcomes(transfer(bench, 'v1')), ['refused']);
  });
});

describe('a worker that is to take over', () => {
  const takeOver = { kind: 'takeOver', term: 1, incarnation: 'v1' } as const;

  /** Follows v, the leader of term 1, up to entry 2. */
  function following(): Bench {
    const bench = new Bench();
    bench.append(1, at(0, 0), [batch(1, 1), batch(2, 1)], 1);
    return bench;
  }

  test('P38: probes at once and asks for votes although the leader lives', () => {
    const bench = following();
    const [probe] = sent(bench.receive('worker:v1', { ...takeOver, tail: at(2, 1) }), 'probe');
    assert.ok(probe !== undefined);
    const answer = { ...bench.probeAnswer(probe.round, at(2, 1), 1), leaderLive: true };
    bench.receive('scribe:a', answer);
    const votes = sent(bench.receive('scribe:b', answer), 'transferVote');
    assert.equal(votes.length, 3);
    assert.deepEqual(votes[0], { kind: 'transferVote', askedIn: 1, term: 2, incarnation: 'w1', tail: at(2, 1) });
  });

  test('goes on while the leader that asked is still heard, and gives way to a newer one', () => {
    const bench = following();
    bench.receive('worker:v1', { ...takeOver, tail: at(2, 1) });
    bench.append(1, at(2, 1), [], 2);
    assert.equal(bench.machine.role, 'candidate');
    assert.equal(bench.machine.commit, 2);
    bench.linkWorker('x1');
    bench.append(2, at(2, 1), [batch(3, 2)], 2, 'x1');
    assert.equal(bench.machine.role, 'learner');
  });

  test('P38: gives way to a newer one that a scribe has told it of before', () => {
    const bench = following();
    bench.receive('worker:v1', { ...takeOver, tail: at(2, 1) });
    bench.linkWorker('x1');
    const leader = { workerId: 'v', incarnation: 'x1', address: 'v:1' };
    bench.receive('scribe:a', { kind: 'leaderNotice', term: 3, leader });
    assert.equal(bench.machine.role, 'candidate');
    bench.append(3, at(2, 1), [batch(3, 3)], 2, 'x1');
    assert.equal(bench.machine.role, 'learner');
  });

  test('R17: keeps what it accepts meanwhile, although a scribe has other entries there', () => {
    const bench = following();
    const [probe] = sent(bench.receive('worker:v1', { ...takeOver, tail: at(2, 1) }), 'probe');
    assert.ok(probe !== undefined);
    bench.append(1, at(2, 1), [batch(3, 1), batch(4, 1)], 1);
    bench.probeReply('scribe:b', probe.round, at(2, 1));
    const read = bench.probeReply('scribe:a', probe.round, at(3, 2));
    assert.ok(read !== undefined);
    bench.readReply('scribe:a', read, { outcome: 'conflict', hint: at(2, 1) });
    const [reply] = sent(bench.append(1, at(4, 1), [batch(5, 1)], 1), 'appendReply');
    assert.deepEqual([reply?.durable, bench.machine.tail], [at(5, 1), at(5, 1)]);
  });

  test('R16: reads nothing any more on the word of the leader before it once it leads', () => {
    const bench = following();
    const [probe] = sent(bench.receive('worker:v1', { ...takeOver, tail: at(2, 1) }), 'probe');
    const fetch = { kind: 'fetch', term: 1, incarnation: 'v1', source: 'a', upTo: at(9, 1) } as const;
    const [read] = sent(bench.receive('worker:v1', fetch), 'read');
    assert.ok(probe !== undefined && read !== undefined);
    const grant = { kind: 'voteReply', requestTerm: 2, term: 2, reason: 'granted', tail: at(2, 1) } as const;
    for (const from of ['scribe:a', 'scribe:b'] as const) bench.probeReply(from, probe.round, at(2, 1));
    for (const from of ['scribe:a', 'scribe:b'] as const) bench.receive(from, grant);
    assert.equal(bench.machine.role, 'leader');
    assert.deepEqual(sent(bench.readReply('scribe:a', read, { outcome: 'unable' }), 'read'), []);
  });

  test('does nothing when its log ends elsewhere, or the leader is another', () => {
    const bench = following();
    bench.receive('worker:v1', { ...takeOver, tail: at(3, 1) });
    assert.equal(bench.machine.role, 'learner');
    bench.linkWorker('x1');
    bench.receive('worker:x1', { ...takeOver, incarnation: 'x1', tail: at(2, 1) });
    bench.receive('worker:v1', { ...takeOver, term: 9, tail: at(2, 1) });
    assert.equal(bench.machine.role, 'learner');
  });
});
