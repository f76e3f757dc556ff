/**
 * A worker's slot in a state of the model: the process that runs there now, if its machine leads or ever led which terms with
 * which log, and what clients were shown. The state machine applies at once. Every function makes a new part.
 */
import type { WorkerEffects, WorkerEvent } from '../../src/core/effects.ts';
import type { MembershipChange } from '../../src/core/membership.ts';
import type { PeerKey, ProbeReply, VoteReply } from '../../src/core/messages.ts';
import type { Batch, Configuration, EntryId, LoggedConfiguration } from '../../src/core/types.ts';
import type { WorkerMachine } from '../../src/core/worker.ts';
import { demand } from '../sim/violation.ts';
import { forgetAtWorker } from './forget.ts';
import type { Content, Letter } from './letters.ts';
import { nameOf, peerOf, slotOf } from './names.ts';
import { send } from './scribe-part.ts';
import type { Setting } from './setting.ts';
import { copy, textOf } from './snapshot.ts';

interface OpenCatchUp {
  readonly _pieces: readonly { readonly number: number; readonly answer: unknown }[];
}

export type OpenWorker = WorkerMachine & {
  readonly _state: {
    readonly term: number;
    readonly peers: ReadonlyMap<PeerKey, unknown>;
    readonly log: { readonly _batches: readonly (Batch | undefined)[] };
    readonly _requests: number;
    _newestLog: { readonly tail: EntryId; readonly configuration: LoggedConfiguration };
  };
  readonly _following: { readonly _term: number; readonly _catchUp: OpenCatchUp | null };
  readonly _election: {
    readonly _phase: 'probing' | 'catching-up' | 'voting';
    readonly _term: number;
    readonly _round: number;
    readonly _probes: Map<PeerKey, ProbeReply>;
    readonly _votes: Map<PeerKey, VoteReply>;
    readonly _catchUp: OpenCatchUp | null;
  } | null;
  readonly _leadership: {
    readonly _disks: { readonly _asked: ReadonlyMap<PeerKey, { readonly round: number }> };
    readonly _followers: { readonly _progress: Map<PeerKey, unknown> };
  } | null;
};

export interface Leadership {
  readonly term: number;
  readonly incarnation: string;
  /** The log it was elected with, and what it is now. */
  readonly inherited: number;
  tip: number;
}

export interface WorkerPart {
  readonly kind: 'worker';
  machine: OpenWorker;
  now: number;
  incarnation: string;
  generation: number;
  ticks: number;
  commands: number;
  reads: number;
  /** Letters sent by the event that led here. */
  sent: number[];
  /** Which start of each peer it is linked to, by name. */
  linked: Map<string, number>;
  /** Peers whose processes are known to be dead. */
  gone: Set<PeerKey>;
  /** Requests for a read's index that it has been sent: each is taken once. */
  asked: Set<string>;
  /** The log of the process. */
  tip: number;
  /** The node it has handed out last. */
  applied: number;
  leaderships: Leadership[];
  /** Highest index that any process in this slot has shown to a client, where there are reads that it matters to. */
  shown: number;
  /** What had been shown anywhere when a read was asked for, by its number. */
  floors: Map<number, number>;
}

export const keyOfWorker = (part: WorkerPart): PeerKey => `worker:${part.incarnation}`;

/** Where a machine that builds an entry puts it: set for the time of a step. */
let building: { readonly part: WorkerPart; readonly setting: Setting } | null = null;

function build(kind: Batch['kind'], term: number, configuration?: Configuration): Batch {
  if (building === null) throw new Error('an entry is built outside of a step');
  const { part, setting } = building;
  const set = configuration === undefined ? undefined : setting.configuration(configuration);
  return setting.nodes.grow(tipOf(setting, part), kind, term, set).batch;
}

/** The node that the machine's log ends at: its last batch is one, or the window shows none and the log was cut back at most. */
function tipOf({ nodes }: Setting, { machine, tip }: WorkerPart): number {
  const last = machine._state.log._batches.at(-1);
  if (last !== undefined) return nodes.of(last)?.number ?? 0;
  const { index, term } = machine.tail;
  const number = nodes.covering(tip, index);
  demand(nodes.idOf(number).term === term, 'invented-batch', () => `a log ends at ${index}@${term}`);
  return number;
}

