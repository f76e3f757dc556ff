/** Transcripts of one worker's machine: events in, effects out, for cases that no other test pins down. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerEffects } from '../../src/core/effects.ts';
import { type Read, scribeKey } from '../../src/core/messages.ts';
import type { Batch } from '../../src/core/types.ts';
import { at, Bench, batch, sent } from './worker-bench.ts';

describe('a worker that accepted entries of a leader and then campaigns', () => {
  /** Entries 2 and 3 of term 5 accepted; then a donor that ends at 3@6 makes the candidate step back to entry 1. */
  const steppedBack = (): { bench: Bench; read: Read } => {
    const bench = new Bench();
    bench.append(5, at(0, 0), [batch(1, 1, 'configuration'), batch(2, 5), batch(3, 5)], 1);
    const round = bench.campaign();
    bench.probeReply('scribe:a', round, at(3, 6));
    const read = bench.probeReply('scribe:b', round, at(1, 1));
    assert.deepEqual(read?.prev, at(3, 5));
    const conflict = {
      kind: 'readReply',
      request: read.request,
      outcome: 'conflict',
      batches: [],
      hint: at(1, 1),
      commit: at(0, 0),
    } as const;
    const again = bench.receive('scribe:a', conflict);
    assert.equal(again.truncatedFrom, 2);
    const next = again.sends.find(({ message }) => message.kind === 'read')?.message as Read;
    return { bench, read: next };
  };

  test('R17: catching up elsewhere takes back what was accepted, so the same leader may go on', () => {
    const { bench } = steppedBack();
    const { sends } = bench.append(5, at(3, 5), [], 3);
    assert.deepEqual(
      sends.flatMap(({ message }) => (message.kind === 'appendReply' ? [message.conflict] : [])),
      [at(1, 1)],
    );
  });

  test('R17: a commit index does not reach entries that took the place of accepted ones', () => {
    const { bench, read } = steppedBack();
    const batches = [batch(2, 6), batch(3, 6)];
    bench.receive('scribe:a', {
      kind: 'readReply',
      request: read.request,
      outcome: 'entries',
      batches,
      hint: at(0, 0),
      commit: at(0, 0),
    });
    assert.deepEqual(bench.machine.tail, at(3, 6));
    // The leader of term 5 was thought gone and is not; it knows entries 2 and 3, its own, to be committed.
    const { commits } = bench.append(5, at(1, 1), [], 3);
    assert.deepEqual(commits, []);
    assert.equal(bench.machine.commit, 1);
  });
});

describe('a learner', () => {
  test('R15: answers every probing append, however often the leader starts over', () => {
    const bench = new Bench();
    bench.append(5, at(0, 0), [batch(1, 1, 'configuration'), batch(2, 5)], 1);
    const probe = {
      kind: 'append',
      leaseMillis: 0,
      term: 5,
      incarnation: 'v1',
      prev: at(2, 5),
      batches: [],
      commit: 1,
      round: 0,
    } as const;
    const durable = (effects: WorkerEffects) => sent(effects, 'appendReply').map((reply) => reply.durable);
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(durable(bench.receive('worker:v1', { ...probe, echo: true })), [at(2, 5)]);
      assert.deepEqual(durable(bench.receive('worker:v1', { ...probe, echo: false })), []);
    }
  });
});

describe('a learner that was told to fetch', () => {
  test('R16, R17: a new leader ends it, so a late answer never cuts what was accepted from that leader', () => {
    const bench = new Bench();
    bench.append(4, at(0, 0), [batch(1, 1), batch(2, 1), batch(3, 2)], 1);
    const fetch = { kind: 'fetch', term: 4, incarnation: 'v1', source: 'a', upTo: at(6, 4) } as const;
    const [read] = sent(bench.receive('worker:v1', fetch), 'read');
    assert.deepEqual(read?.prev, at(3, 2));
    bench.linkWorker('x1');
    bench.append(5, at(2, 1), [batch(3, 3), batch(4, 4), batch(5, 4), batch(6, 4), batch(7, 5)], 1, 'x1');
    const late = bench.readReply('scribe:a', read, { outcome: 'conflict', hint: at(2, 1) });
    assert.equal(late.truncatedFrom, null);
    const [reply] = sent(bench.append(5, at(7, 5), [batch(8, 5)], 1, 'x1'), 'appendReply');
    assert.deepEqual(reply?.durable, at(8, 5));
  });
});

