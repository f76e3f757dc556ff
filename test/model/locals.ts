/**
 * The states that single slots can be in with the letters they have under way, one number for equal ones: a state of the whole
 * is one of these numbers for each slot. A letter that is delivered is under way no more.
 */
import type { PeerKey } from '../../src/core/messages.ts';
import { Violation } from '../sim/violation.ts';
import type { Bodies, Outcome, Part } from './bodies.ts';
import type { Setting } from './setting.ts';

interface Local {
  readonly body: number;
  readonly set: number;
  own: Int32Array | null;
  crashed: Int32Array | null;
  readonly read: Map<number, number>;
  readonly without: Map<number, number>;
}

/** Letters under way, those of one link in the order sent; and, by slot, the number of the list of those to it. */
interface LetterSet {
  readonly letters: readonly number[];
  readonly to: readonly number[];
}

/** In place of a local state: the violation of that number. */
const violationAt = (number: number): number => -2 - number;
export const NOTHING = -1;

export class Locals {
  readonly violations: Violation[] = [];
  readonly bodies: Bodies;
  /** By exchange and local state: what the exchange makes of it. */
  readonly renamed: Int32Array[];
  readonly #setting: Setting;
  readonly #all: Local[] = [];
  readonly #byPair = new Map<number, number>();
  /** Letters under way, one number for equal ones. */
  readonly #sets: LetterSet[] = [];
  readonly #setsByText = new Map<string, number>();
  readonly #subsets = new Map<string, number>();
  readonly #subsetItems: (readonly number[])[] = [];
  readonly #deliveries = new Map<number, Int32Array>();

  constructor(setting: Setting, bodies: Bodies) {
    this.#setting = setting;
    this.bodies = bodies;
    this.renamed = bodies.exchanges.map(() => new Int32Array(1 << 12));
  }

  get count(): number {
    return this.#all.length;
  }

