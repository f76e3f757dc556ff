/**
 * Keys, values and when they expire. Deterministic: time is the logged time it is advanced to, never a clock, so stores fed
 * with the same log are equal, down to cursors and versions. A key whose time has come is gone at once, before the next
 * command looks.
 */
import { createHash } from 'node:crypto';
import { ExpiryQueue } from './expiry-queue.ts';
import { KeyOrder } from './key-order.ts';

/** Keys and values are byte strings: one character per byte. */
export interface Stored {
  readonly value: string;
  /** Logged milliseconds at which it is gone; Infinity: never. */
  readonly expiresAt: number;
  /** Its place in the order of keys; the same as long as the key is there. */
  readonly sequence: number;
  /** Index of the entry that changed it last (WATCH). */
  readonly version: number;
}

/**
 * Thrown by a read that meets a key which is gone by the reader's clock but not yet by logged time: the log's clock has to
 * be moved on before it can be answered.
 */
export class ClockBehind extends Error {}

export class Store {
  readonly #stored = new Map<string, Stored>();
  readonly #order = new KeyOrder((key, sequence) => this.#stored.get(key)?.sequence === sequence);
  readonly #expiry = new ExpiryQueue((key, at) => this.#stored.get(key)?.expiresAt === at);
  #expiring = 0;
  #now = 0;

  /** Logged time: the highest it was advanced to. */
  get now(): number {
    return this.#now;
  }

  get size(): number {
    return this.#stored.size;
  }

  /** Keys that expire at some time. */
  get expiring(): number {
    return this.#expiring;
  }

  advance(timestampMillis: number): void {
    if (timestampMillis <= this.#now) return;
    this.#now = timestampMillis;
    for (let first = this.#expiry.first(); first !== undefined && first.at <= this.#now; first = this.#expiry.first()) {
      this.delete(first.key);
    }
  }

  /** Throws ClockBehind when `clock` says that the key is gone. */
  find(key: string, clock: number): Stored | undefined {
    const stored = this.#stored.get(key);
    if (stored !== undefined && stored.expiresAt <= clock) throw new ClockBehind();
    return stored;
  }

  /** As `find`, for a command that looks at all keys. */
  requireCurrent(clock: number): void {
    const first = this.#expiry.first();
    if (first !== undefined && first.at <= clock) throw new ClockBehind();
  }

  /** Set a key. A time that has come already deletes it. */
  put(key: string, value: string, expiresAt: number, version: number): void {
    if (expiresAt <= this.#now) {
      this.delete(key);
      return;
    }
    const before = this.#stored.get(key);
    const sequence = before?.sequence ?? this.#order.add(key, this.#stored.size);
    if (before !== undefined && before.expiresAt !== Number.POSITIVE_INFINITY) this.#expiring--;
    this.#stored.set(key, { value, expiresAt, sequence, version });
    if (expiresAt === Number.POSITIVE_INFINITY) return;
    this.#expiring++;
    if (before?.expiresAt !== expiresAt) this.#expiry.add(key, expiresAt, this.#expiring);
  }

  delete(key: string): boolean {
    const stored = this.#stored.get(key);
    if (stored === undefined) return false;
    if (stored.expiresAt !== Number.POSITIVE_INFINITY) this.#expiring--;
    return this.#stored.delete(key);
  }

  clear(): void {
    this.#stored.clear();
    this.#order.clear();
    this.#expiry.clear();
    this.#expiring = 0;
  }

  /** Keys with their places, from a place on, in order. */
  keysFrom(sequence: number): Iterable<readonly [sequence: number, key: string]> {
    return this.#order.from(sequence);
  }

  /** Index of the entry that changed the key last, 0 when it is not there. */
  versionOf(key: string): number {
    return this.#stored.get(key)?.version ?? 0;
  }

  /** 40 hex digits that differ when anything that can be observed differs. */
  digest(): string {
    const hash = createHash('sha1').update(`${this.#now}`);
    for (const [sequence, key] of this.#order.from(0)) {
      const { value, expiresAt, version } = this.#stored.get(key) as Stored;
      hash.update(`\n${sequence} ${expiresAt} ${version} ${key.length} ${value.length} ${key}${value}`, 'latin1');
    }
    return hash.digest('hex');
  }
}
