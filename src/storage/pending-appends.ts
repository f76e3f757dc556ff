/**
 * The promises of one log's appends that are not durable yet, in the order of their indexes. A ring, so that an append
 * costs one promise and two slots, whatever is outstanding. Settles strictly in order and never twice.
 */
type Resolve = (index: number | Promise<never>) => void;

const INITIAL_SLOTS = 4;

let handedOut: Resolve;
/** One executor for all promises: a closure for each would cost as much as the promise. */
const handOut = (resolve: Resolve): void => {
  handedOut = resolve;
};

export class PendingAppends {
  #resolvers: (Resolve | null)[] = new Array<Resolve | null>(INITIAL_SLOTS).fill(null);
  #indexes = new Float64Array(INITIAL_SLOTS);
  /** Both only grow; the slot is the low bits. */
  #head = 0;
  #tail = 0;

  /** A promise that is resolved with `index`, which lies above all those before it. */
  add(index: number): Promise<number> {
    if (this.#tail - this.#head === this.#indexes.length) this.#grow();
    const promise = new Promise<number>(handOut);
    const slot = this.#tail & (this.#indexes.length - 1);
    this.#resolvers[slot] = handedOut;
    this.#indexes[slot] = index;
    this.#tail += 1;
    return promise;
  }

  /** Resolves those up to `index`. */
  resolveThrough(index: number): void {
    const mask = this.#indexes.length - 1;
    while (this.#head < this.#tail) {
      const slot = this.#head & mask;
      const own = this.#indexes[slot] as number;
      if (own > index) return;
      const resolve = this.#resolvers[slot] as Resolve;
      this.#resolvers[slot] = null;
      this.#head += 1;
      resolve(own);
    }
  }

  /** Rejects those from `index` on: the newest ones. */
  rejectFrom(index: number, error: Error): void {
    const mask = this.#indexes.length - 1;
    let first = this.#tail;
    while (first > this.#head && (this.#indexes[(first - 1) & mask] as number) >= index) first -= 1;
    if (first === this.#tail) return;
    // To be resolved with a rejected promise is to be rejected; that spares a slot for each promise's second function.
    const rejection = Promise.reject(error);
    for (let at = first; at < this.#tail; at += 1) {
      const slot = at & mask;
      (this.#resolvers[slot] as Resolve)(rejection);
      this.#resolvers[slot] = null;
    }
    this.#tail = first;
  }

  #grow(): void {
    const mask = this.#indexes.length - 1;
    const resolvers = new Array<Resolve | null>((mask + 1) * 2).fill(null);
    const indexes = new Float64Array((mask + 1) * 2);
    for (let at = this.#head; at < this.#tail; at += 1) {
      resolvers[at - this.#head] = this.#resolvers[at & mask] as Resolve;
      indexes[at - this.#head] = this.#indexes[at & mask] as number;
    }
    this.#tail -= this.#head;
    this.#head = 0;
    this.#resolvers = resolvers;
    this.#indexes = indexes;
  }
}
