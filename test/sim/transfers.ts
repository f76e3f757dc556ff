/**
 * P38: leadership is handed over again and again, among faults and without, to workers that are there and to some that are
 * paused, cut off or dead. Every transfer ends within an election timeout: somebody else leads, or the old leader goes on.
 */
import type { Random } from '../random.ts';
import { demand } from './violation.ts';
import type { WorkerHost } from './worker-host.ts';
import type { World } from './world.ts';

export class Transfers {
  readonly #world: World;
  readonly #random: Random;
  readonly #everyMillis: number;
  #asked = 0;
  #over = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork();
    this.#everyMillis = this.#random.pick([100, 300, 800]);
    this.#next();
  }

  stop(): void {
    this.#over = true;
  }

  #next(): void {
    this.#world.schedule.after(this.#random.next() * 2 * this.#everyMillis, () => {
      if (this.#over) return;
      const leader = this.#world.leader;
      if (leader !== null && !leader.paused) this.#transfer(leader);
      this.#next();
    });
  }

  #transfer(leader: WorkerHost): void {
    const others = this.#world.liveWorkers.filter((host) => host !== leader);
    const to = others.length === 0 || this.#random.chance(0.2) ? null : this.#random.pick(others);
    if (to !== null && this.#random.chance(0.3)) this.#hinder(leader, to);
    const { term } = leader.machine;
    const request = ++this.#asked;
    leader.transfer(request, to?.incarnation ?? null);
    this.#world.reach('transfer asked');
    // No fault may excuse a leader that gives nothing away and takes nothing in; only a pause stops its clock.
    const { electionTimeoutMinMillis, heartbeatMillis } = this.#world.plan.worker;
    const patience = (electionTimeoutMinMillis + heartbeatMillis) * (1 + 2 * this.#world.plan.clockDrift);
    let wasPaused = false;
    const watch = this.#world.schedule;
    for (let part = 1; part <= 20; part++) watch.after((patience * part) / 20, () => (wasPaused ||= leader.paused));
    watch.after(patience, () => {
      if (!leader.alive || wasPaused) return;
      const answer = leader.transfers.find((found) => found.request === request);
      demand(answer !== undefined, 'transfer-not-ended', () => `${leader.site}, ${patience} ms on`);
      this.#world.reach(`transfer ${answer.outcome}`);
      if (answer.outcome !== 'kept' || leader.machine.role !== 'leader' || leader.machine.term !== term) return;
      const busy = this.#asked > request; // asked again meanwhile
      demand(
        busy || leader.machine.canPropose || this.#world.plan.worker.maxUnappliedBytes < 1 << 20,
        'transfer-not-aborted',
        () => leader.site,
      );
    });
  }

  /** The one to take over is stopped, cut off or far behind. */
  #hinder(leader: WorkerHost, to: WorkerHost): void {
    const until = this.#random.integer(20, 600);
    if (this.#random.chance(0.5)) {
      if (to.paused) return;
      to.pause();
      this.#world.schedule.after(until, () => to.alive && to.resume());
      return;
    }
    const near = this.#random.chance(0.5) ? [leader.site] : this.#world.scribes.map(({ scribeId }) => scribeId);
    for (const site of near) this.#world.network.cut(to.site, site);
    this.#world.schedule.after(until, () => {
      for (const site of near) this.#world.network.heal(to.site, site);
    });
  }
}
