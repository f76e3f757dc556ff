/**
 * What the state machine's thread is at, in memory that outlives it: when the thread dies, the host reads here of which command or
 * query. Answers cannot tell, since those on their way die with the thread.
 */

/** The number of a run, 0 for none, and a place in it. */
const FIELDS = 2;

export interface Place {
  readonly run: number;
  /** The index of a command, or the position of a query in its run. */
  readonly at: number;
}

export class Whereabouts {
  readonly memory: SharedArrayBuffer;
  readonly #fields: Float64Array;

  /** On the thread's side over the `memory` that the host has made. */
  constructor(memory = new SharedArrayBuffer(FIELDS * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#fields = new Float64Array(memory);
  }

  /** The state machine is about to be called. */
  begin(run: number, at: number): void {
    this.#fields[1] = at;
    this.#fields[0] = run;
  }

  /** The run is over. */
  end(): void {
    this.#fields[0] = 0;
  }

  /** Null: between two runs. */
  get now(): Place | null {
    const [run = 0, at = 0] = this.#fields;
    return run === 0 ? null : { run, at };
  }
}
