/**
 * What a scribe may say and write, judged against its disk and against the log it was told to keep. Nothing here asks the
 * machine what it believes, except to compare its public state with the records it wrote.
 */
import type { Persist } from '../../src/core/effects.ts';
import type { AppendReply, Message, PeerKey, ProbeReply, Read, ReadReply, VoteReply } from '../../src/core/messages.ts';
import { type Batch, type EntryId, sameId } from '../../src/core/types.ts';
import { includes } from './agreement.ts';
import { type DiskRecord, Image } from './disk.ts';
import { configurationsSince, covering, describeId, idOf, isBelow, type LogNode, notBehind } from './log-tree.ts';
import type { ScribeHost, ScribeSite } from './scribe-host.ts';
import { demand } from './violation.ts';
import type { World } from './world.ts';

export class ScribeChecks {
  readonly #world: World;
  readonly #place: ScribeSite;
  readonly #machine: ScribeHost['machine'];
  /** The log with everything handed to the disk, durable or not. */
  readonly #written: Image;
  /** The tail each candidate asked a vote with, by peer and term. */
  readonly #asked = new Map<string, EntryId>();
  /** Damage that the machine was told of. */
  readonly #found = new Set<LogNode>();
  /** Configurations that could not be read when the process started, and not since (R29). */
  readonly #unread: Set<LogNode>;
  /** The out-of-band reads asked for, by peer and request. */
  readonly #reads = new Map<string, Read>();

  constructor(world: World, place: ScribeSite, machine: ScribeHost['machine']) {
    this.#world = world;
    this.#place = place;
    this.#machine = machine;
    const { hardState, nodes, commit } = place.disk.image;
    this.#written = new Image(hardState, nodes, commit);
    this.#unread = new Set(place.disk.image.damage.filter(({ batch }) => batch.configuration !== undefined));
  }

  received(from: PeerKey, message: Message): void {
    if (message.kind === 'vote' || message.kind === 'transferVote')
      this.#asked.set(`${from} ${message.term}`, message.tail);
    if (message.kind === 'read') this.#reads.set(`${from} ${message.request}`, message);
  }

  /** The journal finds a batch that it can not read back; false when it is part of the log no more. */
  damaged(node: LogNode): boolean {
    if (this.#written.at(node.firstIndex) !== node) return false;
    this.#found.add(node);
    return true;
  }

  /** R29: a batch is repaired with the very one that stood there. */
  repairing(batch: Batch): LogNode {
    const node = this.#world.tree.find(batch, `to repair ${this.#name}`);
    const same = this.#written.at(node.firstIndex) === node;
    demand(same, 'repair-of-another-entry', () => `${this.#name} would put ${describeId(idOf(node))}`);
    return node;
  }

  repaired(node: LogNode): boolean {
    this.#found.delete(node);
    this.#unread.delete(node);
    return this.#written.at(node.firstIndex) === node;
  }

  writing(record: DiskRecord): void {
    this.#judgeWrite(record.persist, record.node);
    this.#written.replay(record);
    if (record.node === null) return;
    this.#unread.delete(record.node);
    this.#found.delete(record.node); // of a copy that was cut off before
  }

  #judgeWrite(persist: Persist, node: LogNode | null): void {
    const { term, votedFor } = this.#written.hardState;
    if (persist.kind === 'hardState' && persist.hardState.term === term && votedFor !== null) {
      demand(
        persist.hardState.votedFor === votedFor,
        'two-votes-in-a-term',
        () => `${this.#name} rewrites its vote of term ${term}`,
      );
    }
    const leader = this.#world.rules.leaderOf(term);
    if (persist.kind === 'append' && node !== null) {
      const ofLeader = leader !== undefined && isBelow(node, leader.tip);
      demand(ofLeader, 'write-not-leaders', () => `${this.#name} appends ${describeId(idOf(node))} in term ${term}`);
    }
    if (persist.kind === 'truncateSuffix') {
      const dropped = this.#written.at(persist.from);
      const instead = leader === undefined ? null : covering(leader.tip, persist.from);
      demand(instead !== null, 'cut-without-conflict', () => `${this.#name} drops ${persist.from}`);
      const agreed = leader !== undefined && dropped !== undefined && isBelow(dropped, leader.tip);
      demand(
        !agreed,
        'truncated-matching',
        () => `${this.#name} drops ${persist.from}, which the leader of term ${term} holds`,
      );
    }
    if (persist.kind === 'commitHint') this.#committed(persist.commit);
  }

