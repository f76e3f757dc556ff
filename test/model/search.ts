/**
 * Breadth first through all states of the whole within the bounds: a state is one local state for each slot, a step changes one
 * of them. States that an exchange of names makes equal count once. Every state is held against the promises when it is found.
 */
import { Violation } from '../sim/violation.ts';
import { type Locals, NOTHING } from './locals.ts';
import type { Exchange } from './names.ts';
import type { Promises } from './promises.ts';
import type { Setting } from './setting.ts';
import { Visited } from './visited.ts';
import type { WorkerPart } from './worker-part.ts';

export interface Found {
  readonly states: number;
  readonly steps: number;
  readonly depth: number;
  /** Nothing within the bounds is left. */
  readonly closed: boolean;
  readonly violation: Violation | null;
  /** From the start to the violation: the states' numbers, for `explain`. */
  readonly path: readonly (readonly number[])[];
}

export interface Limits {
  readonly states: number;
  readonly depth: number;
}

export class Search {
  readonly #setting: Setting;
  readonly #locals: Locals;
  readonly #promises: Promises;
  readonly #exchanges: readonly Exchange[];
  readonly #visited: Visited;
  readonly #slots: number;
  readonly #state: Int32Array;
  readonly #next: Int32Array;
  readonly #canonical: Int32Array;
  readonly #trial: Int32Array;
  steps = 0;

  constructor(setting: Setting, locals: Locals, promises: Promises) {
    this.#setting = setting;
    this.#locals = locals;
    this.#promises = promises;
    this.#exchanges = locals.bodies.exchanges;
    this.#slots = setting.slots;
    this.#visited = new Visited(this.#slots);
    this.#state = new Int32Array(this.#slots);
    this.#next = new Int32Array(this.#slots);
    this.#canonical = new Int32Array(this.#slots);
    this.#trial = new Int32Array(this.#slots);
  }

  run(start: readonly number[], limits: Limits): Found {
    let at = 0;
    let depth = 0;
    let levelEnds = 1;
    try {
      this.#next.set(start);
      this.#settle(this.#next);
      this.#meet(-1);
      for (; at < this.#visited.count && this.#visited.count < limits.states; at++) {
        if (at === levelEnds) {
          levelEnds = this.#visited.count;
          if (++depth >= limits.depth) break;
        }
        this.#visited.read(at, this.#state);
        this.#expand(at);
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return this.#result(depth, false, error, this.#pathTo(at));
    }
    return this.#result(depth, at === this.#visited.count, null, []);
  }

  #result(depth: number, closed: boolean, violation: Violation | null, path: readonly number[][]): Found {
    return { states: this.#visited.count, steps: this.steps, depth, closed, violation, path };
  }

  #expand(from: number): void {
    const { bounds, cast } = this.#setting;
    const locals = this.#locals;
    const state = this.#state;
    const slots = this.#slots;
    const mayCrash = crashesOf(this.#setting, locals, state) < bounds.crashes;
    const floor = bounds.reads > 0 ? shownIn(this.#setting, locals, state) : 0;
    for (let slot = 0; slot < slots; slot++) {
      const local = state[slot] as number;
      this.#goAll(from, slot, locals.own(local));
      for (let other = 0; other < slots; other++) {
        if (other !== slot) this.#deliver(from, slot, other);
      }
      if (mayCrash) this.#goAll(from, slot, locals.crashed(local));
      if (bounds.reads > 0 && slot >= cast.scribes) this.#go(from, slot, locals.read(local, floor));
    }
  }

  #deliver(from: number, slot: number, sender: number): void {
    const state = this.#state;
    const outcomes = this.#locals.deliveries(state[slot] as number, state[sender] as number);
    for (let at = 0; at < outcomes.length; at += 2) {
      const outcome = outcomes[at] as number;
      if (outcome < 0) throw this.#locals.violation(outcome);
      this.steps++;
      this.#next.set(state);
      this.#next[slot] = outcome;
      this.#next[sender] = this.#locals.without(state[sender] as number, slot, outcomes[at + 1] as number);
      this.#settle(this.#next);
      this.#meet(from);
    }
  }

  #goAll(from: number, slot: number, outcomes: Int32Array): void {
    for (let at = 0; at < outcomes.length; at++) this.#go(from, slot, outcomes[at] as number);
  }

