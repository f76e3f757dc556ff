/**
 * Two workers and three scribes with any of the twelve directions between them cut, for ever: 4,096 states of the links.
 * Wherever a worker reaches a majority both ways, something must be committed within ten election timeouts (P07, P08).
 */
import type { Machines } from './machines.ts';
import type { Plan } from './plan.ts';
import { demand, Violation } from './violation.ts';
import { World } from './world.ts';

export const LINK_STATES = 4096;
const SCRIBES = 3;
const TIMEOUTS = 10;
const ASK_EVERY_MILLIS = 20;

const adapt = (plan: Plan): Plan => ({
  ...plan,
  scribes: SCRIBES,
  workers: 2,
  clients: 0,
  faults: new Map(),
  network: { fromMillis: 0.1, toMillis: 1 },
  disk: { fromMillis: 0.1, toMillis: 1, maxGroup: 100 },
  applyMillis: 0.5,
  clockDrift: 0,
  stragglers: false,
  fillers: 0,
  worker: { ...plan.worker, electionTimeoutMaxMillis: 300, maxFedLearners: 64, maxUnappliedBytes: 1 << 20 },
});

/** Whether bit `2 * pair + way` of the state leaves that way open; way 0 is from the worker. */
const isOpen = (state: number, worker: number, scribe: number, way: number): boolean =>
  ((state >> (2 * (worker * SCRIBES + scribe) + way)) & 1) === 1;

/** Whether some worker reaches a majority both ways. */
export function hasQuorum(state: number): boolean {
  const reach = (worker: number): number =>
    [0, 1, 2].filter((scribe) => isOpen(state, worker, scribe, 0) && isOpen(state, worker, scribe, 1)).length;
  return Math.max(reach(0), reach(1)) > SCRIBES / 2;
}

/** `running`: the links are cut while a leader leads, instead of before anybody starts. Returns the milliseconds it took. */
export function runLinkState(
  state: number,
  running: boolean,
  machines: Machines,
): { readonly violation: Violation | null; readonly millis: number } {
  const world = new World(state + 1, machines, null, adapt);
  try {
    return { violation: null, millis: play(world, state, running) };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { violation: error, millis: 0 };
  }
}

function play(world: World, state: number, running: boolean): number {
  const { schedule } = world;
  const pass = (until: number, done: () => boolean): boolean => {
    while (schedule.runNext(until)) if (done()) return true;
    return false;
  };
  const start = (): void => {
    for (const site of world.scribes) world.startScribe(site);
    for (const site of world.workers) world.startWorker(site);
  };
  if (running) {
    start();
    pass(1000, () => false);
  }
  for (const [worker, { workerId }] of world.workers.entries()) {
    for (const [scribe, { scribeId }] of world.scribes.entries()) {
      if (!isOpen(state, worker, scribe, 0)) world.network.cut(workerId, scribeId);
      if (!isOpen(state, worker, scribe, 1)) world.network.cut(scribeId, workerId);
    }
  }
  if (!running) start();
  const from = schedule.now;
  let committed = false;
  const ask = (): void => {
    for (const host of world.liveWorkers) {
      if (!host.machine.canPropose) continue;
      host.submit(world.operations.begin('write', ({ outcome }) => (committed ||= outcome === 'executed')));
    }
    schedule.after(ASK_EVERY_MILLIS, ask);
  };
  ask();
  const within = TIMEOUTS * world.plan.worker.electionTimeoutMaxMillis;
  demand(
    pass(from + within, () => committed),
    'no-leader-over-these-links',
    () => `state ${state.toString(2).padStart(12, '0')}, ${running ? 'cut under a leader' : 'cut from the start'}`,
  );
  return schedule.now - from;
}
