/**
 * The rows of bodies met so far, with everything that was said in any state that has them: as if what was said in different
 * histories that led to equal bodies had been said in one. More becomes possible by that, never less: what was said is never taken
 * back, and nothing becomes impossible by more having been said. So where nothing of all this breaks a promise, nothing real does;
 * a promise that is broken here may be none that can be.
 */
import { larger } from './rows.ts';
import type { Said } from './said.ts';
import { Tuples } from './tuples.ts';

export class Joined {
  /** Set when the walk must end at a row other than the one being expanded: where that is, nobody can say. */
  last: number | null = null;
  /** Of the row that was taken last: how many rounds it took to come to it, or to say the last of what was said in it. */
  depth = 0;
  readonly bodies: Tuples;
  readonly #said: Said;
  readonly #slots: number;
  #sets: Int32Array;
  /** Rows whose sets have grown since they were taken, in the order they are to be taken: a ring. */
  #waiting = new Int32Array(1 << 12);
  #first = 0;
  #length = 0;
  /** By row: whether it waits. */
  #waits = new Uint8Array(1 << 12);
  #taken = 0;
  /** How many are left of the round. */
  #left = 1;

  constructor(slots: number, said: Said) {
    this.#slots = slots;
    this.#said = said;
    this.bodies = new Tuples(slots);
    this.#sets = new Int32Array(slots << 12);
  }

  get count(): number {
    return this.bodies.count;
  }

  /** How often a row was taken once more. */
  get superfluous(): number {
    return Math.max(0, this.#taken - this.count);
  }

  /** `state`: the bodies, then the sets of what they have said. True when the row is new. */
  add(state: Int32Array): boolean {
    const { count } = this.bodies;
    const row = this.bodies.enter(state);
    const isNew = row === count;
    if (isNew && row === this.#waits.length) this.#grow();
    let grown = isNew;
    for (let slot = 0; slot < this.#slots; slot++) {
      const place = row * this.#slots + slot;
      const more = state[this.#slots + slot] as number;
      const before = this.#sets[place] as number;
      const all = isNew ? more : this.#said.union(before, more);
      grown ||= all !== before;
      this.#sets[place] = all;
    }
    if (grown && this.#waits[row] === 0) this.#push(row);
    return isNew;
  }

  /** Takes the row that has waited longest; its number, or -1 when none waits. */
  take(into: Int32Array): number {
    if (this.#length === 0) return -1;
    if (this.#left-- === 0) {
      this.#left = this.#length - 1;
      this.depth++;
    }
    const row = this.#waiting[this.#first] as number;
    this.#first = (this.#first + 1) % this.#waiting.length;
    this.#length--;
    this.#waits[row] = 0;
    this.#taken++;
    this.bodies.read(row, into);
    for (let slot = 0; slot < this.#slots; slot++)
      into[this.#slots + slot] = this.#sets[row * this.#slots + slot] as number;
    return row;
  }

  /** Keeps what has been said in a row that was taken. */
  keep(row: number, state: Int32Array): void {
    for (let slot = 0; slot < this.#slots; slot++)
      this.#sets[row * this.#slots + slot] = state[this.#slots + slot] as number;
  }

  /** There is none: what was said comes from different histories. */
  path(): number[][] {
    return [];
  }

  #push(row: number): void {
    if (this.#length === this.#waiting.length) {
      const longer = new Int32Array(2 * this.#length);
      for (let at = 0; at < this.#length; at++)
        longer[at] = this.#waiting[(this.#first + at) % this.#waiting.length] as number;
      this.#waiting = longer;
      this.#first = 0;
    }
    this.#waiting[(this.#first + this.#length++) % this.#waiting.length] = row;
    this.#waits[row] = 1;
  }

  #grow(): void {
    this.#sets = larger(this.#sets, this.#slots);
    const waits = new Uint8Array(this.#waits.length + (this.#waits.length >> 2));
    waits.set(this.#waits);
    this.#waits = waits;
  }
}
