/**
 * What one seed tries: the size of the cluster, how slow things are, how small the limits, and which kinds of fault happen
 * how often. Each seed picks its own few kinds (swarm testing): all at once hide what each would show alone.
 */
import type { WorkerOptions } from '../../src/core/effects.ts';
import type { Quorums } from '../../src/core/types.ts';
import type { Random } from '../random.ts';

/** A seed picks from these. */
const PICKED = [
  'break-link',
  'reconnect',
  'cut-one-way',
  'partition',
  'isolate-leader',
  'strand-leader',
  'pause-worker',
  'pause-scribe',
  'crash-worker',
  'crash-leader',
  'crash-in-election',
  'strand-in-election',
  'crash-scribe',
  'crash-all-workers',
  'crash-all-scribes',
  'crash-everything',
  'twin-worker',
  'slow-disk',
] as const;

export const FAULT_KINDS = [...PICKED, 'full-disk'] as const;

/** Kinds that lead furthest: logs that part, leaders that do not know they are deposed. */
const TELLING = ['reconnect', 'strand-leader', 'strand-in-election', 'crash-in-election', 'twin-worker'] as const;

/** Together they make logs part again and again: leaders of a minority, short-lived ones, one after the other. */
const FEUD = ['strand-leader', 'strand-in-election', 'crash-in-election', 'crash-leader'] as const;

export type FaultKind = (typeof FAULT_KINDS)[number] | 'crash-in-change';

export interface Span {
  readonly fromMillis: number;
  readonly toMillis: number;
}

export interface Plan {
  readonly seed: number;
  readonly scribes: number;
  readonly workers: number;
  readonly clients: number;
  /** Length of the phase with faults. */
  readonly faultMillis: number;
  /** Mean milliseconds between faults of each kind that this seed uses. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** How many times longer than usual a fault lasts, and a failed dial waits. */
  readonly slowness: number;
  /** Faults that are left out, by their number in the run: what shrinking found not to matter. */
  readonly leftOut: ReadonlySet<number>;
  readonly network: Span;
  readonly disk: Span & { readonly maxGroup: number };
  readonly applyMillis: number;
  /** Largest deviation of a process's clock rate from true time. */
  readonly clockDrift: number;
  /** Whether messages of a link count that arrive after a newer link has replaced it. */
  readonly stragglers: boolean;
  /** Mean pause of a client between operations. */
  readonly thinkMillis: number;
  /** Entries added to each batch, at most. */
  readonly fillers: number;
  readonly worker: WorkerOptions;
  /** The numbers that the first configuration says, or null: majorities. */
  readonly quorums: Quorums | null;
  /** Mean milliseconds between changes of the members, or null: they stay as they are. */
  readonly changeMillis: number | null;
}

/** They make leaders that are cut off or stopped, and scribes that have forgotten what they promised. */
const LEASE_FAULTS = ['strand-leader', 'pause-worker', 'crash-scribe', 'reconnect', 'cut-one-way'] as const;

/** Faults of a run in which the members change: few at a time, since each change needs a majority for a while. */
const CHANGING = [
  'crash-in-change',
  'crash-leader',
  'partition',
  'strand-leader',
  'crash-scribe',
  'pause-scribe',
  'break-link',
  'cut-one-way',
  'crash-all-workers',
  'crash-all-scribes',
] as const;

/** The same seed as a history of changing members. */
export function changingMembers(plan: Plan, random: Random): Plan {
  const kinds = random.chance(0.1) ? [] : ['crash-in-change' as const, ...random.subset(CHANGING, 0.3)];
  return {
    ...plan,
    faultMillis: random.integer(1500, 5000),
    faults: new Map(kinds.map((kind) => [kind, 500 * (0.5 + random.next())])),
    changeMillis: random.pick([30, 100, 300]),
    clients: Math.min(plan.clients, 3),
  };
}

/** The same seed as a history of leaders that hand over; half of them without any other fault. */
export const changingLeaders = (plan: Plan): Plan => ({
  ...plan,
  workers: 1 + (plan.workers % 4),
  faults: plan.seed % 2 === 0 ? plan.faults : new Map(),
});

/** The same seed with lease reads, a third of them with the faults that lead to leaders which do not know that they are deposed. */
export const withLeases = (plan: Plan): Plan => ({
  ...plan,
  workers: Math.max(2, plan.workers),
  faults: plan.seed % 3 === 0 ? new Map(LEASE_FAULTS.map((kind) => [kind, 300])) : plan.faults,
  worker: { ...plan.worker, leaseMillis: plan.worker.electionTimeoutMinMillis },
});

