/** One situation played on a world of its own: what came of it, or which invariant it broke, and the last events. */
import type { Machines } from './machines.ts';
import type { Plan } from './plan.ts';
import { Trace } from './trace.ts';
import { Violation } from './violation.ts';
import { World } from './world.ts';

const LINES = 60;

export interface Scene<Outcome> {
  /** Null where an invariant was broken. */
  readonly outcome: Outcome | null;
  readonly violation: Violation | null;
  readonly lines: readonly string[];
}

export function playScene<Outcome>(
  seed: number,
  machines: Machines,
  adapt: (plan: Plan) => Plan,
  play: (world: World) => Outcome,
): Scene<Outcome> {
  const trace = new Trace(LINES);
  try {
    const outcome = play(new World(seed, machines, trace, adapt));
    return { outcome, violation: null, lines: trace.lines };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { outcome: null, violation: error, lines: trace.lines };
  }
}

/** Few scribes and workers without faults, on a quick network and quick disks. */
export const calm =
  (changes: Partial<Omit<Plan, 'worker'>>, worker: Partial<Plan['worker']> = {}) =>
  (plan: Plan): Plan => ({
    ...plan,
    scribes: 3,
    faults: new Map(),
    network: { fromMillis: 0.1, toMillis: 1 },
    disk: { ...plan.disk, toMillis: 2 },
    applyMillis: 0.5,
    ...changes,
    worker: { ...plan.worker, maxFedLearners: 64, maxUnappliedBytes: 1 << 20, ...worker },
  });
