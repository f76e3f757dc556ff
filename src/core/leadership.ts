/**
 * A worker while it leads: keeps every scribe and learner supplied, commits what a commit quorum of scribes has fsynced,
 * confirms reads, and steps down when no commit quorum answers any more. Keeps: the commit index moves only to entries of this
 * term (R11); the leader itself is never counted; what it knows of a follower comes only from answers to this very term
 * and incarnation (R13).
 */
import { DiskWatch } from './disk-watch.ts';
import type { Peer } from './effects.ts';
import { Followers } from './followers.ts';
import { Lease } from './lease.ts';
import { isStable, type MembershipChange } from './membership.ts';
import type { AppendReply, Follow, PeerKey, ProbeReply } from './messages.ts';
import { commitValue, isCommitQuorum, isMember } from './quorum.ts';
import { ReadIndex, type ReadRequest } from './read-index.ts';
import { Reconfiguration } from './reconfiguration.ts';
import { Resumption } from './resumption.ts';
import { Transfer } from './transfer.ts';
import type { Batch, Configuration, Incarnation, Index, ScribeMember } from './types.ts';
import type { WorkerState } from './worker-state.ts';

export class Leadership {
  readonly #state: WorkerState;
  readonly #followers: Followers;
  readonly #disks: DiskWatch;
  readonly #reads: ReadIndex;
  readonly #lease: Lease;
  readonly #members: Reconfiguration;
  readonly #transfer: Transfer;
  /** The entry that opened the term; nothing before it commits on its own (R11). */
  readonly #firstOfTerm: Index;

