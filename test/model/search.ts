/**
 * Breadth first through all states of the whole within the bounds: a state is, for each slot, its body and what it has said. A
 * step changes one body. States that an exchange of names makes equal count once. Every state is held against the promises when it
 * is found. Two things make it small, and both leave every body of every slot reachable that was, because what was said is never
 * taken back and nothing becomes impossible by more having been said:
 * - Letters that leave who hears them as it is are answered at once.
 * - Of states with equal bodies, one that has everything said in it that another has stands for that one as well (`Visited`).
 */
import { Violation } from '../sim/violation.ts';
import { Joined } from './joined.ts';
import type { Moves, MoveTable } from './moves.ts';
import type { Promises } from './promises.ts';
import { Recent } from './recent.ts';
import type { Setting } from './setting.ts';
import { Visited } from './visited.ts';

export interface Found {
  readonly states: number;
  readonly superfluous: number;
  /** Different in their bodies. */
  readonly rows: number;
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
  /** Every state, with nothing left out for being like another one but for names: to compare with. */
  readonly plain?: boolean;
  /** Called after each depth with it and the number of states so far. */
  readonly progress?: (depth: number, states: number) => void;
}

export class Search {
  readonly #setting: Setting;
  readonly #table: MoveTable;
  readonly #promises: Promises;
  readonly #plain: boolean;
  /** By exchange and slot: whose place it gives to that slot. */
  readonly #sources: readonly (readonly number[])[];
  readonly #frontier: Visited | Joined;
  readonly #recent: Recent;
  readonly #slots: number;
  readonly #state: Int32Array;
  readonly #next: Int32Array;
  readonly #canonical: Int32Array;
  readonly #trial: Int32Array;
  steps = 0;

  /** `joined`: what was said in states with equal bodies counts as said in all of them (joined.ts). */
  constructor(setting: Setting, table: MoveTable, promises: Promises, { plain = false, joined = false }) {
    this.#plain = plain;
    this.#setting = setting;
    this.#table = table;
    this.#promises = promises;
    this.#sources = table.bodies.exchanges.map(({ slots }) => slots.map((_, slot) => slots.indexOf(slot)));
    this.#slots = setting.slots;
    this.#frontier = joined ? new Joined(this.#slots, table.said) : new Visited(this.#slots, table.said, plain);
    this.#recent = new Recent(2 * this.#slots);
    this.#state = new Int32Array(2 * this.#slots);
    this.#next = new Int32Array(2 * this.#slots);
    this.#canonical = new Int32Array(2 * this.#slots);
    this.#trial = new Int32Array(2 * this.#slots);
  }

