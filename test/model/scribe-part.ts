/**
 * A scribe's slot in a state of the model: the machine, its disk with what is on its way there, and what its history means to
 * the promises: what it has said and accepted, crashes included. Every function makes a new part and leaves the old one alone.
 */
import type { Persist, ReadLog, ScribeEffects, Send } from '../../src/core/effects.ts';
import type { PeerKey, Read, ReadReply } from '../../src/core/messages.ts';
import type { ScribeMachine } from '../../src/core/scribe.ts';
import { demand } from '../sim/violation.ts';
import { forgetAtScribe } from './forget.ts';
import type { Letter } from './letters.ts';
import { nameOf, peerOf } from './names.ts';
import type { Setting } from './setting.ts';
import { copy, textOf } from './snapshot.ts';

export type OpenScribe = ScribeMachine & {
  readonly _log: { readonly _durableWrite: number; readonly _written: number };
  readonly _heard: {
    readonly _leader: { readonly key: PeerKey; heardAt: number; readonly linked: boolean } | null;
    readonly _promise: { _term: number };
  };
  readonly _peers: ReadonlyMap<PeerKey, unknown>;
  readonly _waitingVotes: readonly unknown[];
  readonly _hardState: { _held: { readonly write: number; readonly send: Send }[] };
  readonly _reads: {
    _nextToken: number;
    _pending: ReadonlyMap<number, { readonly to: PeerKey; readonly read: Read }>;
  };
};

interface Disk {
  term: number;
  votedFor: string | null;
  tip: number;
  /** Node of the commit hint. */
  commit: number;
}

export interface ScribePart {
  readonly kind: 'scribe';
  machine: OpenScribe;
  now: number;
  disk: Disk;
  /** On its way to the disk, oldest first. */
  pending: (Persist & { readonly node: number })[];
  reads: ReadLog[];
  /** Letters sent by the event that led here. */
  sent: number[];
  generation: number;
  /** The log with everything pending. */
  tip: number;
  /** Highest node accepted in each term: appended durably while that was the disk's term. */
  accepted: Map<number, number>;
  /** Votes said, by term. */
  votes: Map<number, string>;
  /** Acknowledgements said: term of the leader, and the node. */
  acknowledged: Map<number, number>;
  /** Peers whose processes are known to be dead. */
  gone: Set<PeerKey>;
}

export const keyOf = (setting: Setting, slot: number): PeerKey => `scribe:${nameOf(setting.cast, slot)}`;

/** `disk`: what it starts from. */
function start(setting: Setting, slot: number, disk: Disk, now: number): OpenScribe {
  const { nodes, machines, options } = setting;
  const path = nodes.path(disk.tip);
  const runs = path.filter(({ term }, at) => path[at - 1]?.term !== term);
  const configurations = path.flatMap(({ index, term, batch }) =>
    batch.configuration === undefined ? [] : [{ id: { index, term }, configuration: batch.configuration }],
  );
  const name = nameOf(setting.cast, slot);
  const recovered = {
    scribeId: name,
    storageUuid: name,
    hardState: { term: disk.term, votedFor: disk.votedFor },
    logStart: { index: 0, term: 0 },
    tail: nodes.idOf(disk.tip),
    termRuns: runs.map(({ term, index }) => ({ term, firstIndex: index })),
    commit: nodes.idOf(disk.commit),
    configurations,
  };
  const { electionTimeoutMinMillis } = options;
  const machine = new machines.ScribeMachine(
    recovered,
    Object.freeze({ electionTimeoutMinMillis, maxLeaseMillis: 0, presumedLeaseMillis: 0 }),
    now,
  ) as OpenScribe;
  machine._heard._promise._term = 0; // to whom a promise would have been, of which there are none
  return machine;
}

/** A scribe on the disk that `init` wrote, or on a blank one. */
export function newScribe(setting: Setting, slot: number, tip: number): ScribePart {
  const disk = { term: tip === 0 ? 0 : setting.nodes.at(tip).term, votedFor: null, tip, commit: 0 };
  const part: ScribePart = {
    kind: 'scribe',
    machine: start(setting, slot, disk, 0),
    now: 0,
    disk,
    pending: [],
    reads: [],
    sent: [],
    generation: 0,
    tip,
    accepted: new Map(),
    votes: new Map(),
    acknowledged: new Map(),
    gone: new Set(),
  };
  const { scribes, workers } = setting.cast;
  for (let worker = 0; worker < workers; worker++)
    for (const from of setting.processesOf(scribes + worker)) link(part, from);
  return part;
}

/** Links stand from the start: all they do is to let more be said. */
function link({ machine, now }: ScribePart, from: PeerKey): void {
  machine.step({ kind: 'linkUp', from, peer: peerOf(from) }, now);
}

