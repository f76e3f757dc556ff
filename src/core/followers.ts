/**
 * The leader's side of replication: one Progress per scribe of the configuration and per learner that follows, and the
 * messages that move each of them forward. Decides nothing about commitment.
 */
import { MAX_SCRIBES } from './limits.ts';
import type { Append, AppendReply, PeerKey } from './messages.ts';
import { scribeKey } from './messages.ts';
import { Progress } from './progress.ts';
import { isMember, isNewcomer, membersOf } from './quorum.ts';
import type { Admission } from './read-index.ts';
import { type Batch, type EntryId, type Index, lastIndex, type ScribeMember } from './types.ts';
import type { WorkerState } from './worker-state.ts';

export class Followers {
  readonly #state: WorkerState;
  readonly #progress = new Map<PeerKey, Progress>();
  readonly #learners = new Set<PeerKey>();
  /** Disks that lack what they acknowledged. */
  readonly #fenced = new Set<PeerKey>();
  /** Every scribe that was a member under this leader, by key. */
  readonly #members = new Map<PeerKey, ScribeMember>();
  #leaving: ScribeMember[] = [];
  /** Newcomers that may not be told yet that they are some, and the number under which each waits for it (R26). */
  readonly #unadmitted = new Map<PeerKey, number>();
  #admissions: Admission[] = [];
  /** The append built last: followers at the same point share one object, so it is encoded once. */
  #shared: Append | null = null;
  #heartbeatAt: number;

