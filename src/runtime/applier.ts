/**
 * Feeds committed batches to the state machine in order, several to a run while it is busy, and serves reads at the index
 * they need. Keeps: a batch is handed over once; a read runs on a state that has applied at least its index (R19), and on none
 * that a new thread begins with.
 */
import { type Batch, type Index, lastIndex } from '../core/types.ts';
import { ScriptoriumError } from '../errors.ts';
import type { MachineHost } from '../machine/host.ts';
import type { MachineBatch } from '../machine/tasks.ts';
import { batchBody } from '../wire/batch.ts';
import type { Clock } from './clock.ts';

/** Batches in one run: about this many bytes; and those whose results somebody wants, as each may have MAX_BATCH_RESULTS_BYTES. */
const RUN_BYTES = 512 * 1024;
const MAX_WANTED = 2;
/** Runs of either kind handed to the thread ahead of its answers: it never waits for us between two. */
const MAX_RUNS = 2;
/** Queries in one run. */
const MAX_QUERIES = 1024;
/** How often queries are looked through for those whose callers wait no longer. */
const SWEEP_MILLIS = 100;

interface Query {
  readonly index: Index;
  readonly query: Uint8Array;
  /** Until then somebody waits for the answer, by the clock. */
  readonly until: number;
  resolve(answer: Uint8Array): void;
  reject(error: unknown): void;
}

export interface ApplierHandlers {
  /** Whether anybody waits for the results of a batch that is about to be applied. */
  wantsResults(batch: Batch): boolean;
  /** Everything up to `index` is applied; `results[i]` belongs to `batches[i]`, null where nobody wants them. */
  applied(batches: readonly Batch[], results: readonly (Uint8Array | null)[]): void;
  /** The thread died: state is lost, and the owner starts anew. */
  failed(error: unknown): void;
}

export class Applier {
  readonly #host: MachineHost;
  readonly #clock: Clock;
  readonly #handlers: ApplierHandlers;
  #cancelSweep: (() => void) | null = null;
  #queue: Batch[] = [];
  #runs = 0;
  #applied: Index = 0;
  #queries: Query[] = [];
  /** Runs of queries under way; the host's bound on runs is shared, and must never be used up by reading. */
  #queryRuns = 0;
  #stopped: { readonly error: unknown } | null = null;

  constructor(host: MachineHost, clock: Clock, handlers: ApplierHandlers) {
    this.#host = host;
    this.#clock = clock;
    this.#handlers = handlers;
    // Also when nothing was being applied: the thread that comes next knows nothing, and must not be asked (R19).
    host.onDeath((error) => {
      if (this.#stopped === null) handlers.failed(error);
    });
  }

  get applied(): Index {
    return this.#applied;
  }

  push(batches: readonly Batch[]): void {
    for (const batch of batches) this.#queue.push(batch);
    this.#pump();
  }

  /**
   * Run `query` once everything up to `index` is applied. Given up with DEADLINE_EXCEEDED where that has not come to pass `until`
   * then: a worker that is far behind, or halted, must not fill up with what nobody waits for any more.
   */
  query(index: Index, query: Uint8Array, until: number): Promise<Uint8Array> {
    if (this.#stopped !== null) return Promise.reject(this.#stopped.error);
    return new Promise((resolve, reject) => {
      this.#queries.push({ index, query, until, resolve, reject });
      this.#sweepLater();
      if (this.#queries.length === 1) queueMicrotask(() => this.#serve()); // gather what this turn brings
    });
  }

  stop(error: unknown): void {
    this.#stopped = { error };
    this.#cancelSweep?.();
    this.#queue = [];
    for (const { reject } of this.#queries) reject(error);
    this.#queries = [];
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#clock.setTimer(SWEEP_MILLIS, () => {
      this.#cancelSweep = null;
      const now = this.#clock.now();
      const late = this.#queries.filter(({ until }) => until <= now);
      if (late.length > 0) this.#queries = this.#queries.filter(({ until }) => until > now);
      for (const { index, reject } of late) reject(tooLate(index, this.#applied));
      if (this.#queries.length > 0) this.#sweepLater();
    });
  }

  #pump(): void {
    while (this.#stopped === null && this.#runs < MAX_RUNS && this.#queue.length > 0) {
      let bytes = 0;
      let wanted = 0;
      const batches: MachineBatch[] = [];
      for (const batch of this.#queue) {
        const wantsResults = this.#handlers.wantsResults(batch);
        if (batches.length > 0 && (bytes + batch.bytes.length > RUN_BYTES || (wantsResults && wanted === MAX_WANTED)))
          break;
        bytes += batch.bytes.length;
        if (wantsResults) wanted++;
        batches.push(runnable(batch, wantsResults));
      }
      this.#run(this.#queue.splice(0, batches.length), batches);
    }
  }

  #run(batches: readonly Batch[], runnable: readonly MachineBatch[]): void {
    this.#runs++;
    this.#host.apply(runnable).then(
      (results) => {
        this.#runs--;
        if (this.#stopped !== null) return;
        this.#applied = lastIndex(batches[batches.length - 1] as Batch);
        this.#handlers.applied(batches, results);
        this.#serve();
        this.#pump();
      },
      (error: unknown) => {
        if (this.#stopped === null) this.#handlers.failed(error);
      },
    );
  }

  #serve(): void {
    if (this.#queryRuns >= MAX_RUNS) return;
    const ready: Query[] = [];
    const waiting: Query[] = [];
    for (const query of this.#queries) {
      (query.index <= this.#applied && ready.length < MAX_QUERIES ? ready : waiting).push(query);
    }
    this.#queries = waiting;
    if (ready.length === 0) return;
    this.#queryRuns++;
    this.#host.read(ready.map(({ query }) => query)).then(
      (answers) => {
        this.#queryRuns--;
        for (const [position, answer] of answers.entries()) {
          const { resolve, reject } = ready[position] as Query;
          if (answer instanceof Uint8Array) resolve(answer);
          else reject(answer);
        }
        const rest = ready.slice(answers.length);
        if (this.#stopped === null) this.#queries = [...rest, ...this.#queries];
        else for (const { reject } of rest) reject(this.#stopped.error);
        this.#serve();
      },
      (error: unknown) => {
        this.#queryRuns--;
        for (const { reject } of ready) reject(error);
        this.#serve();
      },
    );
  }
}

const runnable = (
  { kind, bytes, firstIndex, term, timestampMillis, count }: Batch,
  wantsResults: boolean,
): MachineBatch => ({
  firstIndex,
  term,
  timestampMillis,
  count,
  section: kind === 'command' ? batchBody(bytes) : null,
  wantsResults,
});

const tooLate = (index: Index, applied: Index): ScriptoriumError =>
  new ScriptoriumError('DEADLINE_EXCEEDED', `a read at ${index} waits for this worker, which has applied ${applied}`, {
    outcome: 'not-executed',
  });
