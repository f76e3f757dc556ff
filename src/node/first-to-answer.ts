/**
 * Dials several addresses, each a little after the one before it, and takes whoever answers first: one that has just been started,
 * or hangs, must not hold up who could be asked elsewhere. The others are given up.
 */
import { systemClock } from '../runtime/clock.ts';

/** One that has not answered by then is not waited for alone. */
const HEAD_START_MILLIS = 10;
/** One that does not answer by then is passed over. */
const DIAL_MILLIS = 300;

interface Closable {
  close(): void;
}

/** Rejects with the last failure when none of `addresses`, one or more, answers. */
export function firstToAnswer<T extends Closable>(
  addresses: readonly string[],
  open: (address: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controllers: AbortController[] = [];
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
      const address = addresses[controllers.length];
      if (over || address === undefined) return;
      const controller = new AbortController();
      controllers.push(controller);
      const cancelDial = systemClock.setTimer(DIAL_MILLIS, () => controller.abort());
      cancelNext = systemClock.setTimer(HEAD_START_MILLIS, dialNext);
      open(address, controller.signal).then(
        (connection) => {
          cancelDial();
          if (over) return connection.close();
          finish(() => resolve(connection));
          for (const other of controllers) if (other !== controller) other.abort();
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