export function newWorker(setting: Setting, slot: number, members: number): WorkerPart {
  const part: WorkerPart = {
    kind: 'worker',
    machine: start(setting, slot, 0, members, 0),
    now: 0,
    incarnation: incarnationOf(setting, slot, 0),
    generation: 0,
    ticks: 0,
    commands: 0,
    reads: 0,
    sent: [],
    linked: new Map(),
    gone: new Set(),
    asked: new Set(),
    tip: 0,
    applied: 0,
    leaderships: [],
    shown: 0,
    floors: new Map(),
  };
  for (let other = 0; other < setting.slots; other++)
    if (other !== slot) part.linked.set(nameOf(setting.cast, other), 0);
  link(setting, part);
  return part;
}

/** A new process is linked to everybody the one before was linked to. */
function link(setting: Setting, part: WorkerPart): void {
  for (const [name, generation] of part.linked) {
    const known: PeerKey = name.startsWith('S') ? `scribe:${name}` : `worker:${name}${generation}`;
    const all =
      setting.bounds.covering === 'more' && !name.startsWith('S')
        ? setting.processesOf(slotOf(setting.cast, known))
        : [known];
    for (const from of all) take(setting, part, { kind: 'linkUp', from, peer: peerOf(from) });
  }
}

const incarnationOf = (setting: Setting, slot: number, generation: number): string =>
  `${nameOf(setting.cast, slot)}${generation}`;

function start(setting: Setting, slot: number, generation: number, members: number, now: number): OpenWorker {
  const name = nameOf(setting.cast, slot);
  const identity = { workerId: name, incarnation: incarnationOf(setting, slot, generation), address: name };
  return new setting.machines.WorkerMachine({
    identity,
    configuration: setting.contact(members),
    options: setting.options,
    random: zero,
    encodeNoop,
    encodeConfiguration,
    now,
  }) as OpenWorker;
}

const zero = (): number => 0;
const encodeNoop = (term: number): Batch => build('noop', term);
const encodeConfiguration = ({ term }: { readonly term: number }, configuration: Configuration): Batch =>
  build('configuration', term, configuration);

function tell(setting: Setting, slot: number, part: WorkerPart, content: Content, fromSlot: number): void {
  for (let other = fromSlot; other < setting.slots; other++) {
    if (other === slot) continue;
    const to = `${other < setting.cast.scribes ? 'scribe' : 'worker'}:${nameOf(setting.cast, other)}` as PeerKey;
    send(part, setting.letters.put(keyOfWorker(part), to, content));
  }
}

export function textOfWorker(setting: Setting, { machine, now, sent: _, ...rest }: WorkerPart): string {
  const origin = { now, durableWrite: 0, nameOf: setting.nameOf };
  return `${textOf(machine, origin)}${textOf(rest, origin)}`;
}

/** A letter arrives; messages of who is not linked are lost. */
export function receiveAtWorker(
  setting: Setting,
  before: WorkerPart,
  { from, to, content }: Letter,
): WorkerPart | null {
  const isLinked = before.machine._state.peers.has(from);
  if (content.kind === 'message') {
    if (!isLinked || to !== keyOfWorker(before)) return null;
    const { message } = content;
    // What the scribes of a dead leader tell is for who may stand for the next term: beyond the bounds that is nobody (`standsFor`).
    if (message.kind === 'leaderGone' && message.answer.term >= setting.bounds.term) return null;
    const request = message.kind === 'indexRequest' ? `${from} ${message.request}` : null;
    if (request !== null && before.asked.has(request)) return null;
    const part = copy(before);
    if (request !== null) part.asked.add(request);
    take(setting, part, { kind: 'message', from, message });
    return part;
  }
  if (content.kind === 'down') {
    if (before.gone.has(from)) return null;
    const part = copy(before);
    part.gone.add(from);
    if (isLinked) take(setting, part, { kind: 'linkDown', from });
    return part;
  }
  const name = from.slice(7, 9);
  if (before.gone.has(from) || (before.linked.get(name) ?? -1) >= content.generation) return null;
  const part = copy(before);
  part.linked.set(name, content.generation);
  take(setting, part, { kind: 'linkUp', from, peer: peerOf(from) });
  return part;
}

/** Time passes until its machine wants to be woken. */
export function tick(setting: Setting, before: WorkerPart): WorkerPart | null {
  const { wakeAt } = before.machine;
  if (wakeAt === Number.POSITIVE_INFINITY || before.ticks >= setting.bounds.ticks) return null;
  const part = copy(before);
  part.ticks++;
  part.now = Math.max(part.now, wakeAt);
  take(setting, part, { kind: 'tick' });
  return part;
}

