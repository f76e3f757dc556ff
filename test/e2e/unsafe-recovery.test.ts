/** A quorum that is lost for ever: writes are refused, and the log of the best survivor becomes a cluster of its own. */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client } from '../../src/node/client.ts';
import type { RecoveryPlan } from '../../src/node/unsafe-recovery.ts';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { RedisClient } from '../harness/redis-client.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { until } from '../harness/until.ts';
import { assertRefused } from './refusals.ts';

const VALUES = 20;

test('P31 R26: when two of three scribes are lost for ever, the third becomes a cluster of its own, after two confirmations', () =>
  Cluster.with({ workers: 1 }, async (cluster) => {
    const [a, b] = cluster.scribes;
    const worker = cluster.workers[0]!;
    const redis = await RedisClient.connect(worker.redis);
    for (let key = 0; key < VALUES; key += 1) assert.equal(await redis.call('SET', `key:${key}`, `${key}`), 'OK');
    const from = ['unsafe-recover', '--from', a!.directory];
    await assertRefused(from, { exit: 3, code: 'LOCKED', reason: /open in process/ });
    await Promise.all(['b', 'c'].map((id) => cluster.process(id).killHard()));
    await using client = await Client.connect({ workers: [worker.address] });
    // What was under way when they were lost may be told unknown; from here on nothing is executed, and that is said.
    const refusal = await until('a refusal', async () => {
      const said = String(await redis.call('SET', 'key:0', 'late'));
      return said.includes('UNKNOWN') ? undefined : said;
    });
    assert.match(refusal, /CLUSTERDOWN no quorum: only 1 of 3 scribes are reached, not b at .*, c at /);
    redis.close();
    const late = client.propose(new Uint8Array(1), { deadlineMillis: 500 });
    await assert.rejects(late, { code: 'NO_QUORUM', outcome: 'not-executed' });
    await Promise.all(['a', 'w1'].map((id) => cluster.process(id).killHard()));

    const quorum = [...from, '--from', b!.directory];
    await assertRefused(quorum, { exit: 1, code: 'CHANGE_REFUSED', reason: /are a quorum.*start/ });
    await cluster.startScribe('b');
    await assertRefused(from, { exit: 1, code: 'CHANGE_REFUSED', reason: /scribe b runs/ });
    await cluster.process('b').killHard();
    for (const id of ['b', 'c']) rmSync(join(cluster.directory, id), { recursive: true });

    const shown = await scriptorium(...from, '--json');
    assert.equal(shown.code, 0, shown.stderr);
    const plan = JSON.parse(shown.stdout) as RecoveryPlan;
    assert.deepEqual(
      plan.lost.map(({ scribeId }) => scribeId),
      ['b', 'c'],
    );
    const { clusterId } = plan.chosen.identity;
    const into = join(cluster.directory, 'recovered');
    const confirmed = [...from, '--into', into, '--confirm-cluster', clusterId];
    await assertRefused(confirmed, { exit: 2, code: 'BAD_OPTION', reason: /go together/ });
    const wrongPlan = [...confirmed, '--confirm-plan', '0'.repeat(12)];
    await assertRefused(wrongPlan, { exit: 2, code: 'BAD_OPTION', reason: /not what was confirmed/ });
    const wrongCluster = [...from, '--into', into, '--confirm-cluster', '0'.repeat(32)];
    const reason = /are of cluster/;
    await assertRefused([...wrongCluster, '--confirm-plan', plan.confirmation], {
      exit: 2,
      code: 'BAD_OPTION',
      reason,
    });
    assert.ok(!existsSync(into));

    const made = await scriptorium(...confirmed, '--confirm-plan', plan.confirmation);
    assert.equal(made.code, 0, made.stderr);
    const kept = await scriptorium(...from, '--json');
    assert.equal((JSON.parse(kept.stdout) as RecoveryPlan).confirmation, plan.confirmation, 'the old log is as it was');
    const file = join(into, 'cluster.json');
    const scribe = await ServerProcess.start(['scribe', '--dir', join(into, 'a'), '--listen', a!.address]);
    const listening = ['--listen', worker.address, '--resp', worker.redis, '--admin', worker.admin];
    const server = await ServerProcess.start(['worker', '--cluster', file, '--id', 'w1', ...listening]);
    try {
      await until('a leader', async () => {
        const status = await cluster.workerStatus('w1');
        return status?.role === 'leader' && status.appliedIndex >= status.commitIndex ? true : undefined;
      });
      const again = await RedisClient.connect(worker.redis);
      for (let key = 1; key < VALUES; key += 1) assert.equal(await again.call('GET', `key:${key}`), `${key}`);
      assert.equal(await again.call('SET', 'key:new', 'value'), 'OK');
      again.close();
      const status = await scriptorium('status', '--cluster', file);
      assert.match(status.stdout, new RegExp(`recovered unsafely from cluster ${clusterId}`));
      // Nobody of the old cluster gets in.
      const old = await scriptorium('status', '--cluster', cluster.clusterFile);
      assert.match(old.stderr, /UNREACHABLE/);
    } finally {
      await Promise.all([scribe.killHard(), server.killHard()]);
    }
  }));
