/**
 * Whole clusters in virtual time, thousands of seeds of them: faults, healing within bounds, and a scan of what was promised.
 * Covers of the catalogue, by the kinds of fault a seed may pick: P01–P03, P05–P08, P10–P15, P18–P20, P22–P25, P30, P32–P34,
 * P36, S23, S27, S44–S45.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STAGES } from './faults.ts';
import { realMachines } from './machines.ts';
import { FAULT_KINDS } from './plan.ts';
import { reportFailure } from './report.ts';
import { type RunResult, runSeed } from './run.ts';

const SEEDS = 3700;
const minutes = Number(process.env.SCRIPTORIUM_SOAK_MINUTES ?? 0);

/** Branches that matter and are not taken by a cluster in peace. */
const RARE = [
  'crash with writes in flight',
  'append conflict',
  'scribe truncates',
  'worker truncates',
  'worker sends fetch',
  'worker sends read',
  'scribe fetches',
  'read conflict',
  'read unable',
  'vote leader-live',
  'vote already-voted',
  'vote log-behind',
  'vote stale-term',
  'wall clock jumps',
  'append not stored',
  'unheard for want of room',
  'record waits for room',
  'start refused for want of room',
] as const;

describe('simulator', () => {
  const results: RunResult[] = [];

  test(`P06 P13 P23 P30 P32 P34 S23 S27 S44 S45: ${SEEDS} seeds keep every invariant`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = runSeed(seed, realMachines);
      if (result.violation !== null) assert.fail(reportFailure(result, realMachines));
      results.push(result);
    }
  });

  test('the seeds are not idle: every kind of fault happened, leaders changed, clients were served', (context) => {
    const sum = (of: (result: RunResult) => number): number => results.reduce((total, result) => total + of(result), 0);
    for (const kind of FAULT_KINDS)
      assert.ok(sum(({ faults }) => faults.get(kind) ?? 0) > SEEDS / 4, `too few of ${kind}`);
    assert.ok(sum(({ elections }) => elections) > 3 * SEEDS, 'elections');
    assert.ok(sum(({ executed }) => executed) > 50 * SEEDS, 'operations executed');
    assert.ok(results.filter(({ faults }) => faults.size === 0).length > SEEDS / 20, 'seeds without faults');
    for (const branch of RARE)
      assert.ok(sum(({ reached }) => reached.get(branch) ?? 0) > 0, `never reached: ${branch}`);
    context.diagnostic(
      `${sum(({ events }) => events)} events, ${Math.round(sum(({ simulatedMillis }) => simulatedMillis) / 1000)} s simulated`,
    );
  });

  test('the atlas of faults has no white spot: every kind happened at every point of the protocol', (context) => {
    const atlas = new Map<string, number>();
    for (const result of results)
      for (const [place, times] of result.atlas) atlas.set(place, (atlas.get(place) ?? 0) + times);
    const places = FAULT_KINDS.flatMap((kind) => STAGES.map((stage) => `${kind} while ${stage}`));
    for (const place of places) assert.ok((atlas.get(place) ?? 0) > 0, `never: ${place}`);
    const rarest = places.sort((left, right) => (atlas.get(left) ?? 0) - (atlas.get(right) ?? 0)).slice(0, 3);
    context.diagnostic(`rarest: ${rarest.map((place) => `${place} ${atlas.get(place)}`).join(', ')}`);
  });

  test('one seed in a hundred, run again, is the same', () => {
    for (let seed = 1; seed <= SEEDS; seed += 100) {
      const again = runSeed(seed, realMachines);
      assert.deepEqual(again, results[seed - 1], `seed ${seed}`);
    }
  });

  test('soak: fresh seeds for as long as asked', { skip: minutes === 0 }, (context) => {
    const until = process.hrtime.bigint() + BigInt(Math.round(minutes * 60e9));
    let seed = SEEDS + Math.floor(Number(process.hrtime.bigint() % 2n ** 40n));
    const first = seed;
    for (; process.hrtime.bigint() < until; seed++) {
      const result = runSeed(seed, realMachines);
      if (result.violation !== null) assert.fail(reportFailure(result, realMachines));
    }
    context.diagnostic(`seeds ${first} to ${seed - 1}`);
  });
});
