/**
 * A closed loop: a fixed number of callers, each of which waits for its answer before it calls again. What it measures is
 * the system at exactly that many calls outstanding. Failed calls are counted and never retried: a retry would hide the
 * failure, and of an unknown outcome it could write twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isScriptoriumError, ScriptoriumError } from '../src/errors.ts';
import type { LogService } from '../src/node/log-service.ts';
import { type Recorded, Recorder } from './recorder.ts';

export interface LoadOptions {
  readonly outstanding: number;
  /** Commands per call; 1 proposes singly. */
  readonly batch: number;
  readonly seconds: number;
  /** Load of the same kind before the clock starts; not recorded. */
  readonly warmupSeconds: number;
  /** The command with this number; numbers count from 0 and are not used twice. */
  readonly command: (sequence: number) => Uint8Array;
  /** Every acknowledgement, those of the warm-up included. */
  readonly onAcknowledged?: (firstIndex: number, firstSequence: number, count: number) => void;
  /** When the warm-up is over and recording starts. */
  readonly onStart?: () => void;
  /** Once a second, with what was recorded so far. */
  readonly onProgress?: (recorder: Recorder, seconds: number) => void;
  /** Aborting ends the load before its time, with ABORTED. */
  readonly signal?: AbortSignal;
}

/** After a failure a caller stays away this long, so that a refusing system is not also flooded. */
const AFTER_FAILURE_MILLIS = 5;

class ClosedLoop {
  readonly #service: LogService;
  readonly #options: LoadOptions;
  #recorder = new Recorder(performance.now());
  #sequence = 0;
  #stopped = false;

  constructor(service: LogService, options: LoadOptions) {
    this.#service = service;
    this.#options = options;
  }

  async run(): Promise<Recorded> {
    const callers = Array.from({ length: this.#options.outstanding }, () => this.#call());
    // A caller that throws is a bug, not a failed call: it ends the run at once.
    const broken = Promise.all(callers);
    await Promise.race([this.#keepTime(), broken]);
    const recorded = this.#recorder.finish(performance.now());
    await broken;
    return recorded;
  }

  async #keepTime(): Promise<void> {
    const { seconds, warmupSeconds, onProgress } = this.#options;
    try {
      await this.#pause(warmupSeconds * 1000);
      this.#options.onStart?.();
      const start = performance.now();
      this.#recorder = new Recorder(start);
      for (let second = 1; second <= seconds; second += 1) {
        await this.#pause(Math.max(0, start + second * 1000 - performance.now()));
        onProgress?.(this.#recorder, second);
      }
    } finally {
      this.#stopped = true;
    }
  }

  async #pause(millis: number): Promise<void> {
    const { signal } = this.#options;
    try {
      await delay(millis, undefined, signal && { signal });
    } catch (cause) {
      throw new ScriptoriumError('ABORTED', 'told to stop before the load was over: there is no report', { cause });
    }
  }

  async #call(): Promise<void> {
    const { batch } = this.#options;
    while (!this.#stopped) {
      const first = this.#sequence;
      this.#sequence += batch;
      const sent = performance.now();
      try {
        const index = batch === 1 ? await this.#proposeOne(first) : await this.#proposeMany(first, batch);
        this.#recorder.acknowledge(batch, sent, performance.now());
        this.#options.onAcknowledged?.(index, first, batch);
      } catch (error) {
        if (!isScriptoriumError(error)) throw error;
        this.#recorder.fail(error.code);
        await delay(AFTER_FAILURE_MILLIS);
      }
    }
  }

  async #proposeOne(sequence: number): Promise<number> {
    return (await this.#service.propose(this.#options.command(sequence))).index;
  }

  async #proposeMany(first: number, count: number): Promise<number> {
    const commands = Array.from({ length: count }, (_, offset) => this.#options.command(first + offset));
    const { firstIndex, results } = await this.#service.proposeBatch(commands);
    const failed = results.find((result) => result instanceof Error);
    if (failed !== undefined) throw failed;
    return firstIndex;
  }
}

export const runClosedLoop = (service: LogService, options: LoadOptions): Promise<Recorded> =>
  new ClosedLoop(service, options).run();
