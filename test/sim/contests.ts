/**
 * Troubles that keep coming back, each by itself in an otherwise quiet cluster: workers that all time out alike (P12), a process
 * that crashes again and again soon after its start (P22), links that clog one by one and open in another order (P11). The checks
 * of the simulator hold throughout; what is measured here is how soon a leader is there, and how far terms rise.
 */
import { Clients } from './clients.ts';
import type { Machines } from './machines.ts';
import type { Plan } from './plan.ts';
import { demand } from './violation.ts';
import { World } from './world.ts';

/** One way; a request to all and the answers of a majority take twice that. */
const NETWORK = { fromMillis: 1, toMillis: 3 };
const GIVE_UP_MILLIS = 30_000;

const quiet =
  (workers: number, clients: number, timeouts: Partial<Plan['worker']> = {}) =>
  (plan: Plan): Plan => ({
    ...plan,
    scribes: 3,
    workers,
    clients,
    faults: new Map(),
    network: NETWORK,
    disk: { fromMillis: 0.1, toMillis: 0.5, maxGroup: 100 },
    applyMillis: 0.5,
    clockDrift: 0,
    stragglers: false,
    fillers: 0,
    thinkMillis: 15,
    worker: { ...plan.worker, maxFedLearners: 64, maxUnappliedBytes: 1 << 20, ...timeouts },
  });

function started(seed: number, machines: Machines, adapt: (plan: Plan) => Plan): World {
  const world = new World(seed, machines, null, adapt);
  for (const site of world.scribes) world.startScribe(site);
  for (const site of world.workers) world.startWorker(site);
  demand(
    pass(world, GIVE_UP_MILLIS, () => world.leader?.machine.canPropose === true),
    'no-leader-after-heal',
    () => 'at the start',
  );
  return world;
}

/** Let time pass until `done` (true) or for so long (false). */
function pass({ schedule }: World, millis: number, done: () => boolean = () => false): boolean {
  const until = schedule.now + millis;
  while (schedule.runNext(until)) if (done()) return true;
  return done();
}

/** Every link between the two groups, in both directions, stops or goes on. */
function separate({ network }: World, site: string, others: readonly string[], how: 'cut' | 'heal'): void {
  for (const other of others) {
    if (other === site) continue;
    network[how](site, other);
    network[how](other, site);
  }
}

const sitesOf = (world: World): readonly string[] => [
  ...world.scribes.map(({ scribeId }) => scribeId),
  ...world.workers.map(({ workerId }) => workerId),
];

/**
 * P12: the leader falls silent for so many workers besides it, whose time-outs have no range at all. Returns the milliseconds
 * until another leads.
 */
export function contest(seed: number, workers: number, timeoutMillis: number, machines: Machines): number {
  const alike = { electionTimeoutMinMillis: timeoutMillis, electionTimeoutMaxMillis: timeoutMillis };
  const world = started(seed, machines, quiet(workers + 1, 0, alike));
  pass(world, 500 + 50 * world.random.next());
  const lost = world.leader;
  if (lost === null) return GIVE_UP_MILLIS;
  const { term } = lost.machine;
  const from = world.schedule.now;
  separate(world, lost.site, sitesOf(world), 'cut');
  pass(world, GIVE_UP_MILLIS, () => (world.leader?.machine.term ?? 0) > term);
  return world.schedule.now - from;
}

export interface Loop {
  /** Terms that began while the process crashed and started. */
  readonly terms: number;
  /** Writes acknowledged in each of its seconds. */
  readonly writesBySecond: readonly number[];
}

/** P22: the leader's process, or a scribe, crashes so long after each of its starts. */
export function restartLoop(
  seed: number,
  what: 'leader' | 'scribe',
  everyMillis: number,
  seconds: number,
  machines: Machines,
): Loop {
  const world = started(seed, machines, quiet(3, 4));
  new Clients(world);
  pass(world, 1000);
  const worker = world.workers.find(({ process }) => process !== null && process === world.leader);
  const scribe = world.scribes[0];
  if (worker === undefined || scribe === undefined) throw new Error('nobody leads');
  let over = false;
  const crash = (): void => {
    if (over) return;
    if (what === 'leader') {
      world.stopWorker(worker, false);
      world.startWorker(worker);
    } else {
      scribe.process?.crash(false);
      world.startScribe(scribe);
    }
    world.schedule.after(everyMillis, crash);
  };
  const termNow = (): number => Math.max(...world.scribes.map(({ disk }) => disk.image.hardState.term));
  const before = termNow();
  crash();
  const writesBySecond: number[] = [];
  for (let second = 0; second < seconds; second++) {
    const executed = world.operations.executed.length;
    pass(world, 1000);
    writesBySecond.push(world.operations.executed.length - executed);
  }
  over = true;
  return { terms: termNow() - before, writesBySecond };
}

/**
 * P11: random sites clog one after the other, and open again in another order, several times over. Then a write must be
 * acknowledged as soon as after any other fault.
 */
export function swizzle(seed: number, rounds: number, machines: Machines): void {
  const world = started(seed, machines, quiet(3, 4));
  const clients = new Clients(world);
  const { random } = world;
  for (let round = 0; round < rounds; round++) {
    const clogged = [...random.subset(sitesOf(world), 0.5)];
    for (const site of clogged) {
      separate(world, site, sitesOf(world), 'cut');
      pass(world, random.integer(5, 300));
    }
    while (clogged.length > 0) {
      const [site] = clogged.splice(random.integer(0, clogged.length), 1);
      separate(world, site as string, sitesOf(world), 'heal');
      for (const other of clogged) separate(world, other, sitesOf(world), 'cut'); // still clogged towards everybody
      pass(world, random.integer(5, 300));
    }
  }
  world.network.healAll();
  let written = false;
  clients.writeUntilExecuted(() => {
    written = true;
  });
  demand(
    pass(world, 15 * world.plan.worker.electionTimeoutMaxMillis, () => written),
    'no-write-after-heal',
    () => `seed ${seed}`,
  );
  clients.stop();
  pass(world, 2000);
  world.operations.judge(world.rules.ghost.nodes);
}
