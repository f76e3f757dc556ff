/** Numbers by pairs of numbers: what a step looks up most, and more of them than a Map can hold. */
export class Pairs {
  #count = 0;
  #keys = new Int32Array(1 << 13).fill(-1);
  #values = new Int32Array(1 << 12);

  /** -1 when nothing was put there. */
  get(first: number, second: number): number {
    const mask = this.#values.length - 1;
    for (let place = hash(first, second) & mask; ; place = (place + 1) & mask) {
      const key = this.#keys[2 * place] as number;
      if (key === -1) return -1;
      if (key === first && this.#keys[2 * place + 1] === second) return this.#values[place] as number;
    }
  }

  /** Once for each pair. */
  put(first: number, second: number, value: number): void {
    if (2 * ++this.#count > this.#values.length) this.#grow();
    this.#enter(first, second, value);
  }

  #enter(first: number, second: number, value: number): void {
    const mask = this.#values.length - 1;
    let place = hash(first, second) & mask;
    while (this.#keys[2 * place] !== -1) place = (place + 1) & mask;
    this.#keys[2 * place] = first;
    this.#keys[2 * place + 1] = second;
    this.#values[place] = value;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Int32Array(2 * keys.length).fill(-1);
    this.#values = new Int32Array(2 * values.length);
    for (const [place, value] of values.entries()) {
      const first = keys[2 * place] as number;
      if (first !== -1) this.#enter(first, keys[2 * place + 1] as number, value);
    }
  }
}

function hash(first: number, second: number): number {
  let mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