describe('a worker that steps back to meet a donor', () => {
  test('R6: it cuts its log between batches, never inside one, so the next donor can go on from there', () => {
    const bench = new Bench();
    // Entries 2 to 4 of term 2 are one batch; the donor holds 2 and 3 of term 3 in their place.
    bench.append(4, at(0, 0), [batch(1, 1), batch(2, 2, 'command', 3), batch(5, 4)], 1);
    const round = bench.campaign();
    bench.probeReply('scribe:a', round, at(4, 5));
    const read = bench.probeReply('scribe:b', round, at(1, 1)) as Read;
    const { truncatedFrom, sends } = bench.readReply('scribe:a', read, { outcome: 'conflict', hint: at(3, 3) });
    assert.equal(truncatedFrom, 2);
    assert.deepEqual(bench.machine.tail, at(1, 1));
    const again = sends.find(({ to }) => to === scribeKey('a'))?.message as Read;
    assert.deepEqual(again.prev, at(1, 1));
  });
});

describe('a learner and what comes late', () => {
  const big = (firstIndex: number): Batch => ({ ...batch(firstIndex, 1), bytes: new Uint8Array(900) });

  test('P03 R16: told to fetch what it has applied and dropped since, it reads nothing and says what it has', () => {
    const bench = new Bench();
    for (let index = 1; index <= 4; index++) {
      bench.append(1, index === 1 ? at(0, 0) : at(index - 1, 1), [big(index)], index);
      bench.machine.step({ kind: 'applied', index }, bench.now);
    }
    bench.append(1, at(4, 1), [batch(5, 1)], 4);
    const late = { kind: 'fetch', term: 1, incarnation: 'v1', source: 'a', upTo: at(2, 1) } as const;
    const effects = bench.receive('worker:v1', late);
    assert.deepEqual(sent(effects, 'read'), []);
    assert.deepEqual(sent(effects, 'appendReply')[0]?.durable, at(5, 1));
  });

  test('P03 R6: a conflict with an end that its log no longer has cuts nothing that the leader sent meanwhile', () => {
    const bench = new Bench();
    bench.append(1, at(0, 0), [batch(1, 1), batch(2, 1)], 1);
    const fetch = { kind: 'fetch', term: 4, incarnation: 'v1', source: 'a', upTo: at(6, 4) } as const;
    const [read] = sent(bench.receive('worker:v1', fetch), 'read');
    assert.deepEqual(read?.prev, at(2, 1));
    bench.append(4, at(1, 1), [batch(2, 4), batch(3, 4)], 1);
    bench.readReply('scribe:a', read as Read, { outcome: 'conflict', hint: at(1, 1) });
    assert.deepEqual(bench.machine.tail, at(3, 4));
    assert.deepEqual(sent(bench.append(4, at(9, 4), [], 1), 'appendReply')[0]?.durable, at(3, 4));
  });
});

describe('a read that waits for the leader it was passed to', () => {
  test('R20: a new link to the leader, without the loss of the old one, refuses it: the question may be lost', () => {
    const bench = new Bench();
    bench.append(1, at(0, 0), [batch(1, 1)], 1);
    const asked = bench.machine.step({ kind: 'read', request: 7 }, bench.now);
    assert.equal(sent(asked, 'indexRequest').length, 1);
    assert.deepEqual(bench.linkWorker('v1').refusedReads, [7]);
  });
});

describe('a candidate', () => {
  test('R26, R27: what a scribe outside the configuration says decides nothing', () => {
    const bench = new Bench();
    const peer = { role: 'scribe', storageUuid: 'stray', scribeId: 'a' } as const;
    bench.machine.step({ kind: 'linkUp', from: 'scribe:stray', peer }, bench.now);
    const round = bench.campaign();
    bench.probeReply('scribe:stray', round, at(9, 9));
    bench.probeReply('scribe:a', round, at(1, 1));
    const read = bench.probeReply('scribe:b', round, at(1, 1));
    assert.equal(read?.asOf?.index, 1);
    assert.equal(bench.machine.term, 0);
  });

  test('R1: a vote that an earlier attempt at the same term won does not count for a shorter log', () => {
    const bench = new Bench();
    bench.append(1, at(0, 0), [batch(1, 1), batch(2, 1)], 1);
    const round = bench.campaign();
    bench.probeReply('scribe:a', round, at(2, 1));
    bench.probeReply('scribe:b', round, at(2, 1));
    const granted = { kind: 'voteReply', requestTerm: 2, term: 2, reason: 'granted' } as const;
    bench.receive('scribe:a', { ...granted, tail: at(2, 1) });
    bench.receive('scribe:b', { ...granted, tail: at(3, 1) });
    assert.equal(bench.machine.role, 'candidate');
    bench.receive('scribe:c', { ...granted, tail: at(1, 1) });
    assert.equal(bench.machine.role, 'leader');
  });
});

