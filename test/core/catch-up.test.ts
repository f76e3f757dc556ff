/** A worker that reads what it lacks from scribes: which donor is asked for what, who takes over, what is taken of what they say. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WorkerEffects, WorkerOptions } from '../../src/core/effects.ts';
import { MAX_CATCH_UP_READS } from '../../src/core/limits.ts';
import type { Fetch, Message, PeerKey, ProbeReply, Read, ReadReply } from '../../src/core/messages.ts';
import { type Batch, type EntryId, ORIGIN, sameId } from '../../src/core/types.ts';
import { Donor } from './donor.ts';
import { at, Bench, batch, sent } from './worker-bench.ts';

const [A, B, C] = ['scribe:a', 'scribe:b', 'scribe:c'] as const;

interface Asked {
  readonly to: PeerKey;
  readonly read: Read;
}

const asked = ({ sends }: WorkerEffects): readonly Asked[] =>
  sends.flatMap(({ to, message }) => (message.kind === 'read' ? [{ to, read: message }] : []));

/** Batches of so many entries and 250 bytes: four fill a read. */
const log = (terms: readonly number[], count = 1): readonly Batch[] =>
  terms.map((term, position) => ({
    ...batch(1 + position * count, term, position === 0 ? 'noop' : 'command', count),
    bytes: new Uint8Array(250),
  }));
const ROOMY = { maxUnappliedBytes: 1 << 20 };

class Reader extends Bench {
  constructor(options: Partial<WorkerOptions> = ROOMY) {
    super(0, options);
  }

  /** Of its newest probe. */
  round = 0;
  /** To the state machine, since it began. */
  readonly handedOut: Batch[] = [];

  /** Probes are answered by these; what is read then. */
  stand(...answers: readonly (readonly [PeerKey, EntryId, EntryId?])[]): readonly Asked[] {
    const round = this.campaign();
    this.round = round;
    return answers.flatMap(([from, tail, commit = ORIGIN]) => {
      const answer: ProbeReply = { ...this.probeAnswer(round, tail), commit };
      return asked(this.receive(from, answer));
    });
  }

  fetch(source: string, upTo: EntryId): readonly Asked[] {
    const fetch: Fetch = { kind: 'fetch', term: upTo.term, incarnation: 'v1', source, upTo };
    return asked(this.receive('worker:v1', fetch));
  }

  answer({ to, read }: Asked, donor: Donor): WorkerEffects {
    return this.receive(to, donor.answer(read));
  }

  override receive(from: PeerKey, message: Message): WorkerEffects {
    const effects = super.receive(from, message);
    this.handedOut.push(...effects.commits);
    return effects;
  }

  lose(from: PeerKey): WorkerEffects {
    return this.machine.step({ kind: 'linkDown', from }, this.now);
  }

  tick(): WorkerEffects {
    this.now = this.machine.wakeAt;
    return this.machine.step({ kind: 'tick' }, this.now);
  }

  /** Answer everything, newest or oldest first, until nothing is asked any more; how often each donor was asked. */
  finish(first: readonly Asked[], donors: Readonly<Record<string, Donor>>, newestFirst = false): Map<PeerKey, number> {
    const open = [...first];
    const counts = new Map<PeerKey, number>();
    while (open.length > 0) {
      assert.ok(open.length <= MAX_CATCH_UP_READS);
      const next = (newestFirst ? open.pop() : open.shift()) as Asked;
      counts.set(next.to, (counts.get(next.to) ?? 0) + 1);
      open.push(...asked(this.answer(next, donors[next.to] as Donor)));
    }
    return counts;
  }
}

const TEN = log([1, 1, 2, 2, 2, 2, 2, 2, 2, 2]);

