/** Rows of numbers, each once, numbered in the order they came. Exact: a row is compared in full, not by a hash. */
import { hashOf, larger } from './rows.ts';

export class Tuples {
  count = 0;
  readonly #width: number;
  #rows: Int32Array;
  #table = new Int32Array(1 << 14);

  constructor(width: number) {
    this.#width = width;
    this.#rows = new Int32Array(width << 12);
  }

  /** The number of the row that starts at the front of `row`. */
  enter(row: Int32Array): number {
    const mask = this.#table.length - 1;
    for (let place = hashOf(row, 0, this.#width) & mask; ; place = (place + 1) & mask) {
      const entry = this.#table[place] as number;
      if (entry === 0) break;
      if (this.#isAt(entry - 1, row)) return entry - 1;
    }
    if ((this.count + 1) * this.#width > this.#rows.length) this.#rows = larger(this.#rows, this.#width);
    if (2 * this.count > this.#table.length) this.#spread();
    for (let column = 0; column < this.#width; column++)
      this.#rows[this.count * this.#width + column] = row[column] as number;
    this.#place(this.count);
    return this.count++;
  }

  read(at: number, into: Int32Array): void {
    for (let column = 0; column < this.#width; column++) into[column] = this.#rows[at * this.#width + column] as number;
  }

  #isAt(at: number, row: Int32Array): boolean {
    const base = at * this.#width;
    for (let column = 0; column < this.#width; column++) if (this.#rows[base + column] !== row[column]) return false;
    return true;
  }

  #place(at: number): void {
    const mask = this.#table.length - 1;
    let place = hashOf(this.#rows, at * this.#width, this.#width) & mask;
    while (this.#table[place] !== 0) place = (place + 1) & mask;
    this.#table[place] = at + 1;
  }

  #spread(): void {
    this.#table = new Int32Array(2 * this.#table.length);
    for (let at = 0; at < this.count; at++) this.#place(at);
  }
}
