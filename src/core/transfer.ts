/**
 * Handing leadership to another worker (Raft thesis §3.10). The happy path: the leader takes no more proposals, waits until
 * the other holds its whole log, and tells it to stand at once; the scribes, which would refuse anybody else while a leader
 * lives, let it pass (§2); its higher term ends this leadership.
 *
 * What can go wrong: the other is gone, lags or never wins. One election timeout after it began the leader takes proposals
 * again as if nothing had happened (P38): it has given nothing away, since until a higher term is heard it leads. Safety
 * rests on the votes alone; whoever is told to stand needs a vote quorum like anybody else.
 */
import type { Followers } from './followers.ts';
import { type PeerKey, workerKey } from './messages.ts';
import type { Incarnation } from './types.ts';
import type { WorkerState } from './worker-state.ts';

interface Handover {
  readonly request: number;
  readonly to: PeerKey;
  readonly deadline: number;
  told: boolean;
}

export class Transfer {
  readonly #state: WorkerState;
  readonly #followers: Followers;
  #handover: Handover | null = null;
  #wasOffered = false;

  constructor(state: WorkerState, followers: Followers) {
    this.#state = state;
    this.#followers = followers;
  }

  /** While this is true nothing new is appended. */
  get underWay(): boolean {
    return this.#handover !== null;
  }

  /** Somebody was told to stand, and may do so at any later time: from then on scribes' promises bind nobody (R22). */
  get wasOffered(): boolean {
    return this.#wasOffered;
  }

  get wakeAt(): number {
    return this.#handover?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /** `to` null: whichever learner is furthest. The caller has seen to it that nothing else is under way. */
  begin(request: number, to: Incarnation | null, round: number): void {
    const key = to === null ? this.#followers.furthestLearner : workerKey(to);
    if (this.#handover !== null || key === null || !this.#followers.learners.has(key)) {
      const reason = this.#handover === null ? 'no such worker follows' : 'leadership is being handed over already';
      this.#state.answerTransfer({ request, outcome: 'refused', reason });
      return;
    }
    const { now, options } = this.#state;
    this.#handover = { request, to: key, deadline: now + options.electionTimeoutMinMillis, told: false };
    this.#followers.feed(key, round); // what is not committed is not relayed
    this.advance();
  }

  /** The other may have caught up. */
  advance(): void {
    const handover = this.#handover;
    const { log, term, identity } = this.#state;
    if (handover === null || handover.told || this.#followers.acknowledgedBy(handover.to).index < log.tail.index)
      return;
    handover.told = true;
    this.#wasOffered = true;
    this.#state.send(handover.to, { kind: 'takeOver', term, incarnation: identity.incarnation, tail: log.tail });
  }

  /** Whoever is gone takes nothing over. */
  linkDown(key: PeerKey): void {
    if (this.#handover?.to === key) this.#end('kept', 'the other worker is gone; this one leads on');
  }

  tick(): void {
    if (this.#state.now < this.wakeAt) return;
    this.#end('kept', 'the other worker did not take over in time; this one leads on');
  }

  /** Leadership is over, by the other's higher term or for another reason. */
  resign(): void {
    this.#end('done', '');
  }

  #end(outcome: 'done' | 'kept', reason: string): void {
    if (this.#handover === null) return;
    this.#state.answerTransfer({ request: this.#handover.request, outcome, reason });
    this.#handover = null;
  }
}
