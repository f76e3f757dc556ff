/**
 * Notices a scribe whose disk went back in time under the same storage uuid: restored from a backup or a snapshot of its
 * machine (R26). It may have forgotten a vote and entries that it acknowledged, so its word proves nothing any more. A disk
 * that goes back does so while its scribe is down; hence each new link is answered with one probe, whose number is like no
 * other, and the answer must cover what was acknowledged to this leader before the probe was sent: an older answer, however
 * late it comes, fences nobody.
 */
import type { PeerKey, ProbeReply } from './messages.ts';
import type { EntryId, Term } from './types.ts';
import type { WorkerState } from './worker-state.ts';

export class DiskWatch {
  readonly #state: WorkerState;
  /** The question under way for each scribe, and what it had acknowledged to this leader by then. */
  readonly #asked = new Map<PeerKey, { readonly round: number; readonly acknowledged: EntryId }>();

  constructor(state: WorkerState) {
    this.#state = state;
  }

  /** A new link to a scribe that has acknowledged everything up to `acknowledged` in this term. */
  ask(key: PeerKey, acknowledged: EntryId): void {
    if (acknowledged.index === 0) return; // nothing that could be missing
    const round = this.#state.nextRequest();
    this.#asked.set(key, { round, acknowledged });
    this.#state.send(key, { kind: 'probe', round });
  }

  /** Whether the answer proves that the disk went back. */
  wentBack(key: PeerKey, reply: ProbeReply): boolean {
    const asked = this.#asked.get(key);
    if (asked?.round !== reply.round) return false;
    this.#asked.delete(key);
    return lacks(reply, asked.acknowledged, this.#state.term);
  }
}

/** Whether who answers so to what was asked later has lost what it had acknowledged in `term`. */
export function lacks(answer: ProbeReply, acknowledged: EntryId, term: Term): boolean {
  // In a later term a newer leader may rightly have replaced what was acknowledged to this one.
  if (acknowledged.index === 0 || answer.term > term) return false;
  const { tail } = answer;
  return answer.term < term || tail.index < acknowledged.index || tail.term < acknowledged.term;
}
