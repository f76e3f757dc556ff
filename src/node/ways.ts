/**
 * The ways from a worker to leaders elsewhere: the one in use, and those before it, who may still answer what they were sent. Without a
 * session what has left cannot be asked for again, so nobody is cut off for having lost the lead, nor for having got it back.
 */
import { Client } from './client.ts';

/** Leaders before the present one that are still listened to. What an older one was sent stays unknown. */
const MAX_FORMER = 8;

export class Ways {
  readonly #clusterId: string;
  #present: { readonly address: string; readonly client: Promise<Client> } | null = null;
  /** The newest last. */
  readonly #former: Promise<Client>[] = [];

  constructor(clusterId: string) {
    this.#clusterId = clusterId;
  }

  /** The way to the leader at `address`; whoever led before is asked nothing more. */
  to(address: string): Promise<Client> {
    if (this.#present?.address === address) return this.#present.client;
    if (this.#present !== null) this.#leave(this.#present.client);
    const client = Client.connect({ workers: [address], clusterId: this.#clusterId });
    this.#present = { address, client };
    return client;
  }

  async close(): Promise<void> {
    for (const client of [this.#present?.client, ...this.#former]) await (await client)?.close();
  }

  #leave(client: Promise<Client>): void {
    void client.then((left) => left.closeWhenIdle());
    this.#former.push(client);
    if (this.#former.length > MAX_FORMER) void this.#former.shift()?.then((oldest) => oldest.close());
  }
}
