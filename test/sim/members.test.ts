/**
 * Histories of changing members in virtual time: adds, removals, replacements, lost disks, and leaders that crash at every
 * step of a change, under partitions; in a fifth of them by quorums that are no majorities and change too. Covers P21, P27–P29.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { realMachines } from './machines.ts';
import { reportFailure } from './report.ts';
import { type RunResult, runSeed } from './run.ts';

const HISTORIES = 500;

describe('membership', () => {
  const results: RunResult[] = [];
  const total = (of: (result: RunResult) => number): number => results.reduce((sum, result) => sum + of(result), 0);

  test(`P21 P27 P28 P29: ${HISTORIES} histories of changing members keep every invariant`, () => {
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const result = runSeed(seed, realMachines, 'members');
      if (result.violation !== null) assert.fail(reportFailure(result, realMachines));
      results.push(result);
    }
  });

  test('the histories are not idle: members changed in every way, and leaders crashed while they did', () => {
    for (const kind of ['add', 'remove', 'replace']) {
      assert.ok(total(({ changes }) => changes.get(kind) ?? 0) > HISTORIES / 2, `too few of ${kind}`);
    }
    assert.ok(total(({ changes }) => changes.get('quorums') ?? 0) > HISTORIES / 5, 'too few of quorums');
    assert.ok(
      total(({ reached }) => reached.get('change refused') ?? 0) > HISTORIES / 20,
      'unsafe numbers were refused',
    );
    assert.ok(total(({ faults }) => faults.get('crash-in-change') ?? 0) > HISTORIES, 'leaders crashed');
    for (const branch of ['disk lost', 'vote storage', 'change unknown', 'scribe fetches']) {
      assert.ok(total(({ reached }) => reached.get(branch) ?? 0) > HISTORIES / 10, `never reached: ${branch}`);
    }
    assert.ok(total(({ executed }) => executed) > 50 * HISTORIES, 'clients were served');
  });

  test('a history run again is the same', () => {
    for (const seed of [3, 30]) {
      const again = runSeed(seed, realMachines, 'members');
      assert.equal(again.fingerprint, results[seed - 1]?.fingerprint);
    }
  });
});
