/** A worker that loses its leader: what the scribes tell unasked, whose turn it is, and how long the others wait (R9, §2.1). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerEffects } from '../../src/core/effects.ts';
import type { PeerKey } from '../../src/core/messages.ts';
import { lagShare } from '../../src/core/succession.ts';
import { at, Bench, batch, sent } from './worker-bench.ts';

/** Of the bench's election timeout of 150 ms. */
const TURN_MILLIS = 15;
const HEARTBEAT_MILLIS = 50;

/** A learner with two entries of leader v1, which the scribes have too. */
class Orphan extends Bench {
  constructor() {
    super();
    this.append(1, at(0, 0), [batch(1, 1, 'configuration')], 1);
    this.append(1, at(1, 1), [batch(2, 1)], 2);
  }

  tell(name: string, turn: number, tail = at(2, 1), term = tail.term): WorkerEffects {
    return this.receive(`scribe:${name}`, { kind: 'leaderGone', turn, answer: this.probeAnswer(0, tail, term) });
  }

  /** A majority answers its probe that v1 lives. */
  hearAlive(round: number): WorkerEffects[] {
    const leader = { identity: { workerId: 'v', incarnation: 'v1', address: 'v:1' }, term: 1, silentMillis: 1 };
    const answer = { ...this.probeAnswer(round, at(2, 1)), leader, leaderLive: true };
    return [this.receive('scribe:a', answer), this.receive('scribe:b', answer)];
  }

  loseLink(): WorkerEffects {
    return this.machine.step({ kind: 'linkDown', from: 'worker:v1' }, this.now);
  }

  tickAt(now: number): WorkerEffects {
    this.now = now;
    return this.machine.step({ kind: 'tick' }, now);
  }
}

const asked = (effects: WorkerEffects): readonly PeerKey[] =>
  effects.sends.filter(({ message }) => message.kind === 'vote').map(({ to }) => to);
const ALL: readonly PeerKey[] = ['scribe:a', 'scribe:b', 'scribe:c'];

