/** Transcripts of one scribe's machine, driven with a disk that completes when told to. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScribeEffects, ScribeEvent } from '../../src/core/effects.ts';
import type { Append, Message, PeerKey } from '../../src/core/messages.ts';
import { ScribeMachine } from '../../src/core/scribe.ts';
import type { Batch, EntryId } from '../../src/core/types.ts';
import { at, batch, configuration } from './worker-bench.ts';

/** Scribe a with a log `[1@1, …]`, linked to scribe b and to workers v and w. */
class Bench {
  now = 0;
  written = 0;
  readonly machine: ScribeMachine;

  constructor(term: number, terms: readonly number[]) {
    const runs = terms.map((each, position) => ({ term: each, firstIndex: position + 1 }));
    const start = {
      scribeId: 'a',
      storageUuid: 'a',
      hardState: { term, votedFor: null },
      logStart: at(0, 0),
      tail: at(terms.length, terms.at(-1) ?? 0),
      termRuns: runs.filter(({ term: each }, position) => runs[position - 1]?.term !== each),
      commit: at(0, 0),
      configurations: [{ id: at(1, 1), configuration }],
    };
    this.machine = new ScribeMachine(
      start,
      { electionTimeoutMinMillis: 150, maxLeaseMillis: 0, presumedLeaseMillis: 0 },
      0,
    );
    this.step({ kind: 'linkUp', from: 'scribe:b', peer: { role: 'scribe', storageUuid: 'b', scribeId: 'b' } });
    for (const name of ['v', 'w']) {
      const identity = { workerId: name, incarnation: `${name}1`, address: `${name}:1` };
      this.step({ kind: 'linkUp', from: `worker:${name}1`, peer: { role: 'worker', identity } });
    }
  }

  step(event: ScribeEvent): ScribeEffects {
    const effects = this.machine.step(event, this.now);
    this.written += effects.persists.length;
    return effects;
  }

  receive(from: PeerKey, message: Message): ScribeEffects {
    return this.step({ kind: 'message', from, message });
  }

  /** The disk has done everything it was given. */
  durable(): readonly Message[] {
    const { sends } = this.step({ kind: 'durable', write: this.written, writeMicros: 0, fsyncMicros: 0 });
    return sends.map(({ message }) => message);
  }

  append(term: number, prev: EntryId, batches: readonly Batch[]): ScribeEffects {
    const message: Append = {
      kind: 'append',
      leaseMillis: 0,
      term,
      incarnation: 'v1',
      prev,
      batches,
      commit: 0,
      round: 0,
      echo: false,
    };
    return this.receive('worker:v1', message);
  }
}

