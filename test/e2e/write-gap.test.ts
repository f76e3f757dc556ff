/**
 * Writes go on after the leader is gone, without anybody's help. The gaps are printed, not judged: a test that judges time
 * judges the machine. `npm run bench:failover` prints more of them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cluster } from '../harness/cluster.ts';
import { describeGaps, FROZEN, KILLED, writeGaps } from './write-gap.ts';

for (const [loss, rounds] of [
  [KILLED, 5],
  [FROZEN, 3],
] as const)
  test(`writes go on after ${loss.name} of the leader, ${rounds} times (R8, R9, P18)`, (context) =>
    Cluster.with({}, async (cluster) => {
      const gaps = await writeGaps(cluster, loss, rounds);
      assert.equal(gaps.length, rounds);
      context.diagnostic(describeGaps(loss, gaps));
    }));
