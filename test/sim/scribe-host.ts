/**
 * A scribe's process: drives one ScribeMachine over a disk that outlives it. Its duties are those of the real runtime:
 * records go to the journal in order and are numbered from 1, completions come back in order, log reads see durable batches
 * only, another scribe is dialled when the machine has something for it and there is no link, and what the machine hears while the
 * disk is full is for the runtime's own `DiskRoom` to say.
 */
import type { ScribeEffects, ScribeEvent } from '../../src/core/effects.ts';
import type { PeerKey } from '../../src/core/messages.ts';
import type { DiskRoom } from '../../src/runtime/disk-room.ts';
import type { DiskRecord, ScribeDisk } from './disk.ts';
import { Host, type HostEvent } from './host.ts';
import { describeId, idOf, type LogNode } from './log-tree.ts';
import { ScribeChecks } from './scribe-checks.ts';
import { demand } from './violation.ts';
import type { World } from './world.ts';

/** Where a scribe lives: the disk, and the process that runs on it now, if any. */
export interface ScribeSite {
  readonly scribeId: string;
  readonly storageUuid: string;
  readonly disk: ScribeDisk;
  process: ScribeHost | null;
  /** A blank disk under the storage uuid of a lost one: it must never count (R26). */
  readonly isAmnesiac: boolean;
  /** Its disk is lost, or it was taken away: never started again. */
  gone: boolean;
}

/** The slowest a slow disk gets. */
const MAX_DISK_MILLIS = 300;

export class ScribeHost extends Host {
  readonly machine;
  readonly #disk: ScribeDisk;
  readonly #place: ScribeSite;
  readonly #checks: ScribeChecks;
  readonly #room: DiskRoom<DiskRecord>;
  #written = 0;
  #reportedAt = 0;

  constructor(world: World, place: ScribeSite) {
    const { scribeId, storageUuid, disk } = place;
    super(world, `scribe:${storageUuid}`, { role: 'scribe', storageUuid, scribeId }, scribeId);
    this.#place = place;
    this.#disk = disk;
    const start = disk.start(scribeId, storageUuid);
    const { ScribeMachine, DiskRoom } = world.machines;
    this.#room = new DiskRoom(disk, (record) => this.#write(record));
    const { electionTimeoutMinMillis, leaseMillis } = world.plan.worker;
    const presumedLeaseMillis = leaseMillis > 0 ? electionTimeoutMinMillis : 0;
    const options = { electionTimeoutMinMillis, maxLeaseMillis: leaseMillis, presumedLeaseMillis };
    this.machine = this.guarded(() => new ScribeMachine(start, options, this.now()));
    this.#checks = new ScribeChecks(world, place, this.machine);
    world.trace(() => `${this.site} starts, term ${start.hardState.term}, tail ${describeId(start.tail)}`);
    if (this.machine.standing === 'unsure') world.reach('scribe unsure');
    world.network.enter(this);
    for (const node of disk.takeFound()) {
      world.reach('damage found at a start');
      this.#tellDamage(node);
    }
    this.settle();
  }

