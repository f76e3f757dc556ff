/** One timer for a machine that says, after every step, when it next wants to be woken. */
import type { Clock } from './clock.ts';

export class WakeTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #armedFor = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => {};

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** A wish that moves later, as an election timeout does with every message, costs nothing until the timer fires. */
  want(at: number): void {
    if (at >= this.#armedFor) return;
    this.#cancel();
    this.#armedFor = at;
    this.#cancel = this.#clock.setTimer(Math.max(0, at - this.#clock.now()), () => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.#wake();
    });
  }

  stop(): void {
    this.#cancel();
    this.#armedFor = Number.NEGATIVE_INFINITY;
  }
}