  body(local: number): number {
    return (this.#all[local] as Local).body;
  }

  part(local: number): Part {
    return this.bodies.part(this.body(local));
  }

  violation(outcome: number): Violation {
    return this.violations[-2 - outcome] as Violation;
  }

  enter(body: number, letters: readonly number[]): number {
    const set = this.#setOf(letters);
    const known = this.#byPair.get(body * 2 ** 26 + set);
    if (known !== undefined) return known;
    const { exchanges } = this.bodies;
    const orbit = exchanges.map((exchange, at) => {
      if (at === 0) return this.#add(body, set);
      const renamed = letters.map((letter) => this.#setting.letters.renamed(letter, exchange, at));
      return this.#add(this.bodies.renamed(body, at), this.#setOf(renamed));
    });
    for (const [first, local] of orbit.entries()) {
      for (const [second, table] of this.renamed.entries())
        table[local] = orbit[this.bodies.composed(second, first)] as number;
    }
    return orbit[0] as number;
  }

  #add(body: number, set: number): number {
    const key = body * 2 ** 26 + set;
    const known = this.#byPair.get(key);
    if (known !== undefined) return known;
    const local = this.#all.length;
    this.#byPair.set(key, local);
    this.#all.push({ body, set, own: null, crashed: null, read: new Map(), without: new Map() });
    if (local >= (this.renamed[0] as Int32Array).length) {
      for (const [at, table] of this.renamed.entries()) {
        const larger = new Int32Array(2 * table.length);
        larger.set(table);
        this.renamed[at] = larger;
      }
    }
    return local;
  }

  #setOf(unsorted: readonly number[]): number {
    const post = this.#setting.letters;
    const letters = [...unsorted].sort((left, right) => post.at(left).link - post.at(right).link);
    const text = letters.join();
    const known = this.#setsByText.get(text);
    if (known !== undefined) return known;
    const to: number[] = [];
    for (let slot = 0; slot < this.#setting.slots; slot++) {
      const subset = letters.filter((letter) => this.#setting.letters.at(letter).toSlot === slot);
      const name = subset.join();
      let number = this.#subsets.get(name);
      if (number === undefined) {
        number = this.#subsetItems.length;
        this.#subsets.set(name, number);
        this.#subsetItems.push(subset);
      }
      to.push(number);
    }
    this.#sets.push({ letters, to });
    this.#setsByText.set(text, this.#sets.length - 1);
    return this.#sets.length - 1;
  }

  letters(local: number): readonly number[] {
    return this.#sets[(this.#all[local] as Local).set]?.letters as readonly number[];
  }

  /** What the letters of `sender` make of `receiver`: its next local state and the letter, by turns. */
  deliveries(receiver: number, sender: number): Int32Array {
    const { body } = this.#all[receiver] as Local;
    const slot = this.bodies.slot(body);
    const subset = this.#sets[(this.#all[sender] as Local).set]?.to[slot] as number;
    const key = receiver * 2 ** 26 + subset;
    let found = this.#deliveries.get(key);
    if (found === undefined) {
      const results: number[] = [];
      const closed = new Set<PeerKey>();
      for (const [at, letter] of (this.#subsetItems[subset] as readonly number[]).entries()) {
        const { from } = this.#setting.letters.at(letter);
        if (closed.has(from)) continue;
        const next = this.#next(receiver, this.bodies.deliver(body, letter));
        if (next === NOTHING) continue;
        results.push(next, at);
        if (!this.#setting.bounds.lossy) closed.add(from);
      }
      found = Int32Array.from(results);
      this.#deliveries.set(key, found);
    }
    return found;
  }

  /** After the letter at this place among those to `slot` has arrived; those before it on the same link are lost or were ignored. */
  without(local: number, slot: number, place: number): number {
    const { without, body, set } = this.#all[local] as Local;
    const key = slot * 1024 + place;
    let rest = without.get(key);
    if (rest === undefined) {
      const { letters, to } = this.#sets[set] as LetterSet;
      const { letters: post } = this.#setting;
      const arrived = this.#subsetItems[to[slot] as number]?.[place] as number;
      const { from } = post.at(arrived);
      let before = 0;
      rest = this.enter(
        body,
        letters.filter(
          (letter) => post.at(letter).toSlot !== slot || before++ > place || post.at(letter).from !== from,
        ),
      );
      without.set(key, rest);
    }
    return rest;
  }

  own(local: number): Int32Array {
    const entry = this.#all[local] as Local;
    entry.own ??= this.#follow(local, this.bodies.own(entry.body));
    return entry.own;
  }

  /** What its disk completing makes of a scribe. */
  flushed(local: number): number {
    return this.#next(local, this.bodies.flushed(this.body(local)));
  }

  crashed(local: number): Int32Array {
    const entry = this.#all[local] as Local;
    entry.crashed ??= this.#follow(local, this.bodies.crashed(entry.body));
    return entry.crashed;
  }

  read(local: number, floor: number): number {
    const { read, body } = this.#all[local] as Local;
    let next = read.get(floor);
    if (next === undefined) {
      next = this.#next(local, this.bodies.read(body, floor));
      read.set(floor, next);
    }
    return next;
  }

  /** What happens in a slot without a letter, one by one, for telling of it. */
  events(local: number, mayCrash: boolean, floor: number): readonly { readonly what: string; readonly next: number }[] {
    const body = this.body(local);
    const read = this.bodies.read(body, floor);
    const outcomes = [...this.bodies.own(body), ...(mayCrash ? this.bodies.crashed(body) : [])];
    if (read !== null) outcomes.push(read);
    return outcomes
      .map((outcome) => ({
        what: outcome instanceof Violation ? `breaks ${outcome.message}` : outcome.what,
        next: this.#next(local, outcome),
      }))
      .filter(({ next }) => next !== NOTHING);
  }

  whatArrives(sender: number, slot: number, place: number): string {
    const { to } = this.#sets[(this.#all[sender] as Local).set] as LetterSet;
    const letter = this.#subsetItems[to[slot] as number]?.[place] as number;
    return this.#setting.letters.describe(letter);
  }

  #follow(local: number, outcomes: readonly Outcome[]): Int32Array {
    return Int32Array.from(outcomes.map((outcome) => this.#next(local, outcome)).filter((next) => next !== NOTHING));
  }

  /** The local state that an event leads to. */
  #next(local: number, outcome: Outcome | null): number {
    if (outcome === null) return NOTHING;
    if (outcome instanceof Violation) {
      this.violations.push(outcome);
      return violationAt(this.violations.length - 1);
    }
    const { set } = this.#all[local] as Local;
    const before = this.#sets[set]?.letters as readonly number[];
    const next = this.enter(outcome.body, this.#sentAfter(before, outcome.letters));
    return next === local ? NOTHING : next;
  }

  /** A letter that would only repeat the last one on its link is not sent. */
  #sentAfter(before: readonly number[], sent: readonly number[]): readonly number[] {
    const { letters } = this.#setting;
    const all = [...before];
    for (const letter of sent) {
      const last = all.findLast((each) => letters.at(each).link === letters.at(letter).link);
      if (last !== letter) all.push(letter);
    }
    return all;
  }
}
