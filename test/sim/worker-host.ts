/**
 * A worker's process: drives one WorkerMachine, builds batches from what clients submit, applies what is committed with a
 * delay, answers. Everything in it dies with it.
 */
import type { Alarm, ChangeAnswer, TransferAnswer, WorkerEffects, WorkerEvent } from '../../src/core/effects.ts';
import type { MembershipChange } from '../../src/core/membership.ts';
import type { PeerKey } from '../../src/core/messages.ts';
import type { Batch, Configuration, EntryId, LoggedConfiguration } from '../../src/core/types.ts';
import { commits } from './agreement.ts';
import { ElectionChecks } from './election-checks.ts';
import { HaltChecks } from './halt-checks.ts';
import { Host, type HostEvent } from './host.ts';
import { configurationsSince, covering, describeId, FILLER } from './log-tree.ts';
import type { Operation } from './operations.ts';
import { demand } from './violation.ts';
import { WallClock } from './wall-clock.ts';
import { WorkerChecks } from './worker-checks.ts';
import type { World } from './world.ts';

/** Commands in one batch, at most. */
const MAX_COMMANDS = 4;

export class WorkerHost extends Host {
  readonly machine;
  readonly incarnation: string;
  appliedIndex = 0;
  /** Fingerprint of all commands applied, in order. */
  state = 0;
  readonly #checks: WorkerChecks;
  readonly #elections: ElectionChecks;
  readonly #halts: HaltChecks;
  /** What the machine raised in this process's life. */
  readonly alarms: Alarm[] = [];
  /** How the transfers it was asked for ended. */
  readonly transfers: TransferAnswer[] = [];
  #queue: Operation[] = [];
  #flushing = false;
  #toApply: Batch[] = [];
  #applying = false;
  /** Own writes on their way, by first index and term of their batch. */
  readonly #inFlight = new Map<string, readonly Operation[]>();
  readonly #changes = new Map<number, (answer: ChangeAnswer) => void>();
  readonly #reads = new Map<number, { operation: Operation; index: number }>();
  readonly #wallClock: WallClock;

