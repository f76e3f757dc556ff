/** Keeps one connection to the worker that is believed to lead: goes where refusals point, else to the next first contact. */
import { systemClock } from '../runtime/clock.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { firstToAnswer } from './first-to-answer.ts';

/** A worker that was lost is not gone back to so soon, even where others still take it for the leader. */
const SUSPECT_MILLIS = 500;

export class LeaderFinder {
  readonly #contacts: readonly string[];
  readonly #options: Omit<ConnectionOptions, 'address'>;
  #current: Promise<Connection> | null = null;
  #turn = 0;
  #target: string;
  #suspect = { address: '', until: 0 };

  constructor(contacts: readonly string[], options: Omit<ConnectionOptions, 'address'>) {
    this.#contacts = contacts;
    this.#options = options;
    this.#target = contacts[0] as string;
  }

  /** The open connection, or a new one; rejects UNREACHABLE, and the next call tries the next contact. */
  connection(): Promise<Connection> {
    if (this.#current !== null) return this.#current;
    const first = this.#target;
    const others = this.#contacts.filter((address) => address !== first && !this.#isSuspect(address));
    const dialled = firstToAnswer([first, ...others], (address, signal) =>
      Connection.open({ ...this.#options, address }, signal),
    );
    const lost = (address: string): void => {
      if (this.#current === dialled) this.#lost(address); // an older one's end says nothing of the one in use
    };
    dialled.then(
      (connection) => {
        if (this.#current === dialled) this.#target = connection.address;
        connection.onClosed(() => lost(connection.address));
      },
      () => lost(first),
    );
    this.#current = dialled;
    return dialled;
  }

  /** The worker asked does not lead. Whether it named one that may. */
  moveOn(from: Connection, leader: string | null): boolean {
    if (from.address !== this.#target) return false; // moved already
    const isNamed = leader !== null && leader !== from.address && !this.#isSuspect(leader);
    if (isNamed) this.#target = leader;
    else this.#nextContact();
    if (this.#target === from.address) return false;
    this.#current = null;
    from.closeWhenIdle();
    return isNamed;
  }

  async close(): Promise<void> {
    const connection = await this.#current?.catch(() => null);
    connection?.close();
  }

  #lost(address: string): void {
    this.#current = null;
    this.#suspect = { address, until: systemClock.now() + SUSPECT_MILLIS };
    this.#nextContact();
  }

  #isSuspect(address: string): boolean {
    return address === this.#suspect.address && systemClock.now() < this.#suspect.until;
  }

  /** The first contacts in turn; a suspect one only when there is no other. */
  #nextContact(): void {
    for (let tried = 0; tried < this.#contacts.length; tried++) {
      this.#turn = (this.#turn + 1) % this.#contacts.length;
      this.#target = this.#contacts[this.#turn] as string;
      if (!this.#isSuspect(this.#target)) return;
    }
  }
}
