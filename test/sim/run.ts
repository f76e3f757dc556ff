/**
 * One seed from start to end: faults; then healing, with bounds on how soon everything works again (protocol.md §10); then
 * everything is stopped and started from the disks alone, and a new worker must rebuild exactly what was acknowledged.
 */

import { Random } from '../random.ts';
import { Clients } from './clients.ts';
import { Faults } from './faults.ts';
import { Halt } from './halt.ts';
import { idOf } from './log-tree.ts';
import type { Machines } from './machines.ts';
import { LATE_LINK_DOWN_MILLIS } from './network.ts';
import { Operator } from './operator.ts';
import {
  changingLeaders,
  changingMembers,
  longLife,
  type Plan,
  withFullDisks,
  withLeases,
  withQuorums,
} from './plan.ts';
import { Rot } from './rot.ts';
import { Trace } from './trace.ts';
import { Transfers } from './transfers.ts';
import { demand, Violation } from './violation.ts';
import { World } from './world.ts';

export interface RunResult {
  readonly seed: number;
  readonly kind: RunKind;
  readonly violation: Violation | null;
  readonly events: number;
  readonly simulatedMillis: number;
  readonly elections: number;
  readonly operations: number;
  readonly executed: number;
  readonly committed: number;
  readonly faults: ReadonlyMap<string, number>;
  /** The same by where the protocol stood. */
  readonly atlas: ReadonlyMap<string, number>;
  /** How many faults, with those left out. */
  readonly faultCount: number;
  /** Changes of the members that were carried out, by kind. */
  readonly changes: ReadonlyMap<string, number>;
  readonly reached: ReadonlyMap<string, number>;
  /** Differs between two runs of one seed only if something is not deterministic. */
  readonly fingerprint: number;
}

/** More events than this per simulated millisecond over a whole phase is a storm of messages, not a protocol at work. */
const MAX_EVENTS_PER_MILLI = 40;

const ADAPT: Record<RunKind, (plan: Plan, random: Random) => Plan> = {
  faults: (plan) => plan,
  members: changingMembers,
  transfers: changingLeaders,
  lives: longLife,
  leases: withLeases,
  rot: (plan) => plan,
  halt: (plan) => plan,
};

/** How often it is looked whether a phase is over. */
const LOOK_EVERY_MILLIS = 1;

class Run {
  readonly world: World;
  events = 0;
  readonly #kind: RunKind;
  #operator: Operator | null = null;
  #faults: Faults | null = null;

  constructor(seed: number, machines: Machines, trace: Trace | null, kind: RunKind, leftOut: ReadonlySet<number>) {
    const adapts = [ADAPT[kind], withQuorums, withFullDisks];
    this.world = new World(seed, machines, trace, (plan) => ({
      ...adapts.reduce((adapted, adapt) => adapt(adapted, new Random(seed)), plan),
      leftOut,
    }));
    this.#kind = kind;
  }

  get faults(): Pick<RunResult, 'faults' | 'atlas' | 'faultCount'> {
    const { counts, atlas, number } = this.#faults ?? { counts: new Map(), atlas: new Map(), number: 0 };
    return { faults: counts, atlas, faultCount: number };
  }

  get changes(): ReadonlyMap<string, number> {
    return this.#operator?.done ?? new Map();
  }

