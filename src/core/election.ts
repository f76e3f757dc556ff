/**
 * One attempt of a worker to become leader (§2): probe, catch up, ask for votes.
 *
 * The happy path: a vote quorum of scribes answer the probe and say that no leader lives; this log already ends where the best
 * of theirs does (a learner's usually does); a vote quorum grants the vote; two exchanges and one fsync. When the log is behind, the
 * missing batches are read from scribes in between; nothing is disturbed by that, because probing
 * changes no state anywhere (R7) and catching up is only reading.
 *
 * What can go wrong: a live leader (the attempt ends, no term has moved); a donor that dies, is slow or answers badly (others
 * serve what they share with it, else whoever makes a vote quorum without it); a lost vote (the scribes' terms are learnt for the
 * next attempt). Nothing here is trusted for safety but the votes: each is a durable promise of one scribe to one incarnation in one
 * term (R1, R3).
 */
import { CatchUp, type CatchUpResult, type Donor } from './catch-up.ts';
import { type Message, type PeerKey, type ProbeReply, scribeKey, type VoteReply } from './messages.ts';
import { isCommitQuorum, isVoteQuorum, votersOf } from './quorum.ts';
import type { News } from './succession.ts';
import { compareIds, type EntryId, type Index, type LoggedConfiguration, sameId, type Term } from './types.ts';
import { couldVote } from './vote-rule.ts';
import type { WorkerState } from './worker-state.ts';

export type ElectionResult =
  | { readonly kind: 'going' }
  /** Leader of `term`; `caughtUp` are the voters whose logs end exactly where ours does. */
  | { readonly kind: 'won'; readonly term: Term; readonly caughtUp: ReadonlySet<PeerKey> }
  | { readonly kind: 'leader-lives' }
  | { readonly kind: 'lost' };

const GOING: ElectionResult = { kind: 'going' };
const LOST: ElectionResult = { kind: 'lost' };

export class Election {
  /** Term of the leader that asked for this attempt itself, so that it lives stops nobody; null: nobody did. */
  readonly askedIn: Term | null;
  readonly #state: WorkerState;
  #phase: 'probing' | 'catching-up' | 'voting' = 'probing';
  #round = 0;
  #probedAt = 0;
  /** By which the answers to the newest probe are counted. */
  #probedIn: LoggedConfiguration;
  #deadline = 0;
  #probes = new Map<PeerKey, ProbeReply>();
  #votes = new Map<PeerKey, VoteReply>();
  #term: Term = 0;
  /** A vote was lost for lack of entries that the probe had not shown, being durable only since: that is worth a second look. */
  #knewTooLittle = false;
  #catchUp: CatchUp | null = null;
  /** Where the log ended when catching up began. */
  #readFrom: Index = 0;
  /** Those whose tails nobody could serve since they were last heard from. */
  readonly #spent = new Set<PeerKey>();
  /** Those among them that have entries and cannot read them (R29). */
  readonly #unreadable = new Set<PeerKey>();

  constructor(state: WorkerState, askedIn: Term | null) {
    this.#state = state;
    this.#probedIn = state.configuration;
    this.askedIn = askedIn;
  }

