/**
 * The worker: learner, candidate or leader; persists nothing and votes never, not even for itself. This is the switchboard
 * between the three roles; what each does lies in following.ts, election.ts and leadership.ts.
 */
import { AskedReads } from './asked-reads.ts';
import type { Role, WorkerEffects, WorkerEvent, WorkerStart } from './effects.ts';
import { Election, type ElectionResult } from './election.ts';
import { Following } from './following.ts';
import { Leadership } from './leadership.ts';
import { MAX_TERM_LEAP } from './limits.ts';
import {
  type AppendReply,
  type ConfigurationNotice,
  type LeaderGone,
  type Message,
  type PeerKey,
  type TakeOver,
  workerKey,
} from './messages.ts';
import { membersOf } from './quorum.ts';
import type { Resumption } from './resumption.ts';
import { lagShare, NO_NEWS, Succession } from './succession.ts';
import { type EntryId, type Index, type LoggedConfiguration, type ScribeMember, sameId, type Term } from './types.ts';
import { type KnownLeader, WorkerState } from './worker-state.ts';

export class WorkerMachine {
  readonly #state: WorkerState;
  readonly #following: Following;
  readonly #succession: Succession;
  readonly #askedReads: AskedReads;
  #election: Election | null = null;
  #leadership: Leadership | null = null;
  /** It led until contact was lost, and leads on if that comes back before anybody else is elected. */
  #resumption: Resumption | null = null;
  #tookOver = false;
  #electionAt: number;

  constructor(start: WorkerStart) {
    this.#state = new WorkerState(start);
    this.#following = new Following(this.#state);
    this.#succession = new Succession(this.#state);
    this.#askedReads = new AskedReads(this.#state);
    // A newcomer asks at once: probing disturbs nobody (R7), and mostly it learns who leads.
    this.#electionAt = start.now + start.random() * start.options.heartbeatMillis;
  }

