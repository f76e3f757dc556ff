/** Rounds of one fault on a cluster of real processes under load; then everything that was said is judged, and read again. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Cluster, type ClusterOptions } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { checkHistory } from '../linearizability/check.ts';
import { Random } from '../random.ts';
import { Load } from './load.ts';
import { ClientAccess, RedisAccess } from './store-access.ts';

const SEED = 20_261_124;
/** Acknowledged writes that must come through after every fault before the next. */
const WRITES_BETWEEN = 100;

export type Fault = (cluster: Cluster, round: number) => Promise<void>;

export const killLeader: Fault = async (cluster) => {
  const { id } = await cluster.leader();
  await cluster.process(id).killHard();
  await cluster.leader([id]);
  await cluster.startWorker(id);
};

function eightClients(cluster: Cluster): Load {
  const redis = cluster.workers.map((worker) => worker.redis);
  const addresses = cluster.workers.map((worker) => worker.address);
  const accesses = [0, 1, 2, 3].flatMap((first) => [new RedisAccess(redis, first), new ClientAccess(addresses)]);
  return new Load(accesses, new Random(SEED));
}

/** Runs `fault` `times` times under load, then judges everything that was said and reads everything again. */
export async function survive(
  context: TestContext,
  fault: Fault,
  times: number,
  options: ClusterOptions = {},
): Promise<void> {
  await Cluster.with(options, async (cluster) => {
    using load = eightClients(cluster);
    load.start();
    await load.moreWrites(WRITES_BETWEEN);
    for (let round = 0; round < times; round += 1) {
      await fault(cluster, round);
      await load.moreWrites(WRITES_BETWEEN);
      load.nextGeneration();
      await load.moreWrites(WRITES_BETWEEN);
    }
    const history = await load.finish();
    const { verdict, report, keys, configurations } = checkHistory(history);
    context.diagnostic(`seed ${SEED}, ${JSON.stringify(load.counts)}`);
    context.diagnostic(`${keys} keys, ${history.length} operations, ${configurations} configurations: ${verdict}`);
    for (const [why, count] of load.errors) context.diagnostic(`${count} × ${why}`);
    assert.equal(verdict, 'valid', report);
    assert.ok(load.counts.kept > 0);

    const compared = await scriptorium('verify', '--cluster', cluster.clusterFile);
    assert.equal(compared.code, 0, compared.stdout + compared.stderr);
  });
}
