/** Transcripts: a leader, its scribes and a worker while the members change (§7, R26–R28). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScribeEvent, WorkerEffects } from '../../src/core/effects.ts';
import type { MembershipChange } from '../../src/core/membership.ts';
import type { Message } from '../../src/core/messages.ts';
import { ScribeMachine } from '../../src/core/scribe.ts';
import type { Configuration } from '../../src/core/types.ts';
import { at, Bench, batch, configuration, sent } from './worker-bench.ts';

const newcomer = { scribeId: 'd', storageUuid: 'd', address: 'd:1' };
const replaceC: MembershipChange = { kind: 'replace', scribeId: 'c', member: newcomer };
const abd = [...configuration.scribes.slice(0, 2), newcomer];

/** Leads with entry 1 committed, and has been asked for a change as request 7. */
const asked = (change: MembershipChange) => {
  const bench = new Bench();
  bench.lead();
  bench.acknowledge('scribe:a', at(1, 1));
  bench.acknowledge('scribe:b', at(1, 1));
  bench.machine.step({ kind: 'change', request: 7, change }, bench.now);
  return { bench };
};
const inForce = (bench: Bench): Configuration => bench.machine.configuration.configuration;

describe('a leader that changes the members', () => {
  test('P27 R26: replaces a disk: catch up, joint, done; each step after the one before is committed', () => {
    const { bench } = asked(replaceC);
    assert.deepEqual(inForce(bench), { ...configuration, target: { scribes: abd } });
    bench.linkScribe('d');
    bench.acknowledge('scribe:a', at(2, 1), null, 1);
    const { sends } = bench.acknowledge('scribe:b', at(2, 1), null, 1);
    const told = sends.filter(({ to }) => to === 'scribe:d').map(({ message }) => message.kind);
    assert.deepEqual(told, ['configurationNotice', 'append'], 'once it is sure to have led since d was linked');
    assert.equal(bench.machine.commit, 2);
    bench.now += 50;
    bench.machine.step({ kind: 'tick' }, bench.now);
    assert.deepEqual(inForce(bench), { ...configuration, target: { scribes: abd } }, 'd holds nothing yet');
    bench.acknowledge('scribe:d', at(2, 1));
    assert.deepEqual(inForce(bench), { scribes: abd, outgoing: configuration });
    bench.acknowledge('scribe:a', at(3, 1));
    bench.acknowledge('scribe:d', at(3, 1));
    assert.equal(bench.machine.commit, 2, 'a majority of the new set alone decides nothing');
    bench.acknowledge('scribe:c', at(3, 1));
    assert.deepEqual([bench.machine.commit, inForce(bench)], [3, { scribes: abd }]);
    bench.acknowledge('scribe:c', at(4, 1));
    bench.acknowledge('scribe:a', at(4, 1));
    assert.equal(bench.machine.commit, 3, 'R27: who is out counts no more');
    const { changes, sends: last } = bench.acknowledge('scribe:d', at(4, 1));
    assert.deepEqual(changes, [{ request: 7, outcome: 'done', reason: '' }]);
    const notice = last.find(({ to }) => to === 'scribe:c')?.message;
    assert.ok(notice?.kind === 'configurationNotice' && notice.committed, 'R27: and it is told');
  });

  test('P21 R26: calls nobody a newcomer before the scribes say that it has led since that link came up', () => {
    const { bench } = asked(replaceC);
    const kinds = (effects: WorkerEffects) =>
      effects.sends.filter(({ to }) => to === 'scribe:d').map(({ message }) => message.kind);
    const heard = (name: string, round: number) => kinds(bench.acknowledge(`scribe:${name}`, at(2, 1), null, round));
    assert.ok(!kinds(bench.linkScribe('d')).includes('configurationNotice'));
    bench.machine.step({ kind: 'linkDown', from: 'scribe:d' }, bench.now);
    assert.ok(!kinds(bench.linkScribe('d')).includes('configurationNotice'));
    assert.deepEqual([heard('a', 1), heard('b', 1)].flat(), ['append'], 'asked before the newer link: asks again');
    assert.deepEqual([heard('a', 2), heard('b', 2)].flat(), ['configurationNotice', 'append']);
  });

  test('P27: not before an entry of its own term is committed', () => {
    const bench = new Bench();
    bench.lead();
    const { changes } = bench.machine.step({ kind: 'change', request: 1, change: replaceC }, bench.now);
    assert.deepEqual(
      changes.map(({ outcome }) => outcome),
      ['not-leader'],
    );
    assert.deepEqual(inForce(bench), configuration);
  });

  test('P27: one change at a time; the same one again waits for the first', () => {
    const { bench } = asked(replaceC);
    const other: MembershipChange = { kind: 'remove', scribeId: 'a' };
    const step = (request: number, change: MembershipChange) =>
      bench.machine.step({ kind: 'change', request, change }, bench.now).changes;
    assert.deepEqual(
      step(8, other).map(({ request, outcome }) => [request, outcome]),
      [[8, 'refused']],
    );
    assert.deepEqual(step(9, replaceC), []);
  });

  test('P27: another leader goes on with a change that it finds half done', () => {
    const bench = new Bench();
    const joint = { scribes: abd, outgoing: configuration };
    bench.append(
      1,
      at(0, 0),
      [batch(1, 1, 'configuration'), { ...batch(2, 1, 'configuration'), configuration: joint }],
      1,
    );
    bench.linkScribe('d');
    const round = bench.campaign();
    for (const name of ['a', 'b'] as const) bench.probeReply(`scribe:${name}`, round, at(2, 1));
    const grant = { kind: 'voteReply', requestTerm: 2, term: 2, reason: 'granted', tail: at(2, 1) } as const;
    for (const name of ['a', 'b'] as const) bench.receive(`scribe:${name}`, grant);
    assert.equal(bench.machine.role, 'leader');
    for (const name of ['a', 'b'] as const) bench.acknowledge(`scribe:${name}`, at(3, 2));
    assert.deepEqual([bench.machine.commit, inForce(bench)], [3, { scribes: abd }]);
  });
});