/** A client's command. */
export function propose(setting: Setting, before: WorkerPart): WorkerPart | null {
  if (!before.machine.canPropose || before.commands >= setting.bounds.commands) return null;
  const part = copy(before);
  part.commands++;
  const { batch } = setting.nodes.grow(part.tip, 'command', part.machine.term);
  take(setting, part, { kind: 'propose', batch });
  return part;
}

/** A client's read, when `floor` is the highest index that anybody has been shown. */
export function read(setting: Setting, before: WorkerPart, floor: number): WorkerPart | null {
  if (before.reads >= setting.bounds.reads) return null;
  const part = copy(before);
  const request = part.reads++;
  part.floors.set(request, floor);
  take(setting, part, { kind: 'read', request });
  return part;
}

export function change(setting: Setting, before: WorkerPart, wish: MembershipChange): WorkerPart {
  const part = copy(before);
  take(setting, part, { kind: 'change', request: 0, change: wish });
  return part;
}

/** The process dies and another one starts in its place, knowing nothing. */
export function crashWorker(setting: Setting, slot: number, before: WorkerPart, members: number): WorkerPart {
  const part = copy(before);
  tell(setting, slot, part, { kind: 'down' }, 0);
  part.generation++;
  part.ticks = 0;
  part.incarnation = incarnationOf(setting, slot, part.generation);
  part.machine = start(setting, slot, part.generation, members, part.now);
  part.floors = new Map();
  part.asked = new Set();
  part.tip = 0;
  part.applied = 0;
  link(setting, part);
  tell(setting, slot, part, { kind: 'up', generation: part.generation }, setting.cast.scribes);
  return part;
}

/** The term of its attempt to lead, as soon as that can be told; 0 while it cannot. */
export function standsFor({ _election: election }: OpenWorker): number {
  if (election?._phase !== 'catching-up') return election?._term ?? 0;
  return 1 + Math.max(...[...election._probes.values()].map((reply) => reply.term));
}

function take(setting: Setting, part: WorkerPart, event: WorkerEvent): void {
  building = { part, setting };
  try {
    const effects = part.machine.step(event, part.now);
    forgetAtWorker(setting, part.machine);
    carryOut(setting, part, effects);
  } finally {
    building = null;
  }
}

function carryOut(setting: Setting, part: WorkerPart, effects: WorkerEffects): void {
  const { nodes } = setting;
  const applied = nodes.idOf(part.applied).index;
  const { truncatedFrom, commits } = effects;
  demand(truncatedFrom === null || truncatedFrom > applied, 'applied-truncated', () => `from ${truncatedFrom}`);
  const before = part.tip;
  part.tip = tipOf(setting, part);
  leads(setting, part, before);
  for (const { to, message } of effects.sends)
    send(part, setting.letters.put(keyOfWorker(part), to, { kind: 'message', message }));
  for (const batch of commits) {
    const node = nodes.of(batch);
    demand(node?.parent === part.applied, 'apply-order', () => `${batch.firstIndex} after ${applied}`);
    part.applied = node.number;
  }
  for (const { request, index } of effects.readable) {
    const floor = part.floors.get(request) ?? 0;
    demand(index >= floor, 'stale-read', () => `at ${index}, ${floor} had been shown`);
    part.floors.delete(request);
  }
  for (const request of effects.refusedReads) part.floors.delete(request);
  const { index } = nodes.idOf(part.applied);
  if (setting.bounds.reads > 0) part.shown = Math.max(part.shown, index);
  if (commits.length > 0) take(setting, part, { kind: 'applied', index });
}

/** A leader starts from the log it was elected with and only appends to it. */
function leads({ nodes }: Setting, part: WorkerPart, before: number): void {
  const { machine, incarnation: self, tip } = part;
  if (machine.role !== 'leader') return;
  const { term } = machine;
  const known = part.leaderships.find((each) => each.term === term && each.incarnation === self);
  if (known !== undefined) {
    demand(nodes.contains(tip, known.tip), 'leader-rewrites-log', () => `term ${term}`);
    known.tip = tip;
    return;
  }
  part.leaderships.push({ term, incarnation: self, inherited: before, tip });
  part.leaderships.sort((left, right) => left.term - right.term);
}