  constructor(state: WorkerState, caughtUp: ReadonlySet<PeerKey>) {
    this.#state = state;
    this.#heartbeatAt = state.now + state.options.heartbeatMillis;
    this.reconfigure();
    for (const [key, progress] of this.#progress) if (caughtUp.has(key)) progress.stream();
  }

  /** Scribes that are out and have not been told: links to them are wanted until that entry is committed and they were there (R27). */
  get leaving(): readonly ScribeMember[] {
    return this.#leaving;
  }

  /** The configuration may have changed: newcomers start from the end of the log, whoever is out counts no more. */
  reconfigure(): void {
    const { configuration, log, now } = this.#state;
    for (const member of membersOf(configuration.configuration)) {
      const key = scribeKey(member.storageUuid);
      this.#members.set(key, member);
      if (this.#progress.has(key) || this.#fenced.has(key)) continue;
      this.#progress.set(key, new Progress(log.tail.index + 1, now));
      this.#awaitAdmission(key);
    }
    for (const key of this.#unadmitted.keys()) if (!this.#isNewcomer(key)) this.#unadmitted.delete(key);
    for (const [key, member] of this.#members) {
      if (isMember(configuration.configuration, member.storageUuid)) continue;
      this.#members.delete(key);
      this.#progress.delete(key);
      this.#leaving.push(member);
    }
    // Who never comes back is not waited for without bound.
    this.#leaving = this.#leaving
      .filter(({ storageUuid }) => !this.#members.has(scribeKey(storageUuid)))
      .slice(-MAX_SCRIBES);
  }

  /** What is committed stands for ever: now those who are out may know it, and who is down when it comes back. */
  tellRemoved(): void {
    if (this.#leaving.length === 0 || this.#state.commit < this.#state.configuration.id.index) return;
    const away = this.#leaving.filter(({ storageUuid }) => !this.#state.linked(scribeKey(storageUuid)));
    if (away.length === this.#leaving.length) return;
    for (const { storageUuid } of this.#leaving) this.tellIfRemoved(scribeKey(storageUuid));
    this.#leaving = away;
    this.#state.changed = true;
  }

  tellIfRemoved(key: PeerKey): void {
    this.#state.tellIfRemoved(key, this.#state.term);
  }

  /** R29: a member that does not know that it is one. A newcomer is told when it is admitted. */
  tellUnsure(key: PeerKey): void {
    if (this.#members.has(key) && !this.#isNewcomer(key)) this.#tellConfiguration(key);
  }

  get heartbeatAt(): number {
    return this.#heartbeatAt;
  }

  matchOf(storageUuid: string): Index {
    return this.#progress.get(scribeKey(storageUuid))?.match ?? 0;
  }

  roundOf(storageUuid: string): number {
    return this.#progress.get(scribeKey(storageUuid))?.round ?? 0;
  }

  promisedRoundOf(storageUuid: string): number {
    return this.#progress.get(scribeKey(storageUuid))?.promisedRound ?? 0;
  }

  answeredAt(storageUuid: string): number {
    return this.#progress.get(scribeKey(storageUuid))?.answeredAt ?? Number.NEGATIVE_INFINITY;
  }

  get learners(): ReadonlySet<PeerKey> {
    return this.#learners;
  }

  get hasFenced(): boolean {
    return this.#fenced.size > 0;
  }

  /** The learner known to hold most of the log, or null when nobody follows. */
  get furthestLearner(): PeerKey | null {
    let furthest: PeerKey | null = null;
    for (const key of this.#learners) {
      if (furthest === null || this.acknowledgedBy(key).index > this.acknowledgedBy(furthest).index) furthest = key;
    }
    return furthest;
  }

  /** The first few are sent the log; to the others scribes relay it, so that many do not load the leader. */
  addLearner(key: PeerKey, tail: EntryId): void {
    const { log, now, options } = this.#state;
    const start = log.terms.holds(tail) ? tail : log.hintFor(tail);
    const progress = new Progress(start.index + 1, now);
    this.#learners.add(key);
    this.#progress.set(key, progress);
    progress.fetches = this.#learners.size; // not all of them begin with the same source
    const fed = [...this.#learners].filter((other) => other !== key && !this.#isRelayed(other));
    if (fed.length >= options.maxFedLearners) progress.mode = 'relay';
    else if (tail.index < log.base.index) progress.mode = 'fetch';
  }

  /** Send it the log from now on, if that was relayed to it. */
  feed(learner: PeerKey, round: number): void {
    const progress = this.#progress.get(learner);
    if (progress?.mode !== 'relay') return;
    progress.restart(progress.next);
    this.supply(learner, progress, round);
  }

  #isRelayed(key: PeerKey): boolean {
    return this.#progress.get(key)?.mode === 'relay';
  }

  /** What a scribe is known to hold: of an entry that the window no longer shows, its index alone. */
  acknowledgedBy(key: PeerKey): EntryId {
    const index = this.#progress.get(key)?.match ?? 0;
    return { index, term: this.#state.log.terms.termAt(index) ?? 0 };
  }

  /** It is sent nothing and counts for nothing as long as this leader leads. */
  fence(key: PeerKey): void {
    this.#progress.delete(key);
    this.#fenced.add(key);
  }

  /**
   * A newcomer's log does not name it yet: it takes nothing before a leader says who it is (R26). And a leader says so only
   * once it knows that it led when this link was there already: one deposed since might call a disk new that has voted for
   * another and forgotten it.
   */
  #awaitAdmission(key: PeerKey): void {
    if (!this.#isNewcomer(key)) return;
    const number = this.#state.nextRequest();
    this.#unadmitted.set(key, number);
    if (this.#state.linked(key)) this.#admissions.push({ kind: 'admission', newcomer: key, number });
  }

  #isNewcomer(key: PeerKey): boolean {
    const member = this.#members.get(key);
    return member !== undefined && isNewcomer(this.#state.configuration.configuration, member.storageUuid);
  }

  /** Those that have come to wait since this was last asked. */
  takeAdmissions(): readonly Admission[] {
    return this.#admissions.splice(0);
  }

  /** This worker has led since that link came up. */
  admit({ newcomer, number }: Admission, round: number): void {
    if (this.#unadmitted.get(newcomer) !== number) return; // it is another link by now
    this.#unadmitted.delete(newcomer);
    this.#tellConfiguration(newcomer);
    const progress = this.#progress.get(newcomer);
    if (progress === undefined) return;
    progress.restart(progress.next); // whatever was sent before, it did not take
    this.supply(newcomer, progress, round);
  }

  #tellConfiguration(key: PeerKey): void {
    const { configuration, commit, term } = this.#state;
    const committed = commit >= configuration.id.index;
    this.#state.send(key, { kind: 'configurationNotice', term, configuration, committed });
  }

  linkUp(key: PeerKey): void {
    this.#awaitAdmission(key);
    const progress = this.#progress.get(key);
    if (!this.#isRelayed(key)) progress?.restart(progress.next);
  }

  linkDown(key: PeerKey, round: number): void {
    if (!this.#learners.has(key)) {
      this.linkUp(key); // what was in flight is lost; probe again when it is back (R15)
      return;
    }
    const next = this.#isRelayed(key) ? undefined : [...this.#learners].find((other) => this.#isRelayed(other));
    this.#learners.delete(key);
    this.#progress.delete(key);
    if (next !== undefined) this.feed(next, round);
  }

  /** Take in an answer; null when it tells nothing this leader may use. */
  heard(key: PeerKey, reply: AppendReply): Progress | null {
    const progress = this.#progress.get(key);
    if (progress === undefined) return null;
    const { log, now } = this.#state;
    progress.answeredAt = now;
    progress.round = Math.max(progress.round, reply.round);
    if (reply.leaseMillis >= this.#state.options.leaseMillis)
      progress.promisedRound = Math.max(progress.promisedRound, reply.round);
    if (reply.conflict !== null) {
      this.#stepBack(progress, reply.conflict);
      return progress;
    }
    const { durable } = reply;
    // An acknowledgement names an entry, and counts only where that is this log's own entry (R14).
    if (durable.index > log.tail.index || (durable.index >= log.base.index && !log.terms.holds(durable)))
      return progress;
    progress.acknowledged(durable.index, now);
    if (progress.mode === 'probe' || (progress.mode === 'fetch' && progress.match >= log.base.index)) progress.stream();
    return progress;
  }

  #stepBack(progress: Progress, hint: EntryId): void {
    if (progress.mode === 'fetch' || progress.mode === 'relay' || hint.index >= progress.next) return;
    const { log } = this.#state;
    const common = log.hintFor(hint);
    progress.restart(common.index + 1);
    // Below the window, or at its edge with another entry: what the logs have in common lies where this one shows nothing.
    const isBelow = hint.index < log.base.index || (hint.index === log.base.index && hint.term !== log.base.term);
    if (isBelow && progress.match < log.base.index) progress.mode = 'fetch';
  }

  supplyAll(round: number): void {
    for (const [key, progress] of this.#progress) this.supply(key, progress, round);
  }

  /** Send what the follower's mode and window allow. */
  supply(key: PeerKey, progress: Progress, round: number): void {
    const { log, commit } = this.#state;
    if (!this.#state.linked(key) || this.#unadmitted.has(key)) return;
    if (progress.mode === 'relay') {
      if (commit > 0) this.#tellToFetch(key, progress, log.terms.idAt(commit));
      return;
    }
    if (progress.mode !== 'fetch' && progress.next - 1 < log.base.index) progress.mode = 'fetch';
    if (progress.mode === 'fetch') this.#tellToFetch(key, progress, log.base);
    else if (progress.mode === 'replicate') this.#stream(key, progress, round);
    else if (!progress.waiting) {
      progress.waiting = true;
      this.#append(key, progress, [], round, true);
    }
  }

  #stream(key: PeerKey, progress: Progress, round: number): void {
    const { log, options } = this.#state;
    while (progress.next <= log.tail.index && progress.hasRoom(options.maxInflightMessages, options.maxInflightBytes)) {
      const batches = log.slice(progress.next, options.maxAppendBytes);
      this.#append(key, progress, batches, round, false);
      const last = batches[batches.length - 1] as Batch;
      progress.sent(
        lastIndex(last),
        batches.reduce((sum, batch) => sum + batch.bytes.length, 0),
      );
    }
  }

  /** Learners hear of a commit at once; scribes need not, the next append tells them. */
  tellLearners(round: number): void {
    for (const key of this.#learners) {
      const progress = this.#progress.get(key) as Progress;
      this.supply(key, progress, round);
      if (progress.mode === 'replicate' && progress.sentCommit < this.#state.commit) {
        this.#append(key, progress, [], round, false);
      }
    }
  }

  /** One round of ReadIndex: every scribe is asked to answer at once (R19). */
  askScribes(round: number): void {
    for (const key of this.#state.scribes) {
      const progress = this.#progress.get(key);
      if (progress !== undefined) this.#append(key, progress, [], round, true);
    }
  }

  /** To everyone who has heard nothing for a heartbeat interval. */
  heartbeat(round: number): void {
    const { now, options } = this.#state;
    if (now < this.#heartbeatAt) return;
    this.#heartbeatAt = now + options.heartbeatMillis;
    for (const [key, progress] of this.#progress) {
      if (progress.mode === 'fetch') progress.waiting &&= now - progress.movedAt < options.electionTimeoutMinMillis;
      if (progress.mode === 'relay') progress.waiting = false;
      this.supply(key, progress, round);
      if (progress.mode === 'relay' && progress.waiting) continue; // that was its heartbeat
      // A lease is only renewed by an answer to a new round, however busy the link is (R22).
      if (options.leaseMillis > 0 || now - progress.sentAt >= options.heartbeatMillis / 2)
        this.#append(key, progress, [], round, progress.mode === 'probe');
    }
  }

  #append(key: PeerKey, progress: Progress, batches: readonly Batch[], round: number, echo: boolean): void {
    const { log, term, identity, commit, now, options } = this.#state;
    const { leaseMillis } = options;
    const prev = log.terms.idAt(Math.max(progress.next - 1, log.base.index));
    const shared = this.#shared;
    const same =
      shared !== null &&
      shared.prev.index === prev.index &&
      shared.batches.length === batches.length &&
      shared.batches.at(-1) === batches.at(-1) &&
      shared.commit === commit &&
      shared.round === round &&
      shared.echo === echo;
    const message: Append = same
      ? shared
      : { kind: 'append', term, incarnation: identity.incarnation, prev, batches, commit, round, echo, leaseMillis };
    this.#shared = message;
    progress.sentAt = now;
    progress.sentCommit = commit;
    this.#state.send(key, message);
  }

  /** Read up to a committed entry from a scribe that holds it, another one each time this is repeated (R16). */
  #tellToFetch(key: PeerKey, progress: Progress, upTo: EntryId): void {
    const { term, identity, configuration, now } = this.#state;
    if (progress.waiting) return;
    const holders = membersOf(configuration.configuration).filter(
      ({ storageUuid }) => scribeKey(storageUuid) !== key && this.matchOf(storageUuid) >= upTo.index,
    );
    const source = holders[progress.fetches++ % Math.max(1, holders.length)];
    if (source === undefined) return;
    progress.waiting = true;
    progress.fetchUpTo = upTo.index;
    progress.movedAt = now;
    const { incarnation } = identity;
    // Its own log may not say yet where the source is.
    if (progress.match < configuration.id.index) this.#tellConfiguration(key);
    this.#state.send(key, { kind: 'fetch', term, incarnation, source: source.storageUuid, upTo });
  }
}
