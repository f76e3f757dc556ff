/**
 * A scribe's log as its machine sees it: terms of everything appended, and how much of that has reached the disk. Persists
 * are numbered 1, 2, 3 … as they are handed to the journal, which completes them in order. Keeps: `durableIndex ≤ tail`, and
 * what lies at or below `durableIndex` survives any crash unless a later truncation says otherwise.
 */
import type { Persist, ScribeStart } from './effects.ts';
import { TermMap } from './term-map.ts';
import type { Batch, EntryId, FoundConfiguration, HardState, Index, LoggedConfiguration } from './types.ts';

export class DurableLog {
  readonly terms: TermMap;
  #persists: Persist[] = [];
  #written = 0;
  #durableWrite = 0;
  #durableIndex: Index;
  /** What the log's end will be once a write completes: one element per append or truncation in flight. */
  #inFlight: { write: number; tailIndex: Index }[] = [];
  #configurations: FoundConfiguration[];
  #truncations = 0;

  constructor(start: ScribeStart) {
    this.terms = new TermMap(start.logStart, start.termRuns, start.tail.index);
    this.#durableIndex = start.tail.index;
    this.#configurations = [...start.configurations];
  }

  get tail(): EntryId {
    return this.terms.tail;
  }

  get durableTail(): EntryId {
    return this.terms.idAt(this.#durableIndex);
  }

  /** Number of the newest persist handed out. */
  get written(): number {
    return this.#written;
  }

  get durableWrite(): number {
    return this.#durableWrite;
  }

  /** Nothing is in flight: what is compared in a vote is what is on the disk (R4). */
  get drained(): boolean {
    return this.#durableWrite === this.#written;
  }

  /** Changes whenever a suffix was dropped: a read that spans a change proves nothing. */
  get truncations(): number {
    return this.#truncations;
  }

  /** The newest configuration in the log that can be read, active from the moment it was appended (§7). */
  get configuration(): LoggedConfiguration | undefined {
    return this.#configurations.findLast((found): found is LoggedConfiguration => found.configuration !== null);
  }

  /** A newer one is there and cannot be read: who is a member is not known (R29). */
  get isConfigurationLost(): boolean {
    return this.#configurations.at(-1)?.configuration === null;
  }

  append(batch: Batch): void {
    this.terms.append(batch.count, batch.term);
    if (batch.configuration !== undefined) {
      const id = { index: batch.firstIndex, term: batch.term };
      this.#configurations.push({ id, configuration: batch.configuration });
    }
    this.#persist({ kind: 'append', batch });
    this.#inFlight.push({ write: this.#written, tailIndex: this.tail.index });
  }

  /** The very batch that stood there can be read again. */
  repaired({ firstIndex, term, configuration }: Batch): void {
    if (configuration === undefined || this.terms.termAt(firstIndex) !== term) return;
    this.#configurations = this.#configurations.map((found) =>
      found.id.index === firstIndex ? { ...found, configuration } : found,
    );
  }

  truncateFrom(from: Index): void {
    this.terms.truncateFrom(from);
    this.#truncations++;
    this.#durableIndex = Math.min(this.#durableIndex, from - 1);
    for (const entry of this.#inFlight) entry.tailIndex = Math.min(entry.tailIndex, from - 1);
    this.#configurations = this.#configurations.filter(({ id }) => id.index < from);
    this.#persist({ kind: 'truncateSuffix', from });
  }

  saveHardState(hardState: HardState): number {
    return this.#persist({ kind: 'hardState', hardState });
  }

  saveCommitHint(commit: EntryId): void {
    this.#persist({ kind: 'commitHint', commit });
  }

  /** The journal reports every persist up to `write` durable. */
  completed(write: number): void {
    this.#durableWrite = Math.max(this.#durableWrite, write);
    let done = 0;
    for (const entry of this.#inFlight) {
      if (entry.write > write) break;
      this.#durableIndex = entry.tailIndex;
      done++;
    }
    this.#inFlight.splice(0, done);
  }

  takePersists(): readonly Persist[] {
    const persists = this.#persists;
    this.#persists = [];
    return persists;
  }

  #persist(persist: Persist): number {
    this.#persists.push(persist);
    return ++this.#written;
  }
}
