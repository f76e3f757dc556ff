/**
 * A leader with many workers, of which it feeds one: how often it sends a learner a part of the log, and whether all of them apply
 * everything, and how late.
 */
import { Clients } from './clients.ts';
import type { Machines } from './machines.ts';
import { calm, playScene, type Scene } from './scene.ts';
import { demand } from './violation.ts';
import type { World } from './world.ts';

const MILLIS = 3000;
const LATENCY_MILLIS = 1;

export interface Fed {
  /** Appends with batches to learners, for each that was committed. */
  readonly share: number;
  /** Until the last worker had applied what was committed when the clients stopped. */
  readonly lateMillis: number;
}

export const leadMany = (seed: number, workers: number, machines: Machines): Scene<Fed> =>
  playScene(
    seed,
    machines,
    calm(
      {
        workers,
        clients: 5,
        thinkMillis: 5,
        network: { fromMillis: LATENCY_MILLIS, toMillis: LATENCY_MILLIS },
        clockDrift: 0,
      },
      {
        windowBytes: 1 << 20,
        maxAppendBytes: 1,
        maxInflightMessages: 64,
        maxInflightBytes: 1 << 20,
        maxFedLearners: 1,
      },
    ),
    play,
  );

function play(world: World): Fed {
  for (const site of world.scribes) world.startScribe(site);
  for (const site of world.workers) world.startWorker(site);
  pass(world, 1000);
  const before = { fed: world.reached.get('learner is fed') ?? 0, batches: world.rules.ghost.nodes.length };
  const clients = new Clients(world);
  pass(world, MILLIS);
  clients.stop();
  const committed = world.rules.ghost.tip?.lastIndex ?? 0;
  const from = world.schedule.now;
  const all = (): boolean => world.liveWorkers.every(({ appliedIndex }) => appliedIndex >= committed);
  demand(pass(world, MILLIS, all), 'not-converged-after-heal', () => `not all workers have applied ${committed}`);
  const lateMillis = world.schedule.now - from;
  pass(world, MILLIS);
  world.operations.judge(world.rules.ghost.nodes);
  const fed = (world.reached.get('learner is fed') ?? 0) - before.fed;
  return { share: fed / (world.rules.ghost.nodes.length - before.batches), lateMillis };
}

/** Let time pass until `done` (true) or for so long (false). */
function pass({ schedule }: World, millis: number, done: () => boolean = () => false): boolean {
  const until = schedule.now + millis;
  while (schedule.runNext(until)) if (done()) return true;
  return done();
}