describe('a worker whose leader is gone', () => {
  test('R9: whose turn is first asks for votes as soon as a majority has told, and probes nobody', () => {
    const worker = new Orphan();
    assert.deepEqual(worker.loseLink().sends, []);
    assert.deepEqual(worker.tell('a', 0).sends, []);
    const effects = worker.tell('b', 0);
    assert.deepEqual(asked(effects), ALL);
    assert.equal(sent(effects, 'vote')[0]?.term, 2);
    assert.deepEqual(sent(effects, 'probe'), []);
  });

  test('R9: what the leader sent last may still come: while the link to it stands, the first waits a turn for its end', () => {
    const worker = new Orphan();
    worker.tell('a', 0);
    assert.deepEqual(worker.tell('b', 0).sends, []);
    assert.equal(worker.machine.wakeAt, TURN_MILLIS);
    assert.deepEqual(asked(worker.loseLink()), ALL);
  });

  test('R9: the next one leaves the first a turn to win, and goes by what was told as well', () => {
    const worker = new Orphan();
    worker.loseLink();
    worker.tell('a', 1);
    assert.deepEqual(worker.tell('b', 1).sends, []);
    assert.equal(worker.machine.wakeAt, TURN_MILLIS);
    const effects = worker.tickAt(TURN_MILLIS);
    assert.deepEqual(asked(effects), ALL);
    assert.deepEqual(sent(effects, 'probe'), []);
  });

  test('R9: word of the next leader comes first, and it stays where it is', () => {
    const worker = new Orphan();
    worker.loseLink();
    worker.tell('a', 1);
    worker.tell('b', 1);
    const leader = { workerId: 'x', incarnation: 'x1', address: 'x:1' };
    worker.receive('scribe:a', { kind: 'leaderNotice', term: 2, leader });
    assert.equal(worker.machine.awaitsLeader, false);
    assert.deepEqual(worker.tickAt(4 * TURN_MILLIS).sends, []);
  });

  test('R9: without the word of a majority it probes after a while', () => {
    const worker = new Orphan();
    worker.loseLink();
    worker.tell('a', 0);
    const effects = worker.tickAt(worker.machine.wakeAt);
    assert.equal(sent(effects, 'probe').length, ALL.length);
    assert.deepEqual(asked(effects), []);
  });

  test('R9: a leader that only this worker has lost is probed for, found alive, and not deposed', () => {
    const worker = new Orphan();
    worker.loseLink();
    assert.equal(worker.machine.awaitsLeader, true);
    const round = sent(worker.tickAt(worker.machine.wakeAt), 'probe')[0]?.round ?? 0;
    assert.deepEqual(worker.hearAlive(round).flatMap(asked), []);
    assert.equal(worker.machine.role, 'learner');
  });

  test('R9: a majority tells after it has tried in vain: it tries again at its turn, not at its time-out', () => {
    const worker = new Orphan();
    worker.loseLink();
    const round = sent(worker.tickAt(worker.machine.wakeAt), 'probe')[0]?.round ?? 0;
    worker.hearAlive(round);
    assert.equal(worker.machine.role, 'learner');
    worker.tell('a', 0);
    assert.deepEqual(asked(worker.tell('b', 0)), ALL);
  });

  test('R7: what was told a heartbeat ago is asked again, for the leader may have been heard since, and votes depose it', () => {
    const worker = new Orphan();
    worker.tell('a', 0);
    worker.now += HEARTBEAT_MILLIS + 1;
    worker.tell('b', 0);
    const effects = worker.loseLink();
    assert.deepEqual(asked(effects), []);
    const round = sent(effects, 'probe')[0]?.round ?? 0;
    assert.deepEqual(worker.hearAlive(round).flatMap(asked), []);
    assert.equal(worker.machine.role, 'learner');
  });

  test('R9: the leader is heard again, and what waits for the next one is told so', () => {
    const worker = new Orphan();
    assert.equal(worker.loseLink().changed, false);
    assert.equal(worker.machine.awaitsLeader, true);
    worker.linkWorker('v1');
    const { changed } = worker.append(1, at(2, 1), [], 2);
    assert.deepEqual([worker.machine.awaitsLeader, changed], [false, true]);
  });

  test('R9: a leader it never heard of is missed once a majority says so, and late word of that one changes nothing', () => {
    const worker = new Orphan();
    worker.loseLink();
    worker.tell('a', 1, at(2, 1), 2);
    worker.tell('b', 1, at(2, 1), 2);
    const leader = { workerId: 'u', incarnation: 'u1', address: 'u:1' };
    worker.receive('scribe:c', { kind: 'leaderNotice', term: 2, leader });
    assert.equal(worker.machine.awaitsLeader, true);
    assert.deepEqual(asked(worker.tickAt(TURN_MILLIS)), ALL);
  });

  test('R28: newer members that one scribe tells of are heard before the others decide', () => {
    const worker = new Orphan();
    worker.loseLink();
    worker.tell('a', 1);
    worker.tell('b', 1);
    const scribes = ['x', 'y', 'z'].map((name) => ({ scribeId: name, storageUuid: name, address: `${name}:1` }));
    const newer = { id: at(3, 1), configuration: { scribes } };
    const answer = { ...worker.probeAnswer(0, at(3, 1)), configuration: newer };
    worker.receive('scribe:c', { kind: 'leaderGone', turn: 1, answer });
    const effects = worker.tickAt(worker.machine.wakeAt);
    assert.deepEqual(asked(effects), []);
    assert.deepEqual(worker.machine.configuration, newer);
  });

  test('§2.1: a log that lags waits longer, the more the longer, and reads before it asks', () => {
    const worker = new Orphan();
    worker.loseLink();
    worker.tell('a', 0, at(5, 1));
    worker.tell('b', 0, at(5, 1));
    assert.equal(worker.machine.wakeAt, 150 * lagShare(3));
    const effects = worker.tickAt(worker.machine.wakeAt);
    assert.deepEqual(asked(effects), []);
    assert.deepEqual(sent(effects, 'read')[0]?.asOf, at(5, 1));
    assert.ok(lagShare(0) === 0 && lagShare(10) < lagShare(1000) && lagShare(1e9) === lagShare(1e12));
  });

  test('§2.3: refused for a log that became durable after it was told of, it looks again, once', () => {
    const worker = new Orphan();
    worker.loseLink();
    worker.tell('a', 0);
    worker.tell('b', 0);
    const refuse = (name: string, requestTerm: number): WorkerEffects =>
      worker.receive(`scribe:${name}`, {
        kind: 'voteReply',
        requestTerm,
        term: requestTerm,
        reason: 'log-behind',
        tail: at(3, 1),
      });
    refuse('a', 2);
    assert.equal(sent(refuse('b', 2), 'probe').length, ALL.length);
    assert.equal(worker.machine.role, 'candidate');
  });
});