  all(): void {
    const { world } = this;
    for (const site of world.scribes) world.startScribe(site);
    for (const site of world.workers) world.startWorker(site);
    const clients = new Clients(world);
    const faults = new Faults(world);
    const { changeMillis } = world.plan;
    const operator = changeMillis === null ? null : new Operator(world, changeMillis);
    this.#operator = operator;
    const transfers =
      this.#kind === 'transfers' || (this.#kind === 'leases' && world.plan.seed % 4 === 0)
        ? new Transfers(world)
        : null;
    const rot = this.#rots ? new Rot(world) : null;
    this.#faults = faults;
    this.#for(world.plan.faultMillis, () => false);
    faults.end();
    rot?.end();
    operator?.stop();
    transfers?.stop();
    this.#for(LATE_LINK_DOWN_MILLIS, () => false); // links that broke before are still being noticed
    if (this.#kind === 'halt') this.#halt();
    this.#heal(clients);
    this.#scan();
    world.operations.judge(world.rules.ghost.nodes);
  }

  /** Where members or leaders change, the disks of every third seed rot as well. */
  get #rots(): boolean {
    const isThird = this.#kind !== 'faults' && this.#kind !== 'halt' && this.world.plan.seed % 3 === 0;
    return this.#kind === 'rot' || isThird;
  }

  /** Everybody must come to what nobody can read, and say so, in as long as electing a leader may take twice. */
  #halt(): void {
    const { world } = this;
    const timeout = world.plan.worker.electionTimeoutMaxMillis;
    const halt = Halt.of(world);
    if (halt === null) return;
    demand(
      this.#for(20 * timeout, () => halt.isTold()),
      'halt-not-told',
      () => 'twenty election timeouts',
    );
    this.#for(5 * timeout, () => !halt.isTold()); // and nothing comes of it
    halt.end();
    // All workers are new: applying everything takes its time, which is not healing.
    const { nodes, tip } = world.rules.ghost;
    const isApplied = (): boolean => world.liveWorkers.some(({ appliedIndex }) => appliedIndex >= tip.lastIndex);
    this.#for(10 * timeout + nodes.length * world.plan.applyMillis, isApplied);
  }

  /** Liveness: a leader within ten election timeouts, a write within five more, one leader change at most, all equal in fifty. */
  #heal(clients: Clients): void {
    const { world } = this;
    const timeout = world.plan.worker.electionTimeoutMaxMillis;
    demand(
      this.#for(10 * timeout, () => world.leader?.machine.canPropose === true),
      'no-leader-after-heal',
      () => 'ten election timeouts',
    );
    let written = false;
    clients.writeUntilExecuted(() => {
      written = true;
    });
    demand(
      this.#for(5 * timeout, () => written),
      'no-write-after-heal',
      () => 'five election timeouts after a leader',
    );
    const { elections } = world.rules;
    clients.stop();
    const equal = this.#for(50 * timeout, () => clients.idle && this.#converged());
    demand(equal, 'not-converged-after-heal', () => this.#lag());
    const changes = world.rules.elections - elections;
    demand(changes <= 1, 'leader-changes-after-heal', () => `${changes} changes`);
  }

  /** Durability: from the disks alone, one new worker reads back the log and reaches the same state. */
  #scan(): void {
    const { world } = this;
    const before = world.workers[0]?.process;
    const index = before?.appliedIndex ?? 0;
    const state = before?.state ?? 0;
    const operations = world.operations.count;
    for (const site of world.workers) world.stopWorker(site, false);
    for (const site of world.scribes) site.process?.crash(false);
    world.trace(() => 'everything stopped; starting from the disks');
    for (const site of world.scribes) world.startScribe(site);
    const site = world.workers[0];
    if (site === undefined) return;
    world.startWorker(site);
    const timeout = world.plan.worker.electionTimeoutMaxMillis;
    const rebuilt = this.#for(20 * timeout, () => (site.process?.appliedIndex ?? 0) > index);
    demand(rebuilt, 'not-rebuilt', () => `applied ${site.process?.appliedIndex} of ${index}`);
    demand(site.process?.state === state, 'state-differs', () => `${operations} operations`);
  }

  /** All disks, logs and applied indexes are equal, and nobody's read is forgotten. */
  #converged(): boolean {
    const { world } = this;
    const { lastIndex } = world.rules.ghost.tip;
    if (this.#operator?.idle === false) return false;
    const members = world.scribes.filter(({ storageUuid, gone }) => !gone && world.isMember(storageUuid));
    const disks = members.every(
      ({ disk }) =>
        disk.pending.length === 0 && disk.image.damage.length === 0 && disk.image.tip === world.rules.ghost.tip,
    );
    if (!disks || !world.liveWorkers.every((host) => host.appliedIndex === lastIndex)) return false;
    if (world.liveWorkers.some(({ openReads }) => openReads > 0)) return false;
    const states = new Set(world.liveWorkers.map(({ state }) => state));
    demand(states.size === 1, 'state-differs', () => [...states].join(' '));
    return true;
  }

  #lag(): string {
    const { scribes, liveWorkers, rules } = this.world;
    const disks = scribes.map(({ scribeId, disk }) => `${scribeId} ${idOf(disk.image.tip).index}`);
    const workers = liveWorkers.map((host) => `${host.site} ${host.appliedIndex} (${host.openReads} reads open)`);
    return `committed ${rules.ghost.tip.lastIndex}; ${[...disks, ...workers].join(', ')}`;
  }

  /** Let time pass until `done` (true) or for so long (false). */
  #for(millis: number, done: () => boolean): boolean {
    const { schedule } = this.world;
    const until = schedule.now + millis;
    const most = this.events + millis * MAX_EVENTS_PER_MILLI;
    let looked = schedule.now;
    while (schedule.runNext(until)) {
      if (++this.events > most) throw new Violation('message-storm', `${this.events} events`);
      if (schedule.now - looked < LOOK_EVERY_MILLIS) continue;
      if (done()) return true;
      looked = schedule.now;
    }
    return done();
  }
}

