/** Waiting for a log, and giving up on it: readers wait for news, and a signal ends any wait without undoing anything. */
import { ScriptoriumError } from '../errors.ts';

/** Readers at the end of a log. News is: more became durable, nothing more will, or the log was closed. */
export class WaitingReaders {
  readonly #wakers = new Set<() => void>();

  /** Resolves at the next news or when `signal` says to stop waiting; the caller looks which. */
  wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wakers.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakers.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }

  wake(): void {
    if (this.#wakers.size === 0) return;
    for (const wake of [...this.#wakers]) wake();
  }
}

/** What a call without side effects is answered with when its signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new ScriptoriumError('ABORTED', 'the caller stopped waiting', {
    cause: signal.reason,
    outcome: 'not-executed',
  });
}

/** `promise`, or ABORTED as soon as `signal` is: what was handed over may still become durable. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      const message = 'the caller stopped waiting; the append may still become durable';
      reject(new ScriptoriumError('ABORTED', message, { cause: signal.reason }));
    };
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
