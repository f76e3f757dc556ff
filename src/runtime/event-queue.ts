/** Hands events to a machine one at a time: an event that an effect causes waits until the step before it is carried out. */
export class EventQueue<Event> {
  readonly #handle: (event: Event) => void;
  #events: Event[] = [];
  #handling = false;

  constructor(handle: (event: Event) => void) {
    this.#handle = handle;
  }

  /** True when this call has emptied the queue; false when it was made from within a step, which goes on. */
  push(event: Event): boolean {
    this.#events.push(event);
    if (this.#handling) return false;
    this.#handling = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#handle(next);
    } finally {
      this.#handling = false;
    }
    return true;
  }

  /** Forget what waits. */
  clear(): void {
    this.#events = [];
  }
}
