/**
 * Whole clusters in virtual time whose scribes write with the real engine: what it recovers after each crash is what the
 * protocol goes on with, and the same checks hold it to account (R29, R30).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EngineBug } from './engine-addon.ts';
import { engineDisks } from './engine-disk.ts';
import { type Machines, realMachines } from './machines.ts';
import { reportFailure } from './report.ts';
import { type RunKind, type RunResult, runSeed } from './run.ts';

/** A run takes three times as long as one on the disk of disk.ts. */
const SEEDS: readonly (readonly [RunKind, number])[] = [
  ['faults', 100],
  ['members', 60],
  ['rot', 20],
];
/** A crash with writes in flight that are told to be durable too soon comes about every few seeds. */
const MOST_SEEDS = 100;

const onEngine = (bug?: EngineBug): Machines => ({ ...realMachines, newDisk: engineDisks(bug) });

describe('simulator with the real engine', () => {
  const machines = onEngine();
  const results: RunResult[] = [];

  for (const [kind, seeds] of SEEDS) {
    test(`R29 R30: ${seeds} seeds of ${kind} keep every invariant on disks of the real engine`, () => {
      for (let seed = 1; seed <= seeds; seed++) {
        const result = runSeed(seed, machines, kind);
        if (result.violation !== null) assert.fail(reportFailure(result, machines));
        results.push(result);
      }
    });
  }

  test('the seeds meet crashes with writes in flight, truncations, reads, and disks that rot', () => {
    const writes = ['crash with writes in flight', 'scribe truncates', 'read entries', 'scribe fetches'];
    const lost = ['append not stored', 'rot refused', 'rot reported', 'rot harmless'];
    const rotting = ['batch rots', 'batch rots while nothing runs', 'damage found', 'damage found at a start'];
    const mending = ['read unknown', 'damage repaired', 'scribe unsure'];
    for (const branch of [...writes, ...lost, ...rotting, ...mending]) {
      assert.ok(
        results.some(({ reached }) => reached.has(branch)),
        `never reached: ${branch}`,
      );
    }
  });

  test('a seed in fifty, run again, is the same: the engine adds no chance of its own', () => {
    for (let at = 0; at < results.length; at += 50) {
      const { seed, kind } = results[at] as RunResult;
      assert.deepEqual(runSeed(seed, machines, kind), results[at], `${kind} ${seed}`);
    }
  });

  const bugs: readonly (readonly [EngineBug, RunKind, string, string])[] = [
    ['unsynced', 'faults', 'R30: a write counts as durable before it is synced', 'recovery-differs'],
    ['covers', 'faults', 'R30: a sync counts for writes that were handed over after it', 'recovery-differs'],
    ['cuts', 'members', 'R29: a recovery that cuts off what is rotten as if it were torn', 'rot-unnoticed'],
    ['tears', 'rot', 'R29: a log that ends in what can not be read, and is opened without that', 'recovery-differs'],
    ['raw', 'rot', 'R29: a read that gives what stands there, whether it holds or not', 'log-matching'],
    ['early', 'rot', 'R29: a repair that counts before it is durable', 'recovery-differs'],
  ];
  for (const [bug, kind, what, caughtBy] of bugs) {
    test(`${what} is caught by ${caughtBy}`, (context) => {
      const mutant = onEngine(bug);
      const others = new Set<string>();
      for (let seed = 1; seed <= MOST_SEEDS; seed++) {
        const { violation } = runSeed(seed, mutant, kind);
        if (violation?.invariant === caughtBy) {
          context.diagnostic(`seed ${seed}; before it: ${[...others].join(', ') || 'nothing'}`);
          assert.equal(runSeed(seed, machines, kind).violation, null, 'the engine itself keeps this seed');
          return;
        }
        if (violation !== null) others.add(violation.invariant);
      }
      assert.fail(`not caught in ${MOST_SEEDS} seeds by ${caughtBy}, but by ${[...others].join(', ') || 'nothing'}`);
    });
  }
});
