/**
 * The scribe: stores the log, votes, leads nothing and applies nothing. Keeps: term, vote and entries are durable before
 * anything that depends on them is said (R3); an acknowledgement names only entries that are durable here and equal the
 * current leader's (R14); nothing of a lower term is acknowledged once the term has risen (R4). Bytes of a peer can make it
 * ignore a message, never break it.
 */
import { DurableLog } from './durable-log.ts';
import type { Peer, ReadLog, ScribeEffects, ScribeEvent, ScribeOptions, ScribeStart, Send } from './effects.ts';
import { MAX_TERM_LEAP } from './limits.ts';
import { matchBatches } from './matching.ts';
import {
  type Append,
  type Fetch,
  type Message,
  type PeerKey,
  type Probe,
  type ProbeReply,
  type StorageState,
  scribeKey,
  type TransferVoteRequest,
  type VoteRequest,
} from './messages.ts';
import { membersOf } from './quorum.ts';
import { ScribeFetch } from './scribe-fetch.ts';
import { OwnHardState } from './scribe-hard-state.ts';
import { HeardLeader, type Leader, tellGone } from './scribe-leader.ts';
import { OwnMembership, type Standing } from './scribe-membership.ts';
import { ScribeReads } from './scribe-reads.ts';
import { ScribeRepair } from './scribe-repair.ts';
import {
  type Batch,
  type EntryId,
  type HardState,
  type Index,
  type LoggedConfiguration,
  lastIndex,
  ORIGIN,
  type Term,
  type WorkerIdentity,
} from './types.ts';
import { decideVote } from './vote-rule.ts';

export class ScribeMachine {
  readonly #log: DurableLog;
  readonly #membership: OwnMembership;
  readonly #reads: ScribeReads;
  readonly #fetch: ScribeFetch;
  readonly #repair: ScribeRepair;
  readonly #self: PeerKey;
  readonly #peers = new Map<PeerKey, Peer>();
  readonly #hardState: OwnHardState;
  readonly #heard: HeardLeader;
  #commit: EntryId;
  /** Vote requests that wait for writes in flight (R4), oldest first, one per candidate. */
  #waitingVotes: { from: PeerKey; request: VoteRequest | TransferVoteRequest }[] = [];
  #acknowledged: Index = 0;
  #fsync = { writeMicros: 0, fsyncMicros: 0 };
  #sends: Send[] = [];
  #repairs: readonly Batch[] = [];
  #now: number;

  constructor(start: ScribeStart, options: ScribeOptions, now: number) {
    this.#log = new DurableLog(start);
    this.#membership = new OwnMembership(start.storageUuid, this.#log);
    this.#repair = new ScribeRepair(this.#log, options);
    this.#self = scribeKey(start.storageUuid);
    this.#reads = new ScribeReads(this.#log, this.#repair);
    this.#fetch = new ScribeFetch(this.#log, options);
    this.#hardState = new OwnHardState(this.#log, start.hardState);
    this.#heard = new HeardLeader(options, start.hardState.term, now);
    this.#commit = start.commit;
    this.#now = now;
  }

