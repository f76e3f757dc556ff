/**
 * What a leader knows of one follower, scribe or learner, and what it may send it next. Four modes: `probe` finds where the
 * logs meet, one message at a time; `replicate` streams ahead of the answers within a bounded window; `fetch` waits while
 * the follower, below the leader's window, reads from a scribe (R16); `relay` names a scribe with each heartbeat to a learner
 * that is not sent the log at all.
 */
import type { Index } from './types.ts';

export class Progress {
  mode: 'probe' | 'replicate' | 'fetch' | 'relay' = 'probe';
  /** Highest index known to be durable there and equal to the leader's log; only grows within a term (R13). */
  match: Index = 0;
  /** Next index to send. */
  next: Index;
  /** Highest round it answered in this term (R19). */
  round = 0;
  /** Highest of those with which it promised the whole lease (R22). */
  promisedRound = 0;
  /** When it last answered (R8). */
  answeredAt: number;
  sentAt = Number.NEGATIVE_INFINITY;
  /** Commit index it was last told. */
  sentCommit: Index = 0;
  /** In probe mode: a message is under way. In fetch mode: it was told to fetch up to `fetchUpTo`. In relay mode: since the heartbeat. */
  waiting = false;
  fetchUpTo: Index = 0;
  /** How many times it was told to fetch; picks another source each time. */
  fetches = 0;
  /** When `match` last grew, or it was told to fetch. */
  movedAt: number;
  /** Unanswered messages: last index and size, oldest first. */
  #inFlight: { lastIndex: Index; bytes: number }[] = [];
  #inFlightBytes = 0;

  constructor(next: Index, now: number) {
    this.next = next;
    this.answeredAt = now;
    this.movedAt = now;
  }

  hasRoom(maxMessages: number, maxBytes: number): boolean {
    return this.#inFlight.length < maxMessages && this.#inFlightBytes < maxBytes;
  }

  get idle(): boolean {
    return this.#inFlight.length === 0;
  }

  sent(lastIndex: Index, bytes: number): void {
    this.#inFlight.push({ lastIndex, bytes });
    this.#inFlightBytes += bytes;
    this.next = lastIndex + 1;
  }

  /** It holds everything up to `index`. */
  acknowledged(index: Index, now: number): void {
    if (index > this.match) {
      this.match = index;
      this.movedAt = now;
    }
    if (this.mode === 'fetch' && this.match >= this.fetchUpTo) this.waiting = false;
    this.next = Math.max(this.next, this.match + 1);
    while (this.#inFlight.length > 0 && (this.#inFlight[0] as { lastIndex: Index }).lastIndex <= this.match) {
      this.#inFlightBytes -= (this.#inFlight.shift() as { bytes: number }).bytes;
    }
  }

  /** Start over from `next`, never below what is known to match: a new link, or the logs part somewhere. */
  restart(next: Index): void {
    this.mode = 'probe';
    this.waiting = false;
    this.next = Math.max(this.match + 1, next);
    this.#inFlight = [];
    this.#inFlightBytes = 0;
  }

  stream(): void {
    this.mode = 'replicate';
    this.waiting = false;
  }
}
