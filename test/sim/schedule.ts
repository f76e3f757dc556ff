/**
 * Virtual time: a heap of things to do, ordered by time and, at one time, by when they were asked for. Nothing else in the
 * simulator decides order, so a seed always replays.
 */

interface Item {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const before = (left: Item, right: Item): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order);

export class Schedule {
  /** Milliseconds since the world began. */
  now = 0;
  #heap: Item[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  at(time: number, run: () => void): void {
    const item = { at: Math.max(time, this.now), order: this.#order++, run };
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(item);
    while (hole > 0) {
      const parent = (hole - 1) >>> 1;
      if (!before(item, heap[parent] as Item)) break;
      heap[hole] = heap[parent] as Item;
      hole = parent;
    }
    heap[hole] = item;
  }

  after(delay: number, run: () => void): void {
    this.at(this.now + delay, run);
  }

  /** Run the next thing, or answer false when it lies at or after `until` (time then stands at `until`). */
  runNext(until: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.at >= until) {
      this.now = Math.max(this.now, until);
      return false;
    }
    this.#removeFirst();
    this.now = first.at;
    first.run();
    return true;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Item;
    if (heap.length === 0) return;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Item, heap[child] as Item)) child++;
      if (!before(heap[child] as Item, last)) break;
      heap[hole] = heap[child] as Item;
      hole = child;
    }
    heap[hole] = last;
  }
}
