/** Time that passes only when a test says so. */
import type { Clock } from '../src/runtime/clock.ts';

export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  wallMillis(): number {
    return 1_700_000_000_000 + Math.floor(this.#now);
  }

  setTimer(millis: number, callback: () => void): () => void {
    const timer = { at: this.#now + millis, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Milliseconds until each timer that is set, soonest first. */
  get pending(): number[] {
    return [...this.#timers].map(({ at }) => at - this.#now).sort((left, right) => left - right);
  }

  /** Lets `millis` pass, running timers as they fall due, those set meanwhile included. */
  advance(millis: number): void {
    const until = this.#now + millis;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((left, right) => left.at - right.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = until;
  }
}
