/**
 * The processes of a transcript: a machine of the core, and for a scribe a disk that completes when told to. They carry out what
 * a machine wants and say it in one line each; when anything happens is for the stage to say, never for them.
 */
import type { Peer, ReadLog, ScribeEffects, ScribeEvent, WorkerEffects, WorkerEvent } from '../../src/core/effects.ts';
import type { PeerKey } from '../../src/core/messages.ts';
import type { ScribeMachine } from '../../src/core/scribe.ts';
import { type Batch, type Configuration, type EntryId, ORIGIN } from '../../src/core/types.ts';
import type { WorkerMachine } from '../../src/core/worker.ts';
import { Disk, Image } from '../sim/disk.ts';
import { describeId, idOf, type LogNode } from '../sim/log-tree.ts';
import { describeConfiguration, describePersist, describeRole } from './describe.ts';
import type { Stage } from './stage.ts';

export class ScribeActor {
  readonly kind = 'scribe';
  readonly name: string;
  readonly uuid: string;
  readonly disk: Disk;
  machine: ScribeMachine | null = null;
  readonly #stage: Stage;
  #written = 0;
  #reads: ReadLog[] = [];
  #goBack = (): void => {};

  constructor(
    stage: Stage,
    name: string,
    uuid: string,
    term: number,
    votedFor: string | null,
    log: readonly LogNode[],
  ) {
    this.#stage = stage;
    this.name = name;
    this.uuid = uuid;
    this.disk = new Disk(new Image({ term, votedFor }, log, ORIGIN));
  }

  get key(): PeerKey {
    return `scribe:${this.uuid}`;
  }

  get peer(): Peer {
    return { role: 'scribe', storageUuid: this.uuid, scribeId: this.name };
  }

  start(): void {
    const { electionTimeoutMinMillis, leaseMillis } = this.#stage.options;
    const recovered = this.disk.image.recover(this.name, this.uuid);
    const presumedLeaseMillis = leaseMillis > 0 ? electionTimeoutMinMillis : 0;
    const options = { electionTimeoutMinMillis, maxLeaseMillis: leaseMillis, presumedLeaseMillis };
    this.machine = new this.#stage.machines.ScribeMachine(recovered, options, this.#stage.now);
    this.#written = 0;
  }

  /** The process dies; `surviving` of the writes under way reach the disk. */
  crash(surviving: number): void {
    this.disk.complete(surviving, () => {});
    this.disk.pending = [];
    this.#reads = [];
    this.machine = null;
  }

  copyDisk(): void {
    this.#goBack = this.disk.image.copy();
  }

  goBack(): void {
    this.#goBack();
  }

  /** The disk does what it was given, or the oldest `most` of it; false when there was nothing. */
  flush(most: number): boolean {
    const count = Math.min(most, this.disk.pending.length);
    const reads = this.#reads.splice(0);
    if (count > 0) {
      const write = this.disk.complete(count, () => {});
      const { hardState, tip } = this.disk.image;
      this.#stage.say(
        `${this.name}: on the disk are now term ${hardState.term} and the log up to ${describeId(idOf(tip))}`,
      );
      this.step({ kind: 'durable', write, writeMicros: 0, fsyncMicros: 0 });
    }
    for (const { token, from, to, maxBytes } of reads) {
      this.#stage.say(`${this.name}: has read from ${from} to ${to}`);
      this.step({ kind: 'logRead', token, batches: this.disk.image.read(from, to, maxBytes) });
    }
    return count > 0 || reads.length > 0;
  }

  step(event: ScribeEvent): void {
    if (this.machine !== null) this.#carryOut(this.machine, this.machine.step(event, this.#stage.now));
  }

  #carryOut(machine: ScribeMachine, { persists, sends, reads }: ScribeEffects): void {
    for (const persist of persists) {
      const node = persist.kind === 'append' ? this.#stage.tree.find(persist.batch, `written by ${this.name}`) : null;
      this.disk.pending.push({ number: ++this.#written, persist, node });
      this.#stage.tell(this.name, `writes ${describePersist(persist)}`);
    }
    this.#reads.push(...reads);
    this.#stage.post(this, sends);
    if (machine !== this.machine) throw new Error(`${this.name} stopped in the middle of a step`);
  }
}