describe('a worker', () => {
  test('§7: a configuration that is truncated gives way to the one before', () => {
    const bench = new Bench();
    const joint = { scribes: abd, outgoing: configuration };
    bench.append(
      5,
      at(0, 0),
      [batch(1, 1, 'configuration'), { ...batch(2, 5, 'configuration'), configuration: joint }],
      1,
    );
    assert.deepEqual(inForce(bench), joint);
    bench.linkWorker('u1');
    const { changed } = bench.append(6, at(1, 1), [batch(2, 6)], 1, 'u1');
    assert.deepEqual([inForce(bench), changed], [configuration, true]);
  });

  test('R28: what a probe tells is adopted when newer, and dropped when its own log proves it wrong', () => {
    const bench = new Bench();
    bench.append(5, at(0, 0), [batch(1, 1, 'configuration')], 1);
    const round = bench.campaign();
    const newer = { id: at(2, 5), configuration: { scribes: abd } };
    const { sends } = bench.receive('scribe:a', { ...bench.probeAnswer(round, at(2, 5)), configuration: newer });
    assert.deepEqual(inForce(bench), newer.configuration);
    assert.ok(
      sends.some(({ message }) => message.kind === 'probe'),
      'and starts again',
    );
    bench.linkWorker('u1');
    bench.append(6, at(1, 1), [batch(2, 6)], 1, 'u1');
    assert.deepEqual(inForce(bench), configuration);
  });

  test('R28: a configuration that a newer log lacks holds nobody up, however often it is told', () => {
    const bench = new Bench();
    const never = { id: at(2, 1), configuration: { scribes: [newcomer], outgoing: configuration } };
    bench.receive('scribe:a', { ...bench.probeAnswer(bench.campaign(), at(2, 1)), configuration: never });
    assert.deepEqual(inForce(bench), never.configuration, 'd is nowhere');
    const again = sent(bench.receive('scribe:b', bench.probeAnswer(bench.campaign(), at(2, 3))), 'probe')[0];
    assert.deepEqual(inForce(bench), configuration);
    const { round } = again!;
    const told = bench.receive('scribe:a', { ...bench.probeAnswer(round, at(2, 1)), configuration: never });
    assert.deepEqual(told.sends, [], 'nothing begins anew');
    assert.ok(bench.probeReply('scribe:b', round, at(2, 3)) !== undefined, 'it catches up with the newer log');
  });

  test('R28: asks a scribe that it does not count, once all it counts may have been replaced', () => {
    const bench = new Bench();
    bench.linkScribe('d');
    bench.now = bench.machine.wakeAt;
    const probe = bench.machine.step({ kind: 'tick' }, bench.now).sends.find(({ to }) => to === 'scribe:d')?.message;
    assert.ok(probe?.kind === 'probe');
    const newer = { id: at(9, 2), configuration: { scribes: [newcomer] } };
    const { changed } = bench.receive('scribe:d', {
      ...bench.probeAnswer(probe.round, at(9, 2)),
      configuration: newer,
    });
    assert.deepEqual([inForce(bench), changed], [newer.configuration, true]);
  });

  test('R28: asks one that it takes for joining: that one may alone know that it has become a voter', () => {
    const bench = new Bench();
    const waiting = { ...configuration, target: { scribes: abd } };
    const log = [batch(1, 1, 'configuration'), { ...batch(2, 1, 'configuration'), configuration: waiting }];
    bench.append(1, at(0, 0), log, 1);
    bench.linkScribe('d');
    const round = bench.campaign();
    // a and b are gone for good; c is stale and was let go, d is half of the two that are left.
    const after = { id: at(7, 3), configuration: { scribes: [newcomer] } };
    const told = bench.receive('scribe:d', { ...bench.probeAnswer(round, at(7, 3)), configuration: after });
    assert.deepEqual(inForce(bench), after.configuration);
    assert.deepEqual(
      told.sends.filter(({ message }) => message.kind === 'probe').map(({ to }) => to),
      ['scribe:a', 'scribe:b', 'scribe:c', 'scribe:d'],
      'and starts again',
    );
  });

  test('R28: a newer configuration that is heard, or read, while it catches up is asked before it stands', () => {
    const joint = { scribes: abd, outgoing: configuration };
    const jointEntry = { ...batch(2, 1, 'configuration'), configuration: joint };
    const catchingUp = () => {
      const bench = new Bench();
      const round = bench.campaign();
      bench.probeReply('scribe:a', round, at(2, 1));
      const read = bench.probeReply('scribe:b', round, at(1, 1));
      assert.ok(read !== undefined);
      return { bench, round, read };
    };
    const heard = catchingUp();
    const newer = {
      ...heard.bench.probeAnswer(heard.round, at(3, 1)),
      configuration: { id: at(3, 1), configuration: joint },
    };
    assert.ok(sent(heard.bench.receive('scribe:c', newer), 'probe').length > 0);
    const { bench, read } = catchingUp();
    const done = bench.readReply('scribe:a', read, { batches: [batch(1, 1, 'configuration'), jointEntry] });
    assert.deepEqual(inForce(bench), joint);
    assert.deepEqual([sent(done, 'vote').length, sent(done, 'probe').length > 0], [0, true]);
  });

  test('a candidate counts nobody who only catches up, and asks them for no vote', () => {
    const bench = new Bench();
    const waiting = { ...configuration, target: { scribes: abd } };
    const log = [batch(1, 1, 'configuration'), { ...batch(2, 1, 'configuration'), configuration: waiting }];
    bench.append(1, at(0, 0), log, 1);
    bench.linkScribe('d');
    const round = bench.campaign();
    const answer = { ...bench.probeAnswer(round, at(2, 1)), configuration: { id: at(2, 1), configuration: waiting } };
    assert.deepEqual(sent(bench.receive('scribe:d', answer), 'vote'), []);
    assert.deepEqual(sent(bench.receive('scribe:a', answer), 'vote'), [], 'd is no second');
    const { sends } = bench.receive('scribe:b', answer);
    const asked = sends.flatMap(({ to, message }) => (message.kind === 'vote' ? [to] : []));
    assert.deepEqual(asked, ['scribe:a', 'scribe:b', 'scribe:c']);
  });
});