describe('a candidate whose donor fails', () => {
  test('P15: whose link closes, it is given up at once, and the next goes on from where it stopped', () => {
    const reader = new Reader();
    const [read] = reader.stand([A, at(6, 2)], [B, at(6, 2)]) as [Asked];
    assert.equal(read.to, A);
    reader.answer(read, new Donor('a', TEN.slice(0, 6)));
    const [next] = asked(reader.lose(A)) as [Asked];
    assert.deepEqual([next.to, next.read.prev, next.read.asOf], [B, at(4, 2), at(6, 2)]);
  });

  test('P15: that is silent, one with a shorter log serves what is committed, and then it looks again who has the rest', () => {
    const reader = new Reader();
    reader.stand([A, at(9, 2)], [B, at(6, 2), at(4, 2)]);
    const [read] = asked(reader.tick()) as [Asked];
    assert.deepEqual([read.to, read.read.prev, read.read.asOf], [B, ORIGIN, at(4, 2)]);
    const effects = reader.answer(read, new Donor('b', TEN.slice(0, 6), at(4, 2)));
    assert.deepEqual(reader.machine.tail, at(4, 2));
    const [probe] = sent(effects, 'probe');
    const answer = reader.probeAnswer(probe?.round as number, at(9, 2));
    reader.receive(B, { ...answer, tail: at(6, 2), commit: at(4, 2) });
    const [rest] = asked(reader.receive(A, answer)) as [Asked];
    assert.deepEqual([rest.to, rest.read.prev], [A, at(4, 2)]);
  });

  test('P15: if nobody can serve the best tail, those who make a vote quorum without it are asked for their votes', () => {
    const reader = new Reader();
    reader.append(1, ORIGIN, [batch(1, 1)], 0);
    const [read] = reader.stand([C, at(1, 1)], [A, at(6, 2)]) as [Asked];
    const effects = reader.readReply(A, read.read, { outcome: 'unable' });
    assert.deepEqual(sent(effects, 'vote'), []);
    const votes = sent(reader.receive(B, reader.probeAnswer(reader.round, at(1, 1))), 'vote');
    assert.deepEqual(votes[0]?.tail, at(1, 1));
  });

  test('P15: too slow for what was asked of them, all are asked for less, and for more again once one is in time', () => {
    const reader = new Reader({ ...ROOMY, maxAppendBytes: 65_536 });
    reader.linkWorker('v1');
    const upTo = at(40, 1);
    const sizes = reader.fetch('a', upTo).map(({ read }) => read.maxBytes);
    for (let tries = 0; tries < 3; tries++) {
      reader.append(1, ORIGIN, [], 0); // the leader lives
      sizes.push(...asked(reader.tick()).map(({ read }) => read.maxBytes));
    }
    const [least] = reader.fetch('b', upTo) as [Asked];
    assert.deepEqual([...sizes, least.read.maxBytes], [65_536, 32_768, 16_384, 16_384]);
    const big = log(new Array(40).fill(1)).map((each) => ({ ...each, bytes: new Uint8Array(4096) }));
    const [next] = asked(reader.answer(least, new Donor('b', big))) as [Asked];
    assert.ok(next.read.maxBytes > 16_384);
  });

  test('P15: that has come back over another link, it is asked again there', () => {
    const reader = new Reader();
    const [read] = reader.stand([A, at(6, 2)], [B, at(1, 1)]) as [Asked];
    const [again] = asked(reader.linkScribe('a')) as [Asked];
    assert.deepEqual([again.to, again.read.prev], [A, ORIGIN]);
    assert.notEqual(again.read.request, read.read.request);
  });

  test('P15 R29: that cannot read what comes next, another one does', () => {
    const reader = new Reader();
    const [read] = reader.stand([A, at(6, 2)], [B, at(6, 2)]) as [Asked];
    const [next] = asked(reader.readReply(A, read.read, { outcome: 'unknown' })) as [Asked];
    assert.equal(next.to, B);
  });

  test('P15 R29: that cannot read one batch goes on with what follows it when another one has served that', () => {
    const reader = new Reader();
    const [read] = reader.stand([A, at(6, 2)], [B, at(4, 2), at(4, 2)]) as [Asked];
    const [next] = asked(reader.readReply(A, read.read, { outcome: 'unknown' })) as [Asked];
    const [rest] = asked(reader.answer(next, new Donor('b', TEN.slice(0, 4), at(4, 2)))) as [Asked];
    assert.deepEqual([next.to, rest.to, rest.read.prev], [B, A, at(4, 2)]);
    assert.deepEqual(sent(reader.answer(rest, new Donor('a', TEN)), 'vote')[0]?.tail, at(6, 2));
  });

  test('P15 R31: is not halted at an entry that nobody was asked for, though the one before it could not be read', () => {
    const reader = new Reader();
    const [read] = reader.stand([A, at(6, 2)], [B, at(4, 2), at(4, 2)]) as [Asked];
    const [next] = asked(reader.readReply(A, read.read, { outcome: 'unknown' })) as [Asked];
    reader.answer(next, new Donor('b', TEN.slice(0, 4), at(4, 2)));
    const [probe] = sent(reader.lose(A), 'probe');
    assert.ok(probe !== undefined);
    reader.tick();
    assert.deepEqual([reader.machine.role, reader.machine.halted], ['learner', null]);
  });
});

