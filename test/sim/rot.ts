/**
 * Disks that rot (R29): batches of a scribe's log can no longer be read back, found when they are read, by scrubbing some time
 * later, or at the next start. Keeps one good copy: nothing rots that no other member can read, so everything can be
 * repaired; and a configuration only where those who can read it could elect a leader, since others do not vote after a start. Has
 * a stream of chance of its own: the other faults of a seed stay what they are.
 */
import type { Configuration } from '../../src/core/types.ts';
import { Random } from '../random.ts';
import { elects } from './agreement.ts';
import type { LogNode } from './log-tree.ts';
import type { ScribeSite } from './scribe-host.ts';
import type { World } from './world.ts';

/** Apart from the streams of the seed itself. */
const STREAM = 7 * 2 ** 32;
/** Neighbours that one fault takes, at most. */
const MOST_BATCHES = 4;
const MAX_SCRUB_MILLIS = 600;
/** How often it is the newest configuration as well, of which there is little in a log. */
const CONFIGURATION_CHANCE = 0.1;

export class Rot {
  readonly #world: World;
  readonly #random: Random;
  #over = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = new Random(world.plan.seed + STREAM);
    this.#next(this.#random.pick([40, 150, 500]));
  }

  /** No more of it; what is damaged is found soon, and then to be repaired. */
  end(): void {
    this.#over = true;
    for (const site of this.#world.scribes) for (const node of site.disk.image.damage) this.#scrub(site, node, 50);
  }

  #next(everyMillis: number): void {
    this.#world.schedule.after(2 * this.#random.next() * everyMillis, () => {
      if (this.#over) return;
      const sites = this.#random.subset(this.#members, this.#random.pick([0.3, 1]));
      const place = this.#random.next();
      for (const site of sites) this.#strike(site, this.#random.chance(0.5) ? place : this.#random.next());
      this.#next(everyMillis);
    });
  }

  /** Half of the time near the end of the log, where what is lost may not be committed yet. */
  #strike(site: ScribeSite, place: number): void {
    const { nodes } = site.disk.image;
    const from = place < 0.5 ? nodes.length - 1 - Math.floor(place * 10) : Math.floor((2 * place - 1) * nodes.length);
    const struck = nodes.slice(Math.max(0, from), Math.max(0, from) + this.#random.integer(1, MOST_BATCHES));
    const configured = site.disk.image.tip?.configured ?? null;
    if (configured !== null && this.#random.chance(CONFIGURATION_CHANCE)) struck.push(configured);
    for (const node of struck) {
      if (!this.#mayRot(site, node) || !site.disk.rot(node)) continue;
      this.#world.reach(site.process === null ? 'batch rots while nothing runs' : 'batch rots');
      this.#scrub(site, node, MAX_SCRUB_MILLIS);
    }
  }

  #scrub(site: ScribeSite, node: LogNode, withinMillis: number): void {
    this.#world.schedule.after(this.#random.next() * withinMillis, () => site.process?.scrub(node));
  }

  #mayRot(site: ScribeSite, node: LogNode): boolean {
    const others = this.#members.filter((other) => other !== site && other.disk.image.reads(node));
    if (this.#world.plan.changeMillis === null) return isEnough(this.#world.members, node, others);
    // One of them may be on its way out.
    const without = (leaving: ScribeSite): ScribeSite[] => others.filter((other) => other !== leaving);
    return others.length > 0 && others.every((leaving) => isEnough(this.#world.members, node, without(leaving)));
  }

  get #members(): readonly ScribeSite[] {
    return this.#world.scribes.filter(({ storageUuid, gone }) => !gone && this.#world.isMember(storageUuid));
  }
}

/** Whether `readers` are enough to repair `node` from: and if it is a configuration, to elect a leader who does. */
function isEnough(members: Configuration, node: LogNode, readers: readonly ScribeSite[]): boolean {
  if (node.batch.configuration === undefined) return readers.length > 0;
  return elects(members, (uuid) => readers.some(({ storageUuid }) => storageUuid === uuid));
}
