/**
 * Links between processes: ordered, reliable while they last, and they may break at any time, losing the end of what is in
 * flight; the two ends learn of it at different times. A cut (one way) stalls a direction as a lost route does under TCP: what was sent
 * waits, and arrives if the route returns before the link is given up.
 */
import type { Peer } from '../../src/core/effects.ts';
import type { Message, PeerKey } from '../../src/core/messages.ts';
import { kindsBetween } from '../../src/runtime/peer-kinds.ts';
import type { Random } from '../random.ts';
import type { Schedule } from './schedule.ts';
import { demand } from './violation.ts';

/** A running process, as the network sees it. */
export interface Station {
  readonly key: PeerKey;
  readonly peer: Peer;
  /** Where it runs: what cuts and partitions are between. Survives restarts. */
  readonly site: string;
  readonly alive: boolean;
  linkUp(link: Link): void;
  linkDown(link: Link): void;
  dialFailed(to: PeerKey): void;
  message(link: Link, message: Message): void;
}

interface Direction {
  readonly queue: Message[];
  /** Arrivals that found the route cut: to be repeated when it returns. */
  stalled: number;
  lastAt: number;
  /** Nothing arrives before: where what a broken link still carries is stuck for a while. */
  heldUntil: number;
}

export interface Link {
  /** The one that dialled, then the one that accepted. */
  readonly ends: readonly [Station, Station];
  readonly directions: readonly [Direction, Direction];
  broken: boolean;
}

export interface NetworkDelays {
  readonly fromMillis: number;
  readonly toMillis: number;
}

/** More than this waiting in one direction breaks the link, as an outbox limit does. */
const MAX_QUEUED = 256;

/** How long what was under way on a broken link may be stuck. */
const MAX_HELD_MILLIS = 200;

/** How long after its machine died an end may still believe in a link. */
export const LATE_LINK_DOWN_MILLIS = 400;

export const otherEnd = (link: Link, station: Station): Station =>
  link.ends[0] === station ? link.ends[1] : link.ends[0];

export class Network {
  delays: NetworkDelays;
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #stations = new Map<PeerKey, Station>();
  readonly #links = new Set<Link>();
  readonly #cuts = new Set<string>();

  constructor(schedule: Schedule, random: Random, delays: NetworkDelays) {
    this.#schedule = schedule;
    this.#random = random;
    this.delays = delays;
  }

  get links(): readonly Link[] {
    return [...this.#links];
  }

  enter(station: Station): void {
    this.#stations.set(station.key, station);
  }

  /** The process is gone: its links close, quickly when its machine says so, late when the machine died with it. */
  leave(station: Station, late: boolean): void {
    if (this.#stations.get(station.key) === station) this.#stations.delete(station.key);
    for (const link of this.#links) if (link.ends.includes(station)) this.break(link, late);
  }

  dial(from: Station, key: PeerKey): void {
    this.#schedule.after(this.#delay(), () => {
      const to = this.#stations.get(key);
      if (to === undefined || !this.#open(from, to)) {
        this.#schedule.after(this.#delay(), () => from.alive && from.dialFailed(key));
        return;
      }
      if (!from.alive) return;
      const link = { ends: [from, to], directions: [this.#direction(), this.#direction()], broken: false } as const;
      this.#establish({ ...link });
    });
  }

  #establish(link: Link): void {
    const [from, to] = link.ends;
    this.#links.add(link);
    to.linkUp(link);
    const at = this.#schedule.now + this.#delay();
    link.directions[1].lastAt = at;
    this.#schedule.at(at, () => {
      if (link.broken) from.alive && from.dialFailed(to.key);
      else from.linkUp(link);
    });
  }

  send(link: Link, from: Station, message: Message): void {
    if (link.broken) return;
    const side = link.ends[0] === from ? 0 : 1;
    const direction = link.directions[side];
    const allowed = kindsBetween(from.peer.role, otherEnd(link, from).peer.role);
    demand(allowed.has(message.kind), 'not-its-to-say', () => `${message.kind} from ${from.key}`);
    if (direction.queue.length >= MAX_QUEUED) {
      this.break(link, false);
      return;
    }
    direction.queue.push(message);
    this.#arriveLater(link, side);
  }

  break(link: Link, late: boolean): void {
    if (link.broken) return;
    link.broken = true;
    this.#links.delete(link);
    // Some of what was under way still arrives, before the end is noticed or, where a newer link exists already, after it.
    for (const direction of link.directions) {
      direction.queue.length = this.#random.integer(0, direction.queue.length + 1);
      if (this.#random.chance(0.5)) direction.heldUntil = this.#schedule.now + this.#random.next() * MAX_HELD_MILLIS;
    }
    for (const end of link.ends) {
      const delay = this.#random.next() * (late ? LATE_LINK_DOWN_MILLIS : 3);
      this.#schedule.after(delay, () => end.alive && end.linkDown(link));
    }
  }

  /** No bytes from one site reach the other until `heal`. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  heal(from: string, to: string): void {
    if (!this.#cuts.delete(`${from}>${to}`)) return;
    for (const link of this.#links) {
      this.#resume(link, 0, from, to);
      this.#resume(link, 1, from, to);
    }
  }

  healAll(): void {
    for (const cut of [...this.#cuts]) {
      const [from, to] = cut.split('>') as [string, string];
      this.heal(from, to);
    }
  }

  #resume(link: Link, side: 0 | 1, from: string, to: string): void {
    if (link.ends[side].site !== from || link.ends[1 - side]?.site !== to) return;
    const direction = link.directions[side];
    const stalled = direction.stalled;
    direction.stalled = 0;
    for (let count = 0; count < stalled; count++) this.#arriveLater(link, side);
  }

  #arriveLater(link: Link, side: 0 | 1): void {
    const direction = link.directions[side];
    direction.lastAt = Math.max(direction.lastAt, this.#schedule.now + this.#delay());
    this.#schedule.at(direction.lastAt, () => this.#arrive(link, side));
  }

  #arrive(link: Link, side: 0 | 1): void {
    const [from, to] = side === 0 ? link.ends : [link.ends[1], link.ends[0]];
    const direction = link.directions[side];
    if (this.#cuts.has(`${from.site}>${to.site}`)) {
      if (!link.broken) direction.stalled++;
      return;
    }
    if (this.#schedule.now < direction.heldUntil) {
      this.#schedule.at(direction.heldUntil, () => this.#arrive(link, side));
      return;
    }
    const message = direction.queue.shift();
    if (message !== undefined) to.message(link, message);
  }

  #open(from: Station, to: Station): boolean {
    return to.alive && !this.#cuts.has(`${from.site}>${to.site}`) && !this.#cuts.has(`${to.site}>${from.site}`);
  }

  #direction(): Direction {
    return { queue: [], stalled: 0, lastAt: 0, heldUntil: 0 };
  }

  #delay(): number {
    return this.#random.skewed(this.delays.fromMillis, this.delays.toMillis);
  }
}
