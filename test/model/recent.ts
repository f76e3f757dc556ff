/** Rows of numbers that came lately: it forgets many, and never takes one for another. */
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
    const base = this.#width * (hash(row) & (PLACES - 1));
    let column = 0;
    while (column < this.#width && rows[base + column] === row[column]) column++;
    if (column === this.#width) return true;
    rows.set(row, base);
    return false;
  }
}

function hash(row: Int32Array): number {
  let hash = 0x9e3779b9;
  for (let column = 0; column < row.length; column++) {
    hash = Math.imul(hash ^ (row[column] as number), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return Math.imul(hash, 0xc2b2ae35) >>> 1;
}