/** A new process at the other end of the links: the workers have to know. */
function announce(setting: Setting, slot: number, part: ScribePart): void {
  const { scribes } = setting.cast;
  for (let other = scribes; other < setting.slots; other++) {
    const to: PeerKey = `worker:${nameOf(setting.cast, other)}`;
    send(part, setting.letters.put(keyOf(setting, slot), to, { kind: 'up', generation: part.generation }));
  }
}

export function send(part: { sent: number[] }, letter: number): void {
  part.sent.push(letter);
}

export function textOfScribe(setting: Setting, { machine, now, sent: _, ...rest }: ScribePart): string {
  const origin = { now, durableWrite: machine._log._durableWrite, nameOf: setting.nameOf };
  return `${textOf(machine, origin)}${textOf(rest, origin)}`;
}

/** A message arrives; a link is there by then, unless the sender is known to be dead. What it is reading for a peer already is not asked twice. */
export function receive(
  setting: Setting,
  slot: number,
  before: ScribePart,
  { from, content }: Letter,
): ScribePart | null {
  if (content.kind === 'up') return null;
  const isLinked = before.machine._peers.has(from);
  if (content.kind === 'down') {
    if (before.gone.has(from)) return null;
    const part = copy(before);
    part.gone.add(from);
    if (isLinked) carryOut(setting, slot, part, part.machine.step({ kind: 'linkDown', from }, part.now));
    return part;
  }
  const { message } = content;
  if (before.gone.has(from) || (message.kind === 'read' && isReading(before, from, message))) return null;
  const part = copy(before);
  if (!isLinked) {
    const peer = peerOf(from);
    carryOut(setting, slot, part, part.machine.step({ kind: 'linkUp', from, peer }, part.now));
  }
  carryOut(setting, slot, part, part.machine.step({ kind: 'message', from, message }, part.now));
  return part;
}

const isReading = ({ machine }: ScribePart, from: PeerKey, { request }: Read): boolean =>
  [...machine._reads._pending.values()].some(({ to, read }) => to === from && read.request === request);

/** Everything pending becomes durable, and the machine is told. */
export function flush(setting: Setting, slot: number, before: ScribePart): ScribePart | null {
  if (before.pending.length === 0) return null;
  const part = copy(before);
  complete(setting, part, part.pending.length);
  const write = part.machine._log._written;
  const effects = part.machine.step({ kind: 'durable', write, writeMicros: 1, fsyncMicros: 1 }, part.now);
  carryOut(setting, slot, part, effects);
  return part;
}

/** Time passes until a leader that it has heard counts as live no more. */
export function lapse(setting: Setting, slot: number, before: ScribePart): ScribePart | null {
  const leader = before.machine._heard._leader;
  const { electionTimeoutMinMillis } = setting.options;
  if (leader === null || !leader.linked || before.now - leader.heardAt >= electionTimeoutMinMillis) return null;
  const part = copy(before);
  part.now = leader.heardAt + electionTimeoutMinMillis;
  carryOut(setting, slot, part, part.machine.step({ kind: 'tick' }, part.now));
  return part;
}

/** The disk answers the oldest read. */
export function readDone(setting: Setting, slot: number, before: ScribePart): ScribePart | null {
  if (before.reads.length === 0) return null;
  const part = copy(before);
  const { token, from, to } = part.reads.shift() as ReadLog;
  const batches = setting.nodes
    .path(part.disk.tip)
    .filter(({ index }) => index >= from && index <= to)
    .map(({ batch }) => batch);
  carryOut(setting, slot, part, part.machine.step({ kind: 'logRead', token, batches }, part.now));
  return part;
}

/** The process dies with `surviving` of the pending records on the disk, and starts again. */
export function crashScribe(setting: Setting, slot: number, before: ScribePart, surviving: number): ScribePart {
  const part = copy(before);
  complete(setting, part, surviving);
  part.pending = [];
  part.reads = [];
  part.generation++;
  part.tip = part.disk.tip;
  part.machine = start(setting, slot, part.disk, part.now);
  for (const from of before.machine._peers.keys()) link(part, from);
  announce(setting, slot, part);
  return part;
}

function complete({ nodes }: Setting, part: ScribePart, count: number): void {
  const { disk } = part;
  for (const record of part.pending.splice(0, count)) {
    if (record.kind === 'hardState') {
      disk.term = record.hardState.term;
      disk.votedFor = record.hardState.votedFor;
    } else if (record.kind === 'append') {
      disk.tip = record.node;
      const { term, index } = nodes.at(record.node);
      const most = part.accepted.get(term);
      if (term === disk.term && (most === undefined || nodes.at(most).index < index)) {
        part.accepted.set(term, record.node);
      }
    } else if (record.kind === 'truncateSuffix') disk.tip = record.node;
    else disk.commit = record.node;
  }
}

