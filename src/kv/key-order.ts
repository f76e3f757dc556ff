/**
 * The keys in the order they came to be, each under a number that is never given twice. A SCAN cursor is such a number: a
 * key that stays keeps its number, so a scan from number to number meets every key that was there throughout. Deleted keys
 * are left in place and dropped in bulk; whether a key is still there under a number is asked of the owner.
 */
const SLACK = 1024;

export class KeyOrder {
  readonly #isLive: (key: string, sequence: number) => boolean;
  #keys: string[] = [];
  #sequences: number[] = [];
  #next = 1;

  constructor(isLive: (key: string, sequence: number) => boolean) {
    this.#isLive = isLive;
  }

  /** A number for a new key; `live` is how many keys there are. */
  add(key: string, live: number): number {
    if (this.#keys.length > 2 * live + SLACK) this.#compact();
    const sequence = this.#next++;
    this.#keys.push(key);
    this.#sequences.push(sequence);
    return sequence;
  }

  /** Live keys with a number of at least `from`, in order. */
  *from(from: number): Generator<readonly [sequence: number, key: string], void, undefined> {
    for (let position = this.#positionOf(from); position < this.#keys.length; position++) {
      const key = this.#keys[position] as string;
      const sequence = this.#sequences[position] as number;
      if (this.#isLive(key, sequence)) yield [sequence, key];
    }
  }

  /** Numbers go on where they were: an old cursor must not meet new keys under old numbers. */
  clear(): void {
    this.#keys = [];
    this.#sequences = [];
  }

  /** Position of the first number that is at least `sequence`. */
  #positionOf(sequence: number): number {
    let low = 0;
    let high = this.#sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sequences[middle] as number) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compact(): void {
    const kept = [...this.from(0)];
    this.#keys = kept.map(([, key]) => key);
    this.#sequences = kept.map(([sequence]) => sequence);
  }
}
