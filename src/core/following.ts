/**
 * A worker that does not lead: takes the log from the leader, from a scribe where it is below the leader's window, and
 * learns what is committed. Keeps R17: commits up to min(what the leader of term T says is committed, what was accepted
 * from that leader in T); a commit index never crosses a term.
 */
import { CatchUp, type CatchUpResult, type Donor } from './catch-up.ts';
import { matchBatches } from './matching.ts';
import { type Append, type Fetch, type PeerKey, type ReadReply, scribeKey, workerKey } from './messages.ts';
import type { EntryId, Index, Term } from './types.ts';
import type { WorkerState } from './worker-state.ts';

export class Following {
  readonly #state: WorkerState;
  /** Term of the leader whose log was accepted. */
  #term: Term = 0;
  #catchUp: CatchUp | null = null;
  /** Leader and term that were asked to send; null when they must be asked (again). */
  #followed: string | null = null;
  /** The answer that grants the leader more room, kept back while the state machine is congested. */
  #withheld = false;

  constructor(state: WorkerState) {
    this.#state = state;
  }

  get wakeAt(): number {
    return this.#catchUp?.wakeAt ?? Number.POSITIVE_INFINITY;
  }

  /** Entries by which this log is known to be below the leader's: others should try to lead first (§2.1). */
  get lag(): number {
    const { tail } = this.#state.log;
    if (tail.index === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, (this.#catchUp?.target.index ?? 0) - tail.index);
  }

  linkUp(from: PeerKey): void {
    this.#askAgain(from);
    this.#conclude(this.#catchUp?.linkUp(from));
  }

  linkDown(from: PeerKey): void {
    this.#askAgain(from);
    this.#conclude(this.#catchUp?.linkDown(from));
  }

  #askAgain(leader: PeerKey): void {
    if (this.#followed?.endsWith(leader) === true) this.#followed = null;
  }

  /** Ask the leader to send, once per leader, term and link. */
  follow(): void {
    const { leader, identity, log } = this.#state;
    if (leader === null || leader.identity.incarnation === identity.incarnation) return;
    const key = workerKey(leader.identity.incarnation);
    const following = `${leader.term} ${key}`;
    if (this.#followed === following || !this.#state.linked(key)) return;
    this.#followed = following;
    this.#state.send(key, { kind: 'follow', tail: log.tail });
  }

  /** False when the message is not from the newest leader known. */
  append(from: PeerKey, message: Append): boolean {
    if (!this.#recognise(from, message.term, message.incarnation)) return false;
    const { log, commit, accepted } = this.#state;
    const match = matchBatches(log.terms, message.prev, message.batches);
    if (match.kind === 'conflict') {
      this.#reply(from, match.hint);
      return true;
    }
    if (match.truncateFrom !== null) {
      // A peer that asks to drop what is committed, or its own, is wrong.
      if (match.truncateFrom <= Math.max(commit, accepted)) return true;
      this.#state.truncateFrom(match.truncateFrom);
    }
    for (const batch of match.fresh) this.#state.append(batch);
    this.#accept(Math.min(match.through, log.tail.index));
    this.#state.advanceCommit(Math.min(message.commit, this.#state.accepted));
    if (message.batches.length > 0 || message.echo) this.#reply(from, null);
    return true;
  }

  /** Below the leader's window, or not sent its log: read what is committed from a scribe (R16). False as for `append`. */
  fetch(from: PeerKey, message: Fetch): boolean {
    if (!this.#recognise(from, message.term, message.incarnation)) return false;
    const { log } = this.#state;
    // What lies below the base was applied, so it is in every later leader's log: a fetch that comes late asks for nothing.
    if (message.upTo.index < log.base.index || log.terms.holds(message.upTo)) {
      this.#catchUp = null;
      this.#committed(message.upTo.index);
      this.#reply(from, null);
    } else {
      this.#catchUp ??= new CatchUp(this.#state);
      this.#conclude(this.#catchUp.name(message.upTo, this.#donors(message)));
    }
    return true;
  }

  /** The one that the leader named, and should that fail, whoever else holds the entry: those that do not will say so. */
  #donors({ source, upTo }: Fetch): readonly Donor[] {
    const named = scribeKey(source);
    const others = this.#state.scribes.filter((key) => key !== named);
    return [named, ...others].map((key) => ({ key, asOf: upTo }));
  }

  receiveRead(from: PeerKey, reply: ReadReply): void {
    this.#conclude(this.#catchUp?.receive(from, reply));
  }

  tick(): void {
    if (this.#state.now >= this.wakeAt) this.#conclude(this.#catchUp?.tick());
  }

  /** Where nobody could go on, the leader will name another source. */
  #conclude(result: CatchUpResult | undefined): void {
    const catchUp = this.#catchUp;
    if (catchUp === null || result === undefined || result === 'going') return;
    this.#catchUp = null;
    const leader = this.#state.leader;
    if (result !== 'done' || leader === null || leader.term !== this.#term) return;
    this.#committed(catchUp.target.index);
    this.#reply(workerKey(leader.identity.incarnation), null);
  }

  applied(): void {
    this.#conclude(this.#catchUp?.resume());
    const leader = this.#state.leader;
    if (!this.#withheld || this.#state.congested || leader === null) return;
    this.#reply(workerKey(leader.identity.incarnation), null);
  }

  /**
   * An election of our own ends what was read and accepted on a leader's word: catching up may replace entries that were
   * accepted, and should the same leader go on, its commit index must not reach what took their place (R17).
   */
  stop(): void {
    this.#catchUp = null;
    this.#followed = null;
    this.#state.accepted = 0;
  }

  #recognise(from: PeerKey, term: Term, incarnation: string): boolean {
    const peer = this.#state.peers.get(from);
    if (peer?.role !== 'worker' || peer.identity.incarnation !== incarnation || term < this.#term) return false;
    if ((this.#state.leader?.term ?? 0) > term) return false;
    this.#state.hearLeader({ identity: peer.identity, term });
    if (term > this.#term) {
      this.#term = term;
      this.#state.accepted = 0;
      this.#catchUp = null; // a late answer to it could cut what was accepted from the new leader (R17)
    }
    return true;
  }

  #accept(index: Index): void {
    this.#state.accepted = Math.max(this.#state.accepted, index);
  }

  /** Held here, and committed by the leader's word: everything before it is the leader's too (Log Matching). */
  #committed(upTo: Index): void {
    this.#accept(upTo);
    this.#state.advanceCommit(upTo);
  }

  #reply(to: PeerKey, conflict: EntryId | null): void {
    this.#withheld = this.#state.congested && conflict === null;
    if (this.#withheld) return;
    const { log, leader } = this.#state;
    this.#state.send(to, {
      kind: 'appendReply',
      term: this.#term,
      incarnation: leader?.identity.incarnation ?? '',
      durable: log.terms.idAt(Math.max(this.#state.accepted, log.base.index)),
      conflict,
      round: 0,
      leaseMillis: 0,
      writeMicros: 0,
      fsyncMicros: 0,
    });
  }
}