/** Any numbers that are safe for so many scribes, and a majority's among them. */
export function someQuorums(scribes: number, random: Random): Quorums {
  const commit = random.integer(1, scribes + 1);
  const vote = random.integer(Math.max(commit, scribes - commit + 1), scribes + 1);
  return { commit, vote };
}

/** A fifth of the seeds have quorums that are not majorities. */
export const withQuorums = (plan: Plan, random: Random): Plan =>
  plan.seed % 5 === 2 ? { ...plan, quorums: someQuorums(plan.scribes, random) } : plan;

/** A seventh of the seeds have disks that are full for a while, among whatever else they have. */
export const withFullDisks = (plan: Plan, random: Random): Plan =>
  plan.seed % 7 === 6
    ? { ...plan, faults: new Map([...plan.faults, ['full-disk', plan.slowness * random.pick([150, 500])]]) }
    : plan;

/** Timers of people who are not in a hurry: between continents, and slower still. Heartbeat, least and most election timeout. */
const TIMERS = [
  [500, 2500, 5000],
  [2000, 10_000, 20_000],
  [2000, 10_000, 20_000],
] as const;

/** The same seed as a long life: half an hour, little to do, a fault every few minutes that lasts as long as the timers are slow. */
export function longLife(plan: Plan, random: Random): Plan {
  const [heartbeatMillis, electionTimeoutMinMillis, electionTimeoutMaxMillis] = random.pick(TIMERS);
  const kinds = random.subset(PICKED, 0.5);
  return {
    ...plan,
    workers: Math.min(plan.workers, 3),
    clients: random.integer(1, 3),
    thinkMillis: random.pick([3000, 10_000]),
    faultMillis: random.integer(20, 42) * 60_000,
    faults: new Map(kinds.map((kind) => [kind, 300_000 * (0.5 + random.next())])),
    slowness: electionTimeoutMaxMillis / 300,
    worker: { ...plan.worker, heartbeatMillis, electionTimeoutMinMillis, electionTimeoutMaxMillis },
  };
}

export function makePlan(seed: number, random: Random): Plan {
  return {
    seed,
    scribes: random.pick([1, 2, 3, 3, 3, 3, 4, 5, 5]),
    workers: random.integer(1, 5),
    clients: random.integer(1, 6),
    faultMillis: random.integer(1000, 6000),
    faults: chooseFaults(random),
    slowness: 1,
    leftOut: new Set(),
    network: { fromMillis: 0.1, toMillis: random.pick([1, 5, 30]) },
    disk: { fromMillis: 0.1, toMillis: random.pick([1, 10, 40, 150]), maxGroup: random.pick([1, 3, 100]) },
    applyMillis: random.pick([0.5, 5, 60]),
    clockDrift: random.pick([0, 0.01, 0.05]),
    stragglers: random.chance(0.5),
    thinkMillis: random.pick([3, 15, 60]),
    fillers: random.pick([0, 0, 2, 6]),
    worker: { ...workerOptions(random), maxFedLearners: [64, 1, 0][seed % 3] as number },
    quorums: null,
    changeMillis: null,
  };
}

/** None in a tenth of the seeds, a feud in another tenth; in others one or two kinds with time to unfold, or several at a random pace. */
function chooseFaults(random: Random): ReadonlyMap<FaultKind, number> {
  const manner = random.next();
  if (manner < 0.1) return new Map();
  if (manner < 0.2) return new Map(FEUD.map((kind) => [kind, 100 + 300 * random.next()]));
  const few = manner < 0.55;
  const kinds = few ? [random.pick(PICKED), random.pick(TELLING)] : random.subset(PICKED, random.pick([0.2, 0.5]));
  const pace = few ? random.pick([300, 900]) : random.pick([60, 200, 600]);
  return new Map(kinds.map((kind) => [kind, pace * (0.5 + random.next())]));
}

function workerOptions(random: Random): Omit<WorkerOptions, 'maxFedLearners'> {
  const tiny = random.chance(0.5);
  return {
    heartbeatMillis: 50,
    electionTimeoutMinMillis: 150,
    leaseMillis: 0,
    clockDrift: 0.05,
    electionTimeoutMaxMillis: random.pick([300, 300, 600]),
    windowBytes: tiny ? random.integer(1, 400) : 1 << 20,
    maxInflightMessages: tiny ? random.integer(1, 4) : 64,
    maxInflightBytes: tiny ? random.integer(1, 600) : 1 << 20,
    maxAppendBytes: tiny ? random.integer(1, 200) : 1 << 16,
    maxUnappliedBytes: tiny ? random.integer(100, 2000) : 1 << 20,
  };
}
