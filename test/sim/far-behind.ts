/**
 * How long a worker takes that starts with nothing and reads a long log over links with latency, in virtual time: what it reads
 * at once decides, not how fast anything is.
 */
import { Clients } from './clients.ts';
import type { Machines } from './machines.ts';
import { calm, playScene, type Scene } from './scene.ts';
import { demand } from './violation.ts';
import type { World } from './world.ts';

/** One way. */
const LATENCY_MILLIS = 20;
/** So that reads count and nothing else: the machine applies at once, and the leader's window is too small to help. */
const adapt = calm(
  { workers: 2, clients: 6, thinkMillis: 1, applyMillis: 0.05, fillers: 3 },
  { windowBytes: 1, maxAppendBytes: 2000, maxInflightMessages: 64, maxInflightBytes: 1 << 20 },
);
const GIVE_UP_MILLIS = 60_000;

export interface Arrival {
  /** From its first batch on. */
  readonly millis: number;
  /** Reads one after the other would take so many. */
  readonly reads: number;
}

export const arriveFarBehind = (seed: number, machines: Machines): Scene<Arrival> =>
  playScene(seed, machines, adapt, play);

function play(world: World): Arrival {
  const [first, second] = world.workers;
  if (first === undefined || second === undefined) throw new Error('it takes two workers');
  for (const site of world.scribes) world.startScribe(site);
  world.startWorker(first);
  const clients = new Clients(world);
  pass(world, 3000);
  clients.stop();
  pass(world, 1500);
  world.network.delays = { fromMillis: LATENCY_MILLIS, toMillis: LATENCY_MILLIS };
  const { tail } = first.process!.machine;
  world.startWorker(second);
  pass(world, GIVE_UP_MILLIS, () => (second.process?.machine.tail.index ?? 0) > 0);
  const from = world.schedule.now;
  const arrived = pass(world, GIVE_UP_MILLIS, () => (second.process?.appliedIndex ?? 0) >= tail.index);
  demand(arrived, 'not-converged-after-heal', () => `the newcomer has applied ${second.process?.appliedIndex}`);
  const bytes = world.rules.ghost.nodes.reduce((sum, { batch }) => sum + batch.bytes.length, 0);
  return { millis: world.schedule.now - from, reads: Math.ceil(bytes / world.plan.worker.maxAppendBytes) };
}

/** Let time pass until `done` (true) or for so long (false). */
function pass({ schedule }: World, millis: number, done: () => boolean = () => false): boolean {
  const until = schedule.now + millis;
  while (schedule.runNext(until)) if (done()) return true;
  return done();
}
