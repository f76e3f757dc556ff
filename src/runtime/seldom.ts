/**
 * Keeps a log from being filled by others: whoever is refused knocks again in a second, and may do so for days. The same is told
 * once a minute, and of different things no more than a page; what is told no more is still counted by whoever asks here.
 */
import type { Clock } from './clock.ts';

const FORGET_MILLIS = 60_000;
const MAX_TOLD = 64;

export class Seldom {
  readonly #clock: Clock;
  readonly #told = new Set<string>();
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Whether `what` is worth telling now. */
  isNews(what: string): boolean {
    const now = this.#clock.now();
    if (now - this.#since >= FORGET_MILLIS) {
      this.#told.clear();
      this.#since = now;
    }
    if (this.#told.has(what) || this.#told.size >= MAX_TOLD) return false;
    this.#told.add(what);
    return true;
  }
}
