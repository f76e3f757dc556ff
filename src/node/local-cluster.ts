/**
 * A whole cluster on this machine, each scribe and worker a process of its own: what `dev`, `demo` and the benchmark start.
 * A directory that holds a cluster already is gone on with, never formatted again. Restarts nothing by itself: whoever
 * watches should see what happens.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_SCRIBES } from '../core/limits.ts';
import { ScriptoriumError } from '../errors.ts';
import { type ClusterFile, createCluster, readClusterFile } from './cluster-file.ts';
import { makeDirectory } from './directories.ts';
import { MemberProcess } from './member-process.ts';
import { makeCluster } from './new-cluster.ts';

export interface LocalClusterOptions {
  /** The `scriptorium` script. */
  readonly program: string;
  readonly directory: string;
  readonly host: string;
  /** Scribes listen right above it, workers from 20 above on. Undefined: the one the directory was made with, or 7100. */
  readonly basePort?: number | undefined;
  /** Undefined: as many as the directory was made with, or 3. */
  readonly scribes?: number | undefined;
  readonly workers: number;
  /** State-machine module; undefined: the key-value store, with its Redis front end. */
  readonly machine?: string | undefined;
  /** Flags for every scribe and worker. */
  readonly flags?: readonly string[];
  /** Flags for scribes alone; also says whether formatting may do without O_DIRECT. */
  readonly allowBuffered?: boolean;
}

export interface ScribeMemberProcess {
  readonly id: string;
  readonly pid: number;
  readonly address: string;
  readonly dir: string;
}

export interface WorkerMemberProcess {
  readonly id: string;
  readonly pid: number;
  readonly client: string;
  /** Null when the machine is not the key-value store. */
  readonly resp: string | null;
  readonly admin: string;
}

const DEFAULT_BASE_PORT = 7100;
const DEFAULT_SCRIBES = 3;
/** Of one worker's three ports to those of the next. */
const WORKER_PORT_STEP = 10;
const FIRST_WORKER_PORT = 20;
export const MAX_LOCAL_WORKERS = 16;
const STOP_PATIENCE_MILLIS = 10_000;

const scribeName = (position: number): string => String.fromCharCode('a'.charCodeAt(0) + position);

export class LocalCluster {
  readonly clusterId: string;
  readonly clusterFile: string;
  readonly #members = new Map<string, MemberProcess>();
  readonly #options: LocalClusterOptions;
  readonly #cluster: ClusterFile;
  readonly #basePort: number;

  private constructor(options: LocalClusterOptions, cluster: ClusterFile) {
    this.#options = options;
    this.#cluster = cluster;
    this.clusterId = cluster.clusterId;
    this.clusterFile = join(options.directory, 'cluster.json');
    this.#basePort = basePortOf(cluster);
  }

  /** Resolves when every process serves; when one cannot, stops the others and rejects with its error. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const cluster = await openOrCreate(options);
    const local = new LocalCluster(options, cluster);
    makeDirectory(local.#path('logs'));
    try {
      await allStarted(cluster.scribes.map(({ scribeId }) => local.startScribe(scribeId)));
      await allStarted(local.#workerIds().map((workerId) => local.startWorker(workerId)));
    } catch (error) {
      await local.stop();
      throw error;
    }
    return local;
  }

  get scribes(): readonly ScribeMemberProcess[] {
    return this.#cluster.scribes.flatMap(({ scribeId, address }) => {
      const member = this.#members.get(scribeId);
      return member === undefined ? [] : [{ id: scribeId, pid: member.pid, address, dir: this.#path(scribeId) }];
    });
  }

  get workers(): readonly WorkerMemberProcess[] {
    return this.#workerIds().flatMap((id) => {
      const member = this.#members.get(id);
      return member === undefined ? [] : [{ id, pid: member.pid, ...this.#workerAddresses(id) }];
    });
  }

  /** The process of a scribe or worker, the last one started under this id. */
  member(id: string): MemberProcess {
    const member = this.#members.get(id);
    if (member === undefined) throw new ScriptoriumError('BAD_OPTION', `${id} is no scribe or worker of this cluster`);
    return member;
  }

