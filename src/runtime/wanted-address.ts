/**
 * One address this node wants a link to: dials it, and dials again when the link ends. The first retry is at once, since a
 * link that broke can mostly be made anew; later ones back off with jitter, so that many nodes do not return in step (N12).
 * When the peer behind the address holds a newer link that it dialled itself, this side waits until that one ends.
 */
import type { PeerKey } from '../core/messages.ts';
import type { Clock } from './clock.ts';
import { random } from './random.ts';

const FIRST_BACKOFF_MILLIS = 20;
const MAX_BACKOFF_MILLIS = 1000;
/** A link that lived this long was a good one: the next drop is a first drop again. */
const SETTLED_MILLIS = 1000;

export type WantedState = 'dialling' | 'up' | 'waiting' | 'covered';

/** Starts one attempt and returns a function that gives it up. */
export type Attempt = (wanted: WantedAddress) => () => void;

export class WantedAddress {
  readonly address: string;
  readonly #clock: Clock;
  readonly #attempt: Attempt;
  #state: WantedState = 'waiting';
  #stopped = false;
  #giveUp: () => void = () => undefined;
  #failures = 0;
  #upAt = 0;
  #coveredBy: PeerKey | undefined;
  #lastFailure: string | null = null;

  constructor(address: string, clock: Clock, attempt: Attempt) {
    this.address = address;
    this.#clock = clock;
    this.#attempt = attempt;
    this.#dial();
  }

  get state(): WantedState {
    return this.#state;
  }

  /** Why the last attempt or link ended; null before the first. */
  get lastFailure(): string | null {
    return this.#lastFailure;
  }

  /** The handshake of the running attempt succeeded. */
  up(): void {
    this.#state = 'up';
    this.#upAt = this.#clock.now();
  }

  /** The running attempt failed, or its link ended. Returns whether the reason is news. */
  ended(reason: string): boolean {
    if (this.#stopped) return false;
    if (this.#state === 'up' && this.#clock.now() - this.#upAt >= SETTLED_MILLIS) this.#failures = 0;
    const isNews = reason !== this.#lastFailure;
    this.#lastFailure = reason;
    this.#dialLater();
    return isNews;
  }

  /** The peer itself dialled a newer link: that one serves until it ends. */
  covered(by: PeerKey): void {
    if (this.#stopped) return;
    this.#state = 'covered';
    this.#coveredBy = by;
  }

  /** A peer's last link is gone. */
  peerGone(key: PeerKey): void {
    if (this.#stopped || this.#state !== 'covered' || this.#coveredBy !== key) return;
    this.#dialLater();
  }

  /** No longer wanted: gives up the attempt or closes its link. */
  stop(): void {
    this.#stopped = true;
    this.#giveUp();
  }

  #dialLater(): void {
    this.#state = 'waiting';
    const ceiling = Math.min(MAX_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS * 2 ** (this.#failures - 1));
    const delay = this.#failures === 0 ? 0 : ceiling * (0.5 + random() / 2);
    this.#failures += 1;
    this.#giveUp = this.#clock.setTimer(delay, () => this.#dial());
  }

  #dial(): void {
    this.#state = 'dialling';
    this.#giveUp = this.#attempt(this);
  }
}