function carryOut(setting: Setting, slot: number, part: ScribePart, { persists, sends, reads }: ScribeEffects): void {
  for (const persist of persists) part.pending.push({ ...persist, node: writing(setting, part, persist) });
  for (const { to, message } of sends) {
    if (message.kind === 'voteReply' && message.reason === 'granted') granting(part, to, message.requestTerm);
    if (message.kind === 'appendReply') acknowledging(setting, part, message);
    if (message.kind === 'probeReply')
      demand(holds(setting, part.disk.tip, message.tail), 'tail-not-durable', () => `${slot}`);
    if (message.kind === 'readReply') serving(setting, part, message);
    send(part, setting.letters.put(keyOf(setting, slot), to, { kind: 'message', message }));
  }
  part.reads.push(...reads);
  forgetAtScribe(setting, slot, part);
  const { machine, tip } = part;
  const { index, term } = setting.nodes.idOf(tip);
  demand(machine.tail.index === index && machine.tail.term === term, 'state-not-written', () => `scribe ${slot}`);
}

const holds = ({ nodes }: Setting, tip: number, { index, term }: { index: number; term: number }): boolean => {
  const number = nodes.covering(tip, index);
  return number === 0 ? index === 0 : nodes.at(number).term === term;
};

/** The node that a record is about: what is appended, what is left after a truncation, what is called committed. */
function writing({ nodes, bounds }: Setting, part: ScribePart, persist: Persist): number {
  switch (persist.kind) {
    case 'append': {
      const node = nodes.of(persist.batch);
      demand(node !== undefined, 'invented-batch', () => `at ${persist.batch.firstIndex}`);
      demand(node.parent === part.tip, 'log-matching', () => `${node.index}@${node.term}`);
      part.tip = node.number;
      return node.number;
    }
    case 'truncateSuffix':
      if (bounds.covering === 'more')
        throw new Error('a log is cut, perhaps while it was being read: reads must take time');
      part.tip = nodes.covering(part.tip, persist.from - 1);
      return part.tip;
    case 'commitHint': {
      const number = nodes.covering(part.tip, persist.commit.index);
      const held = number !== 0 && nodes.at(number).term === persist.commit.term;
      demand(held, 'commit-hint-not-held', () => `${persist.commit.index}@${persist.commit.term}`);
      return number;
    }
    case 'hardState':
      return 0;
  }
}

/** R1, R3: one vote a term, on the disk before it is said. */
function granting(part: ScribePart, to: PeerKey, term: number): void {
  const incarnation = to.slice('worker:'.length);
  const { disk, votes } = part;
  const before = votes.get(term);
  demand(before === undefined || before === incarnation, 'two-votes-in-a-term', () => `${before} and ${incarnation}`);
  const durable = disk.term > term || (disk.term === term && disk.votedFor === incarnation);
  demand(durable, 'said-before-durable', () => `vote of term ${term}, disk ${disk.term} ${disk.votedFor}`);
  votes.set(term, incarnation);
}

/** R3, R4, R14: only what is on the disk, under a durable term, and nothing below the term it has come to. */
function acknowledging(
  setting: Setting,
  part: ScribePart,
  { term, durable }: { term: number; durable: { index: number; term: number } },
): void {
  demand(part.disk.term >= term, 'said-before-durable', () => `term ${term}, disk ${part.disk.term}`);
  if (durable.index === 0) return;
  const said = (): string => `${durable.index}@${durable.term} in term ${term}`;
  demand(holds(setting, part.disk.tip, durable), 'acknowledged-before-durable', said);
  demand(term >= part.machine.hardState.term, 'acknowledged-after-vote', said);
  const node = setting.nodes.covering(part.disk.tip, durable.index);
  const most = part.acknowledged.get(term);
  if (most === undefined || setting.nodes.at(most).index < durable.index) part.acknowledged.set(term, node);
}

/** R6: durable batches only, each under the one before. */
function serving(setting: Setting, part: ScribePart, { batches }: ReadReply): void {
  for (const [at, batch] of batches.entries()) {
    const node = setting.nodes.of(batch);
    const before = at === 0 ? undefined : setting.nodes.of(batches[at - 1] as never);
    const chained = node !== undefined && (before === undefined || node.parent === before.number);
    demand(chained, 'read-not-chained', () => `at ${batch.firstIndex}`);
    demand(setting.nodes.contains(part.disk.tip, node.number), 'read-not-durable', () => `at ${batch.firstIndex}`);
  }
}
