/**
 * For a moment no worker and no scribe hear each other, and no connection closes: a switch that restarts, scribes whose disks all
 * stall. The leader gives up leading (R8), and nobody else can be elected meanwhile; when contact returns it leads on in its
 * term, and what it had proposed is committed.
 */
import { Clients } from './clients.ts';
import type { Machines } from './machines.ts';
import { calm, playScene, type Scene } from './scene.ts';
import type { World } from './world.ts';

const adapt = calm({ workers: 2, clients: 2 }, { electionTimeoutMaxMillis: 300 });

export interface Contact {
  /** The leader led no more while it had no contact. */
  readonly suspended: boolean;
  /** It led again, in the same term. */
  readonly resumed: boolean;
  /** From when contact was back. */
  readonly millis: number;
  /** Done in the second after that. */
  readonly executed: number;
}

export const runLostContact = (seed: number, machines: Machines): Scene<Contact | null> =>
  playScene(seed, machines, adapt, play);

function play(world: World): Contact | null {
  for (const site of world.scribes) world.startScribe(site);
  for (const site of world.workers) world.startWorker(site);
  const pass = (millis: number, done = (): boolean => false): boolean => {
    const end = world.schedule.now + millis;
    while (!done() && world.schedule.runNext(end));
    return done();
  };
  pass(1500);
  const leader = world.leader;
  if (leader === null) return null;
  const { term } = leader.machine;
  const clients = new Clients(world);
  pass(200);
  for (const { workerId } of world.workers) {
    for (const { scribeId } of world.scribes) {
      world.network.cut(workerId, scribeId);
      world.network.cut(scribeId, workerId);
    }
  }
  pass(world.random.integer(500, 1500));
  const suspended = leader.machine.role !== 'leader';
  world.network.healAll();
  const from = world.schedule.now;
  const before = world.operations.executed.length;
  const resumed = pass(1000, () => leader.machine.role === 'leader') && leader.machine.term === term;
  const millis = world.schedule.now - from;
  pass(1000);
  clients.stop();
  pass(1500);
  world.operations.judge(world.rules.ghost.nodes);
  return { suspended, resumed, millis, executed: world.operations.executed.length - before };
}
