/** A leader that lost contact: what ends its leading, what lets it lead on in its term, and what does not (R8). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerEffects } from '../../src/core/effects.ts';
import type { PeerKey, ProbeReply } from '../../src/core/messages.ts';
import { at, Bench, batch, sent } from './worker-bench.ts';

const TERM = 1;

/** Let time pass with nobody answering until it leads no more; what the last step did. */
function loseContact(bench: Bench): WorkerEffects {
  for (;;) {
    bench.now = bench.machine.wakeAt;
    const effects = bench.machine.step({ kind: 'tick' }, bench.now);
    if (bench.machine.role !== 'leader') return effects;
  }
}

interface Suspended {
  readonly bench: Bench;
  /** Number of the probes it asks with. */
  readonly round: number;
  readonly effects: WorkerEffects;
}

/** Led, its no-op committed, and is answered no more; `proposed` entries are in its log and nowhere else. */
function suspended(proposed = 0, before: (bench: Bench) => void = () => {}): Suspended {
  const bench = new Bench();
  bench.lead();
  for (const key of ['scribe:a', 'scribe:b'] as const) bench.acknowledge(key, at(1, TERM));
  before(bench);
  for (let more = 0; more < proposed; more++)
    bench.machine.step({ kind: 'propose', batch: batch(bench.machine.tail.index + 1, TERM) }, bench.now);
  const effects = loseContact(bench);
  return { bench, round: sent(effects, 'probe')[0]?.round ?? -1, effects };
}

const answer = ({ bench, round }: Suspended, from: PeerKey, other: Partial<ProbeReply> = {}): WorkerEffects =>
  bench.receive(from, { ...bench.probeAnswer(round, at(1, TERM)), ...other });

