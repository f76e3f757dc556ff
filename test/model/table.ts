/** Numbers by two small numbers, the second below a bound: rows side by side in one array that grows. */
export class Table {
  readonly #width: number;
  #cells: Int32Array;

  constructor(width: number) {
    this.#width = width;
    this.#cells = new Int32Array(width << 10).fill(-1);
  }

  /** -1 when nothing was put there. */
  get(row: number, column: number): number {
    return this.#cells[row * this.#width + column] ?? -1;
  }

  put(row: number, column: number, value: number): void {
    while (row * this.#width >= this.#cells.length) {
      const cells = this.#cells;
      this.#cells = new Int32Array(2 * cells.length).fill(-1, cells.length);
      this.#cells.set(cells);
    }
    this.#cells[row * this.#width + column] = value;
  }
}
