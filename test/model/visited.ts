/**
 * The states met so far, with the one each was first met from. Of states that differ in what was said alone, one in which
 * everything was said that was said in another makes that other superfluous: whatever can come of that can come of it.
 */
import { larger } from './rows.ts';
import type { Said } from './said.ts';
import { Tuples } from './tuples.ts';

export class Visited {
  /** Set when the walk must end at a state other than the one being expanded. */
  last: number | null = null;
  /** States kept, superfluous ones included. */
  count = 0;
  /** Of the state that was taken last: how many steps after the start. */
  depth = 0;
  #taken = -1;
  #levelEnds = 1;
  superfluous = 0;
  readonly #said: Said;
  readonly #plain: boolean;
  readonly #slots: number;
  readonly bodies: Tuples;
  /** By row of bodies: the newest state that has them; and by state: the one before it with the same bodies. */
  #heads = new Int32Array(1 << 12).fill(-1);
  #before = new Int32Array(1 << 12);
  #sets: Int32Array;
  /** By state: number of its row of bodies; when it is superfluous, -1 minus that. */
  #rows = new Int32Array(1 << 12);
  #parents = new Int32Array(1 << 12);

  /** `plain`: no state makes another one superfluous. */
  constructor(slots: number, said: Said, plain: boolean) {
    this.#plain = plain;
    this.#slots = slots;
    this.#said = said;
    this.bodies = new Tuples(slots);
    this.#sets = new Int32Array(slots << 12);
  }

  /** `state`: the bodies, then the sets of what they have said. True when no other state had these bodies. */
  add(state: Int32Array, from: number): boolean {
    const { count } = this.bodies;
    const row = this.bodies.enter(state);
    while (row >= this.#heads.length) this.#heads = larger(this.#heads, 1, -1);
    let after = -1;
    for (let at = this.#heads[row] as number; at !== -1; at = this.#before[at] as number) {
      const order = this.#compare(state, at);
      if (order === 'within') return false;
      if (order === 'beyond') {
        if (after === -1) this.#heads[row] = this.#before[at] as number;
        else this.#before[after] = this.#before[at] as number;
        this.#rows[at] = -1 - row;
        this.superfluous++;
      } else after = at;
    }
    if (this.count === this.#parents.length) this.#grow();
    for (let slot = 0; slot < this.#slots; slot++)
      this.#sets[this.count * this.#slots + slot] = state[this.#slots + slot] as number;
    this.#parents[this.count] = from;
    this.#rows[this.count] = row;
    this.#before[this.count] = this.#heads[row] as number;
    this.#heads[row] = this.count++;
    return row === count;
  }

  /** The next state that is not superfluous, in the order they were met; its number, or -1 when there is none. */
  take(into: Int32Array): number {
    while (++this.#taken < this.count) {
      if (this.#taken === this.#levelEnds) {
        this.#levelEnds = this.count;
        this.depth++;
      }
      if (this.#read(this.#taken, into)) return this.#taken;
    }
    return -1;
  }

  /** From the start to the state `at`, or to the last one. */
  path(at: number): number[][] {
    const path: number[][] = [];
    const state = new Int32Array(2 * this.#slots);
    for (let before = this.last ?? at; before >= 0; before = this.#parents[before] as number) {
      this.#read(before, state);
      path.unshift([...state]);
    }
    return path;
  }

  /** How what was said in `state` stands to what was in the one at `at`. */
  #compare(state: Int32Array, at: number): 'within' | 'beyond' | 'neither' {
    let isWithin = true;
    let isBeyond = true;
    for (let slot = 0; slot < this.#slots; slot++) {
      const here = state[this.#slots + slot] as number;
      const there = this.#sets[at * this.#slots + slot] as number;
      isWithin &&= this.#plain ? here === there : this.#said.isWithin(here, there);
      isBeyond &&= !this.#plain && this.#said.isWithin(there, here);
      if (!isWithin && !isBeyond) return 'neither';
    }
    return isWithin ? 'within' : 'beyond';
  }

  /** False when it is superfluous. */
  #read(at: number, into: Int32Array): boolean {
    const row = this.#rows[at] as number;
    this.bodies.read(row < 0 ? -1 - row : row, into);
    for (let slot = 0; slot < this.#slots; slot++)
      into[this.#slots + slot] = this.#sets[at * this.#slots + slot] as number;
    return row >= 0;
  }

  #grow(): void {
    this.#sets = larger(this.#sets, this.#slots);
    this.#rows = larger(this.#rows);
    this.#parents = larger(this.#parents);
    this.#before = larger(this.#before);
  }
}
