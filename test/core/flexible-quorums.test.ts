/** A worker where one of three scribes commits and all three elect: which number each decision goes by. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PeerKey } from '../../src/core/messages.ts';
import type { Quorums } from '../../src/core/types.ts';
import { at, Bench, batch, configuration, sent } from './worker-bench.ts';

const [A, B, C] = ['scribe:a', 'scribe:b', 'scribe:c'] as const;
const QUICK: Quorums = { commit: 1, vote: 3 };
const quick = { ...configuration, quorums: QUICK };
/** What its log of two entries ends with. */
const logged = { id: at(2, 1), configuration: quick };

const probed = (bench: Bench, round: number, from: PeerKey, rest: object = {}) =>
  bench.receive(from, { ...bench.probeAnswer(round, at(2, 1)), configuration: logged, ...rest });
const grant = (bench: Bench, from: PeerKey, term: number) =>
  bench.receive(from, { kind: 'voteReply', requestTerm: term, term, reason: 'granted', tail: at(2, 1) });

function bench(leaseMillis = 0): Bench {
  const made = new Bench(leaseMillis);
  const change = { ...batch(2, 1, 'configuration'), configuration: quick };
  made.append(1, at(0, 0), [batch(1, 1, 'configuration'), change], 2);
  return made;
}

/** Elected by all three; its no-op is entry 3. */
function lead(made: Bench): number {
  const round = made.campaign();
  const asked = [A, B, C].map((from) => sent(probed(made, round, from), 'vote')[0]?.term);
  const term = asked[2] as number;
  for (const from of [A, B, C]) grant(made, from, term);
  assert.equal(made.machine.role, 'leader');
  return term;
}

describe('quorums that are not majorities', () => {
  test('R2 R5: nobody asks for votes before a vote quorum has told its term and tail', () => {
    const made = bench();
    const round = made.campaign();
    assert.deepEqual(sent(probed(made, round, A), 'vote'), []);
    assert.deepEqual(sent(probed(made, round, B, { term: 7 }), 'vote'), [], 'a majority is not enough');
    assert.equal(sent(probed(made, round, C), 'vote')[0]?.term, 8);
  });

  test('R1: a majority of the votes elects nobody', () => {
    const made = bench();
    const round = made.campaign();
    for (const from of [A, B, C]) probed(made, round, from);
    for (const from of [A, B]) grant(made, from, 2);
    assert.equal(made.machine.role, 'candidate');
    grant(made, C, 2);
    assert.equal(made.machine.role, 'leader');
  });

  test('one vote refused is enough to lose', () => {
    const made = bench();
    const round = made.campaign();
    for (const from of [A, B, C]) probed(made, round, from);
    made.receive(B, { kind: 'voteReply', requestTerm: 2, term: 2, reason: 'already-voted', tail: at(2, 1) });
    assert.equal(made.machine.role, 'learner');
  });

  test('one scribe that hears a leader keeps it: where it commits nobody else can be elected', () => {
    const made = bench();
    const round = made.campaign();
    probed(made, round, A);
    assert.equal(made.machine.role, 'candidate');
    probed(made, round, B, { leaderLive: true });
    assert.equal(made.machine.role, 'learner');
  });

  test('R9: all have to tell that the leader is gone before their word is as good as a probe', () => {
    const made = bench();
    made.machine.step({ kind: 'linkDown', from: 'worker:v1' }, made.now);
    const gone = (from: PeerKey) =>
      made.receive(from, {
        kind: 'leaderGone',
        turn: 0,
        answer: { ...made.probeAnswer(0, at(2, 1)), configuration: logged },
      });
    assert.deepEqual(
      [gone(A), gone(B)].map((effects) => sent(effects, 'vote').length),
      [0, 0],
    );
    assert.equal(sent(gone(C), 'vote').length, 3);
  });

  test('R11: what one scribe has is committed, and what it has not is not', () => {
    const made = bench();
    const term = lead(made);
    assert.equal(made.machine.commit, 2);
    made.acknowledge(C, at(3, term));
    assert.equal(made.machine.commit, 3);
  });

  test('R19: one scribe confirms a read, since whoever leads next has asked it', () => {
    const made = bench();
    const term = lead(made);
    made.acknowledge(C, at(3, term));
    const asked = made.machine.step({ kind: 'read', request: 5 }, made.now);
    const round = Math.max(...sent(asked, 'append').map((message) => message.round));
    assert.deepEqual(made.acknowledge(A, at(3, term), null, round - 1).readable, []);
    assert.deepEqual(made.acknowledge(A, at(3, term), null, round).readable, [{ request: 5, index: 3 }]);
  });

  test('R8: a leader that one scribe answers leads on, and without any it does not', () => {
    const made = bench();
    const term = lead(made);
    for (let beats = 0; beats < 20; beats++) {
      made.acknowledge(B, at(3, term));
      made.now = made.machine.wakeAt;
      made.machine.step({ kind: 'tick' }, made.now);
    }
    assert.equal(made.machine.role, 'leader');
    for (let beats = 0; beats < 8; beats++) {
      made.now = made.machine.wakeAt;
      made.machine.step({ kind: 'tick' }, made.now);
    }
    assert.notEqual(made.machine.role, 'leader');
  });

  test('R22: one promise is a lease', () => {
    const made = bench(100);
    const term = lead(made);
    made.acknowledge(C, at(3, term), null, 1);
    assert.deepEqual(made.machine.step({ kind: 'read', request: 5 }, made.now).readable, [{ request: 5, index: 3 }]);
  });

  test('§7: a change of the quorums alone is joint: it takes the quorums of both', () => {
    const made = bench();
    const term = lead(made);
    made.acknowledge(C, at(3, term));
    const change = { kind: 'quorums', quorums: 'majority' } as const;
    made.machine.step({ kind: 'change', request: 6, change }, made.now);
    assert.deepEqual(made.machine.configuration.configuration, { ...configuration, outgoing: quick });
    made.acknowledge(C, at(4, term));
    assert.equal(made.machine.commit, 3, 'enough for the old numbers, not for the new ones');
    made.acknowledge(B, at(4, term));
    assert.deepEqual(made.machine.configuration, { id: at(5, term), configuration });
    made.acknowledge(C, at(5, term));
    const { changes } = made.acknowledge(B, at(5, term));
    assert.deepEqual(changes, [{ request: 6, outcome: 'done', reason: '' }]);
  });

  test('unsafe numbers are refused, and nothing is appended', () => {
    const made = bench();
    const term = lead(made);
    made.acknowledge(C, at(3, term));
    const change = { kind: 'quorums', quorums: { commit: 1, vote: 2 } } as const;
    const { changes, sends } = made.machine.step({ kind: 'change', request: 6, change }, made.now);
    assert.deepEqual([changes[0]?.outcome, sends.length, made.machine.tail.index], ['refused', 0, 3]);
    assert.match(changes[0]?.reason ?? '', /vote quorum of at least 3$/);
  });

  test('R29: an entry that a scribe cannot read is gone by only where a vote quorum of the others answers', () => {
    const made = bench();
    const round = made.campaign();
    for (const from of [A, B]) probed(made, round, from);
    const read = sent(probed(made, round, C, { tail: at(3, 1) }), 'read')[0];
    assert.ok(read !== undefined);
    const after = made.readReply(C, read, { outcome: 'unknown' });
    assert.deepEqual(sent(after, 'vote'), [], 'two others could not know of what that one alone committed');
  });
});