  override crash(late: boolean): void {
    super.crash(late);
    if (this.#disk.pending.length > 0) this.world.reach('crash with writes in flight');
    this.#disk.crash(this.random, this.#replayed);
    this.#place.process = null;
  }

  protected override wakeAt(): number {
    return this.machine.wakeAt;
  }

  protected override wanted(): PeerKey[] {
    return [];
  }

  protected override step(event: HostEvent | ScribeEvent): void {
    const heard = this.#room.allow(event);
    if (heard !== event) {
      this.world.reach(heard === null ? 'unheard for want of room' : 'append not stored');
      this.world.trace(() => `${this.site} has no room for that${heard === null ? ', and hears nothing of it' : ''}`);
    }
    if (heard === null) return;
    if (heard.kind === 'message') this.#checks.received(heard.from, heard.message);
    const effects = this.guarded(() => this.machine.step(heard, this.now()));
    this.#carryOut(effects);
    this.#checks.stepped();
    this.settle();
  }

  #carryOut({ persists, sends, reads, repairs }: ScribeEffects): void {
    const records = persists.map((persist) => {
      const node = persist.kind === 'append' ? this.world.tree.find(persist.batch, `written by ${this.site}`) : null;
      const record = { number: ++this.#written, persist, node };
      this.#checks.writing(record);
      if (persist.kind === 'truncateSuffix') this.world.reach('scribe truncates');
      return record;
    });
    this.#room.write(records);
    for (const batch of repairs) this.#repair(this.#checks.repairing(batch));
    for (const { to, message } of sends) {
      this.#checks.sending(to, message);
      if (message.kind === 'voteReply') this.world.reach(`vote ${message.reason}`);
      if (message.kind === 'readReply') this.world.reach(`read ${message.outcome}`);
      if (message.kind === 'read') this.world.reach('scribe fetches');
      if (message.kind === 'appendReply' && message.conflict !== null) this.world.reach('append conflict');
      if (to.startsWith('scribe:') && !this.links.has(to)) this.dial(to);
      this.send(to, message);
    }
    for (const read of reads) {
      this.world.schedule.after(this.#diskDelay(), () =>
        this.whenRunning(() => {
          const batches = this.#disk.read(read.from, read.to, read.maxBytes);
          this.step({ kind: 'logRead', token: read.token, batches });
          this.#hearOfDamage();
        }),
      );
    }
    this.#flush();
  }

  /** False when the disk is full: the record waits, and nothing that takes room comes before it is written. */
  #write(record: DiskRecord): boolean {
    const isTaken = this.#disk.write(record);
    if (!isTaken) {
      demand(record.node === null, 'wrote-without-room', () => `${this.site} appends ${describeId(idOf(record.node))}`);
      this.world.reach('record waits for room');
    }
    return isTaken;
  }

  /** The scrubber comes to this batch. */
  scrub(node: LogNode): void {
    this.whenRunning(() => {
      this.#disk.scrub(node);
      this.#hearOfDamage();
    });
  }

  /** The machine hears of damage a turn after it was found (R29). */
  #hearOfDamage(): void {
    for (const node of this.#disk.takeFound()) this.#tellDamage(node);
  }

  /** What has been cut off meanwhile is no damage, though other entries may stand in its place. */
  #tellDamage(node: LogNode): void {
    if (!this.#checks.damaged(node)) return;
    this.world.reach('damage found');
    this.world.trace(() => `${this.site} can not read ${describeId(idOf(node))}`);
    this.step({ kind: 'damaged', from: node.firstIndex, to: node.lastIndex });
  }

  /** A moved batch in the place of a damaged one; it counts when it is durable, and a crash before that loses it. */
  #repair(node: LogNode): void {
    const later = (run: () => void): void =>
      this.world.schedule.after(this.#diskDelay(), () => {
        if (this.alive) run();
      });
    const isTaken = this.#disk.repair(node, later, () => {
      this.world.reach('damage repaired');
      this.world.trace(() => `${this.site} has ${describeId(idOf(node))} again`);
      this.whenRunning(() => {
        if (this.#checks.repaired(node)) this.step({ kind: 'repaired', batch: node.batch });
      });
    });
    if (!isTaken) this.world.reach('repair refused');
  }

  /** Its disk has room again, for what waits behind the end of the last segment as well. */
  roomAgain(): void {
    this.#flush();
  }

  #flush(): void {
    for (const begun of this.#disk.submit(this.world.plan.disk.maxGroup)) {
      this.world.schedule.after(this.#diskDelay(), () => {
        if (this.alive) this.#complete(begun);
      });
    }
  }

  #complete(begun: number): void {
    const write = this.#disk.complete(begun, this.#replayed);
    if (write > 0) {
      this.world.trace(
        () => `${this.site} disk durable through write ${write}, tail ${describeId(idOf(this.#disk.image.tip))}`,
      );
      this.#reportedAt = Math.max(this.#reportedAt, this.world.schedule.now + this.random.next() * 0.5);
      this.world.schedule.at(this.#reportedAt, () =>
        this.whenRunning(() => this.step({ kind: 'durable', write, writeMicros: 1, fsyncMicros: 1 })),
      );
    }
    this.#flush();
  }

  readonly #replayed = ({ node }: DiskRecord): void => {
    // Accepted, not merely copied: the disk's own term stood at the entry's term when it was appended.
    if (node !== null && node.term === this.#disk.image.hardState.term) {
      this.world.rules.accepted(this.#place.storageUuid, node);
    }
  };

  #diskDelay(): number {
    const { fromMillis, toMillis } = this.world.diskDelays;
    const usual = this.random.skewed(fromMillis, toMillis);
    return this.world.slowDisks.has(this.site) ? Math.min(20 * usual, MAX_DISK_MILLIS) : usual;
  }
}
