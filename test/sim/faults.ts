/**
 * The faults of a run: each kind the plan names happens at random times, lasts a while, and ends. All are legal: a majority
 * may be away for a time, nothing that a disk called durable is ever lost.
 */
import type { Role } from '../../src/core/effects.ts';
import type { Random } from '../random.ts';
import { RESERVE_BYTES } from './disk.ts';
import type { Host } from './host.ts';
import type { FaultKind } from './plan.ts';
import type { ScribeSite } from './scribe-host.ts';
import type { WorkerSite, World } from './world.ts';

/** Where the protocol stands when a fault happens; the first that is true. */
export const STAGES = ['electing', 'leaderless', 'writing', 'settled'] as const;

function stageOf(world: World): (typeof STAGES)[number] {
  if (world.liveWorkers.some(({ machine }) => machine.role === 'candidate')) return 'electing';
  const { leader } = world;
  if (leader === null) return 'leaderless';
  return leader.machine.commit < leader.machine.tail.index ? 'writing' : 'settled';
}

export class Faults {
  readonly #world: World;
  /** When faults happen. */
  readonly #times: Random;
  /** What they do: a stream for each, so that one left out changes no other. */
  #random: Random;
  #over = false;
  #number = 0;
  /** How often each kind happened. */
  readonly counts = new Map<FaultKind, number>();
  /** How often each kind happened at which point of the protocol. */
  readonly atlas = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    this.#times = world.random.fork();
    this.#random = this.#times;
    for (const [kind, every] of world.plan.faults) this.#next(kind, every);
  }

  /** No more faults, and what is broken is mended. */
  end(): void {
    const world = this.#world;
    this.#over = true;
    world.faultsOver = true;
    world.trace(() => 'faults end');
    world.network.healAll();
    world.network.delays = { fromMillis: 0.1, toMillis: 5 };
    world.diskDelays = { fromMillis: 0.1, toMillis: 5 };
    world.slowDisks.clear();
    for (const site of world.workers) {
      site.twin?.crash(false);
      site.twin = null;
    }
    for (const host of this.#hosts()) host.resume();
    for (const site of world.scribes) this.#freeDisk(site);
    for (const site of world.scribes) world.startScribe(site);
    world.rescueWorkers();
    for (const site of world.workers) world.startWorker(site);
  }

  #next(kind: FaultKind, every: number): void {
    const wait = -Math.log(1 - this.#times.next()) * every;
    const own = this.#times.fork();
    this.#world.schedule.after(wait, () => {
      if (this.#over) return;
      if (!this.#world.plan.leftOut.has(++this.#number)) {
        this.#random = own;
        this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
        const place = `${kind} while ${stageOf(this.#world)}`;
        this.atlas.set(place, (this.atlas.get(place) ?? 0) + 1);
        this.#inject(kind);
      }
      this.#next(kind, every);
    });
  }

  /** How many faults there were, with those left out. */
  get number(): number {
    return this.#number;
  }

  #inject(kind: FaultKind): void {
    const world = this.#world;
    const random = this.#random;
    world.trace(() => `fault: ${kind}`);
    switch (kind) {
      case 'break-link': {
        const links = world.network.links;
        if (links.length > 0) world.network.break(random.pick(links), random.chance(0.2));
        break;
      }
      case 'reconnect': {
        // A second link to the same peer, while the first still carries messages.
        const mine = world.network.links.filter(({ ends }) => ends.some((end) => end === world.leader));
        const links = mine.length > 0 && random.chance(0.7) ? mine : world.network.links;
        if (links.length === 0) break;
        const [from, to] = random.pick(links).ends;
        world.network.dial(from, to.key);
        break;
      }
      case 'cut-one-way':
        this.#cut([random.pick(this.#sites)], [random.pick(this.#sites)], false);
        break;
      case 'partition': {
        const side = random.subset(this.#sites, 0.5);
        this.#cut(
          side,
          this.#sites.filter((site) => !side.includes(site)),
          true,
        );
        break;
      }
      case 'isolate-leader': {
        const leader = world.leader?.site;
        const others = this.#sites.filter((site) => site !== leader);
        if (leader !== undefined) this.#cut([leader], random.subset(others, 0.8), random.chance(0.5));
        break;
      }
      case 'strand-leader':
        this.#strandLeader();
        break;
      case 'pause-worker':
        this.#pause(random.chance(0.5) ? world.leader : random.pick(world.workers).process);
        break;
      case 'pause-scribe':
        this.#pause(random.pick(world.scribes).process);
        break;
      case 'crash-worker':
        this.#crashWorker(random.pick(world.workers));
        break;
      case 'crash-leader':
        this.#crashIn('leader');
        break;
      case 'crash-in-election':
        this.#whenElecting(() => this.#crashIn(random.pick(['candidate', 'leader'])));
        break;
      case 'strand-in-election':
        this.#whenElecting(() => this.#strandLeader());
        break;
      case 'crash-scribe':
        this.#crashScribe(random.pick(world.scribes));
        break;
      case 'crash-all-workers':
        for (const site of world.workers) this.#crashWorker(site);
        break;
      case 'crash-all-scribes':
        for (const site of world.scribes) this.#crashScribe(site);
        break;
      case 'crash-everything':
        for (const site of world.workers) this.#crashWorker(site);
        for (const site of world.scribes) this.#crashScribe(site);
        break;
      case 'crash-in-change':
        this.#whenChanging(() => this.#crashIn('leader'));
        break;
      case 'twin-worker':
        this.#twin(random.pick(world.workers));
        break;
      case 'slow-disk': {
        const { scribeId } = random.pick(world.scribes);
        world.slowDisks.add(scribeId);
        this.#later(() => world.slowDisks.delete(scribeId));
        break;
      }
      case 'full-disk':
        for (const site of this.#someScribes()) this.#fillDisk(site);
        break;
    }
  }

  /** Faults last from a few milliseconds to several election timeouts. */
  #later(run: () => void): void {
    const millis = this.#random.chance(0.5) ? this.#random.skewed(5, 1500) : this.#random.integer(100, 1000);
    this.#world.schedule.after(millis * this.#world.plan.slowness, () => {
      if (!this.#over) run();
    });
  }

  #cut(from: readonly string[], to: readonly string[], bothWays: boolean): void {
    const pairs = from.flatMap((left) => to.filter((right) => right !== left).map((right) => [left, right] as const));
    const { network } = this.#world;
    for (const [left, right] of pairs) {
      network.cut(left, right);
      if (bothWays) network.cut(right, left);
    }
    // Most links across a cut are given up after a while; some outlast it and deliver late.
    this.#later(() => {
      for (const link of network.links) {
        const [left, right] = link.ends.map(({ site }) => site) as [string, string];
        const across = pairs.some(
          ([one, other]) => (one === left && other === right) || (one === right && other === left),
        );
        if (across && this.#random.chance(0.6)) network.break(link, true);
      }
    });
    this.#later(() => {
      for (const [left, right] of pairs) {
        network.heal(left, right);
        network.heal(right, left);
      }
    });
  }

  /** A leader that can talk to a minority only: what it appends there is to be truncated one day. */
  #strandLeader(): void {
    const leader = this.#world.leader?.site;
    if (leader === undefined) return;
    const scribes = this.#world.scribes.map(({ scribeId }) => scribeId);
    const near = this.#random.subset(scribes, 0.5).slice(0, Math.floor((scribes.length - 1) / 2));
    const far = this.#sites.filter((site) => site !== leader && !near.includes(site));
    this.#cut([leader, ...near], far, true);
  }

  #pause(host: Host | null): void {
    if (host === null || host.paused) return;
    host.pause();
    this.#later(() => host.alive && host.resume());
  }

  #crashIn(role: Role): void {
    const site = this.#world.workers.find(({ process }) => process?.machine.role === role);
    if (site !== undefined) this.#crashWorker(site);
  }

  /** Elections are short: look every millisecond for a while. */
  #whenElecting(run: () => void, looks = 200): void {
    if (this.#over) return;
    const electing = this.#world.workers.some(({ process }) => process?.machine.role === 'candidate');
    if (electing) this.#world.schedule.after(this.#random.next() * 15, () => this.#over || run());
    else if (looks > 0) this.#world.schedule.after(1, () => this.#whenElecting(run, looks - 1));
  }

  /** At any step of a change: just after a leader appended one of its configurations, or a while later. */
  #whenChanging(run: () => void, looks = 200): void {
    if (this.#over) return;
    const configuration = this.#world.leader?.machine.configuration.configuration;
    const changing = configuration?.outgoing !== undefined || configuration?.target !== undefined;
    if (changing) this.#world.schedule.after(this.#random.skewed(0, 20), () => this.#over || run());
    else if (looks > 0) this.#world.schedule.after(1, () => this.#whenChanging(run, looks - 1));
  }

  #crashWorker(site: WorkerSite): void {
    this.#world.stopWorker(site, this.#random.chance(0.3));
    this.#later(() => this.#world.startWorker(site));
  }

  #crashScribe(site: ScribeSite): void {
    site.process?.crash(this.#random.chance(0.3));
    this.#later(() => this.#world.startScribe(site));
  }

  /** One, more than half of them, or all. */
  #someScribes(): readonly ScribeSite[] {
    const scribes = this.#world.scribes.filter(({ gone }) => !gone);
    const first = this.#random.integer(0, scribes.length);
    const count = this.#random.pick([1, 1, Math.floor(scribes.length / 2) + 1, scribes.length]);
    return [...scribes, ...scribes].slice(first, first + count);
  }

  /** S27: with any room left in the last segment, its reserve used up or not, or less than none. */
  #fillDisk(site: ScribeSite): void {
    if (site.disk.isFull) return;
    const most = this.#random.pick([0, RESERVE_BYTES, 4 * RESERVE_BYTES]);
    const left = this.#random.integer(-1, most + 1);
    this.#world.trace(() => `${site.scribeId} has a full disk, ${left} bytes left`);
    site.disk.fill(left);
    this.#later(() => this.#freeDisk(site));
  }

  #freeDisk(site: ScribeSite): void {
    if (!site.disk.isFull) return;
    this.#world.trace(() => `${site.scribeId} has room again`);
    const wasRefused = !site.disk.opens;
    site.disk.free();
    if (wasRefused) this.#world.startScribe(site);
    site.process?.roomAgain();
  }

  /** P14: a worker is started again while its old process, taken for dead, still runs. */
  #twin(site: WorkerSite): void {
    if (site.process === null || site.twin !== null) return;
    const old = site.process;
    site.twin = old;
    site.process = null;
    if (this.#random.chance(0.5)) this.#pause(old);
    this.#world.startWorker(site);
    this.#later(() => {
      if (site.twin !== old) return;
      old.crash(false);
      site.twin = null;
    });
  }

  get #sites(): readonly string[] {
    return [
      ...this.#world.scribes.map(({ scribeId }) => scribeId),
      ...this.#world.workers.map(({ workerId }) => workerId),
    ];
  }

  #hosts(): readonly Host[] {
    const scribes = this.#world.scribes.flatMap(({ process }) => (process === null ? [] : [process]));
    return [...scribes, ...this.#world.liveWorkers];
  }
}
