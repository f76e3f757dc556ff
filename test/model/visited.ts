/** The states met so far, each once, with the one it was first met from. Exact: a state is compared in full, not by a hash. */
export class Visited {
  /** Set when the walk must end at a state other than the one being expanded. */
  last: number | null = null;
  count = 0;
  readonly #width: number;
  #states: Int32Array;
  #parents: Int32Array;
  #table: Int32Array;

  constructor(width: number) {
    this.#width = width;
    this.#states = new Int32Array(width << 12);
    this.#parents = new Int32Array(1 << 12);
    this.#table = new Int32Array(1 << 14);
  }

  /** False when it was there already. */
  add(state: Int32Array, from: number): boolean {
    let place = this.#hash(state, 0) & (this.#table.length - 1);
    for (;;) {
      const entry = this.#table[place] as number;
      if (entry === 0) break;
      if (this.#isAt(entry - 1, state)) return false;
      place = (place + 1) & (this.#table.length - 1);
    }
    if (this.count === this.#parents.length) this.#grow();
    this.#states.set(state, this.count * this.#width);
    this.#parents[this.count] = from;
    this.count++;
    this.#enter(this.count - 1);
    return true;
  }

  read(at: number, into: Int32Array): void {
    for (let column = 0; column < this.#width; column++)
      into[column] = this.#states[at * this.#width + column] as number;
  }

  parent(at: number): number {
    return this.#parents[at] as number;
  }

  #isAt(at: number, state: Int32Array): boolean {
    const base = at * this.#width;
    for (let column = 0; column < this.#width; column++)
      if (this.#states[base + column] !== state[column]) return false;
    return true;
  }

  #hash(from: Int32Array, base: number): number {
    let hash = 0x9e3779b9;
    for (let column = 0; column < this.#width; column++) {
      hash = Math.imul(hash ^ (from[base + column] as number), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return Math.imul(hash, 0xc2b2ae35) >>> 1;
  }

  #enter(at: number): void {
    const mask = this.#table.length - 1;
    let place = this.#hash(this.#states, at * this.#width) & mask;
    while (this.#table[place] !== 0) place = (place + 1) & mask;
    this.#table[place] = at + 1;
  }

  #grow(): void {
    const states = new Int32Array(2 * this.#states.length);
    states.set(this.#states);
    this.#states = states;
    const parents = new Int32Array(2 * this.#parents.length);
    parents.set(this.#parents);
    this.#parents = parents;
    this.#table = new Int32Array(2 * this.#table.length);
    for (let at = 0; at < this.count; at++) this.#enter(at);
  }
}