describe('a scribe that its own log does not name', () => {
  const blank = () => {
    const start = {
      scribeId: 'd',
      storageUuid: 'd',
      hardState: { term: 0, votedFor: null },
      logStart: at(0, 0),
      tail: at(0, 0),
      termRuns: [],
      commit: at(0, 0),
      configurations: [],
    };
    const machine = new ScribeMachine(
      start,
      { electionTimeoutMinMillis: 150, maxLeaseMillis: 0, presumedLeaseMillis: 0 },
      0,
    );
    const step = (event: ScribeEvent) => machine.step(event, 0);
    const identity = { workerId: 'w', incarnation: 'w1', address: 'w:1' };
    step({ kind: 'linkUp', from: 'worker:w1', peer: { role: 'worker', identity } });
    const receive = (message: Message) => step({ kind: 'message', from: 'worker:w1', message });
    return { machine, receive };
  };
  const append = {
    kind: 'append',
    leaseMillis: 0,
    term: 1,
    incarnation: 'w1',
    prev: at(0, 0),
    commit: 0,
    round: 0,
    echo: true,
  } as const;
  const notice = (told: Configuration, committed = true) =>
    ({
      kind: 'configurationNotice',
      term: 1,
      configuration: { id: at(2, 1), configuration: told },
      committed,
    }) as const;

  test('P21 R26: neither votes nor stores nor answers a leader', () => {
    const { receive } = blank();
    const nothing = { persists: [], sends: [], reads: [], repairs: [] };
    assert.deepEqual(receive({ ...append, batches: [batch(1, 1)] }), nothing);
    const vote = { kind: 'vote', term: 1, incarnation: 'w1', tail: at(0, 0) } as const;
    assert.deepEqual(reasons(receive(vote)), ['storage']);
  });

  test('R26: called a voter it is an old one that forgot; called a newcomer it takes the log, and still does not vote', () => {
    const { machine, receive } = blank();
    receive(notice({ scribes: abd }));
    assert.deepEqual(receive({ ...append, batches: [batch(1, 1)] }).persists, []);
    receive(notice({ ...configuration, target: { scribes: abd } }));
    assert.deepEqual(
      receive({ ...append, batches: [batch(1, 1)] }).persists.map(({ kind }) => kind),
      ['hardState', 'append'],
    );
    assert.equal(machine.standing, 'joining');
  });

  test('R27: one that is out hears it, and from then on neither votes nor stores', () => {
    const { machine, receive } = blank();
    receive(notice({ ...configuration, target: { scribes: abd } }));
    receive({
      ...append,
      batches: [{ ...batch(1, 1, 'configuration'), configuration: { ...configuration, target: { scribes: abd } } }],
    });
    assert.equal(machine.standing, 'joining');
    receive(notice(configuration, false));
    assert.equal(machine.standing, 'joining', 'what may be truncated proves nothing');
    receive(notice(configuration));
    assert.equal(machine.standing, 'removed');
    const [reply] = receive({ kind: 'probe', round: 1 }).sends;
    assert.ok(reply?.message.kind === 'probeReply');
    assert.deepEqual(reply.message.configuration.configuration, configuration, 'R28: and passes it on');
    assert.deepEqual(receive({ ...append, prev: at(1, 1), batches: [batch(2, 1)] }).persists, []);
  });

  test('R27: what a worker with an older log says of the members changes nothing; what is committed counts in any term', () => {
    const { machine, receive } = blank();
    const newcomers = { ...configuration, target: { scribes: abd } };
    receive({ ...notice(newcomers, false), term: 3, configuration: { id: at(5, 3), configuration: newcomers } });
    assert.equal(machine.standing, 'joining');
    receive({ ...notice(configuration), term: 2 });
    receive({ ...notice(configuration), term: 3 });
    assert.equal(machine.standing, 'joining', 'what it was told of in term 3 is newer than entry 2 of term 1');
    receive({ ...append, term: 7, batches: [] });
    const old = { ...notice(newcomers), term: 4, configuration: { id: at(6, 4), configuration } };
    receive({ ...old, committed: false });
    assert.equal(machine.standing, 'joining');
    receive(old);
    assert.equal(machine.standing, 'not-member');
  });

  test('§7: a new voter votes by the entry that made it a newcomer, whether or not the joint one has reached it', () => {
    const { machine, receive } = blank();
    const target = { ...configuration, target: { scribes: abd } };
    receive(notice(target, false));
    receive({ ...append, batches: [{ ...batch(1, 1, 'configuration'), configuration: target }] });
    machine.step({ kind: 'durable', write: 2, writeMicros: 0, fsyncMicros: 0 }, 0);
    machine.step({ kind: 'linkDown', from: 'worker:w1' }, 0);
    const identity = { workerId: 'v', incarnation: 'v1', address: 'v:1' };
    machine.step({ kind: 'linkUp', from: 'worker:v1', peer: { role: 'worker', identity } }, 0);
    const vote = { kind: 'vote', term: 2, incarnation: 'v1', tail: at(2, 1) } as const;
    machine.step({ kind: 'message', from: 'worker:v1', message: vote }, 0);
    assert.deepEqual(reasons(machine.step({ kind: 'durable', write: 3, writeMicros: 0, fsyncMicros: 0 }, 0)), [
      'granted',
    ]);
  });

  const reasons = ({ sends }: { sends: readonly { message: Message }[] }) =>
    sends.flatMap(({ message }) => (message.kind === 'voteReply' ? [message.reason] : []));
});
