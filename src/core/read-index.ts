/**
 * ReadIndex (R19): a leader may serve a read at its commit index once a majority of scribes have confirmed, after the read
 * arrived, that it still leads. One round serves every read that arrived before it was sent; the next one starts when
 * that is done, so a flood of reads costs one exchange at a time.
 */
import type { PeerKey } from './messages.ts';
import type { Index } from './types.ts';

/** A read of this worker's own (`from` null) or of a learner that asked (R20). */
export interface ReadRequest {
  readonly from: PeerKey | null;
  readonly request: number;
}

export class ReadIndex {
  #waiting: ReadRequest[] = [];
  #asked: { round: number; index: Index; reads: readonly ReadRequest[] } | null = null;
  #round = 0;

  /** Number of the newest round; every append carries it, and an answer to it confirms all rounds up to it. */
  get round(): number {
    return this.#round;
  }

  add(read: ReadRequest): void {
    this.#waiting.push(read);
  }

  /** Start a round if reads wait and none is under way; true when the caller must now ask the scribes. */
  begin(commit: Index): boolean {
    if (this.#asked !== null || this.#waiting.length === 0) return false;
    this.#asked = { round: ++this.#round, index: commit, reads: this.#waiting };
    this.#waiting = [];
    return true;
  }

  /** The reads whose round is confirmed, and where they may be served. */
  confirm(isConfirmed: (round: number) => boolean): { index: Index; reads: readonly ReadRequest[] } | null {
    const asked = this.#asked;
    if (asked === null || !isConfirmed(asked.round)) return null;
    this.#asked = null;
    return asked;
  }

  /** Everything not yet confirmed. */
  abandon(): readonly ReadRequest[] {
    const reads = [...(this.#asked?.reads ?? []), ...this.#waiting];
    this.#asked = null;
    this.#waiting = [];
    return reads;
  }
}