test('P16: a candidate that came further and looks again gives way to a leader that it finds there', () => {
  const reader = new Reader();
  const [read] = reader.stand([A, at(6, 2)], [B, at(1, 1)]) as [Asked];
  const [more] = asked(reader.answer(read, new Donor('a', TEN))) as [Asked];
  assert.deepEqual(more.read.prev, at(4, 2));
  const [probe] = sent(reader.lose(A), 'probe');
  const leader = { identity: { workerId: 'v', incarnation: 'v1', address: 'v:1' }, term: 3, silentMillis: 1 };
  const answer = { ...reader.probeAnswer(probe?.round as number, at(9, 3)), leader, leaderLive: true };
  for (const from of [B, C] as const) reader.receive(from, answer);
  assert.deepEqual([reader.machine.role, reader.machine.tail], ['learner', at(4, 2)]);
});

describe('a learner that was told to fetch', () => {
  test('P15 R16: goes on where it is when the leader names another source and a later entry', () => {
    const reader = new Reader();
    const [read] = reader.fetch('a', at(5, 2)) as [Asked];
    assert.deepEqual(reader.fetch('b', at(8, 2)), []);
    const donors = { [A]: new Donor('a', TEN), [B]: new Donor('b', TEN), [C]: new Donor('c', TEN) };
    reader.finish([read], donors);
    assert.deepEqual(reader.machine.tail, at(8, 2));
  });

  test('P15 R16: turns to the other scribes when the source is gone, of which one that does not hold the entry says so', () => {
    const reader = new Reader();
    reader.fetch('a', at(5, 2));
    const [second] = asked(reader.lose(A)) as [Asked];
    assert.equal(second.to, B);
    const [third] = asked(reader.answer(second, new Donor('b', TEN.slice(0, 3)))) as [Asked];
    assert.equal(third.to, C);
    reader.finish([third], { [C]: new Donor('c', TEN) });
    assert.deepEqual(reader.machine.tail, at(5, 2));
  });

  test('P15 R16: begins anew with whom the leader names when all have failed', () => {
    const reader = new Reader();
    reader.fetch('a', at(5, 2));
    for (const from of [A, B, C] as const) reader.lose(from);
    reader.linkScribe('c');
    const [read] = reader.fetch('c', at(5, 2)) as [Asked];
    assert.equal(read.to, C);
  });

  test('R17: knows as committed what it has of a log that holds a committed entry, before it has that entry itself', () => {
    const reader = new Reader();
    const [read] = reader.fetch('a', at(9, 2)) as [Asked];
    reader.answer(read, new Donor('a', TEN, at(8, 2)));
    assert.deepEqual([reader.machine.tail.index, reader.machine.commit], [4, 4]);
  });
});

