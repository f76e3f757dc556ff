/**
 * A leader with a lease (R22) is cut off, and goes on being asked; another is elected as soon as the scribes allow, and writes.
 * Three ways that random seeds hardly meet: its connections close (R9), the scribes that promised start anew (R10), and what
 * they promised arrives late. What the old leader still reads must be current: the check is `stale-read`.
 */
import type { Machines } from './machines.ts';
import { calm, playScene, type Scene } from './scene.ts';
import type { WorkerHost } from './worker-host.ts';
import type { World } from './world.ts';

export const WAYS = ['connections-close', 'scribes-restart', 'answers-late'] as const;
export type Way = (typeof WAYS)[number];

const LEASE_MILLIS = 150;
/** How late the answers are: later than a heartbeat, and before the lease that they are for is over. */
const LATE_MILLIS = 100;

const adapt = calm(
  { workers: 2, clients: 0, quorums: null, clockDrift: 0 },
  { electionTimeoutMaxMillis: 300, leaseMillis: LEASE_MILLIS },
);

export interface Reads {
  /** By the old leader, alone. */
  readonly onLease: number;
  /** By the new one, while the old one still took itself for the leader. */
  readonly writesBeside: number;
}

export const runDeposedReader = (seed: number, machines: Machines, way: Way): Scene<Reads | null> =>
  playScene(seed, machines, adapt, (world) => play(world, way));

function play(world: World, way: Way): Reads | null {
  for (const site of world.scribes) world.startScribe(site);
  for (const site of world.workers) world.startWorker(site);
  const pass = (millis: number): void => {
    const until = world.schedule.now + millis;
    while (world.schedule.runNext(until));
  };
  pass(1500);
  const old = world.leader;
  if (old === null) return null;
  strand(world, old, way, pass);
  let onLease = 0;
  let writesBeside = 0;
  for (const end = world.schedule.now + 2 * LEASE_MILLIS; world.schedule.now < end; pass(1)) {
    old.read(
      world.operations.begin('read', ({ outcome }) => {
        if (outcome === 'executed' && old.machine.role === 'leader') onLease++;
      }),
    );
    const next = world.leader;
    if (next === null || next === old || !next.machine.canPropose) continue;
    next.submit(
      world.operations.begin('write', ({ outcome }) => {
        if (outcome === 'executed' && old.machine.role === 'leader') writesBeside++;
      }),
    );
  }
  world.network.healAll();
  pass(1500);
  world.operations.judge(world.rules.ghost.nodes);
  return { onLease, writesBeside };
}

/** No route between it and anybody from here on. */
function strand(world: World, old: WorkerHost, way: Way, pass: (millis: number) => void): void {
  const scribes = world.scribes.map(({ scribeId }) => scribeId);
  const workers = world.workers.map(({ workerId }) => workerId).filter((site) => site !== old.site);
  const cut = (sites: readonly string[]): void => {
    for (const site of sites) {
      world.network.cut(old.site, site);
      world.network.cut(site, old.site);
    }
  };
  const closeLinks = (): void => {
    for (const link of world.network.links)
      if (link.ends.some(({ site }) => site === old.site)) world.network.break(link, false);
  };
  switch (way) {
    case 'connections-close':
      cut([...scribes, ...workers]);
      closeLinks();
      break;
    case 'scribes-restart':
      // The other worker misses the leader already and asks again and again, in vain.
      cut(workers);
      pass(world.random.integer(400, 600));
      cut(scribes);
      for (const site of world.scribes) {
        site.process?.crash(false);
        world.startScribe(site);
      }
      break;
    case 'answers-late':
      for (const site of scribes) world.network.cut(site, old.site);
      pass(world.plan.worker.heartbeatMillis + 5);
      for (const site of scribes) world.network.cut(old.site, site);
      cut(workers);
      pass(LATE_MILLIS - world.plan.worker.heartbeatMillis);
      for (const site of scribes) world.network.heal(site, old.site);
      pass(3);
      cut(scribes);
      closeLinks();
      break;
  }
}