  get members(): readonly MemberProcess[] {
    return [...this.#members.values()];
  }

  async startScribe(id: string): Promise<void> {
    const { flags = [], allowBuffered } = this.#options;
    const buffered = allowBuffered === true ? ['--allow-buffered'] : [];
    const listen = this.#cluster.scribes.find(({ scribeId }) => scribeId === id)!.address;
    await this.#start(id, ['scribe', '--dir', this.#path(id), '--listen', listen, ...buffered, ...flags]);
  }

  async startWorker(id: string): Promise<void> {
    const { client, resp, admin } = this.#workerAddresses(id);
    const { machine, flags = [] } = this.#options;
    const serving = [
      ...(resp === null ? [] : ['--resp', resp]),
      ...(machine === undefined ? [] : ['--machine', machine]),
    ];
    const addresses = ['--listen', client, '--admin', admin, ...serving];
    await this.#start(id, ['worker', '--cluster', this.clusterFile, '--id', id, ...addresses, ...flags]);
  }

  /** Stops workers before scribes, so that what was acknowledged last is also applied and answered. */
  async stop(): Promise<void> {
    const isScribe = (id: string): boolean => this.#cluster.scribes.some(({ scribeId }) => scribeId === id);
    const members = this.members;
    await Promise.all(members.filter(({ id }) => !isScribe(id)).map((member) => member.stop(STOP_PATIENCE_MILLIS)));
    await Promise.all(members.filter(({ id }) => isScribe(id)).map((member) => member.stop(STOP_PATIENCE_MILLIS)));
  }

  async #start(id: string, args: readonly string[]): Promise<void> {
    const logFile = this.#path('logs', `${id}.log`);
    this.#members.set(id, await MemberProcess.start({ id, args: [this.#options.program, ...args], logFile }));
  }

  #path(...parts: readonly string[]): string {
    return join(this.#options.directory, ...parts);
  }

  #workerIds(): readonly string[] {
    return Array.from({ length: this.#options.workers }, (_, position) => `w${position + 1}`);
  }

  #workerAddresses(id: string): Pick<WorkerMemberProcess, 'client' | 'resp' | 'admin'> {
    const { host, machine } = this.#options;
    const first = this.#basePort + FIRST_WORKER_PORT + this.#workerIds().indexOf(id) * WORKER_PORT_STEP;
    const resp = machine === undefined ? `${host}:${first + 1}` : null;
    return { client: `${host}:${first}`, resp, admin: `${host}:${first + 2}` };
  }
}

/** Waits for all of them, also when one failed: a start that nobody waits for is a process that nobody stops. */
async function allStarted(starts: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(starts)).find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

const basePortOf = (cluster: ClusterFile): number => portOf(cluster.scribes[0]!.address) - 1;

/** The cluster in the directory, made there when there is none. */
async function openOrCreate(options: LocalClusterOptions): Promise<ClusterFile> {
  const { directory, host, basePort, scribes, allowBuffered = false } = options;
  const path = join(directory, 'cluster.json');
  if (existsSync(path)) {
    const cluster = await readClusterFile(path);
    if (scribes !== undefined && scribes !== cluster.scribes.length)
      throw new ScriptoriumError('BAD_OPTION', `${path} has ${cluster.scribes.length} scribes, not ${scribes}`);
    if (basePort !== undefined && basePort !== basePortOf(cluster))
      throw new ScriptoriumError(
        'BAD_OPTION',
        `${path} was made with base port ${basePortOf(cluster)}, not ${basePort}`,
      );
    return cluster;
  }
  const count = Math.min(scribes ?? DEFAULT_SCRIBES, MAX_SCRIBES);
  const cluster = createCluster(
    Array.from({ length: count }, (_, position) => ({
      scribeId: scribeName(position),
      address: `${host}:${(basePort ?? DEFAULT_BASE_PORT) + 1 + position}`,
    })),
  );
  await makeCluster(directory, cluster, { allowBuffered });
  return cluster;
}