describe('a worker and what no honest peer sends', () => {
  test('N20: batches that leave a gap, or that replace what their own leader sent, are not taken', () => {
    const bench = new Bench();
    bench.append(5, at(0, 0), [batch(1, 1), batch(2, 5)], 1);
    bench.append(5, at(1, 1), [batch(2, 5, 'command', 3), batch(5, 5)], 1);
    bench.append(5, at(1, 1), [batch(2, 4)], 1);
    assert.deepEqual(bench.machine.tail, at(2, 5));
    const [reply] = sent(bench.append(5, at(2, 5), [batch(3, 5)], 9), 'appendReply');
    assert.deepEqual(reply?.durable, at(3, 5));
  });

  test('N20: a donor whose terms go back is given up', () => {
    const bench = new Bench();
    bench.append(5, at(0, 0), [batch(1, 1), batch(2, 5)], 1);
    const round = bench.campaign();
    bench.probeReply('scribe:a', round, at(3, 6));
    const read = bench.probeReply('scribe:b', round, at(1, 1)) as Read;
    bench.readReply('scribe:a', read, { batches: [batch(3, 4)] });
    assert.deepEqual(bench.machine.tail, at(2, 5));
  });

  test('P26: a term beyond any plausible leap is not believed', () => {
    const bench = new Bench();
    const leader = { workerId: 'v', incarnation: 'v1', address: 'v:1' };
    bench.receive('scribe:a', { kind: 'leaderNotice', term: Number.MAX_SAFE_INTEGER, leader });
    bench.append(Number.MAX_SAFE_INTEGER, at(0, 0), [batch(1, 1)], 1);
    assert.equal(bench.machine.term, 0);
    assert.deepEqual(bench.machine.tail, at(0, 0));
  });
});

test('R31: where no majority can do without an entry that cannot be read, it says at which it is halted, and nothing waits there', () => {
  const bench = new Bench();
  const round = bench.campaign();
  bench.probeReply('scribe:a', round, at(2, 1));
  const read = bench.probeReply('scribe:b', round, at(2, 1));
  assert.ok(read !== undefined);
  assert.equal(bench.machine.awaitsLeader, true);
  const [other] = sent(bench.readReply('scribe:a', read, { outcome: 'unknown' }), 'read');
  bench.readReply('scribe:b', other as Read, { outcome: 'unknown' });
  bench.now = bench.machine.wakeAt;
  bench.machine.step({ kind: 'tick' }, bench.now);
  assert.equal(bench.machine.halted, 1);
  bench.campaign();
  assert.deepEqual([bench.machine.role, bench.machine.awaitsLeader], ['candidate', false]);
});

test('R31: is not halted behind the best log there is, though a scribe could not read a part of it', () => {
  const bench = new Bench();
  const round = bench.campaign();
  bench.probeReply('scribe:b', round, at(0, 0));
  const read = bench.probeReply('scribe:a', round, at(2, 1)) as Read;
  bench.readReply('scribe:a', read, { outcome: 'unknown' });
  const other = bench.probeReply('scribe:c', round, at(2, 1)) as Read;
  // So late that it has to look again, and nobody answers any more.
  bench.now += 1000;
  const [again] = sent(bench.readReply('scribe:c', other, { batches: [batch(1, 1), batch(2, 1)] }), 'probe');
  assert.ok(again !== undefined);
  bench.now = bench.machine.wakeAt;
  bench.machine.step({ kind: 'tick' }, bench.now);
  assert.deepEqual([bench.machine.role, bench.machine.halted], ['learner', null]);
});
