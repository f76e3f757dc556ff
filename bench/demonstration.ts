/**
 * The demonstration behind `npm start`: writes for some seconds, kills the leader in the middle with SIGKILL, and looks
 * afterwards for every acknowledged entry on the scribes' disks. What it prints was measured in this very run.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../src/node/client.ts';
import { readClusterFile } from '../src/node/cluster-file.ts';
import type { LocalCluster } from '../src/node/local-cluster.ts';
import { awaitLeader } from '../src/node/observe.ts';
import { runClosedLoop } from './closed-loop.ts';
import { Acknowledgements } from './readback.ts';
import type { Recorded, Recorder } from './recorder.ts';
import { keyValueWorkload } from './workload.ts';

export interface DemonstrationOptions {
  readonly cluster: LocalCluster;
  readonly seconds: number;
  readonly outstanding: number;
  readonly valueBytes: number;
  readonly onProgress: (recorder: Recorder, second: number) => void;
  readonly onKill: (workerId: string, pid: number) => void;
  readonly signal: AbortSignal;
}

export interface Demonstration {
  readonly recorded: Recorded;
  readonly leaderBefore: string;
  readonly leaderAfter: string;
  readonly acknowledged: number;
  /** Of them, found again on a majority of scribes. */
  readonly found: number;
}

export async function demonstrate(options: DemonstrationOptions): Promise<Demonstration> {
  const { cluster, seconds, signal } = options;
  const workers = cluster.workers.map(({ client }) => client);
  const leader = await awaitLeader(workers, signal);
  const client = await Client.connect({ workers, clusterId: cluster.clusterId });
  const acknowledgements = new Acknowledgements();
  const command = keyValueWorkload(options.valueBytes);
  try {
    const load = runClosedLoop(client, {
      outstanding: options.outstanding,
      batch: 1,
      seconds,
      warmupSeconds: 0,
      command,
      onAcknowledged: (...acknowledged) => acknowledgements.add(...acknowledged),
      onProgress: options.onProgress,
      signal,
    });
    const killed = delay((seconds * 1000) / 2, undefined, { signal }).then(
      () => {
        options.onKill(leader.workerId, cluster.member(leader.workerId).pid);
        cluster.member(leader.workerId).kill('SIGKILL');
      },
      () => {}, // told to stop, and so is the load
    );
    const [recorded] = await Promise.all([load, killed]);
    const after = await awaitLeader(workers, signal);
    const found = await acknowledgements.countFound(await readClusterFile(cluster.clusterFile), command);
    return {
      recorded,
      leaderBefore: leader.workerId,
      leaderAfter: after.workerId,
      acknowledged: acknowledgements.count,
      found,
    };
  } finally {
    await client.close();
  }
}
