/** A scribe's term and vote, and what it may say only once they are durable (R3). */
import type { DurableLog } from './durable-log.ts';
import type { Send } from './effects.ts';
import type { HardState } from './types.ts';

const NOTHING: readonly Send[] = [];

export class OwnHardState {
  readonly #log: DurableLog;
  #current: HardState;
  /** Number of the persist that carries it; 0 when it was recovered. */
  #hardStateWrite = 0;
  /** Answers that may leave once a persist is durable, in its order. */
  #held: { write: number; send: Send }[] = [];

  constructor(log: DurableLog, recovered: HardState) {
    this.#log = log;
    this.#current = recovered;
  }

  get current(): HardState {
    return this.#current;
  }

  save(hardState: HardState): void {
    // Nothing of a lower term is acknowledged once the term has risen (R4).
    if (hardState.term > this.#current.term) this.retract();
    this.#current = hardState;
    this.#hardStateWrite = this.#log.saveHardState(hardState);
  }

  /** Something that rests on it: what may leave at once. */
  hold(send: Send): readonly Send[] {
    if (this.#hardStateWrite <= this.#log.durableWrite) return [send];
    this.#held.push({ write: this.#hardStateWrite, send });
    return [];
  }

  /** Takes back the acknowledgements that wait; whether there were any. */
  retract(): boolean {
    const kept = this.#held.filter(({ send }) => send.message.kind !== 'appendReply');
    const any = kept.length < this.#held.length;
    this.#held = kept;
    return any;
  }

  /** What may leave by now. */
  release(): readonly Send[] {
    if (this.#held.length === 0) return NOTHING; // at almost every step
    const ready = this.#held.findIndex(({ write }) => write > this.#log.durableWrite);
    return this.#held.splice(0, ready === -1 ? this.#held.length : ready).map(({ send }) => send);
  }
}
