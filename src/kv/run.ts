/**
 * Neighbouring requests of one connection that go to the log together: all writes or all reads. Their replies come out in
 * the order of the requests, with those given at once in their places.
 */
import type { LogAccess } from './log-access.ts';
import type { Step } from './session.ts';

const MAX_REQUESTS = 1024;
const MAX_BYTES = 512 * 1024;

export type Piece = Uint8Array | string;

export class Run {
  /** Replies known at once; null where one from the log comes. */
  readonly #slots: (string | null)[] = [];
  readonly #entries: Uint8Array[] = [];
  readonly #reads: (readonly Buffer[])[] = [];
  #bytes = 0;

  /** Takes the step in, or says false: it begins the next run. */
  take(step: Step): boolean {
    if (this.#slots.length >= MAX_REQUESTS || this.#bytes >= MAX_BYTES) return false;
    const reading = this.#reads.length > 0;
    switch (step.kind) {
      case 'reply':
        if (reading) return false; // replies to reads come in one piece
        this.#slots.push(step.reply);
        this.#bytes += step.reply.length;
        return true;
      case 'write':
        if (reading) return false;
        this.#slots.push(null);
        this.#entries.push(step.entry);
        this.#bytes += step.entry.length;
        return true;
      case 'read':
        if (this.#entries.length > 0 || this.#reads.length >= MAX_REQUESTS) return false;
        this.#reads.push(step.words);
        for (const word of step.words) this.#bytes += word.length;
        return true;
      case 'watch':
        return false;
    }
  }

  /** Replies in order, piece by piece: what the log answered last is to be let go before more is asked. */
  async *carryOut(log: LogAccess): AsyncGenerator<readonly Piece[], void> {
    const results = this.#entries.length > 0 ? await log.write(this.#entries) : [];
    let next = 0;
    if (this.#slots.length > 0) yield this.#slots.map((reply) => reply ?? (results[next++] as Piece));
    if (this.#reads.length > 0) for await (const piece of log.read(this.#reads)) yield [piece];
  }
}
