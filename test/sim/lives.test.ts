/**
 * Long lives: half an hour and more each of a cluster with little to do and a fault now and then, in virtual time, with timers
 * as people set them. What needs hours to go wrong (numbers that only grow, something forgotten at each election) shows here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realMachines } from './machines.ts';
import { reportFailure } from './report.ts';
import { runSeed } from './run.ts';

const LIVES = 500;
const CLUSTER_DAYS = 10;

test(`P10 P22 P24: ${LIVES} long lives, ${CLUSTER_DAYS} cluster-days, keep every invariant`, (context) => {
  let millis = 0;
  let elections = 0;
  const before = process.cpuUsage();
  for (let seed = 1; seed <= LIVES; seed++) {
    const result = runSeed(seed, realMachines, 'lives');
    if (result.violation !== null) assert.fail(reportFailure(result, realMachines));
    millis += result.simulatedMillis;
    elections += result.elections;
    if (seed % 100 === 0) assert.equal(runSeed(seed, realMachines, 'lives').fingerprint, result.fingerprint);
  }
  const { user, system } = process.cpuUsage(before);
  const days = millis / 86_400_000;
  const ratio = Math.round((1000 * millis) / (user + system));
  context.diagnostic(`${days.toFixed(2)} cluster-days, ${elections} elections, ${ratio} times as fast as time itself`);
  assert.ok(days >= CLUSTER_DAYS);
});
