/**
 * Reads at a worker that does not lead (R20): it asks the leader from which index on they may be served. Each is answered once,
 * by the leader that was asked; where that is gone, or has a new link, the question may be lost and the read is refused.
 */
import { type IndexReply, type PeerKey, workerKey } from './messages.ts';
import type { WorkerState } from './worker-state.ts';

export class AskedReads {
  readonly #state: WorkerState;
  /** Whom each was asked of, by number. */
  readonly #asked = new Map<number, PeerKey>();

  constructor(state: WorkerState) {
    this.#state = state;
  }

  ask(request: number): void {
    const { leader } = this.#state;
    const key = leader === null ? null : workerKey(leader.identity.incarnation);
    if (key === null || !this.#state.linked(key)) {
      this.#state.refuseRead(request);
      return;
    }
    this.#asked.set(request, key);
    this.#state.send(key, { kind: 'indexRequest', request });
  }

  receive(from: PeerKey, { request, index }: IndexReply): void {
    if (this.#asked.get(request) !== from) return;
    this.#asked.delete(request);
    if (index === null) this.#state.refuseRead(request);
    else this.#state.readable(request, index);
  }

  /** What that worker was asked is not answered any more. */
  refuse(leader: PeerKey): void {
    for (const [request, asked] of this.#asked) {
      if (asked !== leader) continue;
      this.#asked.delete(request);
      this.#state.refuseRead(request);
    }
  }
}
