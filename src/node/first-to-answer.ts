/**
 * Dials several addresses, each a little after the one before it, and takes whoever answers first: one that has just been started,
 * or hangs, must not hold up who could be asked elsewhere.
 */
import { systemClock } from '../runtime/clock.ts';

/** One that has not answered by then is not waited for alone. */
const HEAD_START_MILLIS = 10;
/** One that does not answer by then is passed over. */
const DIAL_MILLIS = 300;

/** Rejects with the last failure when none of `addresses`, one or more, answers. `late` is given who answers after the first. */
export function firstToAnswer<T>(
  addresses: readonly string[],
  open: (address: string, signal: AbortSignal) => Promise<T>,
  late: (connection: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let dialled = 0;
    let failed = 0;
    let over = false;
    let cancelNext = (): void => {};

    const finish = (settle: () => void): void => {
      over = true;
      cancelNext();
      settle();
    };
    const dialNext = (): void => {
      cancelNext();
      const address = addresses[dialled];
      if (over || address === undefined) return;
      const controller = new AbortController();
      dialled += 1;
      const cancelDial = systemClock.setTimer(DIAL_MILLIS, () => controller.abort());
      cancelNext = systemClock.setTimer(HEAD_START_MILLIS, dialNext);
      open(address, controller.signal).then(
        (connection) => {
          cancelDial();
          if (over) return late(connection);
          finish(() => resolve(connection));
        },
        (error: unknown) => {
          cancelDial();
          if (over) return;
          failed += 1;
          if (failed === addresses.length) finish(() => reject(error));
          else dialNext();
        },
      );
    };
    dialNext();
  });
}
