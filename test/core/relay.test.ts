/** Learners beyond the first few, which the leader does not send the log: it names a scribe, and they read there (§3, R16). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerEffects } from '../../src/core/effects.ts';
import { type PeerKey, workerKey } from '../../src/core/messages.ts';
import { at, Bench, batch, sent } from './worker-bench.ts';

const [A, B] = ['scribe:a', 'scribe:b'] as const;
const HEARTBEAT_MILLIS = 50;

/** A leader that feeds one learner; entry 1, its no-op, is committed. */
class Leader extends Bench {
  constructor(maxFedLearners = 1) {
    super(0, { maxFedLearners, maxInflightBytes: 1 << 20, windowBytes: 1 << 20, maxUnappliedBytes: 1 << 20 });
    this.lead();
    this.durable(1);
  }

  durable(index: number): WorkerEffects[] {
    return [A, B].map((from) => this.acknowledge(from, at(index, 1)));
  }

  follow(name: string): WorkerEffects {
    this.linkWorker(name);
    return this.receive(workerKey(name), { kind: 'follow', tail: at(0, 0) });
  }

  propose(index: number): WorkerEffects {
    const proposed = { ...batch(index, 1), bytes: new Uint8Array(100) };
    return this.machine.step({ kind: 'propose', batch: proposed }, this.now);
  }

  beat(): WorkerEffects {
    this.now += HEARTBEAT_MILLIS;
    return this.machine.step({ kind: 'tick' }, this.now);
  }

  lose(from: PeerKey): WorkerEffects {
    return this.machine.step({ kind: 'linkDown', from }, this.now);
  }
}

const to = (effects: WorkerEffects, name: string): readonly string[] =>
  effects.sends.flatMap((send) => (send.to === workerKey(name) ? [send.message.kind] : []));

/** Bytes of batches that are sent to workers, and the messages to them. */
function loadOf(all: readonly WorkerEffects[]): { bytes: number; messages: number } {
  const toWorkers = all.flatMap(({ sends }) => sends.filter((send) => send.to.startsWith('worker:')));
  const batches = toWorkers.flatMap(({ message }) => (message.kind === 'append' ? message.batches : []));
  return { bytes: batches.reduce((sum, { bytes }) => sum + bytes.length, 0), messages: toWorkers.length };
}

