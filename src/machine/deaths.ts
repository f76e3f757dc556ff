/**
 * What the deaths of a state machine's threads have taught one process. A query is asked for anew by whoever likes, so one that
 * killed a thread is refused from then on: it must not cost this worker its state again. A command stands in the log for ever, so
 * where the log kills every thread at one place the owner has to give up (R33, M06).
 */
import { createHash } from 'node:crypto';
import { ScriptoriumError } from '../errors.ts';

/** Deaths over the log without one more entry applied than ever before. */
const MAX_DEATHS_IN_VAIN = 3;
/** Fatal queries that are remembered; beyond them the oldest is forgotten. */
const MAX_FATAL_QUERIES = 1024;

export class Deaths {
  /** Digests, the oldest first. */
  readonly #fatal = new Set<string>();
  #furthest = 0;
  #inVain = 0;

  /** Everything up to `index` was applied by a thread that lives. */
  applied(index: number): void {
    if (index <= this.#furthest) return;
    this.#furthest = index;
    this.#inVain = 0;
  }

  ofQuery(query: Uint8Array): void {
    this.#fatal.add(digestOf(query));
    if (this.#fatal.size > MAX_FATAL_QUERIES) for (const oldest of this.#fatal) return void this.#fatal.delete(oldest);
  }

  /** Of a command, or between two runs of whatever the last ones left behind. */
  ofLog(): void {
    this.#inVain++;
  }

  /** Whether another thread would only die like the last ones did. */
  get areInVain(): boolean {
    return this.#inVain >= MAX_DEATHS_IN_VAIN;
  }

  /** Why this query is not asked; null where it may be. */
  refusal(query: Uint8Array): ScriptoriumError | null {
    if (this.#fatal.size === 0 || !this.#fatal.has(digestOf(query))) return null;
    const message = 'the state machine of this worker died of this very query; it is not asked again before a restart';
    return new ScriptoriumError('STATE_MACHINE_FAILED', message);
  }
}

const digestOf = (query: Uint8Array): string => createHash('sha256').update(query).digest('base64');