  /**
   * `caughtUp`: the scribes whose logs are known to end exactly where this one does; they need no probing. `resumed`: what is left of
   * an earlier time of leading in this term, or null.
   */
  constructor(state: WorkerState, caughtUp: ReadonlySet<PeerKey>, resumed: Resumption | null) {
    this.#state = state;
    this.#reads = new ReadIndex(resumed?.round ?? 0);
    state.trustLog();
    this.#followers = new Followers(state, caughtUp);
    this.#disks = new DiskWatch(state);
    this.#lease = new Lease(state.options);
    this.#renewLease();
    for (const peer of state.peers.values()) this.#identify(peer);
    this.#firstOfTerm = state.log.tail.index + 1;
    this.#members = new Reconfiguration(state, this.#firstOfTerm);
    this.#transfer = new Transfer(state, this.#followers);
    for (const learner of resumed?.learners ?? []) this.#followers.addLearner(learner, state.log.tail);
    state.append(state.encodeNoop(state.term, this.#firstOfTerm, state.log.timestampMillis));
    this.#askAdmissions();
    this.#replicate();
  }

  /** Scribes that are out, and have not been told yet. */
  get leaving(): readonly ScribeMember[] {
    return this.#followers.leaving;
  }

  get wakeAt(): number {
    return Math.min(this.#followers.heartbeatAt, this.#transfer.wakeAt);
  }

  /** No other leader can have been elected by now, so what is committed here is all that is (R22). */
  holdsLease(now: number): boolean {
    const { commit, configuration } = this.#state;
    if (!this.#lease.isOn || commit < this.#firstOfTerm || this.#transfer.wasOffered) return false;
    return isCommitQuorum(configuration.configuration, (uuid) =>
      this.#lease.isBound(this.#followers.promisedRoundOf(uuid), now),
    );
  }

  propose(batch: Batch): void {
    const { log, term } = this.#state;
    if (!this.takesProposals || batch.term !== term || batch.firstIndex !== log.tail.index + 1) return;
    this.#state.append(batch);
    this.#replicate();
  }

  /** Not while leadership is being handed over: the other must catch up with a log that stands still. */
  get takesProposals(): boolean {
    return !this.#transfer.underWay;
  }

  /** Hand leadership over; not before the no-op of the term is committed, nor while the members change. */
  transfer(request: number, to: Incarnation | null): void {
    const { commit, configuration } = this.#state;
    if (commit >= this.#firstOfTerm && commit >= configuration.id.index && isStable(configuration.configuration)) {
      this.#transfer.begin(request, to, this.#reads.round);
    } else {
      const reason = 'the leader has only just been elected, or the members are changing';
      this.#state.answerTransfer({ request, outcome: 'refused', reason });
    }
  }

  change(request: number, change: MembershipChange): void {
    if (this.#transfer.underWay) {
      this.#state.answerChange({ request, outcome: 'refused', reason: 'leadership is being handed over' });
      return;
    }
    this.#appendConfiguration(this.#members.request(request, change));
  }

  /** `from`: the learner that asked (R20), or null. */
  read(from: PeerKey | null, request: number): void {
    const read = { kind: 'read', from, request } as const;
    if (this.holdsLease(this.#state.now)) {
      this.#serve(read, this.#state.commit);
      return;
    }
    this.#reads.add(read);
    this.#beginReads();
  }

  follow(from: PeerKey, { tail }: Follow): void {
    this.#followers.addLearner(from, tail);
    this.#replicate();
  }

  linkUp(from: PeerKey, peer: Peer): void {
    this.#identify(peer);
    if (peer.role === 'scribe') this.#disks.ask(from, this.#followers.acknowledgedBy(from));
    this.#followers.linkUp(from);
    this.#askAdmissions();
    this.#followers.tellIfRemoved(from);
    this.#replicate();
  }

  linkDown(from: PeerKey): void {
    this.#followers.linkDown(from, this.#reads.round);
    this.#transfer.linkDown(from);
  }

  /** An answer of this term to this incarnation; the caller has checked both. */
  receive(from: PeerKey, reply: AppendReply): void {
    const progress = this.#followers.heard(from, reply);
    if (progress === null) return;
    this.#commitDurable();
    this.#confirmReads();
    this.#followers.supply(from, progress, this.#reads.round);
    this.#advanceMembers();
    this.#transfer.advance();
  }

  /** A scribe that lacks what it acknowledged is counted no more (R26). */
  probed(from: PeerKey, reply: ProbeReply): void {
    if (reply.storage === 'not-member') this.#followers.tellUnsure(from);
    const peer = this.#state.peers.get(from);
    if (peer?.role !== 'scribe' || !this.#disks.wentBack(from, reply)) return;
    this.#followers.fence(from);
    this.#state.alarm({ kind: 'disk-went-back', scribeId: peer.scribeId, storageUuid: peer.storageUuid });
  }

  /** False when leadership must end: no commit quorum has answered within an election timeout (CheckQuorum, R8). */
  tick(): boolean {
    const { now, options, configuration } = this.#state;
    const heard = (uuid: string): boolean => now - this.#followers.answeredAt(uuid) < options.electionTimeoutMaxMillis;
    if (!isCommitQuorum(configuration.configuration, heard)) return false;
    if (now >= this.#followers.heartbeatAt) this.#renewLease();
    this.#followers.heartbeat(this.#reads.round);
    this.#members.tick();
    this.#transfer.tick();
    this.#advanceMembers();
    return true;
  }

  #serve({ from, request }: ReadRequest, index: Index): void {
    if (from === null) this.#state.readable(request, index);
    else this.#state.send(from, { kind: 'indexReply', request, index });
  }

  #renewLease(): void {
    if (this.#lease.isOn) this.#lease.begin(this.#reads.renew(), this.#state.now);
  }

  /**
   * Ask the scribes whether to lead on in this term: what hears their answers, or null where it may not. Not before it has committed anything: then a way
   * may be closed to its appends that its probes pass. Not once it was offered to somebody, who may take it at any time (R22), nor
   * while a disk is known to have gone back, which nobody after it would know (R26).
   */
  suspend(): Resumption | null {
    const { commit } = this.#state;
    const isOffered = this.#transfer.underWay || this.#transfer.wasOffered;
    if (commit < this.#firstOfTerm || isOffered || this.#followers.hasFenced) return null;
    const acknowledged = new Map(this.#state.scribes.map((key) => [key, this.#followers.acknowledgedBy(key)]));
    return new Resumption(this.#state, this.#reads.round, this.#followers.learners, acknowledged);
  }

  /** Leadership is over: nobody's read was confirmed. */
  resign(): readonly ReadRequest[] {
    this.#members.resign();
    this.#transfer.resign();
    return this.#reads.abandon();
  }

  #advanceMembers(): void {
    this.#appendConfiguration(this.#members.next((uuid) => this.#followers.matchOf(uuid)));
  }

  #appendConfiguration(next: Configuration | null): void {
    if (next === null) return;
    const { log, term, encodeConfiguration } = this.#state;
    const place = { term, firstIndex: log.tail.index + 1, atLeastMillis: log.timestampMillis };
    this.#state.append(encodeConfiguration(place, next));
    this.#followers.reconfigure();
    this.#askAdmissions();
    this.#replicate();
  }

  /** R13: a name of the configuration on another disk. Progress is kept by uuid, so that one starts from nothing. */
  #identify(peer: Peer): void {
    if (peer.role !== 'scribe') return;
    const { scribeId, storageUuid } = peer;
    const { configuration } = this.#state.configuration;
    if (isMember(configuration, storageUuid) || !configuration.scribes.some((it) => it.scribeId === scribeId)) return;
    this.#state.alarm({ kind: 'unknown-disk', scribeId, storageUuid });
  }

  #replicate(): void {
    this.#followers.supplyAll(this.#reads.round);
  }

  #commitDurable(): void {
    const state = this.#state;
    const durable = commitValue(state.configuration.configuration, (uuid) => this.#followers.matchOf(uuid));
    if (durable < this.#firstOfTerm || durable <= state.commit) return;
    state.advanceCommit(durable);
    this.#followers.tellRemoved();
    this.#beginReads();
    this.#followers.tellLearners(this.#reads.round);
  }

  #askAdmissions(): void {
    for (const admission of this.#followers.takeAdmissions()) this.#reads.add(admission);
    this.#beginReads();
  }

  #beginReads(): void {
    // Reads wait for the first entry of the term: only then is the commit index known to be current (R11).
    if (this.#state.commit < this.#firstOfTerm || !this.#reads.begin(this.#state.commit)) return;
    this.#followers.askScribes(this.#reads.round);
  }

  #confirmReads(): void {
    const { configuration } = this.#state.configuration;
    const confirmed = this.#reads.confirm((round) =>
      isCommitQuorum(configuration, (uuid) => this.#followers.roundOf(uuid) >= round),
    );
    if (confirmed === null) return;
    for (const claim of confirmed.claims) {
      if (claim.kind === 'admission') this.#followers.admit(claim, this.#reads.round);
      else this.#serve(claim, confirmed.index);
    }
    this.#beginReads();
  }
}
