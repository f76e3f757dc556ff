/**
 * How long a cluster is without a leader after its leader is lost, by how the loss shows: as the figure on detecting and
 * replacing a leader in Ongaro's thesis (§9.3) measures it, at 15 ms a broadcast, for several ranges of the election timeout; and
 * where the leader's connections close with it (R9). A leader is lost at a random moment between two heartbeats.
 */
import type { Machines } from './machines.ts';
import type { Plan } from './plan.ts';
import { World } from './world.ts';

export interface Manner {
  readonly name: string;
  readonly leastMillis: number;
  readonly mostMillis: number;
  /** The leader's connections close with it; else it falls silent. */
  readonly closes: boolean;
}

/** The ranges of the thesis' figure that this repeats, and the crash that closes its links. */
export const MANNERS: readonly Manner[] = [
  { name: 'silent, 150–155 ms', leastMillis: 150, mostMillis: 155, closes: false },
  { name: 'silent, 150–200 ms', leastMillis: 150, mostMillis: 200, closes: false },
  { name: 'silent, 150–300 ms', leastMillis: 150, mostMillis: 300, closes: false },
  { name: 'links close, 150–300 ms', leastMillis: 150, mostMillis: 300, closes: true },
];

/** One way; a request to all and the answers of a majority take twice that. */
const ONE_WAY_MILLIS = 7.5;
const HEARTBEAT_MILLIS = 75;
/** No leader by then: a trial that ends so is counted as this long. */
const GIVE_UP_MILLIS = 20_000;

const adaptTo =
  ({ leastMillis, mostMillis }: Manner) =>
  (plan: Plan): Plan => ({
    ...plan,
    scribes: 5,
    workers: 5,
    clients: 0,
    faults: new Map(),
    network: { fromMillis: ONE_WAY_MILLIS - 0.5, toMillis: ONE_WAY_MILLIS + 0.5 },
    disk: { fromMillis: 0.1, toMillis: 0.5, maxGroup: 100 },
    applyMillis: 0.5,
    clockDrift: 0,
    stragglers: false,
    fillers: 0,
    worker: {
      ...plan.worker,
      heartbeatMillis: HEARTBEAT_MILLIS,
      electionTimeoutMinMillis: leastMillis,
      electionTimeoutMaxMillis: mostMillis,
      maxFedLearners: 64,
      maxUnappliedBytes: 1 << 20,
    },
  });

/** Milliseconds from the loss of a leader to the election of the next one. */
export function timeWithoutLeader(seed: number, manner: Manner, machines: Machines): number {
  const world = new World(seed, machines, null, adaptTo(manner));
  const { schedule, network } = world;
  for (const site of world.scribes) world.startScribe(site);
  for (const site of world.workers) world.startWorker(site);
  const until = (millis: number, done: () => boolean): void => {
    const end = schedule.now + millis;
    while (schedule.runNext(end) && !done());
  };
  until(GIVE_UP_MILLIS, () => world.leader?.machine.canPropose === true);
  until(2000 + world.random.next() * HEARTBEAT_MILLIS, () => false);
  const lost = world.leader;
  if (lost === null) throw new Error('no leader to lose');
  const { term } = lost.machine;
  const from = schedule.now;
  if (manner.closes) lost.crash(false);
  else {
    const others = [...world.scribes.map(({ scribeId }) => scribeId), ...world.workers.map(({ workerId }) => workerId)];
    for (const other of others) {
      network.cut(lost.site, other);
      network.cut(other, lost.site);
    }
  }
  const isReplaced = (): boolean =>
    world.liveWorkers.some(({ machine }) => machine.role === 'leader' && machine.term > term);
  until(GIVE_UP_MILLIS, isReplaced);
  return schedule.now - from;
}

export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;

export function measure(manner: Manner, trials: number, machines: Machines): readonly number[] {
  const times = Array.from({ length: trials }, (_, trial) => timeWithoutLeader(trial + 1, manner, machines));
  return times.sort((left, right) => left - right);
}
