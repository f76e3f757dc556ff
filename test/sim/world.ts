/**
 * Everything one seed's run consists of: virtual time, the network, the scribes with their disks, the workers, what is known
 * to be committed, and what clients were told. Phases and faults act on it from outside.
 */
import type { Message, PeerKey } from '../../src/core/messages.ts';
import type { Batch, Configuration, LoggedConfiguration } from '../../src/core/types.ts';
import { Random } from '../random.ts';
import { includes } from './agreement.ts';
import { Disk, Image, type ScribeDisk } from './disk.ts';
import { Ghost } from './ghost.ts';
import { LogTree } from './log-tree.ts';
import type { Machines } from './machines.ts';
import { Network } from './network.ts';
import { Operations } from './operations.ts';
import { makePlan, type Plan, type Span } from './plan.ts';
import { Rules } from './rules.ts';
import { Schedule } from './schedule.ts';
import { ScribeHost, type ScribeSite } from './scribe-host.ts';
import { describeMessage, type Trace } from './trace.ts';
import { WorkerHost } from './worker-host.ts';

/** Where a worker is meant to run. */
export interface WorkerSite {
  readonly workerId: string;
  process: WorkerHost | null;
  /** An older process under the same id that somebody took for dead. */
  twin: WorkerHost | null;
}

export class World {
  readonly random: Random;
  readonly plan: Plan;
  readonly machines: Machines;
  readonly schedule = new Schedule();
  readonly network: Network;
  readonly tree = new LogTree();
  readonly rules: Rules;
  readonly operations = new Operations();
  /** All there ever were. */
  readonly scribes: ScribeSite[];
  readonly workers: readonly WorkerSite[];
  /** How often each rare branch was reached. */
  readonly reached = new Map<string, number>();
  /** How long a write or a read of a disk takes now. */
  diskDelays: Span;
  /** Sites whose disk is slow now. */
  readonly slowDisks = new Set<string>();
  faultsOver = false;
  readonly #trace: Trace | null;
  #built = 0;

  constructor(seed: number, machines: Machines, trace: Trace | null, adapt: (plan: Plan) => Plan = (plan) => plan) {
    this.random = new Random(seed);
    this.plan = adapt(makePlan(seed, this.random.fork()));
    this.machines = machines;
    this.#trace = trace;
    this.diskDelays = this.plan.disk;
    this.network = new Network(this.schedule, this.random.fork(), this.plan.network);
    const members = Array.from({ length: this.plan.scribes }, (_, at) => {
      const scribeId = String.fromCharCode(97 + at);
      return { scribeId, storageUuid: this.random.hex128(), address: `${scribeId}:1` };
    });
    const { quorums } = this.plan;
    const configuration: Configuration = quorums === null ? { scribes: members } : { scribes: members, quorums };
    // What `init` writes on every disk: the configuration as entry 1, of term 1.
    const first = this.tree.grow({ ...this.build('configuration', 1, 1, 1, 0), configuration }, null, []);
    this.rules = new Rules(new Ghost(first));
    this.scribes = members.map(({ scribeId, storageUuid }) => {
      const image = new Image({ term: 1, votedFor: null }, [first], { index: 0, term: 0 });
      return {
        scribeId,
        storageUuid,
        disk: this.newDisk(image, scribeId, storageUuid),
        process: null,
        isAmnesiac: false,
        gone: false,
      };
    });
    this.workers = Array.from({ length: this.plan.workers }, (_, at) => ({
      workerId: `w${at}`,
      process: null,
      twin: null,
    }));
  }

  /** A disk that holds this and nothing else. */
  newDisk(image: Image, scribeId: string, storageUuid: string): ScribeDisk {
    return this.machines.newDisk?.(image, this.tree, scribeId, storageUuid) ?? new Disk(image);
  }

  startScribe(site: ScribeSite): void {
    if (site.gone) return;
    if (site.disk.opens) site.process ??= new ScribeHost(this, site);
    else this.reach('start refused for want of room');
  }

  addScribe(site: ScribeSite): void {
    this.scribes.push(site);
  }

  /** The newest committed configuration. */
  get members(): Configuration {
    return this.rules.ghost.configurations[0] as Configuration;
  }

  isMember(storageUuid: string): boolean {
    return includes(this.members, storageUuid);
  }

  /** What a new worker is told of the scribes: the newest committed configuration, or now and then the one before (R28). */
  #contact(): LoggedConfiguration {
    const [newest, before] = this.rules.ghost.configurations as [Configuration, Configuration | undefined];
    const configuration = this.faultsOver || before === undefined || this.random.chance(0.7) ? newest : before;
    return { id: { index: 0, term: 0 }, configuration };
  }

  startWorker(site: WorkerSite): void {
    site.process ??= new WorkerHost(this, site.workerId, this.random.hex128(), this.#contact());
  }

  /** A worker that slept while every scribe it knew was replaced finds nobody: its operator starts it with a newer list. */
  rescueWorkers(): void {
    for (const site of this.workers) {
      const known = site.process?.machine.scribes ?? [];
      if (site.process === null || known.some(({ storageUuid }) => this.isMember(storageUuid))) continue;
      this.reach('worker left behind');
      this.stopWorker(site, false);
      this.startWorker(site);
    }
  }

  stopWorker(site: WorkerSite, late: boolean): void {
    site.process?.crash(late);
    site.process = null;
  }

  get liveWorkers(): readonly WorkerHost[] {
    const live: WorkerHost[] = [];
    for (const { process, twin } of this.workers) {
      if (process !== null) live.push(process);
      if (twin !== null) live.push(twin);
    }
    return live;
  }

  /** The worker that leads the highest term, if any does. */
  get leader(): WorkerHost | null {
    let best: WorkerHost | null = null;
    for (const host of this.liveWorkers) {
      if (host.machine.role === 'leader' && host.machine.term > (best?.machine.term ?? 0)) best = host;
    }
    return best;
  }

  /** An encoded batch as far as the machines care: bytes nobody else's batch has. */
  build(kind: Batch['kind'], term: number, firstIndex: number, count: number, timestampMillis: number): Batch {
    const bytes = new Uint8Array(32 + 16 * count);
    new DataView(bytes.buffer).setUint32(0, ++this.#built);
    return { kind, term, firstIndex, count, timestampMillis, bytes };
  }

  reach(branch: string): void {
    this.reached.set(branch, (this.reached.get(branch) ?? 0) + 1);
  }

  trace(text: () => string): void {
    this.#trace?.add(this.schedule.now, text());
  }

  nameOf(key: PeerKey): string {
    const scribe = this.scribes.find(({ storageUuid }) => key === `scribe:${storageUuid}`);
    if (scribe !== undefined) return scribe.scribeId;
    const worker = this.liveWorkers.find((host) => host.key === key);
    return `${worker?.site ?? 'w?'}:${key.slice(7, 11)}`;
  }

  describe(message: Message): string {
    return describeMessage(message);
  }
}