  /** Ask the scribes, unless what they told unasked is enough (R9). */
  begin({ answers, since }: News): ElectionResult {
    this.#probedAt = since;
    // All of it is heard before any of it decides: one may know of members that the others do not (R28).
    for (const { tail, configuration } of answers.values()) this.#state.hearLog(tail, configuration);
    this.#probedIn = this.#state.configuration;
    for (const [from, answer] of answers) {
      const result = this.#weigh(from, answer);
      if (this.#phase !== 'probing' || this.#round > 0) return result;
    }
    this.#probe();
    return GOING;
  }

  get isTransfer(): boolean {
    return this.askedIn !== null;
  }

  get wakeAt(): number {
    return this.#catchUp?.wakeAt ?? this.#deadline;
  }

  linkUp(from: PeerKey): ElectionResult {
    if (this.#phase === 'probing' && this.#isScribe(from))
      this.#state.send(from, { kind: 'probe', round: this.#round });
    if (this.#phase === 'voting' && this.#isVoter(from)) this.#state.send(from, this.#voteRequest());
    return this.#goOn(this.#catchUp?.linkUp(from));
  }

  linkDown(from: PeerKey): ElectionResult {
    return this.#goOn(this.#catchUp?.linkDown(from));
  }

  receive(from: PeerKey, message: Message): ElectionResult {
    if (message.kind === 'probeReply') return message.round === this.#round ? this.#weigh(from, message) : GOING;
    if (message.kind === 'leaderGone') return this.#weigh(from, message.answer);
    if (message.kind === 'voteReply') return this.#onVoteReply(from, message);
    if (message.kind === 'readReply') return this.#goOn(this.#catchUp?.receive(from, message));
    return GOING;
  }

  tick(): ElectionResult {
    if (this.#state.now < this.wakeAt) return GOING;
    if (this.#catchUp !== null) return this.#goOn(this.#catchUp.tick());
    if (this.#phase === 'probing' && this.#unreadable.size > 0) this.#state.halted = this.#state.log.tail.index + 1;
    return LOST;
  }

  applied(): ElectionResult {
    return this.#goOn(this.#catchUp?.resume());
  }

  #probe(): void {
    this.#phase = 'probing';
    this.#catchUp = null;
    this.#probes = new Map();
    this.#spent.clear();
    this.#round = this.#state.nextRequest();
    this.#probedAt = this.#state.now;
    this.#probedIn = this.#state.configuration;
    this.#deadline = this.#state.now + this.#state.options.electionTimeoutMinMillis;
    // Also those who have no say: they may know of a newer configuration, in which all of our voters are replaced (R28).
    const probe = { kind: 'probe', round: this.#round } as const;
    for (const key of this.#state.peers.keys()) if (this.#isScribe(key)) this.#state.send(key, probe);
  }

  #weigh(from: PeerKey, reply: ProbeReply): ElectionResult {
    if (this.#phase === 'voting') return GOING;
    if (this.#state.hearLog(reply.tail, reply.configuration)) {
      this.#probe(); // another configuration: other scribes decide (R28), also when this is heard while catching up
      return GOING;
    }
    if (!this.#isVoter(from)) return GOING; // neither its tail nor its term counts (R26, R27)
    this.#probes.set(from, reply);
    this.#spent.delete(from); // who answers anew may be read from again
    if (this.#phase !== 'probing') return GOING;
    const { configuration } = this.#state.configuration;
    const says = (holds: (reply: ProbeReply) => boolean) => (uuid: string) => {
      const answer = this.#probes.get(scribeKey(uuid));
      return answer !== undefined && holds(answer);
    };
    const mayElect = says((answer) => couldVote(answer, this.isTransfer));
    if (isVoteQuorum(configuration, mayElect)) return this.#fetchMissing();
    // Those who keep a leader: of the others no vote quorum is left.
    const leaderLives =
      !this.isTransfer &&
      isCommitQuorum(
        configuration,
        says(({ leaderLive }) => leaderLive),
      );
    return leaderLives ? { kind: 'leader-lives' } : GOING;
  }

  /**
   * Vote if nothing is missing, else read it, first from a scribe with the best tail, ranked by term first (R5). A tail that no
   * scribe could serve, or that its scribe cannot read, was perhaps never acknowledged: if a vote quorum without its holders
   * answers, it is their votes that tell.
   */
  #fetchMissing(): ElectionResult {
    const { configuration } = this.#state.configuration;
    const isSetAside = (key: PeerKey): boolean => this.#unreadable.has(key) || this.#spent.has(key);
    const answers = [...this.#probes].filter(([key]) => !isSetAside(key));
    const counted = new Set(answers.map(([key]) => key));
    if (answers.length < this.#probes.size && !isVoteQuorum(configuration, (uuid) => counted.has(scribeKey(uuid)))) {
      // Another scribe may still answer, until the deadline. What was told unasked has none (R9).
      if (this.#round === 0) this.#probe();
      else this.#phase = 'probing';
      return GOING;
    }
    const { log } = this.#state;
    const target = answers.reduce((best, [, { tail }]) => (compareIds(tail, best) > 0 ? tail : best), log.tail);
    if (sameId(target, log.tail)) return this.#caughtUp();
    this.#phase = 'catching-up';
    this.#readFrom = log.tail.index;
    this.#catchUp = new CatchUp(this.#state);
    return this.#goOn(this.#catchUp.name(target, this.#donors(target, answers)));
  }

  /** Those who hold the target, and then those who hold a part of what leads to it: what is committed is in every best log. */
  #donors(target: EntryId, answers: readonly (readonly [PeerKey, ProbeReply])[]): readonly Donor[] {
    const holders = answers.filter(([, { tail }]) => sameId(tail, target));
    const others = answers.filter(([, { tail, commit }]) => !sameId(tail, target) && commit.index > this.#state.commit);
    return [
      ...holders.map(([key]) => ({ key, asOf: target })),
      ...others.map(([key, { commit }]) => ({ key, asOf: commit })),
    ];
  }

  #goOn(result: CatchUpResult | undefined): ElectionResult {
    const catchUp = this.#catchUp;
    if (catchUp === null || result === undefined || result === 'going') return GOING;
    this.#catchUp = null;
    const cameFurther = this.#state.log.tail.index > this.#readFrom;
    if (cameFurther) this.#unreadable.clear(); // it was about an entry that is here now
    if (result === 'done') return this.#caughtUp();
    for (const key of catchUp.unreadable) this.#unreadable.add(key);
    if (cameFurther) {
      this.#probe(); // that it came further is worth another look at who has what
      return GOING;
    }
    for (const [key, { tail }] of this.#probes) if (sameId(tail, catchUp.target)) this.#spent.add(key);
    return this.#fetchMissing();
  }

  #caughtUp(): ElectionResult {
    this.#catchUp = null;
    const isLate = this.#state.now - this.#probedAt >= this.#state.options.electionTimeoutMinMillis;
    // What was read may hold another configuration, whose scribes were not asked (R28).
    if (isLate || this.#probedIn !== this.#state.configuration) this.#probe();
    else this.#askForVotes();
    return GOING;
  }

  #askForVotes(): void {
    this.#phase = 'voting';
    this.#votes = new Map();
    this.#deadline = this.#state.now + this.#state.options.electionTimeoutMinMillis;
    // One more than the highest term a vote quorum reports, never a private count (R2).
    const terms = [...this.#probes.values()].map(({ term }) => term);
    this.#term = Math.max(...terms, this.#state.term) + 1;
    const request = this.#voteRequest();
    for (const { storageUuid } of votersOf(this.#state.configuration.configuration))
      this.#state.send(scribeKey(storageUuid), request);
  }

  #voteRequest(): Message {
    const { identity, log } = this.#state;
    const candidacy = { term: this.#term, incarnation: identity.incarnation, tail: log.tail };
    const { askedIn } = this;
    return askedIn === null ? { kind: 'vote', ...candidacy } : { kind: 'transferVote', ...candidacy, askedIn };
  }

  #onVoteReply(from: PeerKey, reply: VoteReply): ElectionResult {
    if (this.#phase !== 'voting' || reply.requestTerm !== this.#term) return GOING;
    if (!this.#isVoter(from)) return GOING;
    this.#votes.set(from, reply);
    if (reply.reason !== 'granted') this.#state.hearTerm(reply.term);
    const { configuration } = this.#state.configuration;
    const granted = (uuid: string): boolean => this.#isGrant(this.#votes.get(scribeKey(uuid)));
    if (isVoteQuorum(configuration, granted))
      return { kind: 'won', term: this.#term, caughtUp: this.#votersAtOurTail() };
    const mayGrant = (uuid: string): boolean => !this.#votes.has(scribeKey(uuid)) || granted(uuid);
    if (isVoteQuorum(configuration, mayGrant)) return GOING;
    if (this.#knewTooLittle || ![...this.#votes.values()].some(({ reason }) => reason === 'log-behind')) return LOST;
    this.#knewTooLittle = true;
    this.#probe();
    return GOING;
  }

  /** Scribes that only catch up, and other workers, have no say. */
  #isVoter(key: PeerKey): boolean {
    return votersOf(this.#state.configuration.configuration).some(({ storageUuid }) => scribeKey(storageUuid) === key);
  }

  #isScribe(key: PeerKey): boolean {
    return this.#state.peers.get(key)?.role === 'scribe';
  }

  /** A late grant of an earlier attempt at this term may have been for a longer log than ours is now: it elects nobody. */
  #isGrant(vote: VoteReply | undefined): boolean {
    return vote?.reason === 'granted' && compareIds(vote.tail, this.#state.log.tail) <= 0;
  }

  #votersAtOurTail(): ReadonlySet<PeerKey> {
    const { tail } = this.#state.log;
    const atTail = [...this.#votes].filter(([, vote]) => vote.reason === 'granted' && sameId(vote.tail, tail));
    return new Set(atTail.map(([key]) => key));
  }
}
