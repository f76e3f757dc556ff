/** R31: a worker says that it is halted only at an entry of which, since it stands for leader, a scribe has said that it cannot read it. */
import type { Message, PeerKey } from '../../src/core/messages.ts';
import { demand } from './violation.ts';
import type { WorkerHost } from './worker-host.ts';
import type { World } from './world.ts';

export class HaltChecks {
  readonly #world: World;
  readonly #name: string;
  readonly #machine: WorkerHost['machine'];
  /** The first entry that each read asks for, by peer and request. */
  readonly #asked = new Map<string, number>();
  readonly #unknown = new Set<number>();
  #halted: number | null = null;

  constructor(world: World, name: string, machine: WorkerHost['machine']) {
    this.#world = world;
    this.#name = name;
    this.#machine = machine;
  }

  sending(to: PeerKey, message: Message): void {
    if (message.kind === 'read') this.#asked.set(`${to} ${message.request}`, message.prev.index + 1);
  }

  received(from: PeerKey, message: Message): void {
    if (message.kind !== 'readReply') return;
    const index = this.#asked.get(`${from} ${message.request}`);
    if (message.outcome === 'unknown' && index !== undefined) this.#unknown.add(index);
  }

  stepped(): void {
    const { halted, role } = this.#machine;
    if (halted !== null && halted !== this.#halted) {
      demand(this.#unknown.has(halted), 'halted-without-damage', () => `${this.#name} at ${halted}`);
      this.#world.trace(() => `${this.#name} is halted at ${halted}`);
      this.#world.reach('worker halted');
    }
    this.#halted = halted;
    if (role !== 'candidate') this.#unknown.clear();
  }
}
