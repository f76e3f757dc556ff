/**
 * Which keys expire when: a binary heap by time. A time that was changed or a key that was deleted leaves a stale place
 * behind; whether a place is current is asked of the owner, and stale ones are dropped in bulk before they outnumber the
 * others.
 */
interface Place {
  readonly at: number;
  readonly key: string;
}

const SLACK = 1024;

export class ExpiryQueue {
  readonly #isCurrent: (key: string, at: number) => boolean;
  #heap: Place[] = [];

  constructor(isCurrent: (key: string, at: number) => boolean) {
    this.#isCurrent = isCurrent;
  }

  /** Note that `key` expires at `at`; `current` is how many keys expire at all. */
  add(key: string, at: number, current: number): void {
    if (this.#heap.length > 2 * current + SLACK) this.#dropStale();
    this.#heap.push({ at, key });
    this.#rise(this.#heap.length - 1);
  }

  /** The key that expires first, or undefined. */
  first(): Place | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#isCurrent(top.key, top.at)) return top;
      this.#removeFirst();
    }
    return undefined;
  }

  clear(): void {
    this.#heap = [];
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #dropStale(): void {
    this.#heap = this.#heap.filter(({ key, at }) => this.#isCurrent(key, at));
    for (let position = (this.#heap.length >>> 1) - 1; position >= 0; position--) this.#sink(position);
  }

  #rise(start: number): void {
    const heap = this.#heap;
    let position = start;
    const place = heap[position] as Place;
    while (position > 0) {
      const parent = (position - 1) >>> 1;
      if ((heap[parent] as Place).at <= place.at) break;
      heap[position] = heap[parent] as Place;
      position = parent;
    }
    heap[position] = place;
  }

  #sink(start: number): void {
    const heap = this.#heap;
    let position = start;
    const place = heap[position] as Place;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Place).at < (heap[child] as Place).at) child++;
      if ((heap[child] as Place).at >= place.at) break;
      heap[position] = heap[child] as Place;
      position = child;
    }
    heap[position] = place;
  }
}
