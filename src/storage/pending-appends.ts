/**
 * The promises of appends that are not durable yet, in the order of the appends. A ring, so that an append costs one promise
 * and three slots, whatever is outstanding. Settles strictly in order and never twice.
 */
type Resolve = (index: number | Promise<never>) => void;

/** The log an append belongs to. */
export interface AppendOwner {
  /** Everything up to `index` is durable. */
  durableThrough(index: number): void;
}

const INITIAL_SLOTS = 64;

let handedOut: Resolve;
/** One executor for all promises: a closure for each would cost as much as the promise. */
const handOut = (resolve: Resolve): void => {
  handedOut = resolve;
};

export class PendingAppends {
  #resolvers: (Resolve | null)[] = new Array<Resolve | null>(INITIAL_SLOTS).fill(null);
  #owners: (AppendOwner | null)[] = new Array<AppendOwner | null>(INITIAL_SLOTS).fill(null);
  #indexes = new Float64Array(INITIAL_SLOTS);
  /** Both only grow, but for a rejection at the end; the slot is the low bits. */
  #head = 0;
  #tail = 0;

  /** The place of the next append; appends before a place are those added before it was told. */
  get place(): number {
    return this.#tail;
  }

  /** A promise that is resolved with `index`, the last that this append of `owner` made. */
  add(owner: AppendOwner, index: number): Promise<number> {
    if (this.#tail - this.#head === this.#indexes.length) this.#grow();
    const promise = new Promise<number>(handOut);
    const slot = this.#tail & (this.#indexes.length - 1);
    this.#resolvers[slot] = handedOut;
    this.#owners[slot] = owner;
    this.#indexes[slot] = index;
    this.#tail += 1;
    return promise;
  }

  /** Resolves those before `place`, each after its owner was told. */
  resolveBefore(place: number): void {
    const mask = this.#indexes.length - 1;
    for (; this.#head < place; this.#head += 1) {
      const slot = this.#head & mask;
      const index = this.#indexes[slot] as number;
      const resolve = this.#resolvers[slot] as Resolve;
      this.#resolvers[slot] = null;
      (this.#owners[slot] as AppendOwner).durableThrough(index);
      resolve(index);
    }
  }

  /** Rejects those from `place` on: the newest ones. */
  rejectFrom(place: number, error: Error): void {
    const mask = this.#indexes.length - 1;
    const first = Math.max(place, this.#head);
    if (first >= this.#tail) return;
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
    const wider = (mask + 1) * 2 - 1;
    const resolvers = new Array<Resolve | null>(wider + 1).fill(null);
    const owners = new Array<AppendOwner | null>(wider + 1).fill(null);
    const indexes = new Float64Array(wider + 1);
    for (let at = this.#head; at < this.#tail; at += 1) {
      resolvers[at & wider] = this.#resolvers[at & mask] as Resolve;
      owners[at & wider] = this.#owners[at & mask] as AppendOwner;
      indexes[at & wider] = this.#indexes[at & mask] as number;
    }
    this.#resolvers = resolvers;
    this.#owners = owners;
    this.#indexes = indexes;
  }
}
