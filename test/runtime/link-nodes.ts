/** Nodes that have links and nothing else: they record what their links tell them and let a test await it. */
import type { Peer } from '../../src/core/effects.ts';
import { type Message, type PeerKey, scribeKey, workerKey } from '../../src/core/messages.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { Links, type LinksHandlers } from '../../src/runtime/links.ts';
import type { Log } from '../../src/runtime/log.ts';
import type { PeerRole } from '../../src/runtime/peer-kinds.ts';
import type { Transport } from '../../src/transport/transport.ts';
import type { LinkIdentity } from '../../src/wire/handshake.ts';

export const CLUSTER = 'c1'.repeat(16);

export type LinkEvent =
  | { readonly kind: 'up'; readonly key: PeerKey; readonly peer: Peer }
  | { readonly kind: 'down'; readonly key: PeerKey }
  | { readonly kind: 'message'; readonly key: PeerKey; readonly message: Message }
  | { readonly kind: 'log'; readonly text: string };

export interface NodeOptions {
  readonly transport: Transport;
  readonly role: PeerRole;
  /** Two hex digits that make up the node's whole key. */
  readonly key: string;
  /** Its name; by default one of its own. */
  readonly id?: string;
  readonly clusterId?: string;
  readonly clock?: Clock;
  readonly copyFrames?: boolean;
  readonly client?: LinksHandlers['client'];
}

export class LinkNode {
  readonly links: Links;
  readonly key: PeerKey;
  readonly identity: LinkIdentity & { role: PeerRole };
  readonly events: LinkEvent[] = [];
  /** Called with every message while it is being handed up. */
  onMessage: (key: PeerKey, message: Message) => void = () => undefined;
  #address = '';
  #waiting: (() => void)[] = [];

  constructor(options: NodeOptions) {
    const key = options.key.repeat(16);
    this.key = options.role === 'scribe' ? scribeKey(key) : workerKey(key);
    this.identity = { role: options.role, id: options.id ?? `node-${options.key}`, key, address: '127.0.0.1:0' };
    this.links = new Links({
      transport: options.transport,
      clusterId: options.clusterId ?? CLUSTER,
      identity: this.identity,
      log: this.#log(),
      clock: options.clock ?? systemClock,
      copyFrames: options.copyFrames ?? true,
      handlers: {
        linkUp: (from, peer) => this.#record({ kind: 'up', key: from, peer }),
        linkDown: (from) => this.#record({ kind: 'down', key: from }),
        message: (from, message) => {
          this.onMessage(from, message);
          this.#record({ kind: 'message', key: from, message });
        },
        client: options.client ?? (() => undefined),
      },
    });
  }

  async listen(port = 0): Promise<string> {
    const listener = await this.links.listen({ host: '127.0.0.1', port });
    this.#address = `127.0.0.1:${listener.port}`;
    return this.#address;
  }

  get address(): string {
    return this.#address;
  }

  want(...addresses: string[]): void {
    this.links.want(new Set(addresses));
  }

  /** Resolves once `condition` holds; it is looked at after every event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  count(kind: LinkEvent['kind']): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  untilCount = (kind: LinkEvent['kind'], count: number): Promise<void> => this.until(() => this.count(kind) >= count);

  get logged(): string[] {
    return this.events.flatMap((event) => (event.kind === 'log' ? [event.text] : []));
  }

  #record(event: LinkEvent): void {
    this.events.push(event);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #log(): Log {
    const write = (fields: object, message: string): void =>
      this.#record({ kind: 'log', text: `${message} ${JSON.stringify(fields)}` });
    return { debug: write, info: write, warn: write, error: write };
  }
}
