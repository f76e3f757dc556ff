/** Rows of numbers that came lately: it forgets many, and never takes one for another. */
import { hashOf } from './rows.ts';

const PLACES = 1 << 20;

export class Recent {
  readonly #width: number;
  readonly #rows: Int32Array;

  constructor(width: number) {
    this.#width = width;
    this.#rows = new Int32Array(width * PLACES).fill(-1);
  }

  /** Whether this row is remembered; from now on it is. */
  meet(row: Int32Array): boolean {
    const rows = this.#rows;
    const base = this.#width * (hashOf(row, 0, this.#width) & (PLACES - 1));
    let column = 0;
    while (column < this.#width && rows[base + column] === row[column]) column++;
    if (column === this.#width) return true;
    rows.set(row, base);
    return false;
  }
}
