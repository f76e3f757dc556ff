/**
 * What the host and the state machine's thread say to each other: one task each way per run, never one per entry. Commands
 * and results travel as one buffer that is transferred, with the batches' places beside it.
 */

/** One committed batch as it is handed to the host. */
export interface MachineBatch {
  readonly firstIndex: number;
  readonly term: number;
  /** The leader's logged clock for this batch. */
  readonly timestampMillis: number;
  /** Entries in it, at least 1. */
  readonly count: number;
  /** Its entry section, or null for a batch without commands (a no-op, a configuration). */
  readonly section: Uint8Array | null;
  /** Whether anybody waits for its results; where nobody does they are not even collected. */
  readonly wantsResults: boolean;
}

/** A batch in a task: its section is the next `sectionBytes` bytes of the task's buffer, null when it has no commands. */
export interface PlacedBatch extends Omit<MachineBatch, 'section'> {
  readonly sectionBytes: number | null;
}

export interface LoadTask {
  readonly kind: 'load';
  /** File URL of the module whose default export is a `StateMachineFactory`. */
  readonly module: string;
  readonly options: unknown;
  /** Memory of the thread's `Whereabouts`. */
  readonly whereabouts: SharedArrayBuffer;
}

export interface ApplyTask {
  readonly kind: 'apply';
  /** Number of the run, 1 or more. */
  readonly run: number;
  readonly batches: readonly PlacedBatch[];
  readonly bytes: Uint8Array;
}

export interface ReadTask {
  readonly kind: 'read';
  readonly run: number;
  /** Everything handed over before: the thread refuses to answer from an older state. */
  readonly minimumIndex: number;
  readonly queries: readonly Uint8Array[];
}

export type Task = LoadTask | ApplyTask | ReadTask;

/** Results sections one after the other; `sectionBytes[i]` belongs to the i-th batch, null for one whose results nobody wants. */
export interface ApplyOutcome {
  readonly bytes: Uint8Array;
  readonly sectionBytes: readonly (number | null)[];
}

/** Answers to the first `count` of the queries, 1 or more: the rest is to be asked again. */
export interface ReadOutcome {
  readonly count: number;
  /** Results section. */
  readonly bytes: Uint8Array;
}
