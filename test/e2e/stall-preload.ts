/** Loaded into a worker's process before its program: a signal makes its event loop stand still, as a program's own work would. */
import { isMainThread } from 'node:worker_threads';

/** Several election timeouts. */
export const STALL_MILLIS = 2_000;

if (isMainThread && process.send !== undefined)
  process.on('SIGUSR2', () => {
    const end = performance.now() + STALL_MILLIS;
    while (performance.now() < end);
  });
