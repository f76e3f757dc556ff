/**
 * Reading from a scribe what this worker's log lacks, out of band (§2.3, R6): chunk after chunk, each chained to the one before,
 * until the log holds exactly `target`. The donor serves only while it holds `target` itself, so whatever is read is a
 * prefix of that log. Never steps back below what is committed here.
 */
import type { PeerKey, ReadReply } from './messages.ts';
import { type EntryId, sameId } from './types.ts';
import type { WorkerState } from './worker-state.ts';

const CHUNK_BYTES = 1024 * 1024;

/** `unknown`: the donor has what comes next and cannot read it (R29). */
export type CatchUpResult = 'going' | 'done' | 'failed' | 'unknown';

export class CatchUp {
  readonly donor: PeerKey;
  readonly target: EntryId;
  readonly #state: WorkerState;
  /** The read under way, or null while the state machine is given time. */
  #request: { readonly number: number; readonly prev: EntryId } | null = null;
  #deadline = 0;

  constructor(state: WorkerState, donor: PeerKey, target: EntryId) {
    this.#state = state;
    this.donor = donor;
    this.target = target;
    this.#ask();
  }

  /** When a donor that has not answered is given up. */
  get wakeAt(): number {
    return this.#request === null ? Number.POSITIVE_INFINITY : this.#deadline;
  }

  get overdue(): boolean {
    return this.#state.now >= this.wakeAt;
  }

  receive(from: PeerKey, reply: ReadReply): CatchUpResult {
    const request = this.#request;
    if (from !== this.donor || request === null || request.number !== reply.request) return 'going';
    this.#request = null;
    const { log } = this.#state;
    // The log may have moved since the request: then the answer is worthless, and a conflict would cut what came meanwhile.
    if (!sameId(request.prev, log.tail)) return this.#finish('failed');
    if (reply.outcome === 'conflict') return this.#stepBack(request.prev, reply.hint);
    if (reply.outcome === 'unknown') return 'unknown';
    const first = reply.batches[0];
    const follows = first?.firstIndex === log.tail.index + 1 && first.term >= log.tail.term;
    if (reply.outcome !== 'entries' || !follows) return this.#finish('failed');
    for (const batch of reply.batches) this.#state.append(batch);
    this.#state.advanceCommitTo(reply.commit);
    return this.#finish('going');
  }

  /** The state machine has moved on: ask again if reading had paused for it. */
  resume(): void {
    if (this.#request === null) this.#ask();
  }

  #finish(otherwise: 'going' | 'failed'): CatchUpResult {
    if (this.#state.log.terms.holds(this.target)) return 'done';
    if (otherwise === 'going') this.#ask();
    return otherwise;
  }

  #stepBack(prev: EntryId, hint: EntryId): CatchUpResult {
    const common = this.#state.log.hintFor(hint);
    if (common.index >= prev.index || common.index < this.#state.commit) return 'failed';
    this.#state.truncateFrom(common.index + 1);
    return this.#finish('going');
  }

  #ask(): void {
    const state = this.#state;
    // Pausing helps only while there is something to apply; an uncommitted backlog must be read whole to be led.
    if (state.congested && state.applied < state.commit) return;
    const prev = state.log.tail;
    this.#request = { number: state.nextRequest(), prev };
    this.#deadline = state.now + state.options.electionTimeoutMinMillis;
    const { number } = this.#request;
    state.send(this.donor, { kind: 'read', request: number, prev, asOf: this.target, maxBytes: CHUNK_BYTES });
  }
}
