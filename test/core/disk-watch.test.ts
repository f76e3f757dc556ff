/** A leader and the disks of its scribes: old copies and strangers count for nothing (R13, R26). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EntryId } from '../../src/core/types.ts';
import { at, Bench, batch, sent } from './worker-bench.ts';

/** Leads term 1 with entry 1 committed and entry 2 acknowledged by scribe a alone, whose link was then made anew. */
const reconnected = (): { bench: Bench; round: number } => {
  const bench = new Bench();
  bench.lead();
  bench.acknowledge('scribe:a', at(1, 1));
  bench.acknowledge('scribe:b', at(1, 1));
  bench.machine.step({ kind: 'propose', batch: batch(2, 1) }, bench.now);
  bench.acknowledge('scribe:a', at(2, 1));
  assert.equal(bench.machine.commit, 1);
  const [probe] = sent(bench.linkScribe('a'), 'probe');
  assert.ok(probe !== undefined);
  return { bench, round: probe.round };
};

describe('a leader', () => {
  const cases: readonly (readonly [string, EntryId, number, boolean])[] = [
    ['holds all it acknowledged', at(2, 1), 1, false],
    ['holds more', at(3, 1), 1, false],
    ['lacks an acknowledged entry', at(1, 1), 1, true],
    ['is blank under the same uuid', at(0, 0), 0, true],
    ['forgot its term', at(2, 1), 0, true],
    ['has a longer log of an older term', at(9, 0), 1, true],
    ['was truncated by a newer leader', at(1, 1), 2, false],
  ];
  for (const [what, tail, term, fenced] of cases) {
    test(`S40 R26: a scribe that ${what} is ${fenced ? 'fenced' : 'counted'}`, () => {
      const { bench, round } = reconnected();
      const { alarms } = bench.receive('scribe:a', bench.probeAnswer(round, tail, term));
      const expected = { kind: 'disk-went-back', scribeId: 'a', storageUuid: 'a' };
      assert.deepEqual(alarms, fenced ? [expected] : []);
      bench.acknowledge('scribe:b', at(2, 1));
      assert.equal(bench.machine.commit, fenced ? 1 : 2);
      bench.acknowledge('scribe:a', at(2, 1));
      assert.equal(bench.machine.commit, fenced ? 1 : 2);
      bench.acknowledge('scribe:c', at(2, 1));
      assert.equal(bench.machine.commit, 2);
    });
  }

  test('P03: a late answer to an older question fences nobody', () => {
    const { bench, round } = reconnected();
    bench.linkScribe('a');
    assert.deepEqual(bench.receive('scribe:a', bench.probeAnswer(round, at(0, 0), 1)).alarms, []);
    bench.acknowledge('scribe:b', at(2, 1));
    assert.equal(bench.machine.commit, 2);
  });

  test('R26: a fenced scribe is sent nothing, over no link', () => {
    const { bench, round } = reconnected();
    bench.receive('scribe:a', bench.probeAnswer(round, at(0, 0), 0));
    const { sends } = bench.linkScribe('a');
    assert.ok(sends.every(({ to }) => to !== 'scribe:a'));
    const { sends: proposed } = bench.machine.step({ kind: 'propose', batch: batch(3, 1) }, bench.now);
    assert.ok(proposed.every(({ to }) => to !== 'scribe:a'));
  });

  test('R13: a known name with another uuid is reported once, and its answers count for nothing', () => {
    const bench = new Bench();
    bench.lead();
    assert.deepEqual(bench.linkScribe('z', 'a').alarms, [{ kind: 'unknown-disk', scribeId: 'a', storageUuid: 'z' }]);
    assert.deepEqual(bench.linkScribe('z', 'a').alarms, []);
    bench.acknowledge('scribe:b', at(1, 1));
    bench.acknowledge('scribe:z', at(1, 1));
    assert.equal(bench.machine.commit, 0);
  });
});