describe('a scribe', () => {
  test('R3: acknowledges and grants only what is durable, in that order', () => {
    const bench = new Bench(1, [1]);
    const appended = bench.append(2, at(1, 1), [batch(2, 2)]);
    assert.deepEqual(
      appended.persists.map(({ kind }) => kind),
      ['hardState', 'append'],
    );
    assert.ok(appended.sends.every(({ message }) => message.kind !== 'appendReply'));
    const replies = bench.durable().filter((message) => message.kind === 'appendReply');
    assert.deepEqual([replies.at(-1)?.term, replies.at(-1)?.durable], [2, at(2, 2)]);
  });

  test('R4: a vote waits for writes in flight and is judged by what they leave', () => {
    const bench = new Bench(1, [1]);
    bench.append(2, at(1, 1), [batch(2, 2)]);
    bench.step({ kind: 'linkDown', from: 'worker:v1' });
    const vote = { kind: 'vote', term: 3, incarnation: 'w1', tail: at(1, 1) } as const;
    assert.deepEqual(bench.receive('worker:w1', vote), { persists: [], sends: [], reads: [], repairs: [] });
    bench.durable();
    const [reply] = bench.durable();
    assert.ok(reply?.kind === 'voteReply');
    assert.deepEqual([reply.reason, reply.term, reply.tail], ['log-behind', 3, at(2, 2)]);
  });

  test('R8 R9: a live leader is not deposed; one whose link closed is', () => {
    const bench = new Bench(1, [1]);
    bench.append(2, at(1, 1), [batch(2, 2)]);
    bench.durable();
    const vote = { kind: 'vote', term: 3, incarnation: 'w1', tail: at(2, 2) } as const;
    const refused = bench.receive('worker:w1', vote);
    assert.deepEqual(refused.persists, []);
    assert.deepEqual(
      refused.sends.map(({ message }) => message.kind === 'voteReply' && message.reason),
      ['leader-live'],
    );
    const closed = bench.step({ kind: 'linkDown', from: 'worker:v1' });
    const [gone] = closed.sends;
    assert.ok(gone?.to === 'worker:w1' && gone.message.kind === 'leaderGone');
    assert.deepEqual(
      [gone.message.turn, gone.message.answer.tail, gone.message.answer.leaderLive],
      [0, at(2, 2), false],
    );
    assert.deepEqual(bench.receive('worker:w1', vote).persists, [
      { kind: 'hardState', hardState: { term: 3, votedFor: 'w1' } },
    ]);
  });

  test('P38 R4 R8: a vote the leader asked for passes although it lives, but waits for writes in flight', () => {
    const bench = new Bench(1, [1]);
    bench.append(2, at(1, 1), [batch(2, 2)]);
    const vote = { kind: 'transferVote', askedIn: 2, term: 3, incarnation: 'w1', tail: at(2, 2) } as const;
    assert.deepEqual(bench.receive('worker:w1', vote), { persists: [], sends: [], reads: [], repairs: [] });
    bench.durable();
    const granted = bench.durable().flatMap((message) => (message.kind === 'voteReply' ? [message.reason] : []));
    assert.deepEqual(granted, ['granted']);
  });

  test('R16 R18: a fetch whose last entry conflicts with the own tail steps back and is carried out', () => {
    const bench = new Bench(3, [1, 3]); // holds 2@3 where the leader of term 4 holds 2@4
    bench.append(4, at(2, 4), []);
    bench.durable();
    const fetch = { kind: 'fetch', term: 4, incarnation: 'v1', source: 'b', upTo: at(2, 4) } as const;
    const [asked] = bench.receive('worker:v1', fetch).sends;
    assert.ok(asked?.to === 'scribe:b' && asked.message.kind === 'read');
    assert.deepEqual([asked.message.prev, asked.message.asOf], [at(2, 3), at(2, 4)]);
    const answer = { kind: 'readReply', request: asked.message.request, commit: at(0, 0) } as const;
    const back = bench.receive('scribe:b', { ...answer, outcome: 'conflict', batches: [], hint: at(1, 1) });
    const again = back.sends[0]?.message;
    assert.ok(again?.kind === 'read');
    assert.deepEqual(again.prev, at(1, 1));
    const entries = {
      ...answer,
      request: again.request,
      outcome: 'entries',
      batches: [batch(2, 4)],
      hint: at(0, 0),
    } as const;
    const { persists } = bench.receive('scribe:b', entries);
    assert.deepEqual(
      persists.map(({ kind }) => kind),
      ['truncateSuffix', 'append'],
    );
    const said = bench.durable().filter((message) => message.kind === 'appendReply');
    assert.deepEqual(
      said.map(({ durable }) => durable),
      [at(2, 4)],
    );
  });

  test('N20: what no leader sends is not stored, and breaks nothing', () => {
    const bench = new Bench(2, [1]);
    const own = [batch(2, 2), batch(3, 2)];
    bench.append(2, at(1, 1), own);
    const kinds = ({ persists }: ScribeEffects) => persists.map(({ kind }) => kind);
    // Entry 2 as another one than the same leader's own: nothing it vouched for is dropped.
    assert.deepEqual(kinds(bench.append(2, at(1, 1), [batch(2, 1)])), []);
    // A batch said to be longer than the one held leaves a gap.
    assert.deepEqual(kinds(bench.append(2, at(2, 2), [{ ...batch(3, 2), count: 3 }, batch(6, 2)])), []);
    assert.deepEqual(bench.machine.tail, at(3, 2));
    const last = bench.receive('worker:v1', {
      kind: 'append',
      leaseMillis: 0,
      term: 2,
      incarnation: 'v1',
      prev: at(3, 2),
      batches: [],
      commit: 9,
      round: 0,
      echo: false,
    });
    assert.deepEqual(bench.machine.commit, at(3, 2));
    assert.deepEqual(kinds(last), ['commitHint']);
  });

  test('N20: entries from a donor whose terms go back are not stored', () => {
    const bench = new Bench(3, [1, 3]);
    bench.append(4, at(3, 4), []);
    bench.durable();
    const fetch = { kind: 'fetch', term: 4, incarnation: 'v1', source: 'b', upTo: at(3, 4) } as const;
    const [asked] = bench.receive('worker:v1', fetch).sends;
    assert.ok(asked?.message.kind === 'read');
    const { request, prev } = asked.message;
    assert.deepEqual(prev, at(2, 3));
    const reply = { kind: 'readReply', request, commit: at(0, 0), hint: at(0, 0), outcome: 'entries' } as const;
    assert.deepEqual(bench.receive('scribe:b', { ...reply, batches: [batch(3, 2)] }).persists, []);
    assert.deepEqual(bench.machine.tail, at(2, 3));
  });

  test('S27: what it has no room for it has not seen: it stores nothing, tells what it has, and goes on voting', () => {
    const bench = new Bench(2, [1, 2]);
    bench.append(2, at(2, 2), [batch(3, 2)]);
    bench.durable();
    // One with batches, and one that is far ahead because of those that were not stored: no word of a conflict.
    for (const [prev, batches] of [
      [at(3, 2), [batch(4, 2)]],
      [at(9, 2), []],
    ] as const) {
      const message = {
        kind: 'append',
        leaseMillis: 0,
        term: 2,
        incarnation: 'v1',
        prev,
        batches,
        commit: 3,
        round: 7,
        echo: true,
      } as const;
      const { persists, sends } = bench.step({ kind: 'unstored', from: 'worker:v1', message });
      assert.deepEqual(persists, []);
      const [reply] = sends.map(({ message: sent }) => sent);
      assert.ok(reply?.kind === 'appendReply');
      assert.deepEqual([reply.durable, reply.conflict, reply.round], [at(3, 2), null, 7]);
    }
    assert.deepEqual(bench.machine.tail, at(3, 2));
    // A leader it has not heard of raises its term, which the reserve has room for.
    const newer = {
      kind: 'append',
      leaseMillis: 0,
      term: 3,
      incarnation: 'w1',
      prev: at(9, 3),
      batches: [],
      commit: 0,
    } as const;
    const heard = bench.step({ kind: 'unstored', from: 'worker:w1', message: { ...newer, round: 1, echo: true } });
    assert.deepEqual(heard.persists, [{ kind: 'hardState', hardState: { term: 3, votedFor: null } }]);
    assert.ok(bench.durable().some((message) => message.kind === 'appendReply' && message.conflict === null));
    bench.step({ kind: 'linkDown', from: 'worker:w1' });
    const vote = { kind: 'vote', term: 4, incarnation: 'v1', tail: at(9, 3) } as const;
    assert.deepEqual(bench.receive('worker:v1', vote).persists, [
      { kind: 'hardState', hardState: { term: 4, votedFor: 'v1' } },
    ]);
  });

  test('N05: a read is bounded by the donor, not by what the reader asks for', () => {
    const bench = new Bench(1, [1, 1]);
    const read = { kind: 'read', request: 1, prev: at(0, 0), asOf: null, maxBytes: 2 ** 32 - 1 } as const;
    const [log] = bench.receive('worker:v1', read).reads;
    assert.ok(log !== undefined && log.maxBytes <= 4 * 1024 * 1024);
  });
});
