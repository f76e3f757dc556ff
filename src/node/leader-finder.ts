/**
 * Knows the connection to the worker that is believed to lead: goes where refusals point, else to the next first contact. Those to
 * the other contacts are kept as spares.
 */
import { ScriptoriumError } from '../errors.ts';
import { systemClock } from '../runtime/clock.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { firstToAnswer } from './first-to-answer.ts';
import { Spares } from './spares.ts';

/** A worker that was lost is not gone back to so soon, even where others still take it for the leader. */
const SUSPECT_MILLIS = 500;

export class LeaderFinder {
  readonly #contacts: readonly string[];
  readonly #options: Omit<ConnectionOptions, 'address'>;
  readonly #spares: Spares;
  #current: Promise<Connection> | null = null;
  /** What it resolved to, until that is over. */
  #connected: Connection | null = null;
  #turn = 0;
  #target: string;
  /** A worker said that the target leads. */
  #isNamed = false;
  #suspect = { address: '', until: 0 };
  #closed = false;

  constructor(contacts: readonly string[], options: Omit<ConnectionOptions, 'address'>) {
    this.#contacts = contacts;
    this.#options = options;
    this.#spares = new Spares(contacts, (address, signal) => this.#open(address, signal));
    this.#target = contacts[0] as string;
  }

  /** The open connection, or a new one; rejects UNREACHABLE, and the next call tries the next contact. */
  connection(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new ScriptoriumError('UNREACHABLE', 'the client asks nobody any more'));
    if (this.#current !== null) return this.#current;
    const first = this.#target;
    // Beside a busy leader the others would win, only to name it again.
    const others = this.#isNamed ? [] : this.#contacts.filter((it) => it !== first && !this.#isSuspect(it));
    const dialled = firstToAnswer(
      [first, ...others],
      (address, signal) => this.#reach(address, signal),
      (late) => this.#spares.put(late),
    );
    dialled.then(
      (connection) => {
        if (this.#current !== dialled) return this.#spares.put(connection);
        this.#connected = connection;
        this.#target = connection.address;
        if (this.#closed) connection.closeWhenIdle();
        else this.#spares.standBy(connection.address);
        if (!connection.isOpen) this.#lost(connection.address);
      },
      () => {
        if (this.#current === dialled) this.#lost(first);
      },
    );
    this.#current = dialled;
    return dialled;
  }

  /** The worker asked does not lead. Whether it named one that may. */
  moveOn(from: Connection, leader: string | null): boolean {
    if (from !== this.#connected) return false; // moved already
    if (leader !== null && leader !== from.address && !this.#isSuspect(leader)) {
      this.#target = leader;
      this.#isNamed = true;
    } else this.#nextContact();
    if (this.#target === from.address) return false;
    this.#current = null;
    this.#connected = null;
    this.#spares.put(from);
    return this.#isNamed;
  }

  /** As `close`, once everything asked has been answered. */
  closeWhenIdle(): void {
    this.#closed = true;
    this.#connected?.closeWhenIdle();
    this.#spares.closeWhenIdle();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = await this.#current?.catch(() => null);
    connection?.close();
    this.#spares.close();
  }

  /** A spare is used once it has answered: it may belong to a process that hangs. */
  async #reach(address: string, signal: AbortSignal): Promise<Connection> {
    const spare = this.#spares.take(address);
    if (spare === undefined) return await this.#open(address, signal);
    try {
      await spare.answers(signal);
    } catch (error) {
      this.#spares.put(spare);
      throw error;
    }
    return spare;
  }

  async #open(address: string, signal: AbortSignal): Promise<Connection> {
    const connection = await Connection.open({ ...this.#options, address }, signal);
    connection.onClosed(() => {
      if (connection === this.#connected) this.#lost(address); // the end of any other says nothing of the one in use
      this.#spares.ended(connection);
    });
    return connection;
  }

  #lost(address: string): void {
    this.#current = null;
    this.#connected = null;
    this.#suspect = { address, until: systemClock.now() + SUSPECT_MILLIS };
    this.#nextContact();
  }

  #isSuspect(address: string): boolean {
    return address === this.#suspect.address && systemClock.now() < this.#suspect.until;
  }

  /** The first contacts in turn; a suspect one only when there is no other. */
  #nextContact(): void {
    this.#isNamed = false;
    for (let tried = 0; tried < this.#contacts.length; tried++) {
      this.#turn = (this.#turn + 1) % this.#contacts.length;
      this.#target = this.#contacts[this.#turn] as string;
      if (!this.#isSuspect(this.#target)) return;
    }
  }
}
