/** Transcripts of who decides: a minority changes nothing, a removed scribe's word is none, one scribe alone is a quorum. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PeerKey } from '../../src/core/messages.ts';
import type { ScribeMember } from '../../src/core/types.ts';
import { at, Bench, batch, configuration, sent } from './worker-bench.ts';

const grant = (bench: Bench, from: PeerKey, term: number) =>
  bench.receive(from, { kind: 'voteReply', requestTerm: term, term, reason: 'granted', tail: at(0, 0) });

/** Holds two entries, the second of which makes these the scribes. */
const withScribes = (scribes: readonly ScribeMember[]): Bench => {
  const bench = new Bench();
  const change = { ...batch(2, 1, 'configuration'), configuration: { scribes } };
  bench.append(1, at(0, 0), [batch(1, 1, 'configuration'), change], 2);
  return bench;
};
/** Answers of these to its probe, each with the log that it has itself. */
const probed = (bench: Bench, names: readonly string[]) => {
  const round = bench.campaign();
  const { id, configuration: newest } = bench.machine.configuration;
  return names.map((name) =>
    bench.receive(`scribe:${name}`, {
      ...bench.probeAnswer(round, at(2, 1)),
      configuration: { id, configuration: newest },
    }),
  );
};

describe('who counts', () => {
  test('P28: a leader that a majority does not hear changes no members, and leads no more', () => {
    const bench = new Bench();
    bench.lead();
    bench.acknowledge('scribe:a', at(1, 1));
    bench.acknowledge('scribe:b', at(1, 1));
    bench.machine.step({ kind: 'change', request: 7, change: { kind: 'remove', scribeId: 'c' } }, bench.now);
    const fewer = bench.machine.configuration;
    assert.equal(fewer.configuration.scribes.length, 2);
    const answers = [];
    while (bench.machine.role === 'leader') {
      answers.push(...bench.acknowledge('scribe:a', at(2, 1)).changes);
      bench.now = bench.machine.wakeAt;
      answers.push(...bench.machine.step({ kind: 'tick' }, bench.now).changes);
    }
    assert.deepEqual([bench.machine.commit, answers.map(({ outcome }) => outcome)], [1, ['unknown']]);
    bench.linkWorker('u1');
    bench.append(2, at(1, 1), [batch(2, 2)], 2, 'u1');
    assert.ok(bench.machine.configuration.id.index < fewer.id.index, 'the majority went on without it');
  });

  test("R28 R29: a scribe that cannot read who is a member changes nobody's mind, however long its log is", () => {
    const bench = new Bench();
    const round = bench.campaign();
    const unsure = { id: at(0, 0), configuration: { scribes: [] } };
    bench.receive('scribe:a', { ...bench.probeAnswer(round, at(2, 1)), configuration: unsure, storage: 'not-member' });
    assert.deepEqual(bench.machine.configuration.id, at(1, 1));
    bench.probeReply('scribe:b', round, at(0, 0));
    assert.ok(bench.probeReply('scribe:c', round, at(0, 0)) !== undefined, 'it reads what the others lack');
  });

  test('P29 R27: answers and votes of a removed scribe elect nobody', () => {
    const [a, b, c] = configuration.scribes as [ScribeMember, ScribeMember, ScribeMember];
    const bench = withScribes([a, b, { ...c, scribeId: 'd', storageUuid: 'd' }]);
    bench.linkScribe('d');
    const [fromRemoved, fromA, fromB] = probed(bench, ['c', 'a', 'b']);
    assert.deepEqual(sent(fromRemoved!, 'vote'), []);
    assert.deepEqual(sent(fromA!, 'vote'), [], 'c is no second');
    const term = sent(fromB!, 'vote')[0]?.term;
    assert.ok(term !== undefined);
    for (const name of ['c', 'a']) grant(bench, `scribe:${name}`, term);
    assert.equal(bench.machine.role, 'candidate', 'nor here');
    grant(bench, 'scribe:d', term);
    assert.equal(bench.machine.role, 'leader');
  });

  test('R27: a leader looks for a removed scribe that is down until it was there, and tells it', () => {
    const bench = new Bench();
    bench.lead();
    for (const name of ['a', 'b']) bench.acknowledge(`scribe:${name}`, at(1, 1));
    bench.machine.step({ kind: 'linkDown', from: 'scribe:c' }, bench.now);
    bench.machine.step({ kind: 'change', request: 7, change: { kind: 'remove', scribeId: 'c' } }, bench.now);
    for (const index of [2, 3]) for (const name of ['a', 'b']) bench.acknowledge(`scribe:${name}`, at(index, 1));
    const wanted = () => bench.machine.scribes.map(({ scribeId }) => scribeId);
    assert.deepEqual([bench.machine.commit, wanted()], [3, ['a', 'b', 'c']]);
    const [notice] = sent(bench.linkScribe('c'), 'configurationNotice');
    assert.deepEqual([notice?.committed, notice?.configuration], [true, bench.machine.configuration]);
    bench.machine.step({ kind: 'propose', batch: batch(4, 1) }, bench.now);
    for (const name of ['a', 'b']) bench.acknowledge(`scribe:${name}`, at(4, 1));
    assert.deepEqual([bench.machine.commit, wanted()], [4, ['a', 'b']]);
  });

  test('R27: a worker that does not lead tells a removed scribe too, if it knows that to be committed', () => {
    const [a, b] = configuration.scribes as [ScribeMember, ScribeMember];
    const bench = withScribes([a, b]);
    const [notice] = sent(bench.linkScribe('c'), 'configurationNotice');
    assert.deepEqual([notice?.committed, notice?.configuration], [true, bench.machine.configuration]);
    assert.deepEqual(sent(bench.linkScribe('b'), 'configurationNotice'), []);
    bench.append(2, at(2, 1), [{ ...batch(3, 2, 'configuration'), configuration: { scribes: [a] } }], 2);
    assert.deepEqual(sent(bench.linkScribe('b'), 'configurationNotice'), [], 'what may be truncated proves nothing');
    assert.deepEqual(sent(new Bench().linkScribe('d'), 'configurationNotice'), [], 'nor does what is only heard');
  });

  test('P30: where there is one scribe it elects alone, and nothing is committed before it says that it is durable', () => {
    const bench = withScribes(configuration.scribes.slice(0, 1));
    const [answer] = probed(bench, ['a']);
    const term = sent(answer!, 'vote')[0]?.term;
    assert.ok(term !== undefined);
    grant(bench, 'scribe:a', term);
    assert.deepEqual([bench.machine.role, bench.machine.commit], ['leader', 2]);
    bench.acknowledge('scribe:b', at(3, term));
    assert.equal(bench.machine.commit, 2);
    bench.acknowledge('scribe:a', at(3, term));
    assert.equal(bench.machine.commit, 3);
  });
});
