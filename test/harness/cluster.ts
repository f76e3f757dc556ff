/**
 * A cluster of real processes: scribes and workers started one by one through the command line, on ports and directories
 * they keep over restarts. Restarts nothing by itself.
 */
import { join } from 'node:path';
import type { ScribeStatus, WorkerStatus } from '../../src/node/status.ts';
import { scriptorium } from './command.ts';
import { freePorts } from './ports.ts';
import { Relay } from './relay.ts';
import { scratchDirectory } from './scratch.ts';
import { ServerProcess } from './server-process.ts';
import { until } from './until.ts';

export interface ClusterOptions {
  /** Default 3. */
  readonly scribes?: number;
  /** Default 3. */
  readonly workers?: number;
  /** Module of the state machine; without it the key-value store, with Redis ports. */
  readonly machine?: string;
  /** Further flags for `init`. */
  readonly initFlags?: readonly string[];
  /** Further flags for every worker, and for every scribe. */
  readonly workerFlags?: readonly string[];
  readonly scribeFlags?: readonly string[];
  /** The scribes are reached through relays, so that a worker can be cut off from them. */
  readonly relayed?: boolean;
}

/** A server's place: what stays when its process is killed and started again. */
interface Place {
  readonly id: string;
  /** `host:port` for links and clients. */
  readonly address: string;
  /** `host:port` of /status. */
  readonly admin: string;
}

export interface ScribePlace extends Place {
  /** May be changed before the scribe is started, to one on another disk. */
  directory: string;
  /** Where it listens behind its relay; without it, at its address. */
  readonly behind?: string;
}

export interface WorkerPlace extends Place {
  /** `host:port` for Redis clients. */
  readonly redis: string;
}

const letter = (position: number): string => String.fromCharCode('a'.charCodeAt(0) + position);

export class Cluster {
  readonly directory: string;
  readonly scribes: ScribePlace[];
  readonly workers: readonly WorkerPlace[];
  readonly #options: ClusterOptions;
  readonly #processes = new Map<string, ServerProcess>();
  readonly #relays: Relay[] = [];
  readonly #remove: () => void;

  private constructor(options: ClusterOptions, ports: readonly number[]) {
    const scratch = scratchDirectory();
    this.directory = scratch.path;
    this.#remove = scratch.remove;
    this.#options = options;
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    const take = (): string => addresses.pop()!;
    this.scribes = Array.from({ length: options.scribes ?? 3 }, (_, position) => {
      const id = letter(position);
      const place = { id, address: take(), admin: take(), directory: join(scratch.path, id) };
      return options.relayed === true ? { ...place, behind: take() } : place;
    });
    this.workers = Array.from({ length: options.workers ?? 3 }, (_, position) => {
      return { id: `w${position + 1}`, address: take(), admin: take(), redis: take() };
    });
  }

  /** Makes the directories and starts nothing. */
  static async create(options: ClusterOptions = {}): Promise<Cluster> {
    const ports = await freePorts(3 * (options.scribes ?? 3) + 3 * (options.workers ?? 3));
    const cluster = new Cluster(options, ports);
    const scribes = cluster.scribes.flatMap(({ id, address }) => ['--scribe', `${id}=${address}`]);
    const { code, stderr } = await scriptorium(
      'init',
      '--dir',
      cluster.directory,
      ...scribes,
      ...(options.initFlags ?? []),
    );
    if (code !== 0) throw new Error(`init: ${stderr}`);
    for (const { address, behind } of cluster.scribes)
      if (behind !== undefined) cluster.#relays.push(await Relay.start(address, behind));
    return cluster;
  }

