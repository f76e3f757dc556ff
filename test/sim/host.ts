/**
 * A process that runs one machine: links, a clock of its own, pauses, and the driver's duty of stepping the machine with one
 * event at a time. What is common to scribes and workers; it decides nothing about the protocol.
 */
import type { Peer } from '../../src/core/effects.ts';
import type { Message, PeerKey } from '../../src/core/messages.ts';
import type { Random } from '../random.ts';
import { type Link, otherEnd, type Station } from './network.ts';
import { Violation } from './violation.ts';
import type { World } from './world.ts';

export type HostEvent =
  | { readonly kind: 'linkUp'; readonly from: PeerKey; readonly peer: Peer }
  | { readonly kind: 'linkDown'; readonly from: PeerKey }
  | { readonly kind: 'message'; readonly from: PeerKey; readonly message: Message }
  | { readonly kind: 'tick' };

/** A tick that moves nothing forward, this often at one moment, is a spin. */
const MAX_TICKS_AT_ONCE = 20;

export abstract class Host implements Station {
  readonly key: PeerKey;
  readonly peer: Peer;
  readonly site: string;
  alive = true;
  protected readonly world: World;
  protected readonly random: Random;
  protected readonly links = new Map<PeerKey, Link>();
  readonly #dialling = new Set<PeerKey>();
  readonly #clock: { readonly rate: number; readonly offset: number };
  /** Something happened after which other peers may be wanted, or one that is wanted is missing. */
  protected mayMiss = true;
  #inbox: (() => void)[] | null = null;
  #armedFor = Number.POSITIVE_INFINITY;
  #ticks = { at: -1, count: 0 };

  constructor(world: World, key: PeerKey, peer: Peer, site: string) {
    this.world = world;
    this.key = key;
    this.peer = peer;
    this.site = site;
    this.random = world.random.fork();
    const drift = world.plan.clockDrift;
    this.#clock = { rate: 1 + drift * (2 * this.random.next() - 1), offset: this.random.integer(0, 100_000) };
  }

  /** When the machine wants its next tick, on its own clock. */
  protected abstract wakeAt(): number;
  protected abstract step(event: HostEvent): void;
  /** Peers this process should be linked to now. */
  protected abstract wanted(): PeerKey[];

  now(): number {
    return this.#clock.offset + this.#clock.rate * this.world.schedule.now;
  }

  get paused(): boolean {
    return this.#inbox !== null;
  }

  crash(late: boolean): void {
    this.alive = false;
    this.world.trace(() => `${this.site} crashes`);
    this.world.network.leave(this, late);
  }

  pause(): void {
    this.world.trace(() => `${this.site} pauses`);
    this.#inbox ??= [];
  }

  resume(): void {
    if (this.#inbox === null) return;
    this.world.trace(() => `${this.site} resumes`);
    const inbox = this.#inbox;
    this.#inbox = null;
    this.mayMiss = true;
    if (this.random.chance(0.5)) this.tick();
    for (const run of inbox) if (this.alive) run();
    this.settle();
  }

  /** Do it now, or when the pause ends; never when dead. */
  protected whenRunning(run: () => void): void {
    if (!this.alive) return;
    if (this.#inbox !== null) this.#inbox.push(run);
    else run();
  }

  linkUp(link: Link): void {
    const { key, peer } = otherEnd(link, this);
    this.whenRunning(() => {
      this.#dialling.delete(key);
      this.mayMiss = true;
      if (link.broken) {
        this.settle();
        return;
      }
      const replaced = this.links.get(key);
      this.links.set(key, link);
      if (replaced !== undefined) this.world.network.break(replaced, false);
      this.world.trace(() => `${this.site} link up ${this.world.nameOf(key)}`);
      this.step({ kind: 'linkUp', from: key, peer });
    });
  }

  linkDown(link: Link): void {
    const { key } = otherEnd(link, this);
    this.whenRunning(() => {
      if (this.links.get(key) !== link) return;
      this.links.delete(key);
      this.mayMiss = true;
      this.world.trace(() => `${this.site} link down ${this.world.nameOf(key)}`);
      this.step({ kind: 'linkDown', from: key });
    });
  }

  dialFailed(to: PeerKey): void {
    this.world.schedule.after(this.random.integer(5, 50) * this.world.plan.slowness, () =>
      this.whenRunning(() => {
        this.#dialling.delete(to);
        this.mayMiss = true;
        this.settle();
      }),
    );
  }

  message(link: Link, message: Message): void {
    const { key } = otherEnd(link, this);
    this.whenRunning(() => {
      // What an older link still delivers counts only where the plan lets stragglers in; the machine must bear them (P04).
      const current = this.links.get(key);
      if (current === undefined || (current !== link && !this.world.plan.stragglers)) return;
      this.world.trace(() => `${this.site} <- ${this.world.nameOf(key)} ${this.world.describe(message)}`);
      this.step({ kind: 'message', from: key, message });
    });
  }

  protected send(to: PeerKey, message: Message): void {
    const link = this.links.get(to);
    if (link !== undefined) this.world.network.send(link, this, message);
  }

  protected dial(key: PeerKey): void {
    if (this.links.has(key) || this.#dialling.has(key)) return;
    this.#dialling.add(key);
    this.world.network.dial(this, key);
  }

  /** After a step: dial who is missing, and set the alarm the machine asks for. */
  protected settle(): void {
    if (!this.alive || this.paused) return;
    if (this.mayMiss) for (const key of this.wanted()) this.dial(key);
    this.mayMiss = false;
    const wakeAt = this.wakeAt();
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    const { rate, offset } = this.#clock;
    const at = Math.max(this.world.schedule.now, (wakeAt - offset) / rate + 0.001);
    if (at >= this.#armedFor) return;
    this.#armedFor = at;
    this.world.schedule.at(at, () => {
      if (this.#armedFor !== at) return;
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.whenRunning(() => this.tick());
    });
  }

  protected tick(): void {
    if (this.wakeAt() > this.now()) {
      this.settle(); // an alarm that the machine no longer wants
      return;
    }
    const at = this.world.schedule.now;
    this.#ticks = { at, count: this.#ticks.at === at ? this.#ticks.count + 1 : 1 };
    if (this.#ticks.count > MAX_TICKS_AT_ONCE)
      throw new Violation('spins', `${this.site} wants ever more ticks at one moment`);
    this.world.trace(() => `${this.site} tick`);
    this.step({ kind: 'tick' });
  }

  /** Step a machine; whatever it throws is a broken invariant of its own. */
  protected guarded<Effects>(run: () => Effects): Effects {
    try {
      return run();
    } catch (error) {
      if (error instanceof Violation) throw error;
      throw new Violation('machine-threw', `${this.site}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
}
