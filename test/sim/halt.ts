/**
 * Every copy of a committed entry is lost at once (R31): it rots on all disks, and no process has it in memory any more. The cluster
 * must stop there and say so: everybody comes to it, nobody leads or goes past it, nothing is executed. When one
 * disk has it again, healing begins.
 */
import { Random } from '../random.ts';
import { describeId, idOf, type LogNode } from './log-tree.ts';
import type { ScribeSite } from './scribe-host.ts';
import { demand } from './violation.ts';
import type { World } from './world.ts';

/** Apart from the streams of the seed itself. */
const STREAM = 11 * 2 ** 32;

export class Halt {
  readonly #world: World;
  readonly #random: Random;
  readonly #node: LogNode;
  readonly #holders: readonly ScribeSite[];
  readonly #executed: number;
  /** Workers that have said where they halt. */
  readonly #told = new Set<string>();

  /** Null when nothing is committed but who the scribes are: without that none of them votes, which is another story. */
  static of(world: World): Halt | null {
    const random = new Random(world.plan.seed + STREAM);
    const plain = world.rules.ghost.nodes.filter(({ batch }) => batch.configuration === undefined);
    return plain.length === 0
      ? null
      : new Halt(world, random, random.pick(random.chance(0.5) ? plain.slice(-3) : plain));
  }

  /** Takes the entry from everybody. */
  private constructor(world: World, random: Random, node: LogNode) {
    this.#world = world;
    this.#random = random;
    this.#node = node;
    for (const site of world.workers) world.stopWorker(site, false);
    for (const site of world.scribes) site.process?.crash(false);
    this.#executed = world.operations.executed.length;
    this.#holders = world.scribes.filter(({ disk, gone }) => !gone && disk.image.reads(this.#node));
    world.trace(() => `${describeId(idOf(this.#node))} rots on every disk`);
    world.reach('every copy rots');
    // Found when the scribe starts, or when it is read.
    const isFoundLate = this.#random.chance(0.5);
    if (isFoundLate) for (const site of world.scribes) world.startScribe(site);
    for (const site of this.#holders) site.disk.image.rotten.add(this.#node);
    for (const site of world.scribes) world.startScribe(site);
    for (const site of world.workers) world.startWorker(site);
  }

  /** Whether every worker has come to the entry and said that it cannot go on. Violated when anybody goes past it. */
  isTold(): boolean {
    const { liveWorkers, operations } = this.#world;
    const at = this.#node.firstIndex;
    for (const { site, machine, appliedIndex } of liveWorkers) {
      demand(
        appliedIndex < at,
        'applied-unreadable',
        () => `${site} has applied ${appliedIndex}, and nobody can read ${at}`,
      );
      const { halted } = machine;
      demand(halted === null || halted === at, 'halted-elsewhere', () => `${site} at ${halted}, damaged is ${at}`);
      if (halted === at) this.#told.add(site);
    }
    const executed = operations.executed.length - this.#executed;
    demand(executed === 0, 'executed-while-halted', () => `${executed} operations`);
    return this.#told.size === liveWorkers.length;
  }

  /** One scribe's disk has the entry again. */
  end(): void {
    const site = this.#random.pick(this.#holders);
    this.#world.trace(() => `${site.scribeId} has ${describeId(idOf(this.#node))} again`);
    site.disk.image.rotten.delete(this.#node);
    site.process?.crash(false);
    this.#world.startScribe(site);
  }
}