  get hardState(): HardState {
    return this.#hardState.current;
  }
  get tail(): EntryId {
    return this.#log.tail;
  }
  get durableTail(): EntryId {
    return this.#log.durableTail;
  }
  get commit(): EntryId {
    return this.#commit;
  }
  get configuration(): LoggedConfiguration {
    return this.#membership.logged;
  }
  /** Where other scribes are: of its own log, or newer by a leader's word. */
  get peers(): LoggedConfiguration {
    return this.#membership.newest;
  }
  /** What it is to the cluster, as far as it knows: what an operator is shown. */
  get standing(): Standing {
    return this.#membership.standing;
  }
  /** The worker whose appends it takes in this term, while a link to it is up. */
  get leader(): WorkerIdentity | null {
    const leader = this.#heard.leader;
    return leader?.linked === true ? leader.identity : null;
  }
  /** Parts of its log that its disk cannot read back, until they are repaired. */
  get damaged(): readonly { readonly from: Index; readonly to: Index }[] {
    return this.#repair.damaged;
  }
  /** When the next tick is wanted. */
  get wakeAt(): number {
    return Math.min(this.#fetch.wakeAt, this.#repair.wakeAt, this.#heard.wakeAt);
  }

  step(event: ScribeEvent, now: number): ScribeEffects {
    this.#now = now;
    let reads: readonly ReadLog[] = [];
    switch (event.kind) {
      case 'linkUp':
        this.#linkUp(event.from, event.peer);
        break;
      case 'linkDown':
        this.#linkDown(event.from);
        break;
      case 'message':
        reads = this.#receive(event.from, event.message);
        break;
      case 'unstored':
        this.#onUnstored(event.from, event.message);
        break;
      case 'durable':
        this.#fsync = event;
        this.#log.completed(event.write);
        break;
      case 'damaged':
        this.#repair.damage(event.from, event.to);
        // Acknowledgements that wait for the term may count what is lost (R29): they are made anew.
        if (this.#hardState.retract()) this.#acknowledged = 0;
        break;
      case 'repaired':
        this.#log.repaired(event.batch);
        this.#repair.repaired(event.batch.firstIndex, lastIndex(event.batch));
        break;
      case 'logRead':
        this.#sends.push(...this.#reads.answer(event.token, event.batches, this.#commit));
        break;
      case 'tick':
        if (this.#heard.tick(now)) this.#tellGone();
        break;
    }
    this.#answerVotes();
    this.#sends.push(...this.#hardState.release());
    this.#acknowledge();
    this.#sends.push(...this.#fetch.poll(this.#now, this.#log.drained));
    if (this.#repair.damaged.length > 0) this.#sends.push(...this.#repair.poll(this.#now, this.#otherScribes()));
    const effects = { persists: this.#log.takePersists(), sends: this.#sends, reads, repairs: this.#repairs };
    this.#sends = [];
    this.#repairs = [];
    return effects;
  }

  #receive(from: PeerKey, message: Message): readonly ReadLog[] {
    if (!this.#peers.has(from)) return [];
    switch (message.kind) {
      case 'probe':
        this.#onProbe(from, message);
        break;
      case 'vote':
      case 'transferVote':
        this.#onVote(from, message);
        break;
      case 'append':
        this.#onAppend(from, message);
        break;
      case 'fetch':
        this.#onFetch(from, message);
        break;
      case 'configurationNotice':
        // What is committed stands for ever, whoever leads by now.
        if (this.#workerOf(from) !== undefined && (message.committed || message.term >= this.#hardState.current.term))
          this.#membership.hear(message);
        break;
      case 'read': {
        const { send, read } = this.#reads.request(from, message, this.#commit);
        if (send !== null) this.#sends.push(send);
        return read === null ? [] : [read];
      }
      case 'readReply': {
        const repairs = this.#repair.receive(from, message, this.#now);
        const batches = this.#fetch.receive(from, message, this.#now);
        const { leader } = this.#heard;
        if (batches !== null && leader !== null) this.#accept(leader, batches.prev, batches.batches);
        this.#repairs = [...this.#repairs, ...repairs];
        break;
      }
      default:
        break; // not for a scribe
    }
    return [];
  }

  #linkUp(from: PeerKey, peer: Peer): void {
    this.#peers.set(from, peer);
    this.#reads.forget(from); // asked over an older link, perhaps by a process before this one
    this.#fetch.linkUp(from);
    this.#repair.linkUp(from);
    this.#heard.linkUp(from);
    this.#sends.push(...this.#heard.welcome(from, peer, this.#now));
  }

  #linkDown(from: PeerKey): void {
    this.#peers.delete(from);
    this.#reads.forget(from);
    this.#waitingVotes = this.#waitingVotes.filter((waiting) => waiting.from !== from);
    if (this.#heard.linkDown(from, this.#now)) this.#tellGone();
  }

  #tellGone(): void {
    this.#sends.push(...tellGone(this.#peers, this.#answerProbe(0)));
  }

  #onProbe(from: PeerKey, { round }: Probe): void {
    this.#send(from, this.#answerProbe(round));
  }

  #answerProbe(round: number): ProbeReply {
    return {
      kind: 'probeReply',
      round,
      term: this.#hardState.current.term,
      tail: this.#log.durableTail,
      logStart: this.#log.terms.base,
      commit: this.#commit,
      configuration: this.#membership.shown,
      leader: this.#heard.shown(this.#now),
      leaderLive: this.#heard.forbids(null, this.#now),
      storage: this.#storageState(),
    };
  }

  #onVote(from: PeerKey, request: VoteRequest | TransferVoteRequest): void {
    if (this.#workerOf(from)?.incarnation !== request.incarnation || this.#leaps(request.term)) return;
    this.#waitingVotes = this.#waitingVotes.filter((waiting) => waiting.from !== from);
    this.#waitingVotes.push({ from, request });
  }

  /** Decide the votes that wait, each after the writes in flight have finished (R4); a refusal for a live leader needs no wait. */
  #answerVotes(): void {
    for (let next = this.#waitingVotes[0]; next !== undefined; next = this.#waitingVotes[0]) {
      const { from, request } = next;
      const askedIn = request.kind === 'vote' ? null : request.askedIn;
      const leaderLive = this.#heard.forbids(askedIn, this.#now);
      if (!this.#log.drained && !leaderLive) return;
      this.#waitingVotes.shift();
      const { reason, hardState } = decideVote(
        { hardState: this.#hardState.current, tail: this.#log.tail, leaderLive, storageOk: this.#membership.isMember },
        request,
      );
      if (hardState !== null) this.#adopt(hardState);
      const reply = { kind: 'voteReply', requestTerm: request.term, reason, tail: this.#log.tail } as const;
      this.#sendDurably(from, { ...reply, term: this.#hardState.current.term });
    }
  }

  #onAppend(from: PeerKey, message: Append): void {
    const leader = this.#heardLeader(from, message);
    if (leader === null) return;
    const fresh = this.#accept(leader, message.prev, message.batches);
    if (fresh === 'conflict') {
      const hint = this.#log.terms.hintFor(message.prev);
      this.#sendDurably(from, this.#appendReply(leader.identity.incarnation, this.#agreed(leader), hint, leader.round));
      return;
    }
    this.#learnCommit(leader, message, fresh > 0);
    if (fresh === 0 || message.echo) this.#reply(leader);
  }

  /** The leader goes on leading and learns what is here; that its logs part would only have it send all of it again. */
  #onUnstored(from: PeerKey, message: Append): void {
    const leader = this.#heardLeader(from, message);
    if (leader !== null) this.#reply(leader);
  }

  /** The leader that sent this, now heard; null if it is none, or none any more, which it is told. */
  #heardLeader(from: PeerKey, message: Append): Leader | null {
    const identity = this.#workerOf(from);
    if (identity?.incarnation !== message.incarnation || this.#leaps(message.term)) return null;
    if (!this.#membership.mayStore) {
      // A leader can say who is a member, and so where the others are that have what this disk cannot read (R29).
      if (this.#membership.wantsWord) this.#send(from, this.#answerProbe(0));
      return null;
    }
    if (message.term < this.#hardState.current.term) {
      this.#sendDurably(from, this.#appendReply(message.incarnation, ORIGIN, null, message.round));
      return null;
    }
    const leader = this.#recognise(from, identity, message.term);
    if (leader === null) return null;
    this.#heard.hear(leader, message, this.#now);
    return leader;
  }

  /** The leader that a message of the current or a higher term comes from, or null when it cannot be one (R1). */
  #recognise(from: PeerKey, identity: WorkerIdentity, term: Term): Leader | null {
    if (term > this.#hardState.current.term) this.#adopt({ term, votedFor: null });
    const { leader } = this.#heard;
    if (leader?.term === term) return leader.key === from ? leader : null;
    this.#acknowledged = 0;
    const fresh = this.#heard.record(from, identity, term, this.#now);
    this.#sends.push(...this.#heard.announce(this.#peers));
    return fresh;
  }

  /**
   * Fit batches of the leader's log, from it or fetched on its word (R16), into this log. Returns how many were new, or
   * `conflict`.
   */
  #accept(leader: Leader, prev: EntryId, batches: readonly Batch[]): number | 'conflict' {
    const match = matchBatches(this.#log.terms, prev, batches);
    if (match.kind === 'conflict') return 'conflict';
    if (match.truncateFrom !== null) {
      // A peer that asks to drop what is committed, or its own leader's, is wrong.
      if (match.truncateFrom <= Math.max(this.#commit.index, leader.matched)) return 0;
      this.#log.truncateFrom(match.truncateFrom);
      this.#repair.truncated(match.truncateFrom);
    }
    for (const batch of match.fresh) this.#log.append(batch);
    this.#repairs = this.#repair.offered(batches);
    leader.matched = Math.max(leader.matched, Math.min(match.through, this.#log.tail.index));
    return match.fresh.length;
  }

  #learnCommit(leader: Leader, message: Append, fresh: boolean): void {
    const commit = Math.min(message.commit, leader.matched);
    if (commit <= this.#commit.index) return;
    this.#commit = this.#log.terms.idAt(commit);
    // The hint rides on a write that happens anyway, or on a heartbeat; never on a read's confirmation.
    if (fresh || !message.echo) this.#log.saveCommitHint(this.#commit);
  }

  #onFetch(from: PeerKey, message: Fetch): void {
    const { leader } = this.#heard;
    if (leader?.key !== from || leader.term !== message.term || message.term !== this.#hardState.current.term) return;
    leader.heardAt = this.#now;
    if (this.#log.terms.holds(message.upTo)) {
      leader.matched = Math.max(leader.matched, message.upTo.index); // Log Matching: so is everything before it
      this.#reply(leader);
    } else this.#fetch.start(message, this.#now);
  }

  /**
   * What is durable here, equal to the leader's log, and not above damage that may be uncommitted: that would count bytes which are
   * lost here towards a commit (R29). What is known to be committed has been counted already.
   */
  #agreed(leader: Leader): EntryId {
    const held = Math.min(leader.matched, this.#log.durableTail.index);
    const lost = this.#repair.firstIn(this.#commit.index + 1, held);
    const index = lost === null ? held : lost - 1;
    return index < this.#log.terms.base.index ? this.#log.terms.base : this.#log.terms.idAt(index);
  }

  #reply(leader: Leader): void {
    const agreed = this.#agreed(leader);
    this.#acknowledged = Math.max(this.#acknowledged, agreed.index);
    this.#sendDurably(leader.key, this.#appendReply(leader.identity.incarnation, agreed, null, leader.round));
  }

  #storageState(): StorageState {
    if (!this.#membership.isMember) return 'not-member';
    return this.#repair.damaged.length === 0 ? 'ok' : 'repairing';
  }

  #otherScribes(): PeerKey[] {
    const members = membersOf(this.#membership.newest.configuration);
    return members.map(({ storageUuid }) => scribeKey(storageUuid)).filter((key) => key !== this.#self);
  }

  /** One answer for all the appends that a completed write made durable: a fact, not an echo (§3). */
  #acknowledge(): void {
    const { leader } = this.#heard;
    if (leader === null || leader.term !== this.#hardState.current.term || !leader.linked) return;
    if (this.#agreed(leader).index > this.#acknowledged) this.#reply(leader);
  }

  #appendReply(incarnation: string, durable: EntryId, conflict: EntryId | null, round: number): Message {
    const { writeMicros, fsyncMicros } = this.#fsync;
    const term = this.#hardState.current.term;
    const leaseMillis = this.#heard.leader?.leaseMillis ?? 0;
    return { kind: 'appendReply', term, incarnation, durable, conflict, round, leaseMillis, writeMicros, fsyncMicros };
  }

  /** A new term or vote; it forgets the leader of the term before. */
  #adopt(hardState: HardState): void {
    if (hardState.term > this.#hardState.current.term) {
      this.#heard.forget();
      this.#fetch.stop();
    }
    this.#hardState.save(hardState);
  }

  #leaps(term: Term): boolean {
    return term - this.#hardState.current.term > MAX_TERM_LEAP;
  }

  #workerOf(from: PeerKey): WorkerIdentity | undefined {
    const peer = this.#peers.get(from);
    return peer?.role === 'worker' ? peer.identity : undefined;
  }

  #send(to: PeerKey, message: Message): void {
    this.#sends.push({ to, message });
  }

  /** Say something that rests on the current hard state: not before that is durable (R3). */
  #sendDurably(to: PeerKey, message: Message): void {
    this.#sends.push(...this.#hardState.hold({ to, message }));
  }
}
