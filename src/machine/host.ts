/**
 * Hosts one state machine in a thread of its own. Runs are handed over in the order of the calls and each call is answered
 * once. Keeps: entries reach a thread's state machine densely from index 1; when the thread dies its state is gone,
 * `incarnation` rises, everything unanswered fails with STATE_MACHINE_FAILED, and the owner applies the log again from
 * index 1. It must never let a new thread go on where the old one ended.
 */
import type { ResourceLimits } from 'node:worker_threads';
import { type ErrorCode, isScriptoriumError, ScriptoriumError } from '../errors.ts';
import { decodeResults } from '../wire/results.ts';
import { Deaths } from './deaths.ts';
import { MachineThread } from './machine-thread.ts';
import type { ApplyOutcome, MachineBatch, PlacedBatch, ReadOutcome, Task } from './tasks.ts';
import { Watchdog } from './watchdog.ts';
import { Whereabouts } from './whereabouts.ts';

/** Runs handed over and not answered. */
const MAX_PENDING_RUNS = 1024;
/** Starting a thread and loading a module into it, which runs have to wait for. */
const LOAD_DEADLINE_MILLIS = 60_000;

export interface MachineHostOptions {
  /** File URL of the module whose default export is a `StateMachineFactory`. */
  readonly module: URL;
  /** Handed to the factory; must survive structured cloning. */
  readonly options?: unknown;
  /** Bounds of the thread's memory, as of `node:worker_threads`; default none. */
  readonly resourceLimits?: ResourceLimits;
  /**
   * A command or a query that takes longer than this, in milliseconds, ends the thread, at the latest after one and a half times
   * that; default 10000, 100 to 600000.
   */
  readonly runDeadlineMillis?: number;
}

