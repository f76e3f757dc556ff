/**
 * ReadIndex (R19): a leader may serve a read at its commit index once a commit quorum has confirmed, after the read arrived,
 * that it still leads: whoever was elected before that would have asked one of them. One round serves every read that arrived before it was sent; the next one starts when
 * that is done, so a flood of reads costs one exchange at a time. Whatever else rests on leading still is confirmed along.
 */
import type { PeerKey } from './messages.ts';
import type { Index } from './types.ts';

/** A read of this worker's own (`from` null) or of a learner that asked (R20). */
export interface ReadRequest {
  readonly kind: 'read';
  readonly from: PeerKey | null;
  readonly request: number;
}

/** A scribe that is to be told that it is a newcomer (R26); the number tells one link to it from the next. */
export interface Admission {
  readonly kind: 'admission';
  readonly newcomer: PeerKey;
  readonly number: number;
}

/** What is true only as long as this worker leads, and so waits until the scribes say that it does. */
export type Claim = ReadRequest | Admission;

export class ReadIndex {
  #waiting: Claim[] = [];
  #asked: { round: number; index: Index; claims: readonly Claim[] } | null = null;
  #round: number;

  /** `round`: the newest of an earlier time of leading in the same term, whose answers must confirm nothing now; 0: there was none. */
  constructor(round: number) {
    this.#round = round;
  }

  /** Number of the newest round; every append carries it, and an answer to it confirms all rounds up to it. */
  get round(): number {
    return this.#round;
  }

  /** A round that no claim waits for. */
  renew(): number {
    return ++this.#round;
  }

  add(claim: Claim): void {
    this.#waiting.push(claim);
  }

  /** Start a round if anything waits and none is under way; true when the caller must now ask the scribes. */
  begin(commit: Index): boolean {
    if (this.#asked !== null || this.#waiting.length === 0) return false;
    this.#asked = { round: ++this.#round, index: commit, claims: this.#waiting };
    this.#waiting = [];
    return true;
  }

  /** What the round that is confirmed was for, and where reads may be served. */
  confirm(isConfirmed: (round: number) => boolean): { index: Index; claims: readonly Claim[] } | null {
    const asked = this.#asked;
    if (asked === null || !isConfirmed(asked.round)) return null;
    this.#asked = null;
    return asked;
  }

  /** The reads not yet confirmed. */
  abandon(): readonly ReadRequest[] {
    const claims = [...(this.#asked?.claims ?? []), ...this.#waiting];
    this.#asked = null;
    this.#waiting = [];
    return claims.filter((claim) => claim.kind === 'read');
  }
}
