/**
 * S40: a scribe comes back on an old copy of its own disk. The leader that knows better must take it out of every quorum,
 * and say so. Only one worker runs and the copy is put in place while it leads: against a leader that remembers nothing an
 * old copy is beyond what the protocol promises (docs/durability.md).
 */
import { Clients } from './clients.ts';
import type { Machines } from './machines.ts';
import { calm, playScene, type Scene } from './scene.ts';
import { demand } from './violation.ts';
import type { World } from './world.ts';

const adapt = calm({ workers: 1, clients: 6, thinkMillis: 3 });

/** The outcome: entries that the copy lacked and the leader had been promised. */
export const runRolledBack = (seed: number, machines: Machines): Scene<number> =>
  playScene(seed, machines, adapt, play);

function play(world: World): number {
  for (const site of world.scribes) world.startScribe(site);
  for (const site of world.workers) world.startWorker(site);
  const clients = new Clients(world);
  const pass = (millis: number): void => {
    const until = world.schedule.now + millis;
    while (world.schedule.runNext(until));
  };
  pass(1500);
  const leader = world.leader;
  const [old, near, far] = world.scribes;
  if (leader === null || old === undefined || near === undefined || far === undefined) return 0;
  const { term } = leader.machine;
  const goBack = old.disk.image.copy();
  pass(world.random.integer(5, 60));
  // What the leader appends from here on only the one scribe holds, which acknowledges it and then forgets.
  const cuts = [near, far].flatMap(({ scribeId }) => [
    [leader.site, scribeId] as const,
    [scribeId, leader.site] as const,
  ]);
  for (const [from, to] of cuts) world.network.cut(from, to);
  pass(20);
  const promised = old.disk.image.tip?.lastIndex ?? 0;
  old.process?.crash(false);
  goBack();
  world.rules.ghost.forget(old.storageUuid);
  world.trace(() => `${old.scribeId} is put back on an old copy of its disk`);
  world.startScribe(old);
  pass(70);
  for (const [from, to] of cuts) if (from === near.scribeId || to === near.scribeId) world.network.heal(from, to);
  pass(60);
  world.network.healAll();
  pass(300);
  const lost = promised - (old.disk.image.tip?.lastIndex ?? 0);
  const steady = leader.machine.role === 'leader' && leader.machine.term === term;
  demand(
    steady,
    'leader-changes-after-heal',
    () => `${leader.site} is ${leader.machine.role} of ${leader.machine.term}`,
  );
  const told = leader.alarms.some(
    ({ kind, storageUuid }) => kind === 'disk-went-back' && storageUuid === old.storageUuid,
  );
  demand(told || lost <= 0, 'rolled-back-disk-unnoticed', () => `${old.scribeId} lost ${lost} entries`);
  clients.stop();
  pass(1500);
  world.operations.judge(world.rules.ghost.nodes);
  return lost;
}
