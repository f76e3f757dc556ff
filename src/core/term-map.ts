/**
 * The terms of a log without its entries: enough to answer every matching question of the protocol in O(log terms), in
 * memory proportional to the number of terms, not of entries. Keeps: runs ascend in index and in term, cover exactly
 * `(base, tail]`, and two neighbours never have the same term.
 */
import { assert } from './assert.ts';
import type { EntryId, Index, Term } from './types.ts';

export interface TermRun {
  readonly term: Term;
  readonly firstIndex: Index;
}

export class TermMap {
  /** Virtual tail of the dropped prefix; the log holds `(base, tail]`. */
  #base: EntryId;
  #runs: TermRun[] = [];
  #tailIndex: Index;

  constructor(base: EntryId, runs: readonly TermRun[] = [], tailIndex: Index = base.index) {
    this.#base = base;
    this.#runs = [...runs];
    this.#tailIndex = tailIndex;
    assert(runs.length === 0 ? tailIndex === base.index : runs[0]?.firstIndex === base.index + 1, 'runs start at base');
  }

  get base(): EntryId {
    return this.#base;
  }

  get tail(): EntryId {
    return { index: this.#tailIndex, term: this.#runs.at(-1)?.term ?? this.#base.term };
  }

  /** Term of the entry at `index`, or undefined where this log cannot tell (before base, after tail). */
  termAt(index: Index): Term | undefined {
    if (index === this.#base.index) return this.#base.term;
    if (index < this.#base.index || index > this.#tailIndex) return undefined;
    return this.#runs[this.#runAt(index)]?.term;
  }

  /** The identity of the entry at `index`, which must lie in `[base, tail]`. */
  idAt(index: Index): EntryId {
    const term = this.termAt(index);
    assert(term !== undefined, 'index within the log');
    return { index, term };
  }

  /** Whether this log holds exactly that entry. */
  holds(id: EntryId): boolean {
    return this.termAt(id.index) === id.term;
  }

  append(count: number, term: Term): void {
    assert(term >= this.tail.term, 'terms never fall along a log');
    const last = this.#runs.at(-1);
    if (last?.term !== term) this.#runs.push({ term, firstIndex: this.#tailIndex + 1 });
    this.#tailIndex += count;
  }

  /** Forget `[from, tail]`; `from` must be above base. */
  truncateFrom(from: Index): void {
    assert(from > this.#base.index, 'the base is never truncated');
    if (from > this.#tailIndex) return;
    this.#tailIndex = from - 1;
    while (this.#runs.length > 0 && (this.#runs.at(-1) as TermRun).firstIndex >= from) this.#runs.pop();
  }

  /** Forget everything up to and including `index`, which becomes the base. */
  dropThrough(index: Index): void {
    if (index <= this.#base.index) return;
    const base = this.idAt(index);
    const kept = index === this.#tailIndex ? [] : this.#runs.slice(this.#runAt(index + 1));
    this.#runs = kept.map((run, position) => (position === 0 ? { term: run.term, firstIndex: index + 1 } : run));
    this.#base = base;
  }

  /**
   * The highest entry of this log that could equal an entry of a log containing `id`: index and term both not above
   * it. Stepping back to it skips a whole term at a time, so two logs meet in O(terms) exchanges (R18). Never below base.
   */
  hintFor(id: EntryId): EntryId {
    const index = Math.min(id.index, this.#tailIndex);
    if (index <= this.#base.index) return this.#base;
    for (let position = this.#runAt(index); position >= 0; position--) {
      const run = this.#runs[position] as TermRun;
      if (run.term > id.term) continue;
      const next = this.#runs[position + 1];
      return { index: Math.min(index, next === undefined ? this.#tailIndex : next.firstIndex - 1), term: run.term };
    }
    return this.#base;
  }

  /** Position of the run that holds `index`, which must lie in `(base, tail]`. */
  #runAt(index: Index): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#runs[middle] as TermRun).firstIndex <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
