/**
 * What a program that uses the log sees, whether it sits in a worker's process (`WorkerNode`) or elsewhere (`Client`). The bytes of
 * commands and queries must stay as they are until the call is settled: where it is tried again they are read again.
 */

export interface CallOptions {
  /**
   * Milliseconds until the call is answered with DEADLINE_EXCEEDED (or DEADLINE_PASSED when nothing was sent); default 5000, 1 to 600000;
   * 0 has passed already, and anything else is refused with BAD_OPTION.
   */
  readonly deadlineMillis?: number;
  /** Aborting means "stop waiting"; what was sent may still take effect (ABORTED, outcome unknown). */
  readonly signal?: AbortSignal;
}

/** Where a committed command stands and what the state machine answered. */
export interface Applied {
  readonly index: number;
  readonly result: Uint8Array;
}

export interface LogService {
  /**
   * Append one command; resolves when it is fsynced on a majority of scribes and applied. Rejects with a
   * ScriptoriumError whose `outcome` says whether it took effect; COMMAND_FAILED carries what the state machine threw, and
   * TOO_LARGE with the outcome `executed` says that the result was dropped: of commands that travel together, all results have
   * at most 8 MiB for one caller, and 16 MiB for all.
   */
  propose(command: Uint8Array, options?: CallOptions): Promise<Applied>;
  /**
   * Append commands together, in order and adjacent; one promise for all. `results[i]` is the i-th command's result, or the
   * COMMAND_FAILED or TOO_LARGE error it ended in.
   */
  proposeBatch(
    commands: readonly Uint8Array[],
    options?: CallOptions,
  ): Promise<{ readonly firstIndex: number; readonly results: readonly (Uint8Array | Error)[] }>;
  /**
   * Linearizable read: sees every command acknowledged before the call (R19, R20). A query has at most 4 MiB; TOO_LARGE, and
   * COMMAND_FAILED where the state machine threw.
   */
  read(query: Uint8Array, options?: CallOptions): Promise<Uint8Array>;
}