  run(start: readonly number[], limits: Limits): Found {
    const frontier = this.#frontier;
    let at = -1;
    let depth = 0;
    let violation: Violation | null = null;
    try {
      this.#next.set(this.answered(start));
      this.#meet(-1, 0);
      for (;;) {
        at = frontier.take(this.#state);
        if (at === -1 || frontier.count >= limits.states) break;
        if (frontier.depth > depth) {
          limits.progress?.(depth, frontier.count);
          depth = frontier.depth;
          if (depth >= limits.depth) break;
        }
        if (frontier instanceof Joined) this.#answerJoined(frontier, at);
        this.#expand(at);
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      violation = error;
    }
    const { count, superfluous, bodies } = frontier;
    const closed = at === -1 && violation === null;
    const path = violation === null ? [] : frontier.path(at);
    return { states: count, superfluous, rows: bodies.count, steps: this.steps, depth, closed, violation, path };
  }

  /** What was said in different states may be answered in one now. */
  #answerJoined(joined: Joined, row: number): void {
    for (let slot = 0; slot < this.#slots; slot++) this.#answer(this.#state, slot);
    joined.keep(row, this.#state);
  }

  #expand(from: number): void {
    const { bounds, cast } = this.#setting;
    const table = this.#table;
    const state = this.#state;
    const slots = this.#slots;
    const mayCrash = crashesOf(table, state, slots) < bounds.crashes;
    const floor = bounds.reads > 0 ? shownIn(this.#setting, table, state) : 0;
    for (let slot = 0; slot < slots; slot++) {
      const body = state[slot] as number;
      this.#goAll(from, slot, table.own(body));
      for (let other = 0; other < slots; other++) {
        if (other === slot) continue;
        const { moves, counts, decisions, answers } = table.hears(body, state[slots + other] as number);
        this.#goAll(from, slot, moves);
        this.#goAll(from, slot, decisions);
        if (this.#plain) {
          this.#goAll(from, slot, counts);
          this.#go(from, slot, body, answers);
        }
      }
      if (mayCrash && (bounds.crashing ?? table.bodies.kind(body)) === table.bodies.kind(body))
        this.#goAll(from, slot, table.crashes(body));
      if (slot < cast.scribes) continue;
      if (!this.#plain) this.#count(from, slot, body, floor);
      if (bounds.reads > 0) this.#goAll(from, slot, table.reads(body, floor));
    }
  }

  /**
   * Answers are counted in one go, when the last one decides: what was said may as well be heard later, and to count it
   * is to say and to show nothing. What a leader has counted also tells in whatever else it does next.
   */
  #count(from: number, slot: number, body: number, floor: number, counted = new Set([body])): void {
    const slots = this.#slots;
    const table = this.#table;
    for (let other = 0; other < slots; other++) {
      if (other === slot) continue;
      const { counts } = table.hears(body, this.#state[slots + other] as number);
      for (let at = 0; at < counts.length; at += 2) {
        const next = counts[at] as number;
        if (counted.size === counted.add(next).size) continue;
        const isLeader = table.bodies.leads(next);
        for (let another = 0; another < slots; another++) {
          if (another === slot) continue;
          const { moves, decisions } = table.hears(next, this.#state[slots + another] as number);
          this.#goAll(from, slot, decisions);
          if (isLeader) this.#goAll(from, slot, moves);
        }
        if (isLeader) {
          this.#goAll(from, slot, table.own(next));
          if (this.#setting.bounds.reads > 0) this.#goAll(from, slot, table.reads(next, floor));
        }
        this.#count(from, slot, next, floor, counted);
      }
    }
  }

  #goAll(from: number, slot: number, moves: Moves): void {
    for (let at = 0; at < moves.length; at += 2) {
      const body = moves[at] as number;
      if (body < 0) throw this.#table.violation(body);
      this.#go(from, slot, body, moves[at + 1] as number);
    }
  }

  #go(from: number, slot: number, body: number, letters: number): void {
    this.steps++;
    this.#next.set(this.#state);
    this.#next[slot] = body;
    const place = this.#slots + slot;
    this.#next[place] = this.#table.said.union(this.#next[place] as number, letters);
    this.#meet(from, slot);
  }

  /**
   * Let everybody answer what leaves them as they are, and forget what can do nothing any more. `moved`: the slot that is not
   * as it was when this was done last.
   */
  #answer(state: Int32Array, moved: number): void {
    const slots = this.#slots;
    state[slots + moved] = this.#saidBy(state, moved);
    for (let quiet = 0, slot = moved, news = moved; quiet < slots; ) {
      slot = (slot + 1) % slots;
      quiet++;
      const before = state[slots + slot] as number;
      if (slot !== moved && news === moved && !this.#isNews(state, slot, moved)) continue;
      const after = this.#saidBy(state, slot);
      if (after === before) continue;
      state[slots + slot] = after;
      news = slot;
      quiet = 0;
    }
  }

  /** Whether what `moved` is and has said makes a difference to what has been said in `slot`. */
  #isNews(state: Int32Array, slot: number, moved: number): boolean {
    const table = this.#table;
    const set = state[this.#slots + slot] as number;
    if (table.kept(state[moved] as number, set) !== set) return true;
    const { answers } = table.hears(state[slot] as number, state[this.#slots + moved] as number);
    return table.said.union(set, table.kept(state[moved] as number, answers)) !== set;
  }

  #saidBy(state: Int32Array, slot: number): number {
    const table = this.#table;
    const slots = this.#slots;
    const body = state[slot] as number;
    let all = state[slots + slot] as number;
    for (let other = 0; other < slots; other++) {
      if (other !== slot) all = table.said.union(all, table.hears(body, state[slots + other] as number).answers);
    }
    all = table.standing(body, all);
    for (let other = 0; other < slots; other++) if (other !== slot) all = table.kept(state[other] as number, all);
    return all;
  }

  /** `state` after everything that is answered at once. */
  answered(state: readonly number[]): readonly number[] {
    const answered = Int32Array.from(state);
    for (let slot = 0; slot < this.#slots && !this.#plain; slot++) this.#answer(answered, slot);
    return [...answered];
  }

  #meet(from: number, moved: number): void {
    if (!this.#plain) {
      // Two of three steps lead where another order of the same steps has just led.
      if (this.#recent.meet(this.#next)) return;
      this.#answer(this.#next, moved);
    }
    this.#canonicalise();
    if (!this.#frontier.add(this.#canonical, from)) return;
    try {
      this.#promises.check(this.#canonical);
    } catch (error) {
      if (error instanceof Violation) this.#frontier.last = this.#frontier.count - 1;
      throw error;
    }
  }

  /** The least of all that exchanges make of it. */
  #canonicalise(): void {
    this.#canonical.set(this.#next);
    for (let exchange = 1; exchange < this.#sources.length; exchange++) {
      if (this.#isLess(exchange)) this.#canonical.set(this.#trial);
    }
  }

  /** Whether what this exchange makes of it, then in `#trial`, is less than the least so far. */
  #isLess(exchange: number): boolean {
    const { bodies, said } = this.#table;
    const sources = this.#sources[exchange] as readonly number[];
    const slots = this.#slots;
    let order = 0;
    for (let column = 0; column < 2 * slots; column++) {
      const value =
        column < slots
          ? bodies.renamed(this.#next[sources[column] as number] as number, exchange)
          : said.renamed(this.#next[slots + (sources[column - slots] as number)] as number, exchange);
      if (order === 0) order = value - (this.#canonical[column] as number);
      if (order > 0) return false;
      this.#trial[column] = value;
    }
    return order < 0;
  }

  /** The least of all that exchanges make of `state`: for following a path. */
  canonical(state: readonly number[]): readonly number[] {
    this.#next.set(state);
    this.#canonicalise();
    return [...this.#canonical];
  }
}

export function crashesOf({ bodies }: MoveTable, state: ArrayLike<number>, slots: number): number {
  let crashes = 0;
  for (let slot = 0; slot < slots; slot++) crashes += bodies.part(state[slot] as number).generation;
  return crashes;
}

export function shownIn({ cast, slots }: Setting, { bodies }: MoveTable, state: ArrayLike<number>): number {
  let shown = 0;
  for (let slot = cast.scribes; slot < slots; slot++) {
    const part = bodies.part(state[slot] as number);
    if (part.kind === 'worker') shown = Math.max(shown, part.shown);
  }
  return shown;
}