  sending(to: PeerKey, message: Message): void {
    switch (message.kind) {
      case 'voteReply':
        this.#vote(to, message);
        break;
      case 'appendReply':
        this.#acknowledgement(to, message);
        break;
      case 'probeReply':
        this.#probeReply(message);
        break;
      case 'readReply':
        this.#readReply(to, message);
        break;
      default:
        break;
    }
  }

  /** R1, R3, R4: one vote a term, durable before it is said, for a log no shorter than what is on or on its way to the disk. */
  #vote(to: PeerKey, reply: VoteReply): void {
    const { hardState, tip } = this.#image;
    demand(
      hardState.term >= reply.term,
      'said-before-durable',
      () => `${this.#name} says term ${reply.term}, disk ${hardState.term}`,
    );
    if (reply.reason !== 'granted') return;
    const configured = this.#written.tip?.configured ?? null;
    const isSure = configured === null || !this.#unread.has(configured);
    demand(isSure, 'vote-while-unsure', () => `${this.#name} grants ${reply.requestTerm}`);
    const configuration = configured?.batch.configuration;
    const isNamed = configuration !== undefined && includes(configuration, this.#place.storageUuid);
    demand(isNamed && !this.#place.isAmnesiac, 'vote-from-stranger', () => `${this.#name} grants ${reply.requestTerm}`);
    const incarnation = to.slice('worker:'.length);
    this.#world.rules.granted(this.#place.storageUuid, reply.requestTerm, incarnation, tip);
    const durable = hardState.term === reply.requestTerm && hardState.votedFor === incarnation;
    const superseded = hardState.term > reply.requestTerm;
    demand(
      durable || superseded,
      'said-before-durable',
      () => `${this.#name} grants ${reply.requestTerm}, disk ${hardState.term} ${hardState.votedFor}`,
    );
    const asked = this.#asked.get(`${to} ${reply.requestTerm}`);
    demand(asked !== undefined, 'vote-unasked', () => this.#name);
    if (superseded) return; // the log may have grown under the later term
    const tails = `${this.#name} holds ${describeId(idOf(tip))}, candidate ${describeId(asked)}`;
    demand(
      tip === null || tip.term === reply.requestTerm || notBehind(asked, idOf(tip)),
      'vote-for-shorter-log',
      () => tails,
    );
    const draining = this.#place.disk.pending.some(({ node }) => node !== null && node.term < reply.requestTerm);
    demand(!draining || this.#leads(reply.requestTerm), 'vote-before-drain', () => tails);
  }

  /** R3, R4, R14: only what is on the disk and in that leader's log, and nothing for a leader of a lower term. */
  #acknowledgement(to: PeerKey, reply: AppendReply): void {
    const { hardState } = this.#image;
    demand(
      hardState.term >= reply.term,
      'said-before-durable',
      () => `${this.#name} says term ${reply.term}, disk ${hardState.term}`,
    );
    const { durable } = reply;
    if (durable.index === 0) return;
    const said = `${this.#name} acknowledges ${describeId(durable)} in term ${reply.term}`;
    demand(
      this.#image.holds(durable),
      'acknowledged-before-durable',
      () => `${said}, disk ${describeId(idOf(this.#image.tip))}`,
    );
    demand(
      reply.term >= this.#written.hardState.term,
      'acknowledged-after-vote',
      () => `${said}, voting in ${this.#written.hardState.term}`,
    );
    const leader = this.#world.rules.leaderOf(reply.term);
    const own = this.#written.tip?.configured?.batch.configuration;
    const named = own !== undefined && includes(own, this.#place.storageUuid);
    const isKnown = named || this.#isNewcomer(leader?.tip ?? null);
    demand(isKnown && !this.#place.isAmnesiac, 'acknowledged-by-stranger', () => said);
    const addressed =
      leader !== undefined && to === `worker:${leader.incarnation}` && reply.incarnation === leader.incarnation;
    demand(addressed, 'acknowledged-to-nobody', () => said);
    demand(covering(leader.tip, durable.index)?.term === durable.term, 'acknowledged-not-leaders', () => said);
    this.#notAboveDamage(durable);
  }

  /** R29: a copy that is lost here is not counted, unless it is known to be committed and has been counted before. */
  #notAboveDamage({ index }: EntryId): void {
    const { commit } = this.#machine;
    for (const node of this.#found) {
      const counts = node.firstIndex <= index && node.lastIndex > commit.index;
      const lost = counts && this.#written.at(node.firstIndex) === node;
      demand(!lost, 'acknowledged-above-damage', () => `${this.#name} ${index}, lost ${describeId(idOf(node))}`);
    }
  }

  /** R29: what is here, readable or not, is never denied. */
  #deniesNothing({ prev, asOf }: Read, { outcome, batches }: ReadReply): void {
    const last = Math.min(this.#machine.durableTail.index, asOf?.index ?? Number.POSITIVE_INFINITY);
    if (prev.index >= last || !this.#written.holds(prev)) return;
    const denied = outcome === 'conflict' || outcome === 'gone' || (outcome === 'entries' && batches.length === 0);
    demand(!denied, 'unknown-denied', () => `${this.#name} says ${outcome} after ${describeId(prev)}`);
  }

  /** R29: what it calls unknown is damage that was found here; a worker may halt for it (R31). */
  #cannotRead(index: number): void {
    const node = this.#written.at(index);
    const isFound = node !== undefined && this.#found.has(node);
    demand(isFound, 'unknown-without-damage', () => `${this.#name} of ${index}`);
  }

  /** Some configuration of the leader's log calls it one that catches up. */
  #isNewcomer(tip: LogNode | null): boolean {
    if (tip === null) return false;
    const all = configurationsSince(this.#world.rules.ghost.nodes[0] as LogNode, tip);
    return all.some(({ target }) => target?.scribes.some((member) => member.storageUuid === this.#place.storageUuid));
  }

  #probeReply(reply: ProbeReply): void {
    demand(this.#image.holds(reply.tail), 'tail-not-durable', () => `${this.#name} shows ${describeId(reply.tail)}`);
    this.#committed(reply.commit);
  }

  /** R6: durable batches only, each under the one before, the first the one that goes on from what was asked. */
  #readReply(to: PeerKey, reply: ReadReply): void {
    this.#committed(reply.commit);
    const read = this.#reads.get(`${to} ${reply.request}`);
    if (read !== undefined) {
      this.#deniesNothing(read, reply);
      if (reply.outcome === 'unknown') this.#cannotRead(read.prev.index + 1);
    }
    const asOf = reply.batches.length === 0 ? null : (read?.asOf ?? null);
    demand(
      asOf === null || this.#image.holds(asOf),
      'read-not-vouched-for',
      () => `${this.#name} lacks what was named`,
    );
    let under: LogNode | null = null;
    for (const batch of reply.batches) {
      const node = this.#world.tree.find(batch, `served by ${this.#name}`);
      const chained = under === null ? read !== undefined && goesOnFrom(read.prev, node) : node.previous === under;
      demand(chained, 'read-not-chained', () => `${this.#name} serves ${describeId(idOf(node))}`);
      demand(this.#image.holds(idOf(node)), 'read-not-durable', () => `${this.#name} serves ${describeId(idOf(node))}`);
      under = node;
    }
  }

  /** After every step: what the machine shows is what its records say. */
  stepped(): void {
    const { hardState, tail, durableTail, commit } = this.#machine;
    const written = this.#written;
    demand(
      hardState.term === written.hardState.term && hardState.votedFor === written.hardState.votedFor,
      'state-not-written',
      () => this.#name,
    );
    const tip = idOf(written.tip);
    demand(
      tail.index === tip.index && tail.term === tip.term,
      'state-not-written',
      () => `${this.#name} tail ${describeId(tail)}`,
    );
    demand(this.#image.holds(durableTail), 'tail-not-durable', () => `${this.#name} ${describeId(durableTail)}`);
    this.#committed(commit);
  }

  #committed({ index, term }: EntryId): void {
    this.#world.rules.committedEntry(index, term, () => this.#name);
  }

  #leads(term: number): boolean {
    return this.#world.rules.leaderOf(term) !== undefined;
  }

  get #image(): Image {
    return this.#place.disk.image;
  }
  get #name(): string {
    return this.#place.scribeId;
  }
}

/** Whether the batch holds the entry after `prev`, in a log that has `prev`: batches are never cut, so it may begin before. */
const goesOnFrom = (prev: EntryId, { firstIndex, lastIndex, term, previous }: LogNode): boolean =>
  firstIndex === prev.index + 1
    ? sameId(idOf(previous), prev)
    : firstIndex <= prev.index && prev.index < lastIndex && term === prev.term;
