/**
 * The leader that a scribe hears in its current term, and what follows from hearing it: as long as it lives, or has a promise (R22),
 * nobody else is voted for (R8); and the workers are told when there is one and when it is gone (R9).
 */
import type { Peer, ScribeOptions, Send } from './effects.ts';
import type { Append, PeerKey, ProbeReply } from './messages.ts';
import { VotePromise } from './promise.ts';
import type { Index, Term, WorkerIdentity } from './types.ts';

export interface Leader {
  readonly key: PeerKey;
  readonly identity: WorkerIdentity;
  readonly term: Term;
  heardAt: number;
  linked: boolean;
  /** Highest index known to equal the leader's log in this term. */
  matched: Index;
  round: number;
  /** What it was promised with that round (R22). */
  leaseMillis: number;
}

type Peers = ReadonlyMap<PeerKey, Peer>;

export class HeardLeader {
  readonly #silenceMillis: number;
  readonly #promise: VotePromise;
  #leader: Leader | null = null;
  /** When to say that the leader is gone: a promise to it outlives its connection. */
  #noticeAt = Number.POSITIVE_INFINITY;

  /** `term`: what the scribe recovered. */
  constructor(options: ScribeOptions, term: Term, now: number) {
    this.#silenceMillis = options.electionTimeoutMinMillis;
    this.#promise = new VotePromise(options, term, now);
  }

  get leader(): Leader | null {
    return this.#leader;
  }
  get wakeAt(): number {
    return this.#noticeAt;
  }

  /** Whether it keeps the scribe from voting; `askedIn`: the term of the leader that asked for this election, or null. */
  forbids(askedIn: Term | null, now: number): boolean {
    return (askedIn === null && this.#isLive(now)) || this.#promise.forbids(askedIn, now);
  }

  /** What a probe is told of it. */
  shown(now: number): ProbeReply['leader'] {
    if (this.#leader === null) return null;
    const { identity, term, heardAt } = this.#leader;
    return { identity, term, silentMillis: Math.max(0, now - heardAt) };
  }

  /** The first word of the current term's leader. */
  record(key: PeerKey, identity: WorkerIdentity, term: Term, now: number): Leader {
    this.#leader = { key, identity, term, heardAt: now, linked: true, matched: 0, round: 0, leaseMillis: 0 };
    return this.#leader;
  }

  hear(leader: Leader, { round, leaseMillis, term }: Append, now: number): void {
    leader.heardAt = now;
    leader.linked = true;
    leader.round = Math.max(leader.round, round);
    leader.leaseMillis = this.#promise.allowed(leaseMillis);
    this.#promise.give(leaseMillis, term, now);
  }

  /** The term has risen: whoever led the one before is nobody's leader here. What was promised stays. */
  forget(): void {
    this.#leader = null;
  }

  linkUp(from: PeerKey): void {
    if (this.#leader?.key === from) this.#leader.linked = true;
  }

  /** R9: a closed connection ends the stickiness at once, but no promise. Returns whether to say now that it is gone. */
  linkDown(from: PeerKey, now: number): boolean {
    if (this.#leader?.key !== from) return false;
    this.#leader.linked = false;
    if (!this.#promise.forbids(null, now)) return true;
    this.#noticeAt = this.#promise.until;
    return false;
  }

  /** Whether to say now that it is gone. */
  tick(now: number): boolean {
    if (now < this.#noticeAt) return false;
    this.#noticeAt = Number.POSITIVE_INFINITY;
    return this.#leader?.linked === false;
  }

  /** A worker that has just been linked hears of a leader that lives. */
  welcome(to: PeerKey, peer: Peer, now: number): readonly Send[] {
    return peer.role === 'worker' && this.#isLive(now) ? this.#notices([to]) : [];
  }

  /** All the other workers hear who leads. */
  announce(peers: Peers): readonly Send[] {
    return this.#notices(workersOf(peers).filter((to) => to !== this.#leader?.key));
  }

  #notices(to: readonly PeerKey[]): readonly Send[] {
    if (this.#leader === null) return [];
    const { term, identity } = this.#leader;
    return to.map((each) => ({ to: each, message: { kind: 'leaderNotice', term, leader: identity } }));
  }

  #isLive(now: number): boolean {
    return this.#leader?.linked === true && now - this.#leader.heardAt < this.#silenceMillis;
  }
}

/** R9: whoever may lead next is told what it would ask, and when to. */
export function tellGone(peers: Peers, answer: ProbeReply): readonly Send[] {
  // Any order will do that every scribe sees alike.
  const workers = workersOf(peers).sort();
  return workers.map((to, turn) => ({ to, message: { kind: 'leaderGone', turn, answer } }));
}

const workersOf = (peers: Peers): PeerKey[] =>
  [...peers].filter(([, { role }]) => role === 'worker').map(([key]) => key);
