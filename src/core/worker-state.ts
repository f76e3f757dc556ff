/**
 * What a worker has in every role: identity, volatile log, commit index, links, and the effects of the step under way. The
 * roles work on it; it knows none of them.
 */
import { assert } from './assert.ts';
import type {
  Alarm,
  ChangeAnswer,
  Peer,
  Role,
  Send,
  TransferAnswer,
  WorkerEffects,
  WorkerOptions,
  WorkerStart,
} from './effects.ts';
import { type Message, type PeerKey, scribeKey } from './messages.ts';
import { isMember, membersOf } from './quorum.ts';
import {
  type Batch,
  compareIds,
  type EntryId,
  type Index,
  type LoggedConfiguration,
  lastIndex,
  ORIGIN,
  sameId,
  type Term,
  type WorkerIdentity,
} from './types.ts';
import { VolatileLog } from './volatile-log.ts';

export interface KnownLeader {
  readonly identity: WorkerIdentity;
  readonly term: Term;
}

export class WorkerState {
  readonly identity: WorkerIdentity;
  readonly options: WorkerOptions;
  readonly random: () => number;
  readonly encodeNoop: WorkerStart['encodeNoop'];
  readonly encodeConfiguration: WorkerStart['encodeConfiguration'];
  readonly log = new VolatileLog();
  readonly peers = new Map<PeerKey, Peer>();
  role: Role = 'learner';
  /** Highest term heard of from a scribe or a leader. */
  term: Term = 0;
  leader: KnownLeader | null = null;
  /** How far this log was accepted from the leader of the newest term heard: up to there no donor's word cuts it. */
  accepted: Index = 0;
  now: number;
  changed = false;
  /** What one read to catch up asks for: less where donors were too slow for more, so that a slow way is no closed one. */
  readBytes: number;
  #unreadable: Index | null = null;
  #commit: Index = 0;
  #applied: Index = 0;
  /** Newest configuration heard of outside the log: the operator's, then the probes' (R28). */
  #heardConfiguration: LoggedConfiguration;
  /** The newest log that a scribe or a leader told of: where it ends, or an entry at or before that, and its newest configuration. */
  #newestLog: { readonly tail: EntryId; readonly configuration: LoggedConfiguration };
  /** Those of the log that a truncation could bring back, ascending: the newest committed one and all after it. */
  #loggedConfigurations: LoggedConfiguration[] = [];
  #configuration: LoggedConfiguration;
  #requests = 0;
  #sends: Send[] = [];
  #commits: Batch[] = [];
  #truncatedFrom: Index | null = null;
  #readable: { request: number; index: Index }[] = [];
  #refusedReads: number[] = [];
  #changes: ChangeAnswer[] = [];
  #transfers: TransferAnswer[] = [];
  #alarms: Alarm[] = [];
  /** Storage uuids by kind of alarm, so that none is raised with every new link. */
  readonly #alarmed = new Set<string>();

  constructor(start: WorkerStart) {
    this.identity = start.identity;
    this.options = start.options;
    this.random = start.random;
    this.encodeNoop = start.encodeNoop;
    this.encodeConfiguration = start.encodeConfiguration;
    this.now = start.now;
    this.readBytes = start.options.maxAppendBytes;
    this.#heardConfiguration = start.configuration;
    this.#newestLog = { tail: ORIGIN, configuration: start.configuration };
    this.#configuration = start.configuration;
  }

  /** The entry this log needs next and that the scribes asked for it cannot read (R31); nothing is ever skipped for it. */
  get halted(): Index | null {
    return this.#unreadable !== null && this.log.tail.index < this.#unreadable ? this.#unreadable : null;
  }

  set halted(index: Index | null) {
    this.#unreadable = index;
  }

  /** Everything up to here was handed out to be applied. */
  get commit(): Index {
    return this.#commit;
  }

  get applied(): Index {
    return this.#applied;
  }

  /** The newest of the log, active from the moment it is appended (§7), or a newer one heard of elsewhere (R28). */
  get configuration(): LoggedConfiguration {
    return this.#configuration;
  }

