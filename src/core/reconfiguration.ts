/**
 * The leader's part in a change of the members (§7): takes one at a time, only once an entry of its own term is committed
 * (else two leaders could each change a configuration that the other does not know of), and appends the next step when the
 * one before is committed. Finds a change half done in the log it inherits and goes on with it.
 */
import { isStable, type MembershipChange, nextStep, planChange } from './membership.ts';
import type { Configuration, Index } from './types.ts';
import type { WorkerState } from './worker-state.ts';

export class Reconfiguration {
  readonly #state: WorkerState;
  readonly #firstOfTerm: Index;
  /** Who waits for the change under way. */
  #waiting: number[] = [];
  /** What was committed at the last tick: a newcomer that holds it keeps up with the writes. */
  #keepsUpAt = Number.POSITIVE_INFINITY;

  constructor(state: WorkerState, firstOfTerm: Index) {
    this.#state = state;
    this.#firstOfTerm = firstOfTerm;
  }

  /** What to append at once for a request, or null; it is answered now or when the change is over. */
  request(request: number, change: MembershipChange): Configuration | null {
    const { commit, configuration } = this.#state;
    if (commit < this.#firstOfTerm) {
      this.#state.answerChange({ request, outcome: 'not-leader', reason: 'the leader has only just been elected' });
      return null;
    }
    const plan = planChange(configuration.configuration, change);
    if (plan.kind === 'refused' || (plan.kind === 'append' && configuration.id.index > commit)) {
      const reason = plan.kind === 'refused' ? plan.reason : 'another change of the members is under way';
      this.#state.answerChange({ request, outcome: 'refused', reason });
      return null;
    }
    if (plan.kind === 'append') this.#answer('refused', 'the change was called off');
    this.#waiting.push(request);
    if (plan.kind === 'append') return plan.configuration;
    this.#answerDone();
    return null;
  }

  tick(): void {
    this.#keepsUpAt = this.#state.commit;
  }

  /** What to append next, now that commit or a newcomer's log has moved. */
  next(matchOf: (storageUuid: string) => Index): Configuration | null {
    const { commit, configuration } = this.#state;
    const { id, configuration: newest } = configuration;
    if (commit < this.#firstOfTerm || commit < id.index) return null;
    this.#answerDone();
    return nextStep(newest, (uuid) => matchOf(uuid) >= Math.max(id.index, this.#keepsUpAt));
  }

  resign(): void {
    this.#answer('unknown', 'leadership ended; the next leader goes on with the change');
  }

  #answerDone(): void {
    const { commit, configuration } = this.#state;
    if (commit >= configuration.id.index && isStable(configuration.configuration)) this.#answer('done', '');
  }

  #answer(outcome: 'done' | 'refused' | 'unknown', reason: string): void {
    for (const request of this.#waiting) this.#state.answerChange({ request, outcome, reason });
    this.#waiting = [];
  }
}