describe('a leader that no majority answers', () => {
  test('R8: leads nobody, proposes nothing, refuses what is read, and asks every scribe by a probe', () => {
    const { bench, effects } = suspended(0, ({ machine, now }) => machine.step({ kind: 'read', request: 4 }, now));
    const { machine } = bench;
    assert.deepEqual([machine.role, machine.leader, machine.canPropose], ['learner', null, false]);
    assert.ok(machine.awaitsLeader);
    assert.deepEqual(effects.refusedReads, [4]);
    assert.deepEqual(machine.step({ kind: 'read', request: 5 }, bench.now).refusedReads, [5]);
    assert.equal(sent(effects, 'probe').length, 3);
    assert.equal(sent(effects, 'append').length, 0);
  });

  test('R8 R15: asks again with every heartbeat and on every new link, and does not stand', () => {
    const { bench, round } = suspended();
    for (let times = 0; times < 20; times++) {
      bench.now = bench.machine.wakeAt;
      const { sends } = bench.machine.step({ kind: 'tick' }, bench.now);
      assert.deepEqual(
        sends.map(({ message }) => message),
        new Array(3).fill({ kind: 'probe', round }),
      );
    }
    assert.deepEqual(sent(bench.linkScribe('b'), 'probe'), [{ kind: 'probe', round }]);
    assert.equal(bench.machine.role, 'learner');
  });

  test('R8 P07: leads on in its term once a majority answers, and what it had proposed is committed then', () => {
    const lost = suspended(2);
    const { bench } = lost;
    answer(lost, 'scribe:a');
    assert.equal(bench.machine.role, 'learner');
    const { changed, sends } = answer(lost, 'scribe:b');
    assert.deepEqual([bench.machine.role, bench.machine.term, changed], ['leader', TERM, true]);
    assert.ok(sends.every(({ message }) => message.kind === 'append' && message.term === TERM));
    // Entries 2 and 3 are the proposals, 4 is the no-op that it leads on with.
    assert.deepEqual(bench.machine.tail, at(4, TERM));
    bench.acknowledge('scribe:a', at(4, TERM));
    const { commits } = bench.acknowledge('scribe:c', at(4, TERM));
    assert.deepEqual(
      commits.map(({ firstIndex }) => firstIndex),
      [2, 3, 4],
    );
  });

  test('R11: reads nothing before what it leads on with is committed', () => {
    const lost = suspended();
    const { bench } = lost;
    answer(lost, 'scribe:a');
    answer(lost, 'scribe:b');
    assert.deepEqual(sent(bench.machine.step({ kind: 'read', request: 4 }, bench.now), 'append'), []);
    bench.acknowledge('scribe:a', at(2, TERM));
    assert.ok(sent(bench.acknowledge('scribe:b', at(2, TERM)), 'append').some(({ echo }) => echo));
  });

  test('R19: an answer from before confirms no read of after', () => {
    let round = 0;
    const lost = suspended(0, (bench) => {
      const { sends } = bench.machine.step({ kind: 'read', request: 4 }, bench.now);
      round = Math.max(...sends.map(({ message }) => (message.kind === 'append' ? message.round : 0)));
    });
    const { bench } = lost;
    answer(lost, 'scribe:a');
    answer(lost, 'scribe:b');
    for (const key of ['scribe:a', 'scribe:b'] as const) bench.acknowledge(key, at(2, TERM));
    bench.machine.step({ kind: 'read', request: 5 }, bench.now);
    for (const key of ['scribe:a', 'scribe:b'] as const)
      assert.deepEqual(bench.acknowledge(key, at(2, TERM), null, round).readable, []);
  });

  test('R8: answers count while they are as old as an election timeout at most', () => {
    const lost = suspended();
    answer(lost, 'scribe:a');
    lost.bench.now += 150;
    answer(lost, 'scribe:b');
    assert.equal(lost.bench.machine.role, 'learner');
  });

  test('R8: a later term at a single scribe ends it for good, and then it may stand like anybody else', () => {
    const lost = suspended();
    answer(lost, 'scribe:a', { term: TERM + 1 });
    answer(lost, 'scribe:b');
    answer(lost, 'scribe:c');
    assert.equal(lost.bench.machine.role, 'learner');
    assert.notEqual(lost.bench.campaign(), lost.round);
  });

  test('R26: who is no member does not count, nor does its term', () => {
    const lost = suspended();
    lost.bench.linkScribe('x');
    answer(lost, 'scribe:a', { storage: 'not-member' });
    answer(lost, 'scribe:x', { term: TERM + 5 });
    answer(lost, 'scribe:b');
    assert.equal(lost.bench.machine.role, 'learner');
    answer(lost, 'scribe:c');
    assert.equal(lost.bench.machine.role, 'leader');
  });

  test('R28: who was cut off until all its scribes were replaced hears of it from others, or from one that was told, and stands', () => {
    const scribes = ['x', 'y', 'z'].map((name) => ({ scribeId: name, storageUuid: name, address: `${name}:1` }));
    const newer = { id: at(9, TERM + 1), configuration: { scribes } };
    const isAsked = ({ sends }: WorkerEffects): boolean =>
      sends.some(({ to, message }) => to === 'scribe:x' && message.kind === 'probe');
    for (const from of ['scribe:x', 'scribe:c'] as const) {
      const lost = suspended(1);
      const { bench } = lost;
      assert.ok(isAsked(bench.linkScribe('x')));
      for (const name of ['a', 'b']) bench.machine.step({ kind: 'linkDown', from: `scribe:${name}` }, bench.now);
      bench.now = bench.machine.wakeAt;
      assert.ok(isAsked(bench.machine.step({ kind: 'tick' }, bench.now)));
      const tail = from === 'scribe:x' ? at(9, TERM + 1) : at(1, TERM);
      answer(lost, from, { tail, configuration: newer });
      const round = bench.campaign();
      assert.notEqual(round, lost.round);
      bench.receive('scribe:x', { ...bench.probeAnswer(round, at(9, TERM + 1)), configuration: newer });
      assert.deepEqual(bench.machine.configuration, newer);
    }
  });

  test('R8: leads on once only as long as nothing was committed since', () => {
    const lost = suspended();
    answer(lost, 'scribe:a');
    answer(lost, 'scribe:b');
    assert.equal(sent(loseContact(lost.bench), 'probe').length, 0);
    assert.notEqual(lost.bench.campaign(), lost.round);
  });

  test('R8 R22: does not lead on once it has offered its leadership to another', () => {
    const { effects } = suspended(0, (bench) => {
      bench.receive('worker:v1', { kind: 'follow', tail: at(1, TERM) });
      bench.acknowledge('worker:v1', at(1, TERM));
      const told = bench.machine.step({ kind: 'transfer', request: 1, to: 'v1' }, bench.now);
      assert.equal(sent(told, 'takeOver').length, 1);
    });
    assert.equal(sent(effects, 'probe').length, 0);
  });

  test('R8 R26: does not lead on once a disk has gone back: it would count again', () => {
    const { effects } = suspended(0, (bench) => {
      const [probe] = sent(bench.linkScribe('a'), 'probe');
      const { alarms } = bench.receive('scribe:a', { ...bench.probeAnswer(probe?.round ?? 0, at(0, 0), TERM) });
      assert.equal(alarms[0]?.kind, 'disk-went-back');
    });
    assert.equal(sent(effects, 'probe').length, 0);
  });

  test('R8 R26: does not lead on where a disk that has acknowledged went back meanwhile, and says so', () => {
    for (const back of [{ tail: at(0, 0) }, { term: TERM - 1 }]) {
      const lost = suspended();
      const { alarms } = answer(lost, 'scribe:a', back);
      assert.deepEqual(
        alarms.map(({ kind, storageUuid }) => [kind, storageUuid]),
        [['disk-went-back', 'a']],
      );
      answer(lost, 'scribe:b');
      answer(lost, 'scribe:c');
      assert.equal(lost.bench.machine.role, 'learner');
      assert.notEqual(lost.bench.campaign(), lost.round);
    }
    const lost = suspended();
    assert.deepEqual(answer(lost, 'scribe:c', { tail: at(0, 0), term: TERM - 1 }).alarms, []);
  });

  test('R8: goes on supplying who followed, or asked to meanwhile, but not who is gone', () => {
    const lost = suspended(0, (bench) => {
      for (const name of ['v1', 'u1']) {
        bench.linkWorker(name);
        bench.receive(`worker:${name}`, { kind: 'follow', tail: at(1, TERM) });
      }
    });
    const { bench } = lost;
    bench.linkWorker('t1');
    assert.deepEqual(bench.receive('worker:t1', { kind: 'follow', tail: at(1, TERM) }).sends, []);
    bench.machine.step({ kind: 'linkDown', from: 'worker:u1' }, bench.now);
    answer(lost, 'scribe:a');
    const { sends } = answer(lost, 'scribe:b');
    const workers = sends.filter(({ to, message }) => to.startsWith('worker:') && message.kind === 'append');
    assert.deepEqual(workers.map(({ to }) => to).sort(), ['worker:t1', 'worker:v1']);
  });

  test('R8 R17: takes nothing from a leader of an earlier term, and follows one of a later term', () => {
    const lost = suspended(1);
    const { bench } = lost;
    assert.deepEqual(bench.append(TERM - 1, at(1, TERM - 1), [batch(2, TERM - 1)], 0).sends, []);
    assert.deepEqual(bench.machine.tail, at(2, TERM));
    bench.append(TERM + 1, at(1, TERM), [batch(2, TERM + 1)], 1);
    assert.deepEqual(bench.machine.tail, at(2, TERM + 1));
    answer(lost, 'scribe:a');
    answer(lost, 'scribe:b');
    assert.equal(bench.machine.role, 'learner');
  });
});
