/** More workers than a leader feeds: the others read the log from scribes, and miss nothing, whoever leads (§3). */
import { describe, test } from 'node:test';
import { workerTiming } from '../../src/node/timing.ts';
import type { Cluster } from '../harness/cluster.ts';
import { until } from '../harness/until.ts';
import { killLeader, survive } from './survive.ts';

const FED = workerTiming().maxFedLearners;
/** A leader, those it feeds, and two that it does not. */
const WORKERS = 1 + FED + 2;

/** Every worker has applied what the leader has committed by now. */
async function allApply(cluster: Cluster): Promise<void> {
  const { id } = await cluster.leader();
  const { commitIndex } = (await cluster.workerStatus(id))!;
  for (const worker of cluster.workers) {
    await until(`${worker.id} to apply ${commitIndex}`, async () => {
      const status = await cluster.workerStatus(worker.id);
      return status !== undefined && status.appliedIndex >= commitIndex ? true : undefined;
    });
  }
}

describe(`three scribes, ${WORKERS} workers, of which a leader feeds ${FED}`, () => {
  test('all of them apply everything through kill -9 of the leader, three times (P24)', (context) =>
    survive(
      context,
      async (cluster, round) => {
        await killLeader(cluster, round);
        await allApply(cluster);
      },
      3,
      { workers: WORKERS },
    ));

  test('those that are not fed go on when all that are fed, and might be, are killed one after the other (P24)', (context) =>
    survive(
      context,
      async (cluster, round) => {
        const { id } = await cluster.leader();
        const killed = cluster.workers.filter((worker) => worker.id !== id)[round]!;
        await cluster.process(killed.id).killHard();
        await cluster.startWorker(killed.id);
        await allApply(cluster);
      },
      WORKERS - 1,
      { workers: WORKERS },
    ));
});