  #go(from: number, slot: number, outcome: number): void {
    if (outcome === NOTHING) return;
    if (outcome < 0) throw this.#locals.violation(outcome);
    this.steps++;
    this.#next.set(this.#state);
    this.#next[slot] = outcome;
    this.#settle(this.#next);
    this.#meet(from);
  }

  /** Let happen what is not to wait. */
  #settle(state: Int32Array): void {
    const { prompt } = this.#setting.bounds;
    if (prompt !== 'nothing') while (this.#moveOn(state, prompt === 'disks'));
  }

  /** One thing that is not to wait, or false. */
  #moveOn(state: Int32Array, disks: boolean): boolean {
    const locals = this.#locals;
    const { scribes } = this.#setting.cast;
    const move = (slot: number, outcome: number): true => {
      if (outcome < 0) throw locals.violation(outcome);
      state[slot] = outcome;
      return true;
    };
    for (let slot = scribes; slot < this.#slots; slot++) {
      for (let sender = 0; sender < this.#slots; sender++) {
        if (sender === slot) continue;
        const [outcome, place] = locals.deliveries(state[slot] as number, state[sender] as number);
        if (outcome === undefined) continue;
        const rest = locals.without(state[sender] as number, slot, place as number);
        move(slot, outcome);
        state[sender] = rest;
        return true;
      }
    }
    for (let slot = 0; disks && slot < scribes; slot++) {
      const outcome = locals.flushed(state[slot] as number);
      if (outcome !== NOTHING) return move(slot, outcome);
    }
    return false;
  }

  /** `state` after everything that is not to wait; throws the violation that it leads to. */
  settled(state: readonly number[]): readonly number[] {
    const settled = Int32Array.from(state);
    this.#settle(settled);
    return [...settled];
  }

  #meet(from: number): void {
    this.#canonicalise();
    if (!this.#visited.add(this.#canonical, from)) return;
    try {
      this.#promises.check(this.#canonical);
    } catch (error) {
      if (error instanceof Violation) this.#visited.last = this.#visited.count - 1;
      throw error;
    }
  }

  /** The least of all that exchanges make of it. */
  #canonicalise(): void {
    const { renamed } = this.#locals;
    const slots = this.#slots;
    const best = this.#canonical;
    best.set(this.#next);
    for (let exchange = 1; exchange < this.#exchanges.length; exchange++) {
      const table = renamed[exchange] as Int32Array;
      const to = (this.#exchanges[exchange] as Exchange).slots;
      const trial = this.#trial;
      for (let slot = 0; slot < slots; slot++) trial[to[slot] as number] = table[this.#next[slot] as number] as number;
      for (let slot = 0; slot < slots; slot++) {
        const difference = (trial[slot] as number) - (best[slot] as number);
        if (difference > 0) break;
        if (difference < 0) {
          best.set(trial);
          break;
        }
      }
    }
  }

  #pathTo(at: number): number[][] {
    const path: number[][] = [];
    for (let state = this.#visited.last ?? at; state >= 0; state = this.#visited.parent(state)) {
      this.#visited.read(state, this.#trial);
      path.unshift([...this.#trial]);
    }
    return path;
  }

  /** The least of all that exchanges make of `state`: for following a path. */
  canonical(state: readonly number[]): readonly number[] {
    this.#next.set(state);
    this.#canonicalise();
    return [...this.#canonical];
  }
}

export function crashesOf({ cast }: Setting, locals: Locals, state: ArrayLike<number>): number {
  let crashes = 0;
  for (let slot = 0; slot < cast.scribes + cast.workers; slot++)
    crashes += locals.part(state[slot] as number).generation;
  return crashes;
}

export function shownIn({ cast }: Setting, locals: Locals, state: ArrayLike<number>): number {
  let shown = 0;
  for (let slot = cast.scribes; slot < cast.scribes + cast.workers; slot++)
    shown = Math.max(shown, (locals.part(state[slot] as number) as WorkerPart).shown);
  return shown;
}