  constructor(world: World, workerId: string, incarnation: string, contact: LoggedConfiguration) {
    const identity = { workerId, incarnation, address: `${workerId}:1` };
    super(world, `worker:${incarnation}`, { role: 'worker', identity }, workerId);
    this.incarnation = incarnation;
    this.#wallClock = new WallClock(world.plan.seed, incarnation);
    const { WorkerMachine } = world.machines;
    const start = {
      identity,
      configuration: contact,
      options: world.plan.worker,
      random: () => this.random.next(),
      encodeNoop: (term: number, firstIndex: number, atLeastMillis: number) =>
        this.#encodeNoop(term, firstIndex, atLeastMillis),
      encodeConfiguration: (
        { term, firstIndex, atLeastMillis }: { term: number; firstIndex: number; atLeastMillis: number },
        configuration: Configuration,
      ) => {
        const batch = { ...this.#build('configuration', term, firstIndex, 1, atLeastMillis), configuration };
        this.#checks.encodedConfiguration(batch);
        return batch;
      },
      now: this.now(),
    };
    this.machine = this.guarded(() => new WorkerMachine(start));
    this.#elections = new ElectionChecks(world, workerId, this.machine, contact);
    this.#halts = new HaltChecks(world, workerId, this.machine);
    this.#checks = new WorkerChecks(world, workerId, incarnation, this.machine, this.#elections);
    world.trace(() => `${this.site} starts, incarnation ${incarnation.slice(0, 4)}`);
    world.network.enter(this);
    this.settle();
  }

  override crash(late: boolean): void {
    super.crash(late);
    const lost = [
      ...this.#queue,
      ...[...this.#inFlight.values()].flat(),
      ...[...this.#reads.values()].map(({ operation }) => operation),
    ];
    for (const operation of lost) this.world.operations.giveUp(operation);
  }

  /** Reads the machine has neither allowed nor refused, or that wait to be served. */
  get openReads(): number {
    return this.#reads.size;
  }

  /** A client's write: taken into a batch, or refused before anything happened. */
  submit(operation: Operation): void {
    this.whenRunning(() => {
      if (!this.machine.canPropose) return this.world.operations.refuse(operation);
      this.#queue.push(operation);
      if (this.#flushing) return;
      this.#flushing = true;
      this.world.schedule.after(this.random.next(), () => this.whenRunning(() => this.#flush()));
    });
  }

  /** A client's linearizable read. */
  read(operation: Operation): void {
    this.whenRunning(() => {
      this.#reads.set(operation.number, { operation, index: Number.POSITIVE_INFINITY });
      this.step({ kind: 'read', request: operation.number });
    });
  }

  /** An operator's wish that another worker lead. */
  transfer(request: number, to: string | null): void {
    this.whenRunning(() => {
      this.world.trace(() => `${this.site} is asked to hand over to ${to?.slice(0, 4) ?? 'anybody'}`);
      this.step({ kind: 'transfer', request, to });
    });
  }

  /** An operator's wish; a dead process never answers. */
  changeMembers(request: number, change: MembershipChange, answered: (answer: ChangeAnswer) => void): void {
    this.whenRunning(() => {
      this.#changes.set(request, answered);
      this.step({ kind: 'change', request, change });
    });
  }

  #flush(): void {
    this.#flushing = false;
    while (this.#queue.length > 0) {
      const operations = this.#queue.splice(0, MAX_COMMANDS);
      if (!this.machine.canPropose) {
        for (const operation of operations) this.world.operations.refuse(operation);
        continue;
      }
      const { term, tail } = this.machine;
      const fillers = this.random.integer(0, this.world.plan.fillers + 1);
      const commands = [...operations.map(({ number }) => number), ...new Array<number>(fillers).fill(FILLER)];
      const batch = this.#build('command', term, tail.index + 1, commands.length, this.machine.timestampMillis);
      this.world.trace(
        () => `${this.site} proposes ${describeId({ index: batch.firstIndex, term })} commands ${commands}`,
      );
      if (this.step({ kind: 'propose', batch }, commands))
        this.#inFlight.set(`${batch.firstIndex} ${term}`, operations);
      else for (const operation of operations) this.world.operations.refuse(operation);
    }
  }

  #encodeNoop(term: number, firstIndex: number, atLeastMillis: number): Batch {
    const batch = this.#build('noop', term, firstIndex, 1, atLeastMillis);
    this.#checks.encodedNoop(batch);
    return batch;
  }

  #build(kind: Batch['kind'], term: number, firstIndex: number, count: number, atLeastMillis: number): Batch {
    const wallMillis = this.#wallClock.read(this.now(), () => this.world.reach('wall clock jumps'));
    return this.world.build(kind, term, firstIndex, count, Math.max(atLeastMillis, wallMillis));
  }

  protected override wakeAt(): number {
    return this.machine.wakeAt;
  }

  protected override wanted(): PeerKey[] {
    const { scribes, leader } = this.machine;
    const keys = scribes.map(({ storageUuid }): PeerKey => `scribe:${storageUuid}`);
    if (leader !== null && leader.identity.incarnation !== this.incarnation)
      keys.push(`worker:${leader.identity.incarnation}`);
    return keys;
  }

  /** Returns whether a proposed batch was taken. */
  protected override step(event: HostEvent | WorkerEvent, commands: readonly number[] = []): boolean {
    const before = this.machine.tail;
    const { role, term } = this.machine;
    if (event.kind === 'message') {
      this.#elections.received(event.from, event.message, this.now());
      this.#halts.received(event.from, event.message);
    }
    const effects = this.guarded(() => this.machine.step(event, this.now()));
    if (this.machine.role !== role || this.machine.term !== term)
      this.world.trace(() => `${this.site} is ${this.machine.role} of term ${this.machine.term}`);
    const taken = this.#checks.stepped(
      effects,
      before,
      event.kind === 'propose' ? { batch: event.batch, commands } : null,
    );
    if (role !== 'candidate' && this.machine.role === 'candidate') this.#elections.stood();
    if (role !== 'leader' && this.machine.role === 'leader') this.#elections.elected(this.now());
    if (event.kind === 'tick') this.#elections.ticked(this.now());
    this.#halts.stepped();
    this.#carryOut(effects, before);
    this.settle();
    return taken;
  }

  #carryOut(effects: WorkerEffects, before: EntryId): void {
    const { sends, commits, truncatedFrom, readable, refusedReads, alarms } = effects;
    if (effects.changed) this.mayMiss = true;
    this.alarms.push(...alarms);
    this.transfers.push(...effects.transfers);
    for (const answer of effects.changes) {
      this.#changes.get(answer.request)?.(answer);
      this.#changes.delete(answer.request);
    }
    for (const { to, message } of sends) {
      this.#checks.sending(message);
      this.#elections.sending(message, this.now());
      this.#halts.sending(to, message);
      if (message.kind === 'append' && message.batches.length > 0 && to.startsWith('worker:'))
        this.world.reach('learner is fed');
      if (message.kind === 'fetch' || message.kind === 'read') this.world.reach(`worker sends ${message.kind}`);
      this.send(to, message);
    }
    if (truncatedFrom !== null) this.#loseFrom(truncatedFrom, before);
    this.#toApply.push(...commits);
    this.#apply();
    for (const request of refusedReads) {
      const waiting = this.#reads.get(request);
      this.#reads.delete(request);
      if (waiting !== undefined) this.world.operations.refuse(waiting.operation);
    }
    for (const { request, index } of readable) {
      const waiting = this.#reads.get(request);
      if (waiting !== undefined) waiting.index = index;
    }
    if (readable.length > 0) this.#serveReads();
  }

  /** Own entries that a newer log superseded here may live on elsewhere and be chosen after all: nobody knows. */
  #loseFrom(from: number, before: EntryId): void {
    this.world.reach('worker truncates');
    this.world.trace(() => `${this.site} drops ${from}..${before.index}`);
    for (const [key, operations] of this.#inFlight) {
      if (Number(key.split(' ')[0]) < from) continue;
      this.#inFlight.delete(key);
      for (const operation of operations) this.world.operations.giveUp(operation);
    }
  }