export class WorkerActor {
  readonly kind = 'worker';
  readonly name: string;
  readonly workerId: string;
  machine: WorkerMachine | null = null;
  /** Its state machine takes what is committed only when told to. */
  slow = false;
  applied = 0;
  readonly #stage: Stage;
  #generation = 0;
  #committed = 0;

  constructor(stage: Stage, name: string, workerId: string) {
    this.#stage = stage;
    this.name = name;
    this.workerId = workerId;
  }

  get incarnation(): string {
    return `${this.name}${this.#generation}`;
  }

  get key(): PeerKey {
    return `worker:${this.incarnation}`;
  }

  get peer(): Peer {
    return {
      role: 'worker',
      identity: { workerId: this.workerId, incarnation: this.incarnation, address: this.workerId },
    };
  }

  start(): void {
    this.#generation++;
    this.applied = 0;
    this.#committed = 0;
    this.machine = new this.#stage.machines.WorkerMachine({
      identity: { workerId: this.workerId, incarnation: this.incarnation, address: this.workerId },
      configuration: { id: ORIGIN, configuration: this.#stage.members },
      options: this.#stage.options,
      random: () => 0.5,
      encodeNoop: (term, firstIndex) => this.#build('noop', term, firstIndex, 1),
      encodeConfiguration: ({ term, firstIndex }, configuration) =>
        this.#build('configuration', term, firstIndex, 1, configuration),
      now: this.#stage.now,
    });
  }

  crash(): void {
    this.machine = null;
  }

  propose(count: number): void {
    if (this.machine?.canPropose !== true) throw new Error(`${this.name} takes no proposals`);
    const { term, tail } = this.machine;
    this.step({ kind: 'propose', batch: this.#build('command', term, tail.index + 1, count) });
  }

  /** The state machine takes everything that is committed. */
  apply(): void {
    if (this.applied >= this.#committed) return;
    this.applied = this.#committed;
    this.#stage.tell(this.name, `has applied ${this.applied}`);
    this.step({ kind: 'applied', index: this.applied });
  }

  step(event: WorkerEvent): void {
    if (this.machine === null) return;
    const { role, term, configuration } = this.machine;
    const effects = this.machine.step(event, this.#stage.now);
    const now = this.machine;
    if (now.role !== role || now.term !== term) this.#stage.tell(this.name, `is ${describeRole(now)}`);
    if (now.configuration !== configuration)
      this.#stage.tell(this.name, `goes by the members ${describeConfiguration(now.configuration.configuration)}`);
    this.#carryOut(effects);
  }

  #carryOut(effects: WorkerEffects): void {
    const tell = (text: string): void => this.#stage.tell(this.name, text);
    if (effects.truncatedFrom !== null) tell(`drops its log from ${effects.truncatedFrom} on`);
    for (const { kind, scribeId, storageUuid } of effects.alarms) tell(`alarm: ${kind} ${scribeId} (${storageUuid})`);
    this.#stage.post(this, effects.sends);
    const last = effects.commits.at(-1);
    if (last !== undefined) {
      this.#committed = last.firstIndex + last.count - 1;
      tell(`knows as committed ${describeId({ index: this.#committed, term: last.term })}`);
    }
    for (const { request, index } of effects.readable) tell(`may serve read ${request} at ${index}`);
    for (const request of effects.refusedReads) tell(`refuses read ${request}`);
    for (const { outcome, reason } of [...effects.changes, ...effects.transfers])
      tell(`answers ${outcome}${reason === '' ? '' : `: ${reason}`}`);
    if (!this.slow) this.apply();
  }

  #build(kind: Batch['kind'], term: number, firstIndex: number, count: number, configuration?: Configuration): Batch {
    const before: EntryId = this.machine?.tail ?? ORIGIN;
    const previous = this.#stage.tree.endingAt(before) ?? null;
    return this.#stage.build({ kind, term, firstIndex, count, configuration }, previous).batch;
  }
}

export type Actor = ScribeActor | WorkerActor;
