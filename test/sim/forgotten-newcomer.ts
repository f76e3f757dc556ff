/**
 * A newcomer that became a voter loses its disk, and a blank one under its uuid meets a leader that was deposed before that and
 * does not know. To that leader it is a newcomer still; told so it would take a log again, and by that log vote, with all that
 * it promised as a voter forgotten (R26). The check for it is `acknowledged-by-stranger`.
 */
import { Clients } from './clients.ts';
import { Image } from './disk.ts';
import type { Machines } from './machines.ts';
import { calm, playScene, type Scene } from './scene.ts';
import type { ScribeSite } from './scribe-host.ts';
import type { WorkerHost } from './worker-host.ts';
import type { World } from './world.ts';

const adapt = calm({ workers: 2, clients: 2 }, { electionTimeoutMaxMillis: 600 });

/** The outcome: whether the deposed leader still led when the blank disk was there. */
export const runForgottenNewcomer = (seed: number, machines: Machines): Scene<boolean> =>
  playScene(seed, machines, adapt, play);

function play(world: World): boolean {
  for (const site of world.scribes) world.startScribe(site);
  for (const site of world.workers) world.startWorker(site);
  const clients = new Clients(world);
  const pass = (millis: number, done = (): boolean => false): boolean => {
    for (const end = world.schedule.now + millis; world.schedule.now < end && !done(); ) {
      const until = world.schedule.now + 0.5;
      while (world.schedule.runNext(until));
    }
    return done();
  };
  const cut = (left: string, right: string): void => {
    world.network.cut(left, right);
    world.network.cut(right, left);
  };
  pass(1500);
  const old = world.leader;
  if (old === null) return false;
  const storageUuid = world.random.hex128();
  const member = { scribeId: 'n', storageUuid, address: 'n:1' };
  let place = start(world, storageUuid, false);
  cut(old.site, 'n'); // it lets the newcomer wait, and another leader goes on with the change
  old.changeMembers(1, { kind: 'add', member }, () => {});
  const waits = ({ machine }: WorkerHost): boolean => {
    const { id, configuration } = machine.configuration;
    return configuration.target !== undefined && machine.commit >= id.index;
  };
  if (!pass(500, () => waits(old))) return false;
  for (const { site } of world.network.links.flatMap(({ ends }) => ends)) if (site !== old.site) cut(old.site, site);
  for (const link of world.network.links)
    if (link.ends.some(({ site }) => site === old.site)) world.network.break(link, false);
  const isVoter = (): boolean =>
    world.leader !== old && world.members.scribes.some((scribe) => scribe.storageUuid === storageUuid);
  if (!pass(400, isVoter)) return false;
  world.trace(() => 'n loses its disk, and a blank one takes its uuid');
  place.process?.crash(false);
  place.gone = true;
  place = start(world, storageUuid, true);
  world.network.heal(old.site, 'n');
  world.network.heal('n', old.site);
  const linked = (): boolean =>
    world.network.links.some(({ ends }) => ends.every(({ site }) => site === old.site || site === 'n'));
  const met = pass(300, linked) && old.machine.role === 'leader';
  pass(300);
  world.network.healAll();
  clients.stop();
  pass(1500);
  world.operations.judge(world.rules.ghost.nodes);
  return met;
}

function start(world: World, storageUuid: string, isAmnesiac: boolean): ScribeSite {
  const disk = world.newDisk(new Image({ term: 0, votedFor: null }, [], { index: 0, term: 0 }), 'n', storageUuid);
  const site = { scribeId: 'n', storageUuid, disk, process: null, isAmnesiac, gone: false };
  world.addScribe(site);
  world.startScribe(site);
  return site;
}