interface Run {
  readonly task: Task;
  readonly transfer: ArrayBuffer[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class MachineHost {
  readonly #options: MachineHostOptions;
  readonly #deaths: Deaths;
  /** Of the present thread. */
  #whereabouts = new Whereabouts();
  #nextRun = 1;
  readonly #thread: MachineThread;
  readonly #runWatchdog: Watchdog;
  readonly #loadWatchdog: Watchdog;
  readonly #deathListeners: ((error: ScriptoriumError) => void)[] = [];
  /** In the order of the calls; the first ones are in the thread, the rest wait while a module is loaded. */
  readonly #pending = new Set<Run>();
  #loading = true;
  /** Why nothing more is taken: stopped, or a thread that cannot be loaded. */
  #closed: ScriptoriumError | null = null;
  #incarnation = 1;
  #handedIndex = 0;
  #appliedIndex = 0;

  private constructor(options: MachineHostOptions, deaths: Deaths) {
    const { resourceLimits, runDeadlineMillis = 10_000 } = options;
    if (!(runDeadlineMillis >= 100 && runDeadlineMillis <= 600_000)) {
      throw new ScriptoriumError('BAD_OPTION', `runDeadlineMillis is ${runDeadlineMillis}; 100 to 600000 is allowed`);
    }
    this.#options = options;
    this.#deaths = deaths;
    this.#thread = new MachineThread({
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
      died: (cause) => this.#died(cause),
    });
    const place = (): string => JSON.stringify(this.#whereabouts.now);
    const watchdog = (what: string, deadlineMillis: number): Watchdog =>
      new Watchdog(deadlineMillis, place, () => {
        this.#thread.terminate(new Error(`no progress in ${what} within the deadline of ${deadlineMillis} ms`));
      });
    this.#runWatchdog = watchdog('a run', runDeadlineMillis);
    this.#loadWatchdog = watchdog('loading', LOAD_DEADLINE_MILLIS);
  }

  /**
   * Starts the thread and makes the state machine; BAD_OPTION when the module is none, STATE_MACHINE_FAILED when it fails. `deaths`:
   * those of earlier hosts of the same state machine in this process, to which its own are added.
   */
  static async start(options: MachineHostOptions, deaths = new Deaths()): Promise<MachineHost> {
    const host = new MachineHost(options, deaths);
    await host.#load();
    if (host.#closed !== null) throw host.#closed;
    return host;
  }

  /** Rises whenever the thread was replaced and its state is gone; starts at 1. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** Everything up to here is applied by the present incarnation and its results are delivered. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Called after each death of the thread, when everything unanswered has been told. */
  onDeath(listener: (error: ScriptoriumError) => void): void {
    this.#deathListeners.push(listener);
  }

  /**
   * Apply batches in one run; they must continue the log where the last call ended. The answer holds a results section per
   * batch, null for one without commands or whose results nobody wants. Results beyond MAX_BATCH_RESULTS_BYTES are dropped.
   */
  apply(batches: readonly MachineBatch[]): Promise<readonly (Uint8Array | null)[]> {
    let next = this.#handedIndex + 1;
    for (const { firstIndex, count } of batches) {
      if (firstIndex !== next) {
        const message = `the state machine expects index ${next}, not ${firstIndex}: its state was lost or entries are missing`;
        return Promise.reject(new ScriptoriumError('STATE_MACHINE_FAILED', message));
      }
      next += count;
    }
    const refusal = this.#refusal;
    if (refusal !== null) return Promise.reject(refusal);
    const { placed, bytes } = pack(batches);
    const run = this.#nextRun++;
    const answer = this.#run({ kind: 'apply', run, batches: placed, bytes }, [bytes.buffer]);
    this.#handedIndex = next - 1;
    return answer.then((outcome) => {
      this.#appliedIndex = next - 1;
      this.#deaths.applied(this.#appliedIndex);
      return unpack(outcome as ApplyOutcome);
    });
  }

  /**
   * Run queries in one run, on a state that has everything applied that was handed over before. Answers the first ones of them, one
   * or more: when the answers have become large, the rest is to be asked again. A query that throws is answered with its error
   * (COMMAND_FAILED) in its place and does not touch the others. One that a thread died of is answered with STATE_MACHINE_FAILED,
   * then and from then on; those beside it with NO_LEADER: they may be asked again.
   */
  async read(queries: readonly Uint8Array[]): Promise<readonly (Uint8Array | ScriptoriumError)[]> {
    const refusals = queries.map((query) => this.#deaths.refusal(query));
    const answers = await this.#ask(queries.filter((_, position) => refusals[position] === null));
    const replies: (Uint8Array | ScriptoriumError)[] = [];
    let answered = 0;
    for (const refusal of refusals) {
      const reply = refusal ?? answers[answered++];
      if (reply === undefined) break;
      replies.push(reply);
    }
    return replies;
  }

  /** Ends the thread; everything unanswered fails with CLOSED. */
  async stop(): Promise<void> {
    this.#close(new ScriptoriumError('CLOSED', 'the state machine was stopped', { outcome: 'unknown' }));
    await this.#thread.stop();
  }

  async #ask(queries: readonly Uint8Array[]): Promise<readonly (Uint8Array | ScriptoriumError)[]> {
    if (queries.length === 0) return [];
    try {
      const run = this.#nextRun++;
      const answer = await this.#run({ kind: 'read', run, minimumIndex: this.#handedIndex, queries });
      const { bytes: section, count } = answer as ReadOutcome;
      return decodeResults(section, count).map(({ failed, bytes }) =>
        failed ? new ScriptoriumError('COMMAND_FAILED', Buffer.from(bytes).toString()) : bytes,
      );
    } catch (error) {
      if (!(isScriptoriumError(error) && error.code === 'STATE_MACHINE_FAILED')) throw error;
      const harmless = new ScriptoriumError('NO_LEADER', `the query was not asked: ${error.message}`, { cause: error });
      return queries.map((query) => (this.#deaths.refusal(query) === null ? harmless : error));
    }
  }

  /** Why nothing can be handed over. */
  get #refusal(): ScriptoriumError | null {
    if (this.#closed !== null || this.#pending.size < MAX_PENDING_RUNS) return this.#closed;
    return new ScriptoriumError(
      'OVERLOADED',
      `${MAX_PENDING_RUNS} runs wait for the state machine; slow down and retry`,
    );
  }

  #run(task: Task, transfer: ArrayBuffer[] = []): Promise<unknown> {
    const refusal = this.#refusal;
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const run: Run = { task, transfer, resolve, reject };
      if (this.#pending.size === 0 && !this.#loading) this.#runWatchdog.progress(true);
      this.#pending.add(run);
      if (!this.#loading) this.#post(run);
    });
  }

  #post(run: Run): void {
    this.#thread.run(run.task, run.transfer).then(
      (value) => {
        if (!this.#pending.delete(run)) return;
        this.#runWatchdog.progress(this.#pending.size > 0);
        run.resolve(value);
      },
      (error: unknown) => {
        // The thread lives but broke a rule: its state is not to be trusted. If it is dead, the run was answered already.
        if (this.#pending.has(run)) this.#thread.terminate(error);
      },
    );
  }

  async #load(): Promise<void> {
    this.#runWatchdog.progress(false);
    this.#loadWatchdog.progress(true);
    const { module, options } = this.#options;
    try {
      const whereabouts = this.#whereabouts.memory;
      const refusal = await this.#thread.run({ kind: 'load', module: module.href, options, whereabouts });
      if (refusal !== null) return await this.#cannotLoad('BAD_OPTION', String(refusal));
    } catch (error) {
      return await this.#cannotLoad('STATE_MACHINE_FAILED', error instanceof Error ? error.message : String(error));
    }
    this.#loading = false;
    this.#loadWatchdog.progress(false);
    this.#runWatchdog.progress(this.#pending.size > 0);
    for (const run of this.#pending) this.#post(run);
  }

  async #cannotLoad(code: ErrorCode, reason: string): Promise<void> {
    this.#close(
      new ScriptoriumError(code, `the state machine ${this.#options.module.href} cannot be loaded: ${reason}`),
    );
    await this.#thread.stop();
  }

  #died(cause: unknown): void {
    if (this.#closed !== null) return;
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `the state machine thread died ${this.#notePlace()}: ${why}`;
    const error = new ScriptoriumError('STATE_MACHINE_FAILED', message, { cause });
    this.#incarnation++;
    this.#handedIndex = 0;
    this.#appliedIndex = 0;
    this.#reject(error);
    if (!this.#loading) {
      this.#loading = true;
      queueMicrotask(() => void this.#load()); // by then piscina has let go of the dead thread
    }
    for (const listener of this.#deathListeners) listener(error);
  }

  /** Where the thread died, in words; and what that says of queries or of the log. */
  #notePlace(): string {
    const place = this.#whereabouts.now;
    this.#whereabouts = new Whereabouts(); // the next thread's: this one may not be quite dead yet
    const task = [...this.#pending].find((run) => run.task.kind !== 'load' && run.task.run === place?.run)?.task;
    const query = task?.kind === 'read' ? task.queries[place?.at ?? 0] : undefined;
    if (query !== undefined) {
      this.#deaths.ofQuery(query);
      return 'over a query';
    }
    this.#deaths.ofLog();
    return task === undefined ? `after index ${this.#appliedIndex}` : `at index ${place?.at}`;
  }

  #close(error: ScriptoriumError): void {
    this.#closed ??= error;
    this.#runWatchdog.stop();
    this.#loadWatchdog.stop();
    this.#reject(error);
  }

  #reject(error: ScriptoriumError): void {
    const rejected = [...this.#pending];
    this.#pending.clear();
    for (const run of rejected) run.reject(error);
  }
}

/** Copies the sections into one buffer of their own: the batches' bytes stay with the log. */
function pack(batches: readonly MachineBatch[]): { placed: PlacedBatch[]; bytes: Uint8Array<ArrayBuffer> } {
  let size = 0;
  for (const { section } of batches) size += section?.length ?? 0;
  const bytes = Buffer.allocUnsafeSlow(size);
  let offset = 0;
  const placed = batches.map(({ section, ...batch }) => {
    if (section !== null) bytes.set(section, offset);
    offset += section?.length ?? 0;
    return { ...batch, sectionBytes: section?.length ?? null };
  });
  return { placed, bytes };
}

function unpack({ bytes, sectionBytes }: ApplyOutcome): (Uint8Array | null)[] {
  let offset = 0;
  return sectionBytes.map((length) => {
    if (length === null) return null;
    const section = bytes.subarray(offset, offset + length);
    offset += length;
    return section;
  });
}