  #apply(): void {
    if (this.#applying || this.#toApply.length === 0) return;
    this.#applying = true;
    this.world.schedule.after(this.random.skewed(0, this.world.plan.applyMillis), () =>
      this.whenRunning(() => {
        this.#applying = false;
        const run = this.#toApply.splice(0, this.random.integer(1, 6));
        for (const batch of run) this.#applyBatch(batch);
        this.step({ kind: 'applied', index: this.appliedIndex });
        this.#serveReads();
        this.#apply();
      }),
    );
  }

  #applyBatch(batch: Batch): void {
    demand(
      batch.firstIndex === this.appliedIndex + 1,
      'apply-order',
      () => `${this.site} ${batch.firstIndex} after ${this.appliedIndex}`,
    );
    const node = this.world.tree.find(batch, `applied by ${this.site}`);
    for (const command of node.commands) this.state = (Math.imul(this.state, 31) + command + 1) | 0;
    this.appliedIndex = node.lastIndex;
    const key = `${node.firstIndex} ${node.term}`;
    const operations = this.#inFlight.get(key);
    this.#inFlight.delete(key);
    for (const [position, operation] of (operations ?? []).entries()) {
      this.#durableOnQuorum(node.firstIndex + position, node.term);
      this.world.operations.executedAt(operation, node.firstIndex + position);
    }
  }

  /** The product's promise, at the moment it is made: acknowledged means durable on a commit quorum of disks. */
  #durableOnQuorum(index: number, term: number): void {
    const { scribes, rules } = this.world;
    const holders = scribes.filter(({ disk }) => disk.image.holds({ index, term }));
    const holding = (uuid: string): boolean => holders.some(({ storageUuid }) => storageUuid === uuid);
    const node = covering(rules.ghost.tip, index);
    const tip = rules.leaderOf(rules.ghost.chosenIn.at(-1) ?? 0)?.tip ?? rules.ghost.tip;
    const kept = node?.term === term && configurationsSince(node, tip).some((it) => commits(it, holding));
    demand(
      kept,
      'acknowledged-not-durable',
      () => `${describeId({ index, term })} on ${holders.map(({ scribeId }) => scribeId)}`,
    );
  }

  #serveReads(): void {
    for (const [request, { operation, index }] of this.#reads) {
      if (index > this.appliedIndex) continue;
      this.#reads.delete(request);
      this.world.operations.executedAt(operation, this.appliedIndex);
    }
  }
}
