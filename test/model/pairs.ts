/** Numbers by pairs of numbers: what a step looks up most, and more of them than a Map can hold. */
const WIDTH = 4; // first, second, value: a place of its own in one line of the cache

export class Pairs {
  #count = 0;
  #places = 1 << 12;
  #entries = new Int32Array(WIDTH * this.#places).fill(-1);

  /** -1 when nothing was put there. */
  get(first: number, second: number): number {
    const entries = this.#entries;
    const mask = this.#places - 1;
    for (let place = hash(first, second) & mask; ; place = (place + 1) & mask) {
      const key = entries[WIDTH * place] as number;
      if (key === -1) return -1;
      if (key === first && entries[WIDTH * place + 1] === second) return entries[WIDTH * place + 2] as number;
    }
  }

  /** Once for each pair. */
  put(first: number, second: number, value: number): void {
    if (2 * ++this.#count > this.#places) this.#grow();
    this.#enter(first, second, value);
  }

  #enter(first: number, second: number, value: number): void {
    const mask = this.#places - 1;
    let place = hash(first, second) & mask;
    while (this.#entries[WIDTH * place] !== -1) place = (place + 1) & mask;
    this.#entries[WIDTH * place] = first;
    this.#entries[WIDTH * place + 1] = second;
    this.#entries[WIDTH * place + 2] = value;
  }

  #grow(): void {
    const entries = this.#entries;
    this.#places *= 2;
    this.#entries = new Int32Array(WIDTH * this.#places).fill(-1);
    for (let at = 0; at < entries.length; at += WIDTH) {
      const first = entries[at] as number;
      if (first !== -1) this.#enter(first, entries[at + 1] as number, entries[at + 2] as number);
    }
  }
}

function hash(first: number, second: number): number {
  let mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
