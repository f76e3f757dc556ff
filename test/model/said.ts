/**
 * What a slot has said: sets of letters, one number for equal ones. A letter that was said may arrive at any later time, any number
 * of times or never, so sets only grow, and the order and the fate of what is under way need no states of their own.
 */
import type { Letters } from './letters.ts';
import type { Exchange } from './names.ts';
import { Pairs } from './pairs.ts';
import { Table } from './table.ts';

/** Nothing said. */
export const SILENCE = 0;

export class Said {
  readonly post: Letters;
  readonly #exchanges: readonly Exchange[];
  readonly #all: (readonly number[])[] = [];
  readonly #byText = new Map<string, number>();
  /** By set and slot, and by set and exchange. */
  readonly #to: Table;
  readonly #renamed: Table;
  readonly #unions = new Pairs();
  readonly #within = new Pairs();

  constructor(letters: Letters, exchanges: readonly Exchange[]) {
    this.post = letters;
    this.#exchanges = exchanges;
    this.#to = new Table((exchanges[0] as Exchange).slots.length);
    this.#renamed = new Table(exchanges.length);
    this.enter([]);
  }

  get count(): number {
    return this.#all.length;
  }

  enter(letters: readonly number[]): number {
    const sorted = [...new Set(letters)].sort((left, right) => left - right);
    const text = sorted.join();
    let set = this.#byText.get(text);
    if (set === undefined) {
      set = this.#all.length;
      this.#all.push(sorted);
      this.#byText.set(text, set);
    }
    return set;
  }

  letters(set: number): readonly number[] {
    return this.#all[set] as readonly number[];
  }

  /** What of it is meant for one slot. */
  to(set: number, slot: number): number {
    let to = this.#to.get(set, slot);
    if (to === -1) {
      to = this.enter(this.letters(set).filter((letter) => this.post.at(letter).toSlot === slot));
      this.#to.put(set, slot, to);
    }
    return to;
  }

  union(set: number, more: number): number {
    if (more === SILENCE || set === more) return set;
    let union = this.#unions.get(set, more);
    if (union === -1) {
      union = this.enter([...this.letters(set), ...this.letters(more)]);
      this.#unions.put(set, more, union);
    }
    return union;
  }

  /** Whether everything in `less` is in `more`. */
  isWithin(less: number, more: number): boolean {
    if (less === more || less === SILENCE) return true;
    let within = this.#within.get(less, more);
    if (within === -1) {
      const all = new Set(this.letters(more));
      within = this.letters(less).every((letter) => all.has(letter)) ? 1 : 0;
      this.#within.put(less, more, within);
    }
    return within === 1;
  }

  renamed(set: number, place: number): number {
    let renamed = this.#renamed.get(set, place);
    if (renamed === -1) {
      const exchange = this.#exchanges[place] as Exchange;
      renamed = this.enter(this.letters(set).map((letter) => this.post.renamed(letter, exchange, place)));
      this.#renamed.put(set, place, renamed);
    }
    return renamed;
  }
}