/**
 * `faults`: as the plan of the seed has it. `members`: the members change all the time. `transfers`: leadership does. `lives`:
 * half an hour and more of rare faults. `rot`: as `faults`, on disks that rot. `halt`: every
 * copy of an entry is lost, and one comes back.
 */
export const RUN_KINDS = ['faults', 'members', 'transfers', 'lives', 'leases', 'rot', 'halt'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** Seeds of one kind, for a list that says how each of its bugs is met. */
export const seedsOf =
  (kind: RunKind) =>
  (seed: number, machines: Machines): RunResult =>
    runSeed(seed, machines, kind);

const NONE: ReadonlySet<number> = new Set();

function runOnce(
  seed: number,
  machines: Machines,
  trace: Trace | null,
  kind: RunKind,
  leftOut: ReadonlySet<number>,
): RunResult {
  const run = new Run(seed, machines, trace, kind, leftOut);
  let violation: Violation | null = null;
  try {
    run.all();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error;
    trace?.add(run.world.schedule.now, `VIOLATION ${error.message}`);
  }
  const { world } = run;
  const state = world.liveWorkers.reduce((sum, host) => (Math.imul(sum, 31) + host.state) | 0, 0);
  return {
    seed,
    kind,
    violation,
    events: run.events,
    simulatedMillis: world.schedule.now,
    elections: world.rules.elections,
    operations: world.operations.count,
    executed: world.operations.executed.length,
    committed: world.rules.ghost.tip.lastIndex,
    ...run.faults,
    changes: run.changes,
    reached: world.reached,
    fingerprint: (Math.imul(state, 31) + run.events + Math.floor(world.schedule.now * 1000)) | 0,
  };
}

/** `leftOut`: numbers of faults that do not happen. */
export const runSeed = (
  seed: number,
  machines: Machines,
  kind: RunKind = 'faults',
  leftOut: ReadonlySet<number> = NONE,
): RunResult => runOnce(seed, machines, null, kind, leftOut);

/** The same run again, with its events written down. */
export function replaySeed(
  seed: number,
  machines: Machines,
  limit: number,
  kind: RunKind = 'faults',
  leftOut: ReadonlySet<number> = NONE,
): { result: RunResult; lines: readonly string[] } {
  const trace = new Trace(limit);
  const result = runOnce(seed, machines, trace, kind, leftOut);
  return { result, lines: trace.lines };
}
