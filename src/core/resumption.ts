/**
 * A leader that no commit quorum answers any more leads nobody (R8), but that does not mean that somebody else does: a switch may
 * have been down for a moment. It asks the scribes, by probes, which make no scribe believe that it leads; once a commit quorum
 * answers that its term is not over, it leads on in that term and needs no election.
 *
 * Leading on is as safe as never to have stopped: nobody else is ever elected in its term (R1), its log has only grown in
 * it, and what it commits a commit quorum has taken in that term (R11). Whoever has been elected since was given a higher term by a
 * vote quorum, of which every commit quorum has a member; so the answers tell, and where one does, this is over. Meanwhile all of
 * its own scribes may have been replaced, and be gone: so whoever is linked is asked, and an entry of a later term ends it, too (R28).
 */
import { lacks } from './disk-watch.ts';
import { type PeerKey, type ProbeReply, scribeKey } from './messages.ts';
import { isCommitQuorum, isVoter } from './quorum.ts';
import type { EntryId, Term } from './types.ts';
import type { WorkerState } from './worker-state.ts';

export class Resumption {
  /** Led in until contact was lost. */
  readonly term: Term;
  /** The newest round of reads then: answers to it, or to an older one, may still come and confirm nothing that is asked later. */
  readonly round: number;
  /** Who followed then, or has asked to since. */
  readonly learners: Set<PeerKey>;
  readonly #state: WorkerState;
  readonly #probe: number;
  #probeAt: number;
  /** When a scribe last answered the probe. */
  readonly #answeredAt = new Map<PeerKey, number>();
  /** What each scribe had acknowledged in its term. */
  readonly #acknowledged: ReadonlyMap<PeerKey, EntryId>;
  /** A scribe's log, or what a leader told a scribe, is of a later term; or a disk has gone back. */
  #isPast = false;

  constructor(
    state: WorkerState,
    round: number,
    learners: ReadonlySet<PeerKey>,
    acknowledged: ReadonlyMap<PeerKey, EntryId>,
  ) {
    this.#state = state;
    this.#acknowledged = acknowledged;
    this.term = state.term;
    this.round = round;
    this.learners = new Set(learners);
    this.#probe = state.nextRequest();
    this.#probeAt = state.now;
    this.tick();
  }

  get wakeAt(): number {
    return this.#probeAt;
  }

  /** It will not lead on. */
  get isOver(): boolean {
    return this.#isPast || this.#state.term > this.term;
  }

  /** Once a heartbeat: a probe may be lost, and nobody says so (R15). */
  tick(): void {
    const { now, options, peers } = this.#state;
    if (now < this.#probeAt) return;
    this.#probeAt = now + options.heartbeatMillis;
    for (const key of peers.keys()) this.#ask(key);
  }

  linkUp(from: PeerKey): void {
    this.#ask(from);
  }

  linkDown(from: PeerKey): void {
    this.#answeredAt.delete(from);
    this.learners.delete(from);
  }

  /** Whether a commit quorum answers, and nobody speaks of a later term. */
  receive(from: PeerKey, reply: ProbeReply): boolean {
    const { round, term, tail, configuration: theirs, storage } = reply;
    const { now, options, peers, configuration } = this.#state;
    if (Math.max(tail.term, theirs.id.term) > this.term) this.#isPast = true;
    const peer = peers.get(from);
    if (peer?.role !== 'scribe' || !isVoter(configuration.configuration, peer.storageUuid)) return false; // R26, R27
    this.#state.hearTerm(term);
    if (round !== this.#probe) return false;
    const acknowledged = this.#acknowledged.get(from);
    if (acknowledged !== undefined && lacks(reply, acknowledged, this.term)) {
      this.#isPast = true; // nobody would know of it after it has led on (R26)
      const { scribeId, storageUuid } = peer;
      this.#state.alarm({ kind: 'disk-went-back', scribeId, storageUuid });
    }
    if (storage !== 'not-member') this.#answeredAt.set(from, now);
    const answers = (uuid: string): boolean =>
      now - (this.#answeredAt.get(scribeKey(uuid)) ?? Number.NEGATIVE_INFINITY) < options.electionTimeoutMinMillis;
    return !this.isOver && isCommitQuorum(configuration.configuration, answers);
  }

  #ask(key: PeerKey): void {
    if (this.#state.peers.get(key)?.role === 'scribe') this.#state.send(key, { kind: 'probe', round: this.#probe });
  }
}
