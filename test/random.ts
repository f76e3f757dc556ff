/**
 * Random numbers for tests: small, fast, seeded, the same on every machine. Never for production; a test that uses it
 * prints its seed when it fails.
 */

/** sfc32 (Chris Doty-Humphrey's Small Fast Counter), seeded from one integer. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    this.#c = 0x9e3779b9;
    for (let round = 0; round < 15; round++) this.next();
  }

  /** Uniform in [0, 1). */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  /** Uniform integer in [from, to). */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new Error('nothing to pick from');
    return items[this.integer(0, items.length)] as Item;
  }

  /** A random subset, each item kept with the probability given. */
  subset<Item>(items: readonly Item[], probability: number): Item[] {
    return items.filter(() => this.chance(probability));
  }

  /** Many values near `low`, a few up to `high`: how delays look. */
  skewed(low: number, high: number): number {
    return low + (high - low) * this.next() ** 4;
  }

  /** 128 bits as 32 hex digits. */
  hex128(): string {
    let text = '';
    for (let word = 0; word < 4; word++)
      text += this.integer(0, 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return text;
  }

  /** An independent stream, so that one consumer's draws never shift another's. */
  fork(): Random {
    return new Random(this.integer(0, 2 ** 32) + this.integer(0, 2 ** 20) * 2 ** 32);
  }
}
