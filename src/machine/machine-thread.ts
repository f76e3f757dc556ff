/**
 * One thread, alone in a piscina pool; the only file that knows piscina. Piscina replaces a dead thread silently, and a
 * state machine's state dies with its thread, so every death is reported here, with its cause, before anything else runs.
 * Tasks are posted ahead of answers and run in order: the thread never waits for this side between two.
 */
import type { ResourceLimits } from 'node:worker_threads';
import { move, Piscina, transferableSymbol, valueSymbol } from 'piscina';
import type { Task } from './tasks.ts';

/** Tasks posted and not answered; more wait on this side. */
const POSTED_TASKS = 64;

export interface MachineThreadOptions {
  readonly resourceLimits?: ResourceLimits;
  /** The thread is gone and everything in it is lost; another one is being started. */
  died(cause: unknown): void;
}

export class MachineThread {
  readonly #pool: Piscina;
  #cause: unknown = null;
  #stopping = false;

  constructor({ resourceLimits, died }: MachineThreadOptions) {
    this.#pool = new Piscina({
      filename: new URL('./thread.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: POSTED_TASKS,
      stricterFIFO: true,
      atomics: 'sync', // an idle thread sleeps in Atomics.wait: woken in microseconds, and no timer fires in it
      recordTiming: false,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.#pool.on('workerCreate', () => this.#watch());
    this.#pool.on('workerDestroy', () => {
      const cause = this.#cause;
      this.#cause = null;
      if (!this.#stopping) died(cause);
    });
    this.#pool.on('error', () => {}); // an error outside a task; its cause is noted and the death reported above
  }

  /** Rejects with what the task threw, or with the cause of the thread's death. */
  run(task: Task, transfer: ArrayBuffer[] = []): Promise<unknown> {
    return this.#pool.run(task, { transferList: transfer });
  }

  /** End the thread even if it is in the middle of a task or an endless loop; `died` is called with `cause`. */
  terminate(cause: unknown): void {
    this.#cause = cause;
    for (const thread of this.#pool.threads) void thread.terminate();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#pool.destroy();
  }

  /** Note why the thread ends, ahead of piscina's own listeners, which report only that it did. */
  #watch(): void {
    for (const thread of this.#pool.threads) {
      thread.prependListener('error', (error) => {
        this.#cause ??= error;
      });
      thread.prependListener('exit', (code) => {
        this.#cause ??= new Error(`the thread exited with code ${code}`);
      });
    }
  }
}

/** Marks a task's value so that `buffer`, which is part of it, is handed over instead of copied. */
export function moved(value: object, buffer: ArrayBuffer): unknown {
  return move({ [transferableSymbol]: buffer, [valueSymbol]: value });
}
