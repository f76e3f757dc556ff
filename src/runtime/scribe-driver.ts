/**
 * Runs one scribe machine over one journal: hands it links, time and completions, and carries out its effects in the order
 * they stand. Keeps: records reach the journal in the machine's order, and the machine hears of durability only from the
 * journal. A journal that fails ends the scribe's right to speak at once: nothing more is sent (R30).
 */
import type { Persist, ReadLog, ScribeEffects, ScribeEvent, ScribeOptions } from '../core/effects.ts';
import type { Message, PeerKey } from '../core/messages.ts';
import { membersOf } from '../core/quorum.ts';
import { ScribeMachine } from '../core/scribe.ts';
import { type Batch, type FoundConfiguration, type Index, lastIndex } from '../core/types.ts';
import { isScriptoriumError } from '../errors.ts';
import type { Journal } from '../storage/journal.ts';
import type { DamagedRange } from '../storage/journal-types.ts';
import { decodeBatches } from '../wire/batch.ts';
import type { Clock } from './clock.ts';
import { DiskRoom } from './disk-room.ts';
import { EventQueue } from './event-queue.ts';
import { WakeTimer } from './wake-timer.ts';

/** One group for now; ids are in every format. */
export const GROUP = 0;
/** What a journal says to a repair that it cannot take now or not at all: another peer, or the same later, may have better. */
const REFUSED_REPAIR: ReadonlySet<string> = new Set(['BAD_OPTION', 'BAD_BATCH', 'OVERLOADED', 'NO_SPACE']);

export interface ScribeDriverOptions {
  readonly journal: Journal;
  readonly timing: ScribeOptions;
  readonly clock: Clock;
  send(to: PeerKey, message: Message): boolean;
  /** A peer scribe is needed at this address (R16). */
  want(addresses: ReadonlySet<string>): void;
  failed(error: unknown): void;
  /** A batch from a peer is durable where one was damaged. */
  repaired(from: number, to: number): void;
}

export class ScribeDriver {
  readonly #options: ScribeDriverOptions;
  readonly #journal: Journal;
  readonly #machine: ScribeMachine;
  readonly #timer: WakeTimer;
  readonly #room: DiskRoom<Persist>;
  readonly #events = new EventQueue<ScribeEvent>((event) => this.#handle(event));
  /** Which journal ticket makes which of the machine's writes durable, oldest first. */
  #tickets: { write: number; ticket: number }[] = [];
  /** Repairs on their way to the disk, oldest first. */
  #repairs: { ticket: number; batch: Batch }[] = [];
  #written = 0;
  #stopped = false;

