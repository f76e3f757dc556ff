/**
 * The only place that reads a clock or sets a timer; everything else is handed a `Clock`, so that time can be played.
 */
import { bootMillis } from '../addon/addon.ts';

export interface Clock {
  /**
   * Milliseconds, with fractions, on a clock that never goes back and counts the time in which the machine was suspended, which
   * leases rest on (R22); comparable only with itself.
   */
  now(): number;
  /** Whole milliseconds since 1970 on the clock on the wall, which may jump; only ever logged, never waited for. */
  wallMillis(): number;
  /** Calls `callback` once after `millis`; the returned function cancels and may be called at any time. */
  setTimer(millis: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: bootMillis,
  wallMillis: () => Date.now(),
  setTimer(millis, callback) {
    const timer = setTimeout(callback, millis);
    return () => clearTimeout(timer);
  },
};

/** Resolves once `millis` have passed on the clock of this machine: between two looks at what tells no news by itself. */
export const pause = (millis: number): Promise<void> =>
  new Promise((resolve) => void systemClock.setTimer(millis, resolve));