  /** All scribes that are sent the log. */
  get scribes(): readonly PeerKey[] {
    return membersOf(this.#configuration.configuration).map(({ storageUuid }) => scribeKey(storageUuid));
  }

  /** The state machine is so far behind that taking in more would only fill memory. */
  get congested(): boolean {
    return this.log.unappliedBytes > this.options.maxUnappliedBytes;
  }

  /** A number no other request of this worker's life has. */
  nextRequest(): number {
    return ++this.#requests;
  }

  linked(key: PeerKey): boolean {
    return this.peers.has(key);
  }

  send(to: PeerKey, message: Message): void {
    if (this.linked(to)) this.#sends.push({ to, message });
  }

  /** Somebody's log goes to `tail` or beyond, and this is its newest configuration; whether another is in force now (R28). */
  hearLog(tail: EntryId, configuration: LoggedConfiguration): boolean {
    const before = this.#configuration;
    if (compareIds(configuration.id, this.#heardConfiguration.id) > 0) this.#heardConfiguration = configuration;
    // A scribe that cannot read who is a member names nobody (R29): that is no word of who is.
    const isWord = configuration.id.index > 0;
    if (isWord && compareIds(tail, this.#newestLog.tail) > 0) this.#newestLog = { tail, configuration };
    this.#configurationMoved();
    return this.#configuration !== before;
  }

  /** A leader's own log is all there is: what it only heard of, and did not get with its election, is not in force. */
  trustLog(): void {
    this.#heardConfiguration = this.#loggedConfigurations.at(-1) ?? this.#heardConfiguration;
    this.#newestLog = { tail: this.log.tail, configuration: this.#heardConfiguration };
    this.#configurationMoved();
  }

  /**
   * R27: a scribe that is no member hears so from whoever has that in its committed log. `term`: the sender's, if it leads; else that
   * of the entry, since a log that lags says less than what a leader has said.
   */
  tellIfRemoved(key: PeerKey, term: Term): void {
    const peer = this.peers.get(key);
    const configuration = this.#configuration;
    const { id } = configuration;
    if (peer?.role !== 'scribe' || isMember(configuration.configuration, peer.storageUuid)) return;
    if (id.index === 0 || id.index > this.#commit || !this.log.terms.holds(id)) return;
    this.send(key, { kind: 'configurationNotice', term, configuration, committed: true });
  }

  hearTerm(term: Term): void {
    if (term <= this.term) return;
    this.term = term;
    this.changed = true;
  }

  hearLeader(leader: KnownLeader): void {
    this.hearTerm(leader.term);
    const known = this.leader;
    if (known !== null && known.term > leader.term) return;
    if (known?.term === leader.term && known.identity.incarnation === leader.identity.incarnation) return;
    this.leader = leader;
    this.changed = true;
  }

  append(batch: Batch): void {
    this.log.append(batch);
    if (batch.configuration !== undefined) {
      const id = { index: batch.firstIndex, term: batch.term };
      this.#loggedConfigurations.push({ id, configuration: batch.configuration });
    }
    this.#configurationMoved();
  }

  /** Drop the suffix from `from`; what was handed out as committed is never dropped. */
  truncateFrom(from: Index): void {
    assert(from > this.#commit, 'committed entries are never truncated');
    if (from > this.log.tail.index) return;
    this.log.truncateFrom(from);
    this.#truncatedFrom = Math.min(from, this.#truncatedFrom ?? from);
    this.#loggedConfigurations = this.#loggedConfigurations.filter(({ id }) => id.index < from);
    this.#configurationMoved();
  }

  /** Hand out what is now committed; `index` must be known to be committed and in this log (R17). */
  advanceCommit(index: Index): void {
    for (const batch of this.log.between(this.#commit, index)) {
      this.#commits.push(batch);
      this.#commit = lastIndex(batch);
    }
    while ((this.#loggedConfigurations[1]?.id.index ?? Number.POSITIVE_INFINITY) <= this.#commit) {
      this.#loggedConfigurations.shift(); // no truncation reaches below the one after it
    }
  }

  /** The hint of a scribe whose log is known to hold this log's tail: as far as both go they are the same (R17). */
  advanceCommitWith(hint: EntryId): void {
    const { tail, terms } = this.log;
    if (hint.index <= tail.index && !terms.holds(hint)) return;
    const index = Math.min(hint.index, tail.index);
    if (index > this.#commit) this.advanceCommit(index);
  }

  markApplied(index: Index): void {
    assert(index <= this.#commit, 'only committed entries are applied');
    this.#applied = Math.max(this.#applied, index);
    this.log.applied(this.#applied, this.options.windowBytes);
  }

  readable(request: number, index: Index): void {
    this.#readable.push({ request, index });
  }

  refuseRead(request: number): void {
    this.#refusedReads.push(request);
  }

  alarm(alarm: Alarm): void {
    const name = `${alarm.kind} ${alarm.storageUuid}`;
    if (this.#alarmed.has(name)) return;
    this.#alarmed.add(name);
    this.#alarms.push(alarm);
  }

  answerChange(answer: ChangeAnswer): void {
    this.#changes.push(answer);
  }

  answerTransfer(answer: TransferAnswer): void {
    this.#transfers.push(answer);
  }

  takeEffects(): WorkerEffects {
    const effects: WorkerEffects = {
      sends: this.#sends,
      commits: this.#commits,
      truncatedFrom: this.#truncatedFrom,
      readable: this.#readable,
      refusedReads: this.#refusedReads,
      changes: this.#changes,
      transfers: this.#transfers,
      alarms: this.#alarms,
      changed: this.changed,
    };
    this.#sends = [];
    this.#commits = [];
    this.#truncatedFrom = null;
    this.#readable = [];
    this.#refusedReads = [];
    this.#changes = [];
    this.#transfers = [];
    this.#alarms = [];
    this.changed = false;
    return effects;
  }

  /** The log is at least as new as the one that held this entry and has another in its place: it was never committed. */
  #refutes(id: EntryId): boolean {
    const { tail, terms } = this.log;
    return id.index <= tail.index && compareIds(tail, id) >= 0 && terms.termAt(id.index) !== id.term;
  }

  #configurationMoved(): void {
    const logged = this.#loggedConfigurations.at(-1);
    // What the newest log lacks was not committed when that was written; those whom it names may not even exist.
    const isPast = compareIds(this.#heardConfiguration.id, this.#newestLog.tail) <= 0;
    const heard = isPast ? this.#newestLog.configuration : this.#heardConfiguration;
    const isHeard = logged === undefined || (compareIds(heard.id, logged.id) > 0 && !this.#refutes(heard.id));
    const configuration = isHeard ? heard : logged;
    if (sameId(configuration.id, this.#configuration.id)) return;
    this.#configuration = configuration;
    this.changed = true;
  }
}