  get role(): Role {
    return this.#state.role;
  }
  get term(): Term {
    return this.#state.term;
  }
  get leader(): KnownLeader | null {
    return this.#state.leader;
  }
  get tail(): EntryId {
    return this.#state.log.tail;
  }
  get commit(): Index {
    return this.#state.commit;
  }
  get applied(): Index {
    return this.#state.applied;
  }
  /** The entry its log needs next, if no scribe that was asked can read it (R31). */
  get halted(): Index | null {
    return this.#state.halted;
  }
  get configuration(): LoggedConfiguration {
    return this.#state.configuration;
  }
  /** Leads because the leader before it asked it to (P38), not because that one was missed. */
  get tookOver(): boolean {
    return this.#leadership !== null && this.#tookOver;
  }
  linked(key: PeerKey): boolean {
    return this.#state.linked(key);
  }
  /** Reads are answered without asking a quorum at this moment (R22). */
  holdsLease(now: number): boolean {
    return this.#leadership?.holdsLease(now) === true;
  }
  /** The scribes to be linked to. */
  get scribes(): readonly ScribeMember[] {
    return [...membersOf(this.#state.configuration.configuration), ...(this.#leadership?.leaving ?? [])];
  }
  /** Highest logged clock seen: a new batch must not be stamped below it. */
  get timestampMillis(): number {
    return this.#state.log.timestampMillis;
  }
  /** Leads, hands nothing over, and its state machine keeps up: a batch proposed now is appended. */
  get canPropose(): boolean {
    return this.#leadership?.takesProposals === true && !this.#state.congested;
  }
  /** No leader is known for now, and nothing speaks against finding the next one soon: what comes for it may wait here. */
  get awaitsLeader(): boolean {
    if (this.#leadership !== null || this.#state.halted !== null) return false;
    return this.#election !== null || this.#resumption !== null || this.#succession.isLeaderMissed;
  }
  /** When the next tick is wanted. */
  get wakeAt(): number {
    if (this.#leadership !== null) return this.#leadership.wakeAt;
    if (this.#resumption !== null) return this.#resumption.wakeAt;
    if (this.#election !== null) return this.#election.wakeAt;
    return Math.min(this.#electionAt, this.#succession.standAt, this.#following.wakeAt);
  }

  step(event: WorkerEvent, now: number): WorkerEffects {
    this.#state.now = now;
    const waited = this.awaitsLeader;
    switch (event.kind) {
      case 'linkUp':
        this.#state.peers.set(event.from, event.peer);
        this.#following.linkUp(event.from);
        this.#askedReads.refuse(event.from); // what was asked on an older one may be lost
        this.#progress(this.#election?.linkUp(event.from));
        this.#resumption?.linkUp(event.from);
        if (this.#leadership !== null) this.#leadership.linkUp(event.from, event.peer);
        else this.#state.tellIfRemoved(event.from, this.#state.configuration.id.term);
        break;
      case 'linkDown':
        this.#linkDown(event.from);
        break;
      case 'message':
        if (this.#state.linked(event.from)) this.#receive(event.from, event.message);
        break;
      case 'propose':
        this.#leadership?.propose(event.batch);
        break;
      case 'read':
        if (this.#leadership !== null) this.#leadership.read(null, event.request);
        else this.#askedReads.ask(event.request);
        break;
      case 'change': {
        const { request, change } = event;
        if (this.#leadership !== null) this.#leadership.change(request, change);
        else this.#state.answerChange({ request, outcome: 'not-leader', reason: 'this worker does not lead' });
        break;
      }
      case 'transfer': {
        const { request, to } = event;
        if (this.#leadership !== null) this.#leadership.transfer(request, to);
        else this.#state.answerTransfer({ request, outcome: 'refused', reason: 'this worker does not lead' });
        break;
      }
      case 'applied':
        this.#state.markApplied(event.index);
        this.#progress(this.#election?.applied());
        this.#following.applied();
        break;
      case 'tick':
        this.#tick();
        break;
    }
    if (this.#resumption?.isOver === true) this.#giveUp();
    if (this.#leadership === null) this.#following.follow();
    if (waited && !this.awaitsLeader) this.#state.changed = true;
    return this.#state.takeEffects();
  }

  /** Leads, or may lead on: nobody else ever leads its term, and of an earlier one nobody is followed. */
  get #holdsTerm(): boolean {
    return this.#leadership !== null || this.#resumption !== null;
  }

  #receive(from: PeerKey, message: Message): void {
    if ('term' in message && this.#leaps(message.term)) return;
    switch (message.kind) {
      case 'append':
        this.#onLeader(message.term, () => this.#following.append(from, message));
        break;
      case 'fetch':
        this.#onLeader(message.term, () => this.#following.fetch(from, message));
        break;
      case 'configurationNotice':
        if (!this.#holdsTerm) this.#hearConfiguration(message);
        break;
      case 'takeOver':
        this.#takeOver(from, message);
        break;
      case 'appendReply':
        this.#onAppendReply(from, message);
        break;
      case 'probeReply':
        if (message.leader !== null && message.leaderLive) this.#hearLeader(message.leader);
        if (this.#resumption?.receive(from, message) === true) this.#lead(this.#resumption.term, new Set());
        else this.#leadership?.probed(from, message);
        this.#progress(this.#election?.receive(from, message));
        break;
      case 'voteReply':
        this.#progress(this.#election?.receive(from, message));
        break;
      case 'readReply':
        this.#following.receiveRead(from, message);
        this.#progress(this.#election?.receive(from, message));
        break;
      case 'follow':
        this.#onFollow(from, message.tail);
        break;
      case 'leaderNotice':
        this.#onNotice(message.term, message.leader);
        break;
      case 'leaderGone':
        this.#onGone(from, message);
        break;
      case 'indexRequest':
        if (this.#leadership !== null) this.#leadership.read(from, message.request);
        else this.#state.send(from, { kind: 'indexReply', request: message.request, index: null });
        break;
      case 'indexReply':
        this.#askedReads.receive(from, message);
        break;
      default:
        break; // not for a worker
    }
  }

  /** As from a probe (R28): the log of a leader of that term goes on beyond this entry. */
  #hearConfiguration({ term, configuration }: ConfigurationNotice): void {
    this.#state.hearLog({ index: configuration.id.index, term }, configuration);
  }

  /** A message that only a leader sends. A leader of our own term or an older one is not above us while we lead. */
  #onLeader(term: Term, take: () => boolean): void {
    if (this.#holdsTerm && term <= this.#state.term) return;
    if (this.#leadership !== null) this.#stepDown();
    if (!take()) return;
    this.#succession.leaderHeard(term, true);
    // The leader that asked for this election goes on being heard until it is over; a newer one's log is none to win it with.
    if (this.#election?.askedIn !== term) this.#endElection();
    this.#electionAt = this.#timeoutFromNow();
  }

  /** The leader we follow wants us to lead (P38): we stand if our log ends where its own did. */
  #takeOver(from: PeerKey, { term, incarnation, tail }: TakeOver): void {
    const { leader, log } = this.#state;
    const isLeader = leader?.term === term && leader.identity.incarnation === incarnation;
    if (!isLeader || from !== workerKey(incarnation) || this.#leadership !== null || !sameId(log.tail, tail)) return;
    this.#endElection();
    this.#stand(term);
  }

  /** `askedIn`: the term of the leader that asked for it, or null. */
  #stand(askedIn: Term | null): void {
    this.#following.stop();
    this.#enter('candidate');
    this.#election = new Election(this.#state, askedIn);
    this.#progress(this.#election.begin(askedIn === null ? this.#succession.take() : NO_NEWS));
  }

  #onAppendReply(from: PeerKey, reply: AppendReply): void {
    if (this.#leadership === null || reply.incarnation !== this.#state.identity.incarnation) return;
    // Only scribes make terms: a learner's answer never deposes a leader (R7).
    if (reply.term > this.#state.term && this.#state.peers.get(from)?.role === 'scribe') {
      this.#state.term = reply.term;
      this.#stepDown();
    } else if (reply.term === this.#state.term) this.#leadership.receive(from, reply);
  }

  #onFollow(from: PeerKey, tail: EntryId): void {
    if (this.#leadership !== null) this.#leadership.follow(from, { kind: 'follow', tail });
    else if (this.#resumption !== null) this.#resumption.learners.add(from);
    else {
      const { leader } = this.#state;
      const notice = { kind: 'leaderNotice', term: leader?.term ?? 0, leader: leader?.identity ?? null } as const;
      this.#state.send(from, notice);
    }
  }

  #onNotice(term: Term, leader: KnownLeader['identity'] | null): void {
    if (leader !== null) this.#hearLeader({ identity: leader, term });
    else if (term >= (this.#state.leader?.term ?? 0)) this.#leaderMayBeGone();
  }

  /** A scribe's link to the leader closed (R9). */
  #onGone(from: PeerKey, gone: LeaderGone): void {
    if (this.#leadership !== null || this.#leaps(gone.answer.term)) return;
    if (this.#election !== null) this.#progress(this.#election.receive(from, gone));
    else this.#succession.told(from, gone);
    this.#standInTurn();
  }

  /** A scribe's word: where there is a leader of a higher term, ours is over. */
  #hearLeader(leader: KnownLeader): void {
    if (this.#leaps(leader.term)) return;
    if (this.#holdsTerm && leader.term <= this.#state.term) return;
    if (this.#leadership !== null) this.#stepDown();
    if (leader.term > (this.#state.leader?.term ?? 0)) this.#electionAt = this.#timeoutFromNow();
    this.#state.hearLeader(leader);
    this.#succession.leaderHeard(leader.term, false);
  }

  /** Unless our own link to it stands: a leader that is there need not be known to others. */
  #leaderMayBeGone(): void {
    const { leader } = this.#state;
    if (this.#holdsTerm || this.#election !== null) return;
    if (leader !== null && this.#state.linked(workerKey(leader.identity.incarnation))) return;
    this.#succession.miss();
    this.#standInTurn();
  }

  #standInTurn(): void {
    if (this.#holdsTerm || this.#election !== null) return;
    if (this.#succession.standAt <= this.#state.now) this.#stand(null);
  }

  #linkDown(from: PeerKey): void {
    this.#state.peers.delete(from);
    this.#following.linkDown(from);
    this.#progress(this.#election?.linkDown(from));
    this.#leadership?.linkDown(from);
    this.#resumption?.linkDown(from);
    this.#askedReads.refuse(from);
    const { leader } = this.#state;
    if (leader !== null && workerKey(leader.identity.incarnation) === from) this.#leaderMayBeGone();
  }

  #tick(): void {
    const { now } = this.#state;
    if (this.#leadership !== null) {
      if (!this.#leadership.tick()) this.#suspend();
      return;
    }
    this.#resumption?.tick();
    if (this.#resumption !== null) return;
    this.#following.tick();
    if (this.#election !== null) this.#progress(this.#election.tick());
    else if (now >= Math.min(this.#electionAt, this.#succession.standAt)) this.#stand(null);
  }

  #progress(result: ElectionResult | undefined): void {
    if (result === undefined || result.kind === 'going') return;
    this.#tookOver = this.#election?.isTransfer === true;
    this.#endElection();
    const { now, options, random } = this.#state;
    if (result.kind === 'won') this.#lead(result.term, result.caughtUp);
    else if (result.kind === 'leader-lives') this.#electionAt = this.#timeoutFromNow();
    else this.#electionAt = now + options.heartbeatMillis + random() * options.electionTimeoutMinMillis;
  }

  #lead(term: Term, caughtUp: ReadonlySet<PeerKey>): void {
    this.#following.stop(); // the leader that asked for the election went on being heard
    this.#state.term = term;
    this.#state.halted = null;
    this.#state.hearLeader({ identity: this.#state.identity, term });
    this.#succession.leaderHeard(term, true);
    this.#enter('leader');
    this.#leadership = new Leadership(this.#state, caughtUp, this.#resumption);
    this.#resumption = null;
  }

  /** No commit quorum answers: this worker leads nobody, for now or for good (R8). */
  #suspend(): void {
    const resumption = this.#leadership?.suspend() ?? null;
    this.#stepDown();
    this.#resumption = resumption;
  }

  /** It will not lead in that term again. */
  #giveUp(): void {
    this.#resumption = null;
    this.#electionAt = this.#timeoutFromNow();
  }

  #stepDown(): void {
    for (const { from, request } of this.#leadership?.resign() ?? []) {
      if (from === null) this.#state.refuseRead(request);
      else this.#state.send(from, { kind: 'indexReply', request, index: null });
    }
    this.#leadership = null;
    this.#state.leader = null;
    this.#electionAt = this.#timeoutFromNow();
    this.#enter('learner');
  }

  #endElection(): void {
    if (this.#election === null) return;
    this.#election = null;
    this.#enter('learner');
  }

  /** A term that no cluster comes to between two messages; believing it would use up all there are (P26). */
  #leaps(term: Term): boolean {
    return term - this.#state.term > MAX_TERM_LEAP;
  }

  #enter(role: Role): void {
    this.#state.role = role;
    this.#state.changed = true;
  }

  #timeoutFromNow(): number {
    const { now, random, options } = this.#state;
    const { electionTimeoutMinMillis: least, electionTimeoutMaxMillis: most } = options;
    return now + least + random() * (most - least) + least * lagShare(this.#following.lag);
  }
}
