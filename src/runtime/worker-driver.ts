/**
 * Runs one worker machine for one incarnation: feeds it links, time, proposals and reads, and carries out its effects in
 * the order they stand. Keeps: a step never runs inside another; a proposal is numbered and handed to the machine in one
 * breath, so nothing can come between; everything accepted is settled. When the state machine's thread dies this driver is
 * over, and its owner starts another with a new incarnation, which rebuilds the state from the log.
 */
import type { Alarm, ChangeAnswer, WorkerEffects, WorkerEvent, WorkerOptions } from '../core/effects.ts';
import type { MembershipChange } from '../core/membership.ts';
import { type Message, type PeerKey, scribeKey } from '../core/messages.ts';
import { isVoteQuorum, votersOf } from '../core/quorum.ts';
import type { Batch, EntryId, Index, LoggedConfiguration, WorkerIdentity } from '../core/types.ts';
import { WorkerMachine } from '../core/worker.ts';
import { type ErrorCode, ScriptoriumError } from '../errors.ts';
import type { MachineHost } from '../machine/host.ts';
import { encodeConfigurationBatch, encodeNoopBatch } from '../wire/batch.ts';
import type { EntryWriter } from '../wire/entries.ts';
import { Applier } from './applier.ts';
import { whyNotNow } from './change-outlook.ts';
import type { Clock } from './clock.ts';
import { EventQueue } from './event-queue.ts';
import type { Log } from './log.ts';
import { type Proposal, type ProposalLimits, Proposals } from './proposals.ts';
import { random } from './random.ts';
import { Stages } from './stages.ts';
import { WakeTimer } from './wake-timer.ts';

/** Full batches may overtake the answers to earlier ones up to this many. */
const MAX_BATCHES_IN_FLIGHT = 8;

/** What an operator is told. */
const ALARMS: Record<Alarm['kind'], string> = {
  'disk-went-back':
    'this scribe lacks what it acknowledged: its directory is an old copy; it is not counted, replace it',
  'unknown-disk':
    'this scribe came with another storage uuid than the configuration names; it is not counted; `members replace` lets it in',
};

export interface WorkerDriverOptions {
  readonly identity: WorkerIdentity;
  readonly configuration: LoggedConfiguration;
  /** Where to look for scribes as well while no leader is known or it is missed: those of the configuration may all have been replaced (R28). */
  readonly contacts: readonly string[];
  readonly timing: WorkerOptions;
  readonly proposals: ProposalLimits;
  readonly host: MachineHost;
  readonly clock: Clock;
  readonly log: Log;
  /** Put a message on a link; false when there is none (the machine will hear of it by `linkDown`). */
  send(to: PeerKey, message: Message): boolean;
  /** Keep links to exactly these addresses. */
  want(addresses: ReadonlySet<string>): void;
  /** The state machine is lost; this driver does nothing any more. */
  failed(error: unknown): void;
}

