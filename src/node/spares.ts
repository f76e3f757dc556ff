/**
 * Open connections to workers that are not asked anything for now. Where the next leader will be nobody knows, and making a connection
 * takes longer than an election: so a client keeps one to each worker it was told of, and is there when its leader is gone.
 */
import { systemClock } from '../runtime/clock.ts';
import { random } from '../runtime/random.ts';
import type { Connection } from './connection.ts';

/** Workers beyond these are dialled when they are wanted. */
const MAX_SPARES = 4;
/** When they are first opened, and how long one that cannot be opened is left in peace. */
const FIRST_MILLIS = 100;
const PAUSE_MILLIS = 1_000;
const DIAL_MILLIS = 1_000;

export type Open = (address: string, signal: AbortSignal) => Promise<Connection>;

export class Spares {
  readonly #addresses: readonly string[];
  readonly #open: Open;
  readonly #spares = new Map<string, Connection>();
  #used: string | null = null;
  #cancelOpening: (() => void) | null = null;
  #dialling = new AbortController();
  #closed = false;

  constructor(addresses: readonly string[], open: Open) {
    this.#addresses = addresses.slice(0, MAX_SPARES + 1);
    this.#open = open;
  }

  /** The connection to `address`, no spare any more; undefined: there is none. */
  take(address: string): Connection | undefined {
    const spare = this.#spares.get(address);
    this.#spares.delete(address);
    return spare;
  }

  /** Not asked any more: kept if it may be wanted again, else closed as soon as everything is answered. */
  put(connection: Connection): void {
    const { address } = connection;
    const wanted = !this.#closed && connection.isOpen && this.#addresses.includes(address);
    if (wanted && !this.#spares.has(address)) this.#spares.set(address, connection);
    else if (this.#spares.get(address) !== connection) connection.closeWhenIdle();
  }

  /** This connection ended. */
  ended(connection: Connection): void {
    if (this.#spares.get(connection.address) === connection) this.#spares.delete(connection.address);
    this.#openLater(PAUSE_MILLIS * (0.5 + random()));
  }

  /** Somebody is asked, at this address: the others are to be at hand. */
  standBy(used: string): void {
    this.#used = used;
    this.#openLater(FIRST_MILLIS);
  }

  close(): void {
    this.#end();
    for (const spare of this.#spares.values()) spare.close();
    this.#spares.clear();
  }

  /** As `close`, each once all that it was asked before it became a spare has been answered. */
  closeWhenIdle(): void {
    this.#end();
    for (const spare of this.#spares.values()) spare.closeWhenIdle();
  }

  #end(): void {
    this.#closed = true;
    this.#cancelOpening?.();
    this.#dialling.abort();
  }

  #openLater(millis: number): void {
    if (this.#closed || !this.#lacksAny) return;
    this.#cancelOpening ??= systemClock.setTimer(millis, () => {
      this.#cancelOpening = null;
      void this.#openMissing();
    });
  }

  get #missing(): string[] {
    return this.#addresses.filter((address) => address !== this.#used && !this.#spares.has(address));
  }

  get #lacksAny(): boolean {
    return this.#missing.length > 0;
  }

  async #openMissing(): Promise<void> {
    this.#dialling = new AbortController();
    const dialling = this.#dialling;
    const cancelDialling = systemClock.setTimer(DIAL_MILLIS, () => dialling.abort());
    const opened = this.#missing.map((address) => this.#open(address, dialling.signal));
    for (const result of await Promise.allSettled(opened)) if (result.status === 'fulfilled') this.put(result.value);
    cancelDialling();
    this.#openLater(PAUSE_MILLIS * (0.5 + random()));
  }
}
