/**
 * Records what clients of one process do, in the order in which this process saw it happen. A call is recorded as started
 * before its bytes are handed on and as answered after its answer is read, so a recorded span is never narrower than the
 * true one: a checker may miss a violation through that, it cannot invent one.
 */
import type { Action, Operation, Result } from './history.ts';

interface Pending {
  readonly client: string;
  readonly key: string;
  readonly action: Action;
  readonly startedAt: number;
}

export class Recorder {
  readonly #ended: Operation[] = [];
  readonly #pending = new Set<Pending>();
  #position = 0;

  start(client: string, key: string, action: Action): Pending {
    this.#position += 1;
    const pending = { client, key, action, startedAt: this.#position };
    this.#pending.add(pending);
    return pending;
  }

  answered(pending: Pending, result: Result): void {
    this.#position += 1;
    this.#end(pending, { kind: 'answered', at: this.#position, result });
  }

  /** `kind` as the error's outcome class says it. */
  failed(pending: Pending, kind: 'unknown' | 'not-executed'): void {
    this.#end(pending, { kind });
  }

  /** Everything so far; what is still pending counts as unknown. */
  history(): Operation[] {
    return [
      ...this.#ended,
      ...[...this.#pending].map((pending) => ({ ...pending, ending: { kind: 'unknown' } as const })),
    ];
  }

  #end(pending: Pending, ending: Operation['ending']): void {
    if (!this.#pending.delete(pending)) throw new Error('an operation ended twice');
    this.#ended.push({ ...pending, ending });
  }
}