export class WorkerDriver {
  readonly stages = new Stages();
  readonly #options: WorkerDriverOptions;
  readonly #clock: Clock;
  readonly #machine: WorkerMachine;
  readonly #applier: Applier;
  readonly #proposals: Proposals;
  readonly #timer: WakeTimer;
  readonly #events = new EventQueue<WorkerEvent>((event) => {
    if (event.kind === 'message' && event.message.kind === 'appendReply') this.#recordFsync(event.message);
    this.#perform(this.#machine.step(event, this.#clock.now()));
  });
  /** Reads the machine was asked about, by number. */
  readonly #reads = new Map<number, { resolve(index: Index): void; reject(error: ScriptoriumError): void }>();
  /** When a committed batch was handed to the state machine, if proposals in it wait for their results. */
  readonly #committedAt = new Map<Batch, number>();
  #nextRead = 1;
  /** Of queries that are not answered yet. */
  #queryBytes = 0;
  /** Changes of the members under way, by number. */
  readonly #changes = new Map<number, { resolve(): void; reject(error: ScriptoriumError): void }>();
  #nextChange = 1;
  /** Who waits for leadership to be handed over. */
  #handingOver: ((isOver: boolean) => void) | null = null;
  #flushQueued = false;
  /** Ends the wait of proposals that came while no leader was known. */
  #cancelWait: (() => void) | null = null;
  #stopped = false;

  constructor(options: WorkerDriverOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#machine = new WorkerMachine({
      identity: options.identity,
      configuration: options.configuration,
      options: options.timing,
      random,
      encodeNoop: (term, firstIndex, atLeastMillis) =>
        encodeNoopBatch({ term, firstIndex, timestampMillis: Math.max(atLeastMillis, this.#clock.wallMillis()) }),
      encodeConfiguration: ({ term, firstIndex, atLeastMillis }, members) => {
        const timestampMillis = Math.max(atLeastMillis, this.#clock.wallMillis());
        return encodeConfigurationBatch({ term, firstIndex, timestampMillis }, members);
      },
      now: this.#clock.now(),
    });
    this.#applier = new Applier(options.host, options.clock, {
      wantsResults: (batch) => this.#committedAt.has(batch),
      applied: (batches, results) => this.#applied(batches, results),
      failed: (error) => this.#fail(error),
    });
    this.#proposals = new Proposals(options.proposals);
    this.#timer = new WakeTimer(this.#clock, () => this.step({ kind: 'tick' }));
    this.#wantLinks();
    this.#timer.want(this.#machine.wakeAt);
  }

  get role(): WorkerMachine['role'] {
    return this.#machine.role;
  }
  get awaitsLeader(): boolean {
    return this.#machine.awaitsLeader;
  }
  get term(): number {
    return this.#machine.term;
  }
  get leader(): WorkerMachine['leader'] {
    return this.#machine.leader;
  }
  get tookOver(): boolean {
    return this.#machine.tookOver;
  }
  get configuration(): LoggedConfiguration {
    return this.#machine.configuration;
  }
  get tail(): EntryId {
    return this.#machine.tail;
  }
  get halted(): Index | null {
    return this.#machine.halted;
  }
  get holdsLease(): boolean {
    return this.#machine.holdsLease(this.#clock.now());
  }
  get commit(): Index {
    return this.#machine.commit;
  }
  get applied(): Index {
    return this.#applier.applied;
  }

  /** One event in, its effects carried out; an event that an effect causes waits its turn. */
  step(event: WorkerEvent): void {
    if (this.#stopped || !this.#events.push(event)) return;
    this.#flush();
    if (!this.#stopped) this.#timer.want(this.#machine.wakeAt);
  }

  /**
   * Append entries; `write` copies them into a forming batch before this returns. Settled exactly once. Where a leader is just being
   * elected they wait for it, if `patienceMillis` allows it: either this worker leads then, or it knows who does.
   */
  propose(proposal: Proposal, bytes: number, write: (writer: EntryWriter) => void, patienceMillis = 0): void {
    const leads = this.#machine.role === 'leader';
    const waits = this.#machine.awaitsLeader && patienceMillis >= this.#options.timing.electionTimeoutMinMillis;
    if (this.#stopped || !(leads || waits)) {
      proposal.settle({ kind: 'failed', error: this.notLeader() });
      return;
    }
    this.#proposals.add(proposal, bytes, this.#clock.now(), write);
    if (!leads) this.#waitForLeader();
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    process.nextTick(() => {
      this.#flushQueued = false;
      this.#flush();
    });
  }

  /** As long as an election may take, and not longer: then somebody else may know more. */
  #waitForLeader(): void {
    this.#cancelWait ??= this.#clock.setTimer(this.#options.timing.electionTimeoutMinMillis, () => {
      this.#cancelWait = null;
      if (this.#machine.role !== 'leader') this.#proposals.refuseForming(() => this.notLeader());
    });
  }

  /**
   * A linearizable read of the state machine. What waits is bounded like proposals are, and refused as OVERLOADED beyond that. After
   * `patienceMillis` nobody waits for the answer.
   */
  async read(query: Uint8Array, patienceMillis: number): Promise<Uint8Array> {
    const until = this.#clock.now() + patienceMillis;
    const bound = this.#options.proposals.maxQueuedBytes;
    if (this.#queryBytes + query.length > bound) {
      const waiting = `${this.#queryBytes} bytes of queries wait, the bound is ${bound}; slow down and retry`;
      throw new ScriptoriumError('OVERLOADED', waiting);
    }
    this.#queryBytes += query.length;
    try {
      return await this.#applier.query(await this.#readIndex(), query, until);
    } finally {
      this.#queryBytes -= query.length;
    }
  }

  /** Change the scribes (§7); resolves when that is committed and over. CHANGE_REFUSED where that cannot be as things are. */
  changeMembers(change: MembershipChange): Promise<void> {
    if (this.#stopped || this.role !== 'leader') return Promise.reject(this.notLeader());
    const isReached = (uuid: string): boolean => this.#machine.linked(scribeKey(uuid));
    const reason = whyNotNow(this.configuration.configuration, change, isReached);
    if (reason !== null) return Promise.reject(new ScriptoriumError('CHANGE_REFUSED', reason));
    return new Promise((resolve, reject) => {
      const request = this.#nextChange++;
      this.#changes.set(request, { resolve, reject });
      this.step({ kind: 'change', request, change });
    });
  }

  /** Let the furthest of the other workers lead; resolves, within an election timeout, to whether this one leads no more. */
  handOver(): Promise<boolean> {
    if (this.#stopped || this.#machine.role !== 'leader' || this.#handingOver !== null) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#handingOver = resolve;
      this.step({ kind: 'transfer', request: 0, to: null });
    });
  }

  stop(code: ErrorCode = 'LEADERSHIP_LOST', message = 'the worker stopped; the command may still take effect'): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#events.clear();
    this.#timer.stop();
    this.#cancelWait?.();
    const gone = () => new ScriptoriumError(code, message);
    this.#proposals.abandon(gone);
    this.#applier.stop(new ScriptoriumError('NO_LEADER', 'the worker stopped before it served the read'));
    for (const { reject } of this.#reads.values()) reject(this.notLeader());
    this.#reads.clear();
    for (const { reject } of this.#changes.values()) reject(gone());
    this.#changes.clear();
    this.#handedOver(false);
  }

  #readIndex(): Promise<Index> {
    if (this.#stopped) return Promise.reject(this.notLeader());
    return new Promise((resolve, reject) => {
      const request = this.#nextRead++;
      this.#reads.set(request, { resolve, reject });
      this.step({ kind: 'read', request });
    });
  }

  #perform(effects: WorkerEffects): void {
    if (effects.truncatedFrom !== null) this.#proposals.truncated(effects.truncatedFrom);
    for (const { to, message } of effects.sends) this.#options.send(to, message);
    if (effects.commits.length > 0) this.#committed(effects.commits);
    for (const { request, index } of effects.readable) {
      this.#reads.get(request)?.resolve(index);
      this.#reads.delete(request);
    }
    for (const request of effects.refusedReads) {
      this.#reads.get(request)?.reject(this.notLeader());
      this.#reads.delete(request);
    }
    for (const answer of effects.changes) this.#answerChange(answer);
    for (const { outcome, reason } of effects.transfers) {
      this.#options.log.info({ outcome, reason }, 'leadership was to be handed over');
      this.#handedOver(outcome === 'done');
    }
    for (const alarm of effects.alarms) this.#options.log.error(alarm, ALARMS[alarm.kind]);
    if (effects.changed) this.#changed();
  }

  #committed(batches: readonly Batch[]): void {
    const now = this.#clock.now();
    for (const batch of batches) {
      const sealedAt = this.#proposals.committed(batch);
      if (sealedAt === null) continue;
      this.stages.record('quorum', (now - sealedAt) * 1000);
      this.#committedAt.set(batch, now);
    }
    this.#applier.push(batches);
  }

  #applied(batches: readonly Batch[], results: readonly (Uint8Array | null)[]): void {
    const now = this.#clock.now();
    for (const [position, batch] of batches.entries()) {
      const committedAt = this.#committedAt.get(batch);
      const section = results[position];
      if (committedAt !== undefined) this.stages.record('apply', (now - committedAt) * 1000);
      this.#committedAt.delete(batch);
      if (section !== null && section !== undefined) this.#proposals.applied(batch, section);
    }
    this.stages.record('reply', (this.#clock.now() - now) * 1000);
    this.step({ kind: 'applied', index: this.#applier.applied });
  }

  #answerChange({ request, outcome, reason }: ChangeAnswer): void {
    const waiting = this.#changes.get(request);
    this.#changes.delete(request);
    if (outcome === 'done') waiting?.resolve();
    else if (outcome === 'not-leader') waiting?.reject(this.notLeader());
    else waiting?.reject(new ScriptoriumError(outcome === 'refused' ? 'CHANGE_REFUSED' : 'LEADERSHIP_LOST', reason));
  }

  #handedOver(isOver: boolean): void {
    this.#handingOver?.(isOver);
    this.#handingOver = null;
  }

  #changed(): void {
    const { role, term, leader, tookOver } = this.#machine;
    this.#options.log.info(
      { role, term, leader: leader?.identity.workerId ?? null, tookOver },
      'role or leader changed',
    );
    if (role !== 'leader' && !this.#machine.awaitsLeader) this.#proposals.refuseForming(() => this.notLeader());
    // It led when that came, and has lost contact.
    else if (role !== 'leader' && this.#proposals.waiting !== 'none') this.#waitForLeader();
    this.#wantLinks();
  }

  /** Send what waits: at once when nothing is in flight; behind earlier batches only when full (adaptive batching). */
  #flush(): void {
    while (!this.#stopped && this.#machine.canPropose) {
      const { waiting, uncommitted } = this.#proposals;
      if (waiting === 'none' || uncommitted >= (waiting === 'full' ? MAX_BATCHES_IN_FLIGHT : 1)) return;
      const now = this.#clock.now();
      const timestampMillis = Math.max(this.#machine.timestampMillis, this.#clock.wallMillis());
      const { batch, queuedSince } = this.#proposals.seal(
        this.#machine.term,
        this.#machine.tail.index + 1,
        timestampMillis,
        now,
      );
      this.stages.record('queue', (now - queuedSince) * 1000);
      this.stages.record('encode', (this.#clock.now() - now) * 1000);
      this.step({ kind: 'propose', batch });
    }
  }

  #recordFsync({ writeMicros, fsyncMicros }: { writeMicros: number; fsyncMicros: number }): void {
    if (writeMicros > 0) this.stages.record('write', writeMicros);
    if (fsyncMicros > 0) this.stages.record('fsync', fsyncMicros);
  }

  #wantLinks(): void {
    const { scribes, leader, role } = this.#machine;
    const addresses = new Set(scribes.map(({ address }) => address));
    if (leader !== null && leader.identity.incarnation !== this.#options.identity.incarnation) {
      addresses.add(leader.identity.address);
    }
    if (leader === null || role === 'candidate') for (const address of this.#options.contacts) addresses.add(address);
    this.#options.want(addresses);
  }

  /** Why this worker cannot answer: somebody else leads, nobody does or can, or the log stops (R31). */
  notLeader(): ScriptoriumError {
    const { leader, halted } = this.#machine;
    // Who leads has what this one cannot read, or does without it.
    if (leader !== null && leader.identity.incarnation !== this.#options.identity.incarnation) {
      return new ScriptoriumError('NOT_LEADER', `${leader.identity.workerId} at ${leader.identity.address} leads`);
    }
    if (halted !== null)
      return new ScriptoriumError('HALTED', `no scribe that answers can read entry ${halted}; nothing is skipped`);
    return isVoteQuorum(this.configuration.configuration, (uuid) => this.#machine.linked(scribeKey(uuid)))
      ? new ScriptoriumError('NO_LEADER', 'no worker is known to lead at the moment')
      : this.#noQuorum();
  }

  #noQuorum(): ScriptoriumError {
    const voters = votersOf(this.configuration.configuration);
    const missing = voters.filter(({ storageUuid }) => !this.#machine.linked(scribeKey(storageUuid)));
    const names = missing.map(({ scribeId, address }) => `${scribeId} at ${address}`).join(', ');
    const counted = `only ${voters.length - missing.length} of ${voters.length} scribes are reached`;
    return new ScriptoriumError('NO_QUORUM', `no quorum: ${counted}, not ${names}; start them on their directories`);
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop('STATE_MACHINE_FAILED', 'the state machine thread died; the command may have taken effect');
    this.#options.failed(error);
  }
}
