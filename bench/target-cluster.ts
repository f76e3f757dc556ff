/**
 * What a benchmark drives: a cluster of its own, made in a temporary directory and removed afterwards, or one that runs
 * already. `embedded` puts the worker into this process, as a program that uses the library would; `client` keeps it apart.
 */
import { rm } from 'node:fs/promises';
import { Client } from '../src/node/client.ts';
import { LocalCluster } from '../src/node/local-cluster.ts';
import type { LogService } from '../src/node/log-service.ts';
import { awaitLeader, scribeStatus } from '../src/node/observe.ts';
import { WorkerNode } from '../src/node/worker-node.ts';
import type { StageSummary } from '../src/runtime/stages.ts';
import { makeScratchDirectory } from '../src/storage/scratch-directory.ts';

export type Mode = 'embedded' | 'client';

export interface TargetCluster {
  readonly service: LogService;
  /** Processes whose CPU time counts, the one that makes the load included. */
  readonly pids: readonly number[];
  readonly transport: string;
  readonly directIo: boolean | null;
  /** Where the scribes write; null for a cluster elsewhere. */
  readonly directory: string | null;
  /** Where the time of a write goes, when the worker is in this process. */
  stages(): Readonly<Record<string, StageSummary>> | null;
  resetStages(): void;
  close(): Promise<void>;
}

export interface OwnClusterOptions {
  readonly mode: Mode;
  /** The `scriptorium` script. */
  readonly program: string;
  /** Where the temporary directory is made: the disk that is measured. */
  readonly parentDirectory: string;
  readonly scribes: number;
  readonly basePort: number;
  readonly allowBuffered: boolean;
  readonly transport: 'auto' | 'uws' | 'ws';
}

const HOST = '127.0.0.1';
/** Of the worker in this process, above the base port; where the first worker of a cluster would be. */
const WORKER_PORT = 20;
export const KEY_VALUE_STORE = new URL('../src/kv/machine.js', import.meta.url);

export async function startOwnCluster(options: OwnClusterOptions): Promise<TargetCluster> {
  const { mode, program, parentDirectory, scribes, basePort, allowBuffered, transport } = options;
  const directory = await makeScratchDirectory(parentDirectory);
  const workers = mode === 'client' ? 1 : 0;
  const flags = ['--transport', transport];
  const closers: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const cluster = await LocalCluster.start({
      program,
      directory,
      host: HOST,
      basePort,
      scribes,
      workers,
      allowBuffered,
      flags,
    });
    closers.push(() => cluster.stop());
    const pids = [process.pid, ...cluster.scribes.map(({ pid }) => pid), ...cluster.workers.map(({ pid }) => pid)];
    const measured = await scribeStatus(cluster.scribes[0]!.address);
    const shared = { pids, directory, directIo: measured?.directIo === true, close };
    if (mode === 'embedded') {
      const node = await startWorkerHere(cluster, options);
      closers.push(() => node.stop());
      const leader = await awaitLeader([node.address]);
      return {
        ...shared,
        service: node,
        transport: leader.transport,
        stages: () => node.stages?.summary() ?? null,
        resetStages: () => node.stages?.reset(),
      };
    }
    const addresses = cluster.workers.map((worker) => worker.client);
    const leader = await awaitLeader(addresses);
    const client = await Client.connect({ workers: addresses });
    closers.push(() => client.close());
    return { ...shared, service: client, transport: leader.transport, stages: () => null, resetStages: () => {} };
  } catch (error) {
    await close();
    throw error;
  }
}

const startWorkerHere = (cluster: LocalCluster, { basePort, transport }: OwnClusterOptions): Promise<WorkerNode> =>
  WorkerNode.start({
    workerId: 'bench',
    clusterId: cluster.clusterId,
    scribes: cluster.scribes.map(({ address }) => address),
    host: HOST,
    port: basePort + WORKER_PORT,
    machine: { module: KEY_VALUE_STORE },
    transport,
  });

/** A cluster that somebody else runs, reached through its workers. */
export async function joinCluster(workers: readonly string[]): Promise<TargetCluster> {
  const leader = await awaitLeader(workers);
  const client = await Client.connect({ workers });
  return {
    service: client,
    pids: [process.pid],
    transport: leader.transport,
    directIo: null,
    directory: null,
    stages: () => null,
    resetStages: () => {},
    close: () => client.close(),
  };
}
