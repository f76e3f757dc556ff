/** Clients: each does one operation after another, mostly at the leader, gives up after a deadline, tries refused writes again. */
import type { Random } from '../random.ts';
import type { Operation } from './operations.ts';
import type { WorkerHost } from './worker-host.ts';
import type { World } from './world.ts';

/** After one of these a client stops waiting: the outcome is unknown to it. */
const DEADLINES_MILLIS = [30, 200, 1000];

export class Clients {
  readonly #world: World;
  readonly #random: Random;
  #stopped = false;
  /** Operations not settled yet. */
  #waiting = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork();
    for (let client = 0; client < world.plan.clients; client++) this.#think(null, client % 2 === 1);
  }

  get idle(): boolean {
    return this.#stopped && this.#waiting === 0;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A write by its own client, repeated until one is acknowledged. */
  writeUntilExecuted(done: () => void): void {
    this.#attempt('write', this.#choose(), ({ outcome }) => {
      if (outcome === 'executed') done();
      else this.#world.schedule.after(20, () => this.writeUntilExecuted(done));
    });
  }

  /** Most clients stay with a worker while it serves them; the stubborn ones stay whatever happens, and only read. */
  #think(last: WorkerHost | null, stubborn: boolean): void {
    this.#world.schedule.after(this.#random.next() * 2 * this.#world.plan.thinkMillis, () => {
      if (this.#stopped) return;
      const host = last?.alive === true && (stubborn || this.#random.chance(0.8)) ? last : this.#choose();
      const kind = !stubborn && this.#random.chance(0.8) ? 'write' : 'read';
      this.#attempt(kind, host, ({ outcome }) =>
        this.#think(stubborn || outcome === 'executed' ? host : null, stubborn),
      );
    });
  }

  #attempt(kind: Operation['kind'], host: WorkerHost | null, settled: (operation: Operation) => void): void {
    const operation = this.#world.operations.begin(kind, () => {
      this.#waiting--;
      settled(operation);
    });
    this.#waiting++;
    if (host === null || !host.alive) {
      this.#world.operations.refuse(operation);
      return;
    }
    this.#world.schedule.after(this.#random.pick(DEADLINES_MILLIS), () => this.#world.operations.giveUp(operation));
    if (kind === 'write') host.submit(operation);
    else host.read(operation);
  }

  #choose(): WorkerHost | null {
    const leader = this.#world.leader;
    if (leader !== null && this.#random.chance(0.6)) return leader;
    const live = this.#world.liveWorkers;
    return live.length === 0 ? null : this.#random.pick(live);
  }
}