  private constructor(options: ScribeDriverOptions, configurations: readonly FoundConfiguration[]) {
    const { journal, clock, timing } = options;
    const { logStart, tail, hardState, termRuns, commitHint } = journal.group(GROUP);
    const { scribeId, storageUuid } = journal.identity;
    this.#options = options;
    this.#journal = journal;
    this.#room = new DiskRoom(journal, (persist) => this.#persist(persist));
    this.#machine = new ScribeMachine(
      { scribeId, storageUuid, hardState, logStart, tail, termRuns, commit: commitHint, configurations },
      timing,
      clock.now(),
    );
    this.#timer = new WakeTimer(clock, () => this.step({ kind: 'tick' }));
  }

  /** Reads the configurations out of the recovered log first: they decide who this scribe is (§7). */
  static async start(options: ScribeDriverOptions): Promise<ScribeDriver> {
    const { journal } = options;
    const configurations: FoundConfiguration[] = [];
    for (const index of journal.group(GROUP).configurations)
      configurations.push(await findConfiguration(journal, index));
    const driver = new ScribeDriver(options, configurations);
    for (const range of journal.damage()) driver.damaged(range);
    return driver;
  }

  get machine(): Pick<
    ScribeMachine,
    'hardState' | 'tail' | 'durableTail' | 'commit' | 'configuration' | 'standing' | 'leader' | 'damaged'
  > {
    return this.#machine;
  }

  /** True once it says nothing any more: stopped, or its journal failed. */
  get stopped(): boolean {
    return this.#stopped;
  }

  step(event: ScribeEvent): void {
    if (this.#stopped || !this.#events.push(event)) return;
    if (!this.#stopped) this.#timer.want(this.#machine.wakeAt);
  }

  /**
   * The journal found a part of a log that it cannot read back (R29). Word of it comes a turn later than the finding: what has been cut
   * off or mended meanwhile is no damage, though other entries may stand in its place.
   */
  damaged({ group, from, to }: DamagedRange): void {
    for (const still of this.#journal.damage()) {
      if (still.group !== group || group !== GROUP || still.to < from || still.from > to) continue;
      this.step({ kind: 'damaged', from: still.from, to: still.to });
    }
  }

  /** The journal's word: every record up to `ticket` is durable. */
  durable(ticket: number, fsyncMicros: number): void {
    this.#repairsDurable(ticket);
    let done = 0;
    while (done < this.#tickets.length && (this.#tickets[done] as { ticket: number }).ticket <= ticket) done++;
    if (done === 0) return;
    const { write } = this.#tickets[done - 1] as { write: number };
    this.#tickets.splice(0, done);
    this.step({ kind: 'durable', write, writeMicros: 0, fsyncMicros });
  }

  #repairsDurable(ticket: number): void {
    for (let next = this.#repairs[0]; next !== undefined && next.ticket <= ticket; next = this.#repairs[0]) {
      const { batch } = next;
      this.#repairs.shift();
      this.step({ kind: 'repaired', batch });
      this.#options.repaired(batch.firstIndex, lastIndex(batch));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#events.clear();
    this.#timer.stop();
  }

  #handle(event: ScribeEvent): void {
    let heard: ScribeEvent | null;
    try {
      heard = this.#room.allow(event);
    } catch (error) {
      this.#giveUp(error);
      return;
    }
    if (heard !== null) this.#perform(this.#machine.step(heard, this.#options.clock.now()));
  }

  #perform({ persists, sends, reads, repairs }: ScribeEffects): void {
    try {
      this.#room.write(persists);
      for (const batch of repairs) this.#repair(batch);
    } catch (error) {
      this.#giveUp(error);
      return;
    }
    for (const { to, message } of sends) {
      if (!this.#options.send(to, message) && to.startsWith('scribe:')) this.#wantPeers();
    }
    for (const read of reads) this.#readLog(read);
  }

  /** The machine already counts on what could not be written: a scribe must not say another word then. */
  #giveUp(error: unknown): void {
    this.stop();
    this.#options.failed(error);
  }

  /** False when the disk is full. */
  #persist(persist: Persist): boolean {
    try {
      this.#tickets.push({ write: this.#written + 1, ticket: this.#write(persist) });
    } catch (error) {
      if (isScriptoriumError(error) && error.code === 'NO_SPACE') return false;
      throw error;
    }
    this.#written++;
    return true;
  }

  #repair(batch: Batch): void {
    try {
      const ticket = this.#journal.repair(batch.bytes);
      this.#repairs.push({ ticket, batch });
    } catch (error) {
      if (!isScriptoriumError(error) || !REFUSED_REPAIR.has(error.code)) throw error;
    }
  }

  #write(persist: Persist): number {
    switch (persist.kind) {
      case 'append':
        return this.#journal.append(persist.batch.bytes);
      case 'hardState':
        return this.#journal.saveHardState(GROUP, persist.hardState);
      case 'truncateSuffix':
        return this.#journal.truncateSuffix(GROUP, persist.from);
      case 'commitHint':
        return this.#journal.saveCommitHint(GROUP, persist.commit);
    }
  }

  #readLog({ token, from, to, maxBytes }: ReadLog): void {
    this.#journal.read(GROUP, from, maxBytes).then(
      (bytes) => {
        const batches = decodeBatches(bytes).filter((batch) => batch.firstIndex + batch.count - 1 <= to);
        this.step({ kind: 'logRead', token, batches });
      },
      // What cannot be read is not sent; the reader turns to another scribe (R29).
      () => this.step({ kind: 'logRead', token, batches: [] }),
    );
  }

  /** Reading from a peer was asked for and there is no link: dial the other scribes of the configuration. */
  #wantPeers(): void {
    const { storageUuid } = this.#journal.identity;
    const others = membersOf(this.#machine.peers.configuration).filter((scribe) => scribe.storageUuid !== storageUuid);
    this.#options.want(new Set(others.map(({ address }) => address)));
  }
}

/** One that cannot be read does not keep the scribe from starting: it gets it again from the others (R29). */
async function findConfiguration(journal: Journal, index: Index): Promise<FoundConfiguration> {
  const { termRuns } = journal.group(GROUP);
  const term = termRuns.findLast(({ firstIndex }) => firstIndex <= index)?.term ?? 0;
  const found = (configuration: FoundConfiguration['configuration']) => ({ id: { index, term }, configuration });
  try {
    const [batch] = decodeBatches(await journal.read(GROUP, index, 1));
    return found(batch?.configuration ?? null);
  } catch (error) {
    const isDamaged = journal.damage().some(({ group, from, to }) => group === GROUP && from <= index && index <= to);
    if (!isDamaged) throw error;
    return found(null);
  }
}
