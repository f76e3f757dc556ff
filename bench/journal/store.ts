/** What is measured: anything that takes bytes and says when they are on the disk. */
export interface Store {
  /** Resolves when the entry is durable. */
  append(entry: Uint8Array): Promise<unknown>;
  /** Resolves when all are durable. */
  appendBatch(entries: readonly Uint8Array[]): Promise<unknown>;
  close(): Promise<void>;
}

export interface StoreKind {
  readonly name: string;
  /** In an absent or empty directory. */
  open(directory: string): Promise<Store>;
}

/** Thrown by `open` where a store cannot be had; the report says so and goes on. */
export class Unavailable extends Error {}

type Commit = (entries: readonly Uint8Array[]) => Promise<void> | void;
const flatten = (entries: readonly Uint8Array[][]): readonly Uint8Array[] =>
  entries.length === 1 ? (entries[0] as Uint8Array[]) : entries.flat();

/**
 * Group commit by hand around a store that has none: whatever arrives while one commit is under way is the next one. This
 * is what a careful user of such a store writes, so it is what the journal has to be better than.
 */
export class GroupedStore implements Store {
  readonly #commit: Commit;
  readonly #end: () => Promise<void> | void;
  #entries: Uint8Array[][] = [];
  #singles: Uint8Array[] = [];
  #resolvers: (() => void)[] = [];
  #running: Promise<void> | null = null;

  constructor(commit: Commit, end: () => Promise<void> | void) {
    this.#commit = commit;
    this.#end = end;
  }

  append(entry: Uint8Array): Promise<void> {
    this.#singles.push(entry);
    return this.#wait();
  }

  appendBatch(entries: readonly Uint8Array[]): Promise<void> {
    this.#entries.push(entries as Uint8Array[]);
    return this.#wait();
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#end();
  }

  #wait(): Promise<void> {
    this.#running ??= this.#run();
    return new Promise((resolve) => this.#resolvers.push(resolve));
  }

  async #run(): Promise<void> {
    // Lets the turn bring what it has.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    while (this.#resolvers.length > 0) {
      const resolvers = this.#resolvers;
      const entries = this.#singles.length > 0 ? [...this.#entries, this.#singles] : this.#entries;
      this.#resolvers = [];
      this.#singles = [];
      this.#entries = [];
      await this.#commit(flatten(entries));
      for (const resolve of resolvers) resolve();
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    this.#running = null;
  }
}