  /** Resolves when a worker leads. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = await Cluster.create(options);
    try {
      await cluster.startAll();
      await cluster.leader();
    } catch (error) {
      await cluster.end();
      throw error;
    }
    return cluster;
  }

  /** Calls `use` with a started cluster and ends it; when `use` fails, its error is followed by what the servers printed. */
  static async with(options: ClusterOptions, use: (cluster: Cluster) => Promise<void>): Promise<void> {
    const cluster = await Cluster.start(options);
    try {
      await use(cluster);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${cluster.output()}`, { cause: error });
    } finally {
      await cluster.end();
    }
  }

  get clusterFile(): string {
    return join(this.directory, 'cluster.json');
  }

  async startAll(): Promise<void> {
    await Promise.all(this.scribes.map(({ id }) => this.startScribe(id)));
    await Promise.all(this.workers.map(({ id }) => this.startWorker(id)));
  }

  async startScribe(id: string): Promise<void> {
    const { directory, address, behind, admin } = this.scribes.find((place) => place.id === id)!;
    const flags = this.#options.scribeFlags ?? [];
    const args = ['scribe', '--dir', directory, '--listen', behind ?? address, '--admin', admin, ...flags];
    this.#processes.set(id, await ServerProcess.start(args));
  }

  /** Starts a scribe that no configuration names, on a blank directory: at the address of `like`, or at one of its own. */
  async startNewcomer(id: string, like?: string): Promise<ScribePlace> {
    const [port = 0, adminPort = 0] = await freePorts(2);
    const address = this.scribes.find((place) => place.id === like)?.address ?? `127.0.0.1:${port}`;
    const directory = join(this.directory, `${id}-${this.scribes.length}`);
    const place = { id, address, admin: `127.0.0.1:${adminPort}`, directory };
    const known = this.scribes.findIndex((one) => one.id === id);
    this.scribes.splice(known < 0 ? this.scribes.length : known, known < 0 ? 0 : 1, place);
    const joining = ['--join', this.clusterFile, '--id', id, '--listen', address];
    this.#processes.set(
      id,
      await ServerProcess.start(['scribe', '--dir', directory, '--admin', place.admin, ...joining]),
    );
    return place;
  }

  async startWorker(id: string, nodeFlags: readonly string[] = []): Promise<void> {
    const { address, admin, redis } = this.workers.find((place) => place.id === id)!;
    const { machine, workerFlags = [] } = this.#options;
    const serving = machine === undefined ? ['--resp', redis] : ['--machine', machine];
    const args = ['worker', '--cluster', this.clusterFile, '--id', id, '--listen', address, '--admin', admin];
    this.#processes.set(id, await ServerProcess.start([...args, ...serving, ...workerFlags], nodeFlags));
  }

  /** A second process under the id of a worker, at an address of its own. */
  async startTwin(id: string): Promise<ServerProcess> {
    const [port] = await freePorts(1);
    const args = ['worker', '--cluster', this.clusterFile, '--id', id, '--listen', `127.0.0.1:${port}`];
    const twin = await ServerProcess.start(args);
    this.#processes.set(`${id} again`, twin);
    return twin;
  }

  /** The process last started for this scribe or worker. */
  process(id: string): ServerProcess {
    const server = this.#processes.get(id);
    if (server === undefined) throw new Error(`${id} was never started`);
    return server;
  }

  /** Nothing passes between this worker and the scribes, which are relayed, until `heal`; no connection is seen to close. */
  cutOff(id: string): void {
    for (const relay of this.#relays) relay.cutOff(this.process(id).pid);
  }

  heal(): void {
    for (const relay of this.#relays) relay.heal();
  }

  isRunning(id: string): boolean {
    return this.#processes.get(id)?.running === true;
  }

  /** What it says of itself; undefined when it does not answer. */
  async workerStatus(id: string): Promise<WorkerStatus | undefined> {
    return await this.#status<WorkerStatus>(this.workers.find((place) => place.id === id)!);
  }

  async scribeStatus(id: string): Promise<ScribeStatus | undefined> {
    return await this.#status<ScribeStatus>(this.scribes.find((place) => place.id === id)!);
  }

  /** Waits for a worker, none of `except`, that leads and has applied what was committed before. */
  async leader(except: readonly string[] = []): Promise<WorkerPlace> {
    return await until('a leader', async () => {
      const candidates = this.workers.filter(({ id }) => this.isRunning(id) && !except.includes(id));
      const statuses = await Promise.all(candidates.map(({ id }) => this.workerStatus(id)));
      const leading = statuses
        .filter((status) => status?.role === 'leader' && status.appliedIndex >= status.commitIndex)
        .toSorted((left, right) => right!.term - left!.term)[0];
      return this.workers.find(({ id }) => id === leading?.workerId);
    });
  }

  /** What the servers printed, each under its name. */
  output(): string {
    const printed = [...this.#processes].filter(([, server]) => server.output !== '');
    return printed.map(([id, server]) => `--- ${id}\n${server.output}`).join('\n');
  }

  /** Kills what still runs and removes the directory. */
  async end(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((server) => server.killHard()));
    for (const relay of this.#relays) relay.close();
    this.#remove();
  }

  async #status<T>(place: Place): Promise<T | undefined> {
    try {
      // A frozen process takes the connection and says nothing.
      const response = await fetch(`http://${place.admin}/status`, { signal: AbortSignal.timeout(1_000) });
      return (await response.json()) as T;
    } catch {
      return undefined;
    }
  }
}
