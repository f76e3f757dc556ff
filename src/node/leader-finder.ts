/** Keeps one connection to the worker that is believed to lead: goes where refusals point, else to the next first contact. */
import { systemClock } from '../runtime/clock.ts';
import { Connection, type ConnectionOptions } from './connection.ts';

/** A worker that does not even shake hands by then is passed over. */
const DIAL_MILLIS = 300;
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
    const address = this.#target;
    const dialled = this.#dial(address);
    const lost = (): void => {
      if (this.#current === dialled) this.#lost(address); // an older one's end says nothing of the one in use
    };
    dialled.then((connection) => connection.onClosed(lost), lost);
    this.#current = dialled;
    return dialled;
  }

  /** The worker asked does not lead. */
  moveOn(from: Connection, leader: string | null): void {
    if (from.address !== this.#target) return; // moved already
    if (leader === null || this.#isSuspect(leader)) this.#nextContact();
    else this.#target = leader;
    if (this.#target === from.address) return;
    this.#current = null;
    from.closeWhenIdle();
  }

  async close(): Promise<void> {
    const connection = await this.#current?.catch(() => null);
    connection?.close();
  }

  async #dial(address: string): Promise<Connection> {
    const controller = new AbortController();
    const cancel = systemClock.setTimer(DIAL_MILLIS, () => controller.abort());
    try {
      return await Connection.open({ ...this.#options, address }, controller.signal);
    } finally {
      cancel();
    }
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
