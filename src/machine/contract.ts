/**
 * What a state machine is. It runs in a thread of its own, alone with its state; it is fed committed entries in log order,
 * once each, and must be deterministic: same entries and timestamps, same state and results on every worker. No clock,
 * no randomness, no I/O.
 */

export interface EntryContext {
  readonly index: number;
  readonly term: number;
  /** The leader's logged clock for this entry's batch; the only time a state machine may know. Never decreases. */
  readonly timestampMillis: number;
}

export interface StateMachine {
  /**
   * Apply one committed command and return its result (or nothing). A thrown error is this command's result (R33) and must
   * be deterministic too. The bytes are valid only during the call. A result has at most 4 MiB; those of one batch of the log, and so of
   * whatever was proposed at the same time, 16 MiB: the caller of one that does not fit is told that it took effect (TOO_LARGE).
   */
  apply(command: Uint8Array, context: EntryContext): Uint8Array | undefined;
  /** Answer a query from the current state without changing it, with at most 4 MiB. */
  read(query: Uint8Array): Uint8Array;
}

/** A state-machine module's default export: makes a fresh machine in its initial state. */
export type StateMachineFactory = (options: unknown) => StateMachine;
