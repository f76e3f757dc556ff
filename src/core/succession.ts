/**
 * Who follows a leader that is gone, and when (§2.1, R9). A scribe whose link to the leader closed tells every worker so, and
 * in the same breath what a probe of it would have answered and the worker's turn. Once a vote quorum has told, the probe is as good as
 * made: whoever's turn is first asks for votes at once, the others leave it time to win, and the more the further their logs
 * lag. Nothing here is trusted for more than when to try: votes decide.
 */
import { type LeaderGone, type PeerKey, type ProbeReply, scribeKey, workerKey } from './messages.ts';
import { isVoteQuorum } from './quorum.ts';
import { compareIds, type Index, type Term } from './types.ts';
import { couldVote } from './vote-rule.ts';
import type { WorkerState } from './worker-state.ts';

/** What one turn takes: the share of an election timeout in which an election is over and heard of. */
const TURN = 0.1;
/** What a lagging log waits longer, in the same unit: by the logarithm of what it lacks, and never more than this. */
const LAG_PER_DOUBLING = 0.0125;
const MOST_FOR_LAG = 0.25;

/** What scribes told of themselves when the leader's links closed, and since when it holds. */
export interface News {
  readonly answers: ReadonlyMap<PeerKey, ProbeReply>;
  readonly since: number;
}

export const NO_NEWS: News = { answers: new Map(), since: 0 };

export class Succession {
  readonly #state: WorkerState;
  #told = new Map<PeerKey, LeaderGone>();
  /** When the first of them told. */
  #toldAt = 0;
  #quorumAt: number | null = null;
  /** When the leader was first missed here, its term, and how long a vote quorum's word is waited for. */
  #missed: { readonly at: number; readonly term: Term; readonly patience: number } | null = null;
  #stood = false;

  constructor(state: WorkerState) {
    this.#state = state;
  }

  /** The leader last heard of is believed gone, and none was heard since. */
  get isLeaderMissed(): boolean {
    return this.#missed !== null;
  }

  /** When to stand; infinite while nothing is missed. */
  get standAt(): number {
    const missed = this.#missed;
    if (missed === null || this.#stood) return Number.POSITIVE_INFINITY;
    const unit = this.#state.options.electionTimeoutMinMillis;
    if (this.#quorumAt === null) return missed.at + unit * (missed.patience + lagShare(this.#lag));
    return this.#quorumAt + unit * (TURN * this.#turn + lagShare(this.#lag));
  }

  /** A scribe's link to the leader closed. */
  told(from: PeerKey, gone: LeaderGone): void {
    const { leader, now } = this.#state;
    if (gone.answer.term < (leader?.term ?? 0)) return; // of a leader before the one we know
    if (!this.#isFresh) {
      this.#told = new Map();
      this.#toldAt = now;
      this.#quorumAt = null;
    }
    this.#told.set(from, gone);
    if (this.#quorumAt !== null || !this.#isQuorumTold()) return;
    this.#quorumAt = now;
    this.#stood = false; // an attempt before that word was made without it
    this.#miss(Math.max(...[...this.#told.values()].map(({ answer }) => answer.term)));
  }

  /** Our own link to the leader closed, or somebody who should know it knows of none. */
  miss(): void {
    this.#miss(this.#state.leader?.term ?? 0);
  }

  #miss(term: Term): void {
    const { now, random } = this.#state;
    const before = this.#missed ?? { at: now, term, patience: TURN * (1 + random()) };
    this.#missed = { ...before, term: Math.max(term, before.term) };
  }

  /** A leader lives: the one missed does after all (`term` its own, heard from itself), or a newer one. */
  leaderHeard(term: Term, fromItself: boolean): void {
    if (this.#missed !== null && (fromItself ? term < this.#missed.term : term <= this.#missed.term)) return;
    this.#told = new Map();
    this.#quorumAt = null;
    this.#missed = null;
    this.#stood = false;
  }

  /** Standing now: what the scribes told is used once, and asked again where the leader may have been heard since (R7). */
  take(): News {
    const { now, options } = this.#state;
    const news =
      this.#told.size > 0 && now - this.#toldAt <= options.heartbeatMillis
        ? { answers: new Map([...this.#told].map(([key, { answer }]) => [key, answer])), since: this.#toldAt }
        : NO_NEWS;
    this.#told = new Map();
    this.#quorumAt = null;
    this.#stood = true;
    return news;
  }

  /** Something was told, and not so long ago that it would be over and forgotten. */
  get #isFresh(): boolean {
    const { now, options } = this.#state;
    return this.#told.size > 0 && now - this.#toldAt < options.electionTimeoutMinMillis;
  }

  #isQuorumTold(): boolean {
    const { configuration } = this.#state.configuration;
    return isVoteQuorum(configuration, (uuid) => {
      const answer = this.#told.get(scribeKey(uuid))?.answer;
      return answer !== undefined && couldVote(answer, false);
    });
  }

  /** One more while our own link to the leader stands: what it sent last may still be on its way here. */
  get #turn(): number {
    const { leader } = this.#state;
    const linked = leader !== null && this.#state.linked(workerKey(leader.identity.incarnation));
    return Math.max(...[...this.#told.values()].map(({ turn }) => turn)) + (linked ? 1 : 0);
  }

  /** Entries by which this log is known to be behind. */
  get #lag(): Index {
    const { tail } = this.#state.log;
    const tails = [...this.#told.values()].map(({ answer }) => answer.tail);
    const ahead = tails.filter((other) => compareIds(other, tail) > 0).map(({ index }) => index);
    return tail.index === 0 ? Number.POSITIVE_INFINITY : Math.max(0, ...ahead.map((index) => index - tail.index));
  }
}

/** Share of an election timeout that a log which lacks so many entries waits longer (§2.1: the most caught-up tries first). */
export function lagShare(entries: number): number {
  return Math.min(MOST_FOR_LAG, LAG_PER_DOUBLING * Math.log2(1 + entries));
}