describe('a leader with many learners', () => {
  test('§3: sends the log to the first, and to the others with each heartbeat what is committed, and who holds it', () => {
    const leader = new Leader();
    assert.deepEqual(to(leader.follow('fed'), 'fed'), ['append']);
    assert.deepEqual(to(leader.follow('far'), 'far'), ['configurationNotice', 'fetch']);
    const effects = [leader.propose(2), ...leader.durable(2)];
    assert.deepEqual(
      effects.flatMap((each) => to(each, 'far')),
      [],
    );
    const beat = leader.beat();
    assert.deepEqual(to(beat, 'far'), ['configurationNotice', 'fetch']);
    const [fetch] = sent(beat, 'fetch');
    assert.deepEqual(fetch?.upTo, at(2, 1));
    assert.ok(['a', 'b'].includes(fetch?.source as string), 'c has acknowledged nothing');
  });

  test('§3: sends no more bytes the more there are, and one message each a heartbeat', () => {
    const loads = [1, 20].map((learners) => {
      const leader = new Leader();
      const names = Array.from({ length: learners }, (_, number) => `w${number + 2}`);
      for (const name of names) leader.follow(name);
      leader.acknowledge(workerKey('w2'), at(1, 1));
      const all: WorkerEffects[] = [];
      for (let index = 2; index <= 101; index++) {
        all.push(leader.propose(index), ...leader.durable(index), leader.acknowledge(workerKey('w2'), at(index, 1)));
        for (const name of names.slice(1)) leader.acknowledge(workerKey(name), at(index - 1, 1));
        if (index % 10 === 0) all.push(leader.beat());
      }
      return loadOf(all);
    });
    const [one, many] = loads as [{ bytes: number; messages: number }, { bytes: number; messages: number }];
    assert.equal(one.bytes, 100 * 100);
    assert.equal(many.bytes, one.bytes);
    assert.equal(many.messages - one.messages, 19 * 10);
  });

  test('§3: spreads the sources over the scribes', () => {
    const leader = new Leader(0);
    const sources = ['u', 'x', 'y', 'z'].map((name) => sent(leader.follow(name), 'fetch')[0]?.source);
    assert.deepEqual(sources.toSorted(), ['a', 'a', 'b', 'b']);
  });

  test('§3: feeds another one when a learner that it fed is gone', () => {
    const leader = new Leader();
    for (const name of ['fed', 'next', 'last']) leader.follow(name);
    assert.deepEqual(to(leader.lose(workerKey('last')), 'next'), []);
    assert.deepEqual(to(leader.lose(workerKey('fed')), 'next'), ['append']);
    leader.acknowledge(workerKey('next'), at(1, 1));
    assert.deepEqual(to(leader.propose(2), 'next'), ['append']);
  });

  test('P38: hands over to a learner that it does not feed by feeding it', () => {
    const leader = new Leader();
    for (const name of ['fed', 'heir']) leader.follow(name);
    leader.propose(2);
    const begun = leader.machine.step({ kind: 'transfer', request: 1, to: 'heir' }, leader.now);
    assert.deepEqual(to(begun, 'heir'), ['append']);
    leader.acknowledge(workerKey('heir'), at(1, 1));
    assert.deepEqual(to(leader.acknowledge(workerKey('heir'), at(2, 1)), 'heir'), ['takeOver']);
  });

  test('§3: says that it is there before it knows of a scribe that holds anything', () => {
    const leader = new Bench(0, { maxFedLearners: 0 });
    leader.lead();
    leader.linkWorker('far');
    leader.receive(workerKey('far'), { kind: 'follow', tail: at(0, 0) });
    leader.now += HEARTBEAT_MILLIS;
    assert.deepEqual(to(leader.machine.step({ kind: 'tick' }, leader.now), 'far'), ['append']);
    const refused = leader.acknowledge(workerKey('far'), at(0, 0), at(0, 0));
    assert.deepEqual(to(refused, 'far'), []);
  });
});

describe('a learner that is named a scribe', () => {
  test('R7: by a leader that has been followed by another stands all the same', () => {
    const bench = new Bench();
    bench.linkWorker('x1');
    bench.append(3, at(0, 0), [batch(1, 3)], 0, 'x1');
    bench.campaign();
    const fetch = { kind: 'fetch', term: 2, incarnation: 'v1', source: 'a', upTo: at(1, 2) } as const;
    bench.receive('worker:v1', fetch);
    assert.equal(bench.machine.role, 'candidate');
  });

  test('R17 R20: applies as far as the leader says is committed, and reads there', () => {
    const bench = new Bench();
    const fetch = { kind: 'fetch', term: 1, incarnation: 'v1', source: 'a', upTo: at(3, 1) } as const;
    const [read] = sent(bench.receive('worker:v1', fetch), 'read');
    assert.ok(read !== undefined);
    const asked = bench.machine.step({ kind: 'read', request: 7 }, bench.now);
    assert.equal(sent(asked, 'indexRequest').length, 1);
    assert.deepEqual(bench.receive('worker:v1', { kind: 'indexReply', request: 7, index: 3 }).readable, [
      { request: 7, index: 3 },
    ]);
    const batches = [batch(1, 1, 'configuration'), batch(2, 1), batch(3, 1)];
    const effects = bench.readReply(A, read, { batches });
    assert.deepEqual(effects.commits, batches);
    assert.deepEqual(sent(effects, 'appendReply')[0]?.durable, at(3, 1));
  });
});