describe('a worker that is far behind', () => {
  const terms = [...Array(9).fill(1), ...Array(30).fill(2), ...Array(11).fill(5)];
  const LONG = log(terms, 3);
  const end = at(150, 5);
  const donorsOf = (batches: readonly Batch[]) => ({
    [A]: new Donor('a', batches),
    [B]: new Donor('b', batches),
    [C]: new Donor('c', batches),
  });

  for (const newestFirst of [false, true]) {
    test(`R6: reads stripes from all who have them and joins them in order, the ${newestFirst ? 'newest' : 'oldest'} answered first`, () => {
      const reader = new Reader();
      const counts = reader.finish(reader.fetch('a', end), donorsOf(LONG), newestFirst);
      assert.deepEqual(reader.machine.tail, end);
      assert.deepEqual([...counts.keys()].sort(), [A, B, C]);
      for (const count of counts.values()) assert.ok(count >= 4, `${count} of ${[...counts.values()]}`);
      // What it has is what they have, batch by batch.
      assert.deepEqual(reader.handedOut, LONG);
    });
  }

  test('R16: keeps so many reads under way, and one alone while one may do', () => {
    const reader = new Reader();
    const donors = donorsOf(LONG);
    const first = reader.fetch('a', end);
    assert.equal(first.length, 1);
    assert.equal(asked(reader.answer(first[0] as Asked, donors[A])).length, MAX_CATCH_UP_READS);
    const near = new Reader();
    const [read] = near.fetch('a', at(24, 1)) as [Asked];
    assert.equal(asked(near.answer(read, donors[A])).length, 1);
  });

  test('R16: lets no more wait than that again, however long what comes before them takes', () => {
    const reader = new Reader();
    const donors = donorsOf(LONG);
    const [read] = reader.fetch('a', end) as [Asked];
    const [head, ...open] = asked(reader.answer(read, donors[A]));
    let reads = 1 + open.length;
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const more = asked(reader.answer(next, donors[next.to as keyof typeof donors]));
      // One whose term was guessed wrong is asked for again.
      reads += more.filter(({ read: { prev } }) => prev.index !== next?.read.prev.index).length;
      open.push(...more);
      assert.ok(reads < 40, 'it reads on and on');
    }
    assert.equal(reader.machine.tail.index, 12);
    assert.equal(reads, 2 * MAX_CATCH_UP_READS);
    reader.finish([head as Asked], donors);
    assert.deepEqual(reader.machine.tail, end);
  });

  test('R18: is told the term of an entry that lies ahead by whom it named a wrong one to', () => {
    const reader = new Reader();
    const donors = donorsOf(LONG);
    const [read] = reader.fetch('a', end) as [Asked];
    const [, stripe] = asked(reader.answer(read, donors[A])) as [Asked, Asked];
    assert.deepEqual(stripe.read.prev, at(24, 5));
    const [again] = asked(reader.answer(stripe, donors[B])) as [Asked];
    assert.deepEqual([again.to, again.read.prev], [stripe.to, at(24, 1)]);
    assert.equal(donors[B].answer(again.read).outcome, 'entries');
  });

  test('P15 R6: does not join a stripe of another log, whatever it was told of it', () => {
    const reader = new Reader();
    const donors = donorsOf(LONG);
    const [read] = reader.fetch('a', end) as [Asked];
    const stripes = asked(reader.answer(read, donors[A]));
    const wrong = stripes.find(({ read: { prev } }) => sameId(prev, at(24, 5))) as Asked;
    const other = new Donor('other', log([...Array(7).fill(1), ...Array(43).fill(5)], 3));
    assert.equal(other.answer(wrong.read).outcome, 'entries');
    const more = asked(reader.answer(wrong, other));
    reader.finish([...stripes.filter((it) => it !== wrong), ...more], donors);
    assert.deepEqual(reader.handedOut, LONG);
  });

  test('P15: waits for reads that share a way as many times longer, and then goes on with whom it has heard', () => {
    const reader = new Reader();
    const donors = donorsOf(LONG);
    const [read] = reader.stand([A, end], [B, end]) as [Asked];
    const stripes = asked(reader.answer(read, donors[A]));
    assert.equal(reader.machine.wakeAt, reader.now + MAX_CATCH_UP_READS * 150);
    reader.now += 300;
    const heard = stripes.filter(({ to }) => to === A);
    const open = heard.flatMap((it) => asked(reader.answer(it, donors[A])));
    const more = asked(reader.tick());
    const counts = reader.finish(
      [...open, ...more].filter(({ to }) => to === A),
      donors,
    );
    assert.deepEqual(reader.machine.tail, end);
    assert.equal(counts.has(B), false);
  });

  test('P15: goes on with the others when one of them is lost', () => {
    const reader = new Reader();
    const donors = donorsOf(LONG);
    const [read] = reader.fetch('a', end) as [Asked];
    const stripes = asked(reader.answer(read, donors[A]));
    const open = [...stripes.filter(({ to }) => to !== B), ...asked(reader.lose(B))];
    const counts = reader.finish(open, donors);
    assert.deepEqual(reader.machine.tail, end);
    assert.equal(counts.has(B), false);
  });

  test('R16: asks ahead for nothing while the state machine is behind, and goes on when it is not', () => {
    const reader = new Reader({ maxUnappliedBytes: 900 });
    const donors = { ...donorsOf(LONG), [A]: new Donor('a', LONG, end) };
    const [read] = reader.fetch('a', end) as [Asked];
    assert.deepEqual(asked(reader.answer(read, donors[A])), []);
    assert.equal(reader.machine.commit, 12);
    const effects = reader.machine.step({ kind: 'applied', index: 12 }, reader.now);
    assert.equal(asked(effects).length, MAX_CATCH_UP_READS);
  });
});

