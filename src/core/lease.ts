/**
 * A leader's lease (R22): until when no other can have been elected, by what scribes promised. A scribe that heard this leader
 * votes for nobody else for `leaseMillis`; the lease counts from before the round was sent that a commit quorum has answered, and
 * is shorter by what the clocks of two machines may differ. Never counts from when an answer came, and never comes back in a
 * term once leadership was offered to somebody: nobody can tell when the offer will be taken.
 */
import type { WorkerOptions } from './effects.ts';

export class Lease {
  /** How long a round is good for on this clock, with the scribes' clocks as fast and this one as slow as is allowed. */
  readonly #spanMillis: number;
  /** Rounds begun and not outlived, ascending. */
  #rounds: { readonly round: number; readonly sentAt: number }[] = [];

  constructor({ leaseMillis, clockDrift }: WorkerOptions) {
    this.#spanMillis = (leaseMillis * (1 - clockDrift)) / (1 + clockDrift);
  }

  get isOn(): boolean {
    return this.#spanMillis > 0;
  }

  /** Before the messages of a round leave. */
  begin(round: number, now: number): void {
    this.#rounds = this.#rounds.filter(({ sentAt }) => now < sentAt + this.#spanMillis);
    this.#rounds.push({ round, sentAt: now });
  }

  /** Whether who promised something for this round, or a later one, is bound now. */
  isBound(round: number, now: number): boolean {
    const newest = this.#rounds.findLast((begun) => begun.round <= round);
    return newest !== undefined && now < newest.sentAt + this.#spanMillis;
  }
}
