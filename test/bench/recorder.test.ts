/** What a recorder makes of acknowledgements at known times. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Recorder } from '../../bench/recorder.ts';

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) <= expected * 0.001, `${actual} is not within 0.1 % of ${expected}`);

describe('the recorder', () => {
  test('percentiles are exact to three digits', () => {
    const recorder = new Recorder(0);
    for (let millis = 1; millis <= 1000; millis += 1) recorder.acknowledge(1, 0, millis);
    const { latencyMicros } = recorder.finish(1000);
    near(latencyMicros.p50, 500_000);
    near(latencyMicros.p90, 900_000);
    near(latencyMicros.p99, 990_000);
    near(latencyMicros.p999, 999_000);
    near(latencyMicros.max, 1_000_000);
  });

  test('counts entries, not calls, and by the second they came in', () => {
    const recorder = new Recorder(100);
    recorder.acknowledge(100, 100, 600);
    recorder.acknowledge(50, 600, 1099);
    recorder.acknowledge(7, 1099, 3100);
    const { acknowledged, throughput, perSecond } = recorder.finish(4100);
    assert.equal(acknowledged, 157);
    assert.equal(throughput, 157 / 4);
    assert.deepEqual(perSecond, [150, 0, 0, 7]);
  });

  test('the longest gap counts from the start and to the end', () => {
    const gap = (times: readonly number[], end: number): number => {
      const recorder = new Recorder(0);
      for (const time of times) recorder.acknowledge(1, time, time);
      return recorder.finish(end).longestGapMicros;
    };
    assert.equal(gap([30, 40], 45), 30_000);
    assert.equal(gap([10, 50, 60], 61), 40_000);
    assert.equal(gap([10], 90), 80_000);
    assert.equal(gap([], 70), 70_000);
  });

  test('failures are counted by code', () => {
    const recorder = new Recorder(0);
    for (const code of ['NO_LEADER', 'NO_LEADER', 'CONNECTION_LOST']) recorder.fail(code);
    assert.equal(recorder.failed, 3);
    assert.deepEqual(recorder.finish(1).errors, { NO_LEADER: 2, CONNECTION_LOST: 1 });
    assert.equal(recorder.finish(1).latencyMicros.max, 0);
  });
});