const lies: Readonly<Record<string, (honest: readonly Batch[]) => readonly Batch[]>> = {
  'nothing at all': () => [],
  'more bytes than were asked for': (honest) => honest.map((it) => ({ ...it, bytes: new Uint8Array(600) })),
  'batches from another place': (honest) => honest.slice(1),
  'a gap': (honest) => [honest[0] as Batch, ...honest.slice(2)],
  'terms that fall': (honest) => honest.map((it, position) => (position === 3 ? { ...it, term: 1 } : it)),
  'entries beyond what it vouches for': (honest) => [{ ...(honest[0] as Batch), count: 7 }],
};

describe('a donor that lies', () => {
  for (const [name, lie] of Object.entries(lies)) {
    test(`P15 N20: with ${name}: none of it is taken, and another one is asked`, () => {
      const reader = new Reader();
      const [read] = reader.stand([A, at(6, 2)], [B, at(6, 2)]) as [Asked];
      const honest = new Donor('a', TEN).answer(read.read);
      const [next] = asked(reader.receive(A, { ...honest, batches: lie(honest.batches) })) as [Asked];
      assert.deepEqual(reader.machine.tail, ORIGIN);
      assert.equal(next.to, B);
    });
  }

  test('P15 N20: with batches that are cut elsewhere, or now with this and now with that: another one is asked', () => {
    const answers: readonly ((read: Read) => Partial<ReadReply>)[] = [
      () => ({ batches: [batch(2, 1, 'command', 2)] }),
      ({ prev }) => (sameId(prev, at(2, 1)) ? { batches: [batch(3, 2)] } : { outcome: 'conflict', hint: at(2, 1) }),
    ];
    for (const answer of answers) {
      const reader = new Reader();
      reader.append(1, ORIGIN, [batch(1, 1), batch(2, 1)], 0);
      let [read] = reader.stand([A, at(4, 2)], [B, at(4, 2)]) as [Asked];
      for (let answered = 0; read.to === A; answered++) {
        assert.ok(answered < 3, 'it is still asked');
        [read] = asked(reader.readReply(A, read.read, answer(read.read))) as [Asked];
      }
    }
  });

  test('P15 N20: about what was accepted from the leader: none of it is dropped, and another one is asked', () => {
    const reader = new Reader();
    reader.append(2, ORIGIN, TEN.slice(0, 4), 1);
    const [read] = reader.fetch('a', at(8, 2)) as [Asked];
    const [next] = asked(reader.readReply(A, read.read, { outcome: 'conflict', hint: at(2, 1) })) as [Asked];
    assert.deepEqual([next.to, reader.machine.tail], [B, at(4, 2)]);
    const [reply] = sent(reader.append(2, at(4, 2), TEN.slice(4, 5), 1), 'appendReply');
    assert.deepEqual(reply?.durable, at(5, 2));
  });

  test('P15: about the terms ahead, without end: it is given up', () => {
    const reader = new Reader();
    const [read] = reader.fetch('a', at(40, 3)) as [Asked];
    const stripes = asked(reader.answer(read, new Donor('a', log(Array(40).fill(3)))));
    let [lying] = stripes.filter(({ to, read: { prev } }) => to === B && prev.index > 4) as [Asked];
    for (let term = 2; lying !== undefined && term > -5; term--) {
      const conflict: Partial<ReadReply> = { outcome: 'conflict', hint: at(lying.read.prev.index, term) };
      const again = asked(reader.readReply(B, lying.read, conflict)).find(({ to }) => to === B);
      if (again === undefined) return;
      lying = again;
    }
    assert.fail('it is still asked');
  });
});
