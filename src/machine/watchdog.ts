/**
 * Notices that the state machine makes no progress (M03). Two quiet halves of the deadline in a row are needed: after the
 * whole process was paused the first firing says nothing about the thread, which was paused as well (P18). A long run is no
 * standstill: what the thread is at is looked at as well.
 */
export class Watchdog {
  readonly #timer: NodeJS.Timeout;
  #quietHalves = 0;
  #busy = false;

  /** `place` differs whenever the work has got further. What stands still is noticed within one and a half deadlines. */
  constructor(deadlineMillis: number, place: () => string, expired: () => void) {
    let before = '';
    this.#timer = setTimeout(() => {
      if (!this.#busy) return;
      const now = place();
      this.#quietHalves = now === before ? this.#quietHalves + 1 : 0;
      before = now;
      if (this.#quietHalves === 2) expired();
      else this.#timer.refresh();
    }, deadlineMillis / 2);
    this.#timer.unref();
  }

  /** Work was handed over to an idle thread, or a piece of it came back and more is due: the deadline starts anew. */
  progress(busy: boolean): void {
    this.#busy = busy;
    this.#quietHalves = 0;
    if (busy) this.#timer.refresh();
  }

  stop(): void {
    this.#busy = false;
    clearTimeout(this.#timer);
  }
}
