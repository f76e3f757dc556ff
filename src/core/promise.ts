/**
 * What a scribe has promised a leader (R22): to vote for nobody else until then. Kept when the leader's connection closes (R9)
 * and, since nobody remembers a promise across a crash, presumed after every start (R10). It binds against everybody but who
 * that very leader, or one that was elected after it, asked to stand: such a leader has given its lease up.
 */
import type { ScribeOptions } from './effects.ts';
import type { Term } from './types.ts';

export class VotePromise {
  readonly #mostMillis: number;
  #until = Number.NEGATIVE_INFINITY;
  #term: Term;

  /** `term`: what the scribe recovered; a promise it has forgotten was to a leader of no later one. */
  constructor({ maxLeaseMillis, presumedLeaseMillis }: ScribeOptions, term: Term, now: number) {
    this.#mostMillis = maxLeaseMillis;
    this.#term = term;
    if (presumedLeaseMillis > 0) this.#until = now + presumedLeaseMillis;
  }

  get until(): number {
    return this.#until;
  }

  /** As long as was asked for, or as its own settings allow. */
  allowed(askedMillis: number): number {
    return Math.min(askedMillis, this.#mostMillis);
  }

  give(askedMillis: number, term: Term, now: number): void {
    const millis = this.allowed(askedMillis);
    if (millis === 0) return;
    this.#until = Math.max(this.#until, now + millis);
    this.#term = term;
  }

  /** `askedIn`: the term of the leader that asked for this election, or null. */
  forbids(askedIn: Term | null, now: number): boolean {
    return now < this.#until && (askedIn === null || askedIn < this.#term);
  }
}
