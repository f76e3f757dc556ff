/**
 * The leader's side of replication: one Progress per scribe of the configuration and per learner that follows, and the
 * messages that move each of them forward. Decides nothing about commitment.
 */
import type { Append, AppendReply, PeerKey } from './messages.ts';
import { scribeKey } from './messages.ts';
import { Progress } from './progress.ts';
import { type Batch, type EntryId, type Index, lastIndex } from './types.ts';
import type { WorkerState } from './worker-state.ts';

export class Followers {
  readonly #state: WorkerState;
  readonly #progress = new Map<PeerKey, Progress>();
  readonly #learners = new Set<PeerKey>();
  /** The append built last: followers at the same point share one object, so it is encoded once. */
  #shared: Append | null = null;
  #heartbeatAt: number;

  constructor(state: WorkerState, caughtUp: ReadonlySet<PeerKey>) {
    this.#state = state;
    this.#heartbeatAt = state.now + state.options.heartbeatMillis;
    for (const key of state.scribes) {
      const progress = new Progress(state.log.tail.index + 1, state.now);
      if (caughtUp.has(key)) progress.stream();
      this.#progress.set(key, progress);
    }
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

  answeredAt(storageUuid: string): number {
    return this.#progress.get(scribeKey(storageUuid))?.answeredAt ?? Number.NEGATIVE_INFINITY;
  }

  addLearner(key: PeerKey, tail: EntryId): void {
    const { log, now } = this.#state;
    const start = log.terms.holds(tail) ? tail : log.hintFor(tail);
    const progress = new Progress(start.index + 1, now);
    if (tail.index < log.base.index) progress.mode = 'fetch';
    this.#learners.add(key);
    this.#progress.set(key, progress);
  }

  /** What a scribe is known to hold: of an entry that the window no longer shows, its index alone. */
  acknowledgedBy(key: PeerKey): EntryId {
    const index = this.#progress.get(key)?.match ?? 0;
    return { index, term: this.#state.log.terms.termAt(index) ?? 0 };
  }

  /** It is sent nothing and counts for nothing as long as this leader leads. */
  fence(key: PeerKey): void {
    this.#progress.delete(key);
  }

  linkUp(key: PeerKey): void {
    const progress = this.#progress.get(key);
    progress?.restart(progress.next);
  }

  linkDown(key: PeerKey): void {
    if (this.#learners.delete(key)) this.#progress.delete(key);
    else this.linkUp(key); // what was in flight is lost; probe again when it is back (R15)
  }

  /** Take in an answer; null when it tells nothing this leader may use. */
  heard(key: PeerKey, reply: AppendReply): Progress | null {
    const progress = this.#progress.get(key);
    if (progress === undefined) return null;
    const { log, now } = this.#state;
    progress.answeredAt = now;
    progress.round = Math.max(progress.round, reply.round);
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
    if (progress.mode === 'fetch' || hint.index >= progress.next) return;
    const { log } = this.#state;
    const common = log.hintFor(hint);
    progress.restart(common.index + 1);
    if (hint.index < log.base.index && progress.match < log.base.index) progress.mode = 'fetch';
  }

  supplyAll(round: number): void {
    for (const [key, progress] of this.#progress) this.supply(key, progress, round);
  }

  /** Send what the follower's mode and window allow. */
  supply(key: PeerKey, progress: Progress, round: number): void {
    const { log } = this.#state;
    if (!this.#state.linked(key)) return;
    if (progress.mode !== 'fetch' && progress.next - 1 < log.base.index) progress.mode = 'fetch';
    if (progress.mode === 'fetch') this.#tellToFetch(key, progress);
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
      this.supply(key, progress, round);
      if (now - progress.sentAt >= options.heartbeatMillis / 2)
        this.#append(key, progress, [], round, progress.mode === 'probe');
    }
  }

  #append(key: PeerKey, progress: Progress, batches: readonly Batch[], round: number, echo: boolean): void {
    const { log, term, identity, commit, now } = this.#state;
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
      : { kind: 'append', term, incarnation: identity.incarnation, prev, batches, commit, round, echo };
    this.#shared = message;
    progress.sentAt = now;
    progress.sentCommit = commit;
    this.#state.send(key, message);
  }

  /** Below the window: read from a scribe that holds its base, another one each time this is repeated (R16). */
  #tellToFetch(key: PeerKey, progress: Progress): void {
    const { log, term, identity, configuration, now } = this.#state;
    if (progress.waiting) return;
    const holders = configuration.configuration.scribes.filter(
      ({ storageUuid }) => scribeKey(storageUuid) !== key && this.matchOf(storageUuid) >= log.base.index,
    );
    const source = holders[progress.fetches++ % Math.max(1, holders.length)];
    if (source === undefined) return;
    progress.waiting = true;
    progress.fetchUpTo = log.base.index;
    progress.movedAt = now;
    const { incarnation } = identity;
    this.#state.send(key, { kind: 'fetch', term, incarnation, source: source.storageUuid, upTo: log.base });
  }
}
