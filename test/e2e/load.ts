/**
 * Clients that write and read all the time and write down what they were told. Keys come in generations: a fault falls into
 * the life of a generation and not between two, yet no key's history grows without bound. Every third write goes to a key
 * of its own that nothing touches again until the end: it must still be there when everything is over.
 */
import { EventEmitter, once } from 'node:events';
import type { Action, Operation } from '../linearizability/history.ts';
import { Recorder } from '../linearizability/recorder.ts';
import type { Random } from '../random.ts';
import type { Said, StoreAccess } from './store-access.ts';

const KEYS_OF_A_KIND = 3;
const MIN_DEADLINE_MILLIS = 50;
const MAX_DEADLINE_MILLIS = 3_000;
/** Reads of the final state that may be tried again before the state counts as unreadable. */
const FINAL_ATTEMPTS = 20;

export interface LoadCounts {
  readonly acknowledgedWrites: number;
  readonly answeredReads: number;
  readonly unknown: number;
  readonly notExecuted: number;
  /** Writes on keys of their own that were acknowledged. */
  readonly kept: number;
}

type Writable = { -readonly [field in keyof LoadCounts]: LoadCounts[field] };

export class Load {
  readonly counts: Writable = { acknowledgedWrites: 0, answeredReads: 0, unknown: 0, notExecuted: 0, kept: 0 };
  /** How often each error was seen. */
  readonly errors = new Map<string, number>();
  readonly #recorder = new Recorder();
  readonly #random: Random;
  readonly #accesses: readonly StoreAccess[];
  readonly #events = new EventEmitter();
  readonly #keys = new Set<string>();
  #clients: Promise<unknown> = Promise.resolve();
  #generation = 0;
  #serial = 0;
  #stopped = false;

  constructor(accesses: readonly StoreAccess[], random: Random) {
    this.#accesses = accesses;
    this.#random = random;
  }

  start(): void {
    const clients = this.#accesses.map((access, position) => this.#client(`client${position}`, access));
    this.#clients = Promise.all(clients);
    this.#clients.catch((error: unknown) => this.#events.emit('error', error));
  }

  /** From here on other keys are used. */
  nextGeneration(): void {
    this.#generation += 1;
  }

  /** Resolves when `count` more writes were acknowledged; rejects when a client was told something it cannot be told. */
  async moreWrites(count: number): Promise<void> {
    const target = this.counts.acknowledgedWrites + count;
    while (this.counts.acknowledgedWrites < target) await once(this.#events, 'write');
  }

  /** Stops the clients, reads every key once more, and resolves to everything that happened. */
  async finish(): Promise<Operation[]> {
    this.#stopped = true;
    await this.#clients;
    const [reader] = this.#accesses as [StoreAccess];
    for (const key of this.#keys) await this.#readFinally(reader, key);
    await Promise.all(this.#accesses.map((access) => access.close()));
    return this.#recorder.history();
  }

  /** A test that fails before `finish` must not be kept from ending. */
  [Symbol.dispose](): void {
    this.#stopped = true;
    for (const access of this.#accesses) void access.close();
  }

  async #client(name: string, access: StoreAccess): Promise<void> {
    const random = this.#random.fork();
    while (!this.#stopped) {
      await access.ready();
      const { key, action } = this.#choose(name, random);
      await this.#perform(name, access, key, action, random.integer(MIN_DEADLINE_MILLIS, MAX_DEADLINE_MILLIS));
    }
  }

  /** One call, recorded with the outcome the system claims for it. */
  async #perform(name: string, access: StoreAccess, key: string, action: Action, deadline: number): Promise<Said> {
    this.#keys.add(key);
    const pending = this.#recorder.start(name, key, action);
    const said = await access.call(key, action, deadline);
    if (said.kind === 'answered') {
      this.#recorder.answered(pending, said.result);
      this.#countAnswer(key, action);
    } else {
      this.#recorder.failed(pending, said.kind);
      this.counts[said.kind === 'unknown' ? 'unknown' : 'notExecuted'] += 1;
      this.errors.set(said.why, (this.errors.get(said.why) ?? 0) + 1);
    }
    return said;
  }

  #countAnswer(key: string, action: Action): void {
    if (action.kind === 'get') {
      this.counts.answeredReads += 1;
      return;
    }
    this.counts.acknowledgedWrites += 1;
    if (key.startsWith('kept:')) this.counts.kept += 1;
    this.#events.emit('write');
  }

  #choose(name: string, random: Random): { readonly key: string; readonly action: Action } {
    this.#serial += 1;
    const value = `${this.#serial}`;
    const place = `${this.#generation}:${random.integer(0, KEYS_OF_A_KIND)}`;
    const get: Action = { kind: 'get' };
    const kind = random.pick(['kept', 'register', 'counter', 'text'] as const);
    const reads = random.chance(0.4);
    switch (kind) {
      case 'kept':
        return { key: `kept:${name}:${value}`, action: { kind: 'set', value } };
      case 'register': {
        const write = random.pick<Action>([
          { kind: 'set', value },
          { kind: 'compareAndSet', expected: undefined, value },
          { kind: 'delete' },
        ]);
        return { key: `register:${place}`, action: reads ? get : write };
      }
      case 'counter':
        return { key: `counter:${place}`, action: reads ? get : { kind: 'increment', by: random.integer(1, 5) } };
      case 'text':
        return { key: `text:${place}`, action: reads ? get : { kind: 'append', text: `${value},` } };
    }
  }

  async #readFinally(access: StoreAccess, key: string): Promise<void> {
    for (let attempt = 0; attempt < FINAL_ATTEMPTS; attempt += 1) {
      await access.ready();
      const said = await this.#perform('reader', access, key, { kind: 'get' }, MAX_DEADLINE_MILLIS);
      if (said.kind === 'answered') return;
    }
    throw new Error(`${key} cannot be read`);
  }
}
