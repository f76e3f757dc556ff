/**
 * A scribe's disk with the real engine on it: its group commit takes the records, its recovery says what a crash left, its reads
 * give the batches back. Below it is the engine's own disk in memory, of which a crash keeps any part of what was not
 * synced; when a write completes, virtual time says. The image beside it is replayed from what the engine called durable, and
 * must be what the engine recovers: all of that, and of the rest a prefix.
 *
 * Where the disk rots (R29), bits of the body of a durable batch turn, below an open journal or between a crash and the next
 * start. What of it is found, and when, is for the engine to say: by recovering, by reading and by scrubbing. Everything else must
 * be as readable as ever.
 */
import type { ScribeStart } from '../../src/core/effects.ts';
import type { Batch } from '../../src/core/types.ts';
import { Random } from '../random.ts';
import { type DiskRecord, Image, type ScribeDisk } from './disk.ts';
import {
  type DamagedRange,
  decode,
  ENGINE_BUGS,
  type EngineAddon,
  type EngineBug,
  encode,
  HEADER_BYTES,
  isBeyondTail,
  isDamage,
  isNoSpace,
  isRefusedRepair,
  loadEngine,
  type NativeDisk,
  type Recovered,
} from './engine-addon.ts';
import { describeId, idOf, type LogNode, type LogTree } from './log-tree.ts';
import { demand, Violation } from './violation.ts';

interface Repair {
  readonly node: LogNode;
  readonly ticket: number;
  /** Whom it is told to. */
  readonly mended: () => void;
}

export class EngineDisk implements ScribeDisk {
  readonly image: Image;
  readonly #tree: LogTree;
  readonly #name: string;
  readonly #engine: NativeDisk;
  /** Handed over and not durable, with the engine's ticket. */
  #pending: { readonly record: DiskRecord; readonly ticket: number }[] = [];
  /** Handed over and not durable. */
  #mending: Repair[] = [];
  #recovered: Recovered;
  /** Known to be damaged, and not handed to anybody yet. */
  #found: LogNode[] = [];
  #isFull = false;
  /** Nothing runs on it; and since that began more of it rotted. */
  #isDown = true;
  #isStale = false;
  /** Which bits turn. */
  readonly #bits: Random;
  readonly #bug: EngineBug;

  constructor(addon: EngineAddon, bug: EngineBug, image: Image, tree: LogTree, scribeId: string, storageUuid: string) {
    this.#tree = tree;
    this.#name = scribeId;
    const seed = Number.parseInt(storageUuid.slice(0, 12), 16);
    this.#bug = bug;
    this.#bits = new Random(seed);
    this.#engine = new addon.EngineDisk(scribeId, storageUuid, seed, 1 + (seed % 4));
    this.#recovered = this.#engine.open();
    this.image = new Image({ term: 0, votedFor: null }, [], { index: 0, term: 0 });
    let number = 0;
    if (image.hardState.term > 0) {
      this.write({ number: ++number, persist: { kind: 'hardState', hardState: image.hardState }, node: null });
    }
    for (const node of image.nodes) {
      this.write({ number: ++number, persist: { kind: 'append', batch: node.batch }, node });
    }
    while (this.#pending.length > 0) for (const write of this.submit()) this.complete(write, () => {});
    this.#recover(0);
    this.#engine.putIn(ENGINE_BUGS[bug]);
  }

  get pending(): readonly DiskRecord[] {
    return this.#pending.map(({ record }) => record);
  }

  /** In the engine's own words. Reads the configurations as the runtime does, and what cannot be read is found by that. */
  start(scribeId: string, storageUuid: string): ScribeStart {
    if (this.#isStale) this.#recover(0);
    this.#isDown = false;
    this.#isStale = false;
    const { hardState, logStart, tail, termRuns, commitHint, configurations } = this.#recovered;
    const logged = configurations.map((index) => {
      const node = this.image.at(index);
      const isOne = node?.batch.configuration !== undefined;
      demand(isOne, 'recovery-differs', () => `${this.#name} has no configuration at ${index}`);
      const { id, configuration } = this.image.configurationIn(node as LogNode);
      return { id, configuration: this.#isReadable(node as LogNode) ? configuration : null };
    });
    this.#engine.takeFound();
    this.#found = this.#nodesOf(this.#engine.damage());
    return { scribeId, storageUuid, hardState, logStart, tail, termRuns, commit: commitHint, configurations: logged };
  }

  write(record: DiskRecord): boolean {
    try {
      this.#pending.push({ record, ticket: this.#take(record) });
      return true;
    } catch (error) {
      if (isNoSpace(error)) return false;
      throw error;
    }
  }

  /** How much is left in the last segment is for the engine to say. */
  fill(): void {
    this.#isFull = true;
    this.#engine.setFull(true);
  }

  free(): void {
    this.#isFull = false;
    this.#engine.setFull(false);
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get opens(): boolean {
    return true; // without the first block that a driven journal writes at once
  }

  admits(batches: number, bytes: number): boolean {
    return this.#engine.admits(batches, bytes + batches * HEADER_BYTES);
  }

  stats(): { readonly noSpace: boolean } {
    return { noSpace: this.#engine.noSpace() };
  }

  #take({ persist }: DiskRecord): number {
    switch (persist.kind) {
      case 'hardState':
        return this.#engine.saveHardState(persist.hardState.term, persist.hardState.votedFor);
      case 'append':
        return this.#engine.append(encode(persist.batch));
      case 'truncateSuffix':
        return this.#engine.truncateSuffix(persist.from);
      case 'commitHint':
        return this.#engine.saveCommitHint(persist.commit.index, persist.commit.term);
    }
  }

  submit(): readonly number[] {
    return this.#engine.submit();
  }

  complete(write: number, replayed: (record: DiskRecord) => void): number {
    const durable = this.#engine.complete(write);
    const later = this.#pending.findIndex(({ ticket }) => ticket > durable);
    const last = this.#replay(later < 0 ? this.#pending.length : later, replayed);
    const mended = this.#mending.filter(({ ticket }) => ticket <= durable);
    this.#mending = this.#mending.slice(mended.length);
    for (const repair of mended) this.#mended(repair);
    return last;
  }

  /** The oldest `count` records are durable. */
  #replay(count: number, replayed: (record: DiskRecord) => void): number {
    let last = 0;
    for (const { record } of this.#pending.splice(0, count)) {
      this.image.replay(record);
      replayed(record);
      last = record.number;
    }
    return last;
  }

  crash(random: Random, replayed: (record: DiskRecord) => void): void {
    this.#replay(this.#recover(random.integer(0, 2 ** 32)), replayed);
    this.#pending = [];
    this.#isDown = true;
    // A repair that was on its way may have come through.
    for (const { node } of this.#mending.splice(0)) {
      if (this.image.at(node.firstIndex) === node && this.#isReadable(node)) this.image.rotten.delete(node);
    }
  }

  rot(node: LogNode): boolean {
    if (this.image.rotten.has(node) || !this.#engine.rotBatch(node.firstIndex, this.#bits.integer(0, 2 ** 32)))
      return false;
    this.image.rotten.add(node);
    this.#isStale = this.#isDown;
    return true;
  }

  scrub(node: LogNode): void {
    if (this.image.at(node.firstIndex) === node) this.read(node.firstIndex, node.lastIndex, 1);
  }

  takeFound(): readonly LogNode[] {
    return [...this.#found.splice(0), ...this.#nodesOf(this.#engine.takeFound())];
  }

  #nodesOf(ranges: readonly DamagedRange[]): LogNode[] {
    return ranges.map(({ from, to }) => {
      const node = this.image.at(from);
      const isRotten = node !== undefined && node.lastIndex === to && this.image.rotten.has(node);
      demand(isRotten, 'damage-invented', () => `${this.#name} can not read ${from} to ${to}`);
      return node;
    });
  }

  repair(node: LogNode, later: (run: () => void) => void, mended: () => void): boolean {
    try {
      const ticket = this.#engine.repair(encode(node.batch));
      const repair = { node, ticket, mended };
      if (this.#bug === 'early') later(() => this.#mended(repair));
      else this.#mending.push(repair);
      return true;
    } catch (error) {
      if (!isRefusedRepair(error)) throw error;
      return false;
    }
  }

  #mended({ node, mended }: Repair): void {
    this.image.rotten.delete(node);
    mended();
  }

  /** The power goes and comes again. Of what was not durable the engine keeps a prefix: how many records. */
  #recover(seed: number): number {
    this.#engine.crash(seed);
    try {
      this.#recovered = this.#engine.open();
    } catch (error) {
      throw new Violation('recovery-refused', `${this.#name}, which never lied: ${(error as Error).message}`);
    }
    const kept = new Image(this.image.hardState, this.image.nodes, this.image.commit);
    for (let survived = 0; ; survived++) {
      if (this.#isRecovered(kept) && this.#holds(kept.nodes)) return survived;
      const next = this.#pending[survived];
      if (next === undefined) break;
      kept.replay(next.record);
    }
    throw new Violation('recovery-differs', this.#difference);
  }

  /** The engine must refuse the disk, or name what it can not read and have the rest whole: never one record fewer in silence. */
  spoil(random: Random): string {
    this.#engine.crash(random.integer(0, 2 ** 32));
    this.#engine.rot(random.integer(0, 2 ** 32));
    try {
      this.#recovered = this.#engine.open();
    } catch (error) {
      demand(isDamage(error), 'rot-unnoticed', () => `${this.#name}: ${(error as Error).message}`);
      return 'rot refused';
    }
    const lost = this.image.nodes.filter((node) => !this.#isReadable(node));
    demand(this.#isRecovered(this.image), 'rot-unnoticed', () => this.#difference);
    return lost.length > 0 ? 'rot reported' : 'rot harmless';
  }

  /** Whether the batch is there; the engine says of one that is not that it is damaged. */
  #isReadable(node: LogNode): boolean {
    try {
      const [batch] = decode(this.#engine.read(node.firstIndex, 1));
      const found = batch && this.#tree.find(batch, `read by ${this.#name} from a disk that rots`);
      demand(found === node, 'rot-unnoticed', () => `${this.#name} reads another batch than ${describeId(idOf(node))}`);
      return true;
    } catch (error) {
      if (error instanceof Violation) throw error;
      demand(isDamage(error), 'rot-unnoticed', () => `${this.#name}: ${(error as Error).message}`);
      return false;
    }
  }

  get #difference(): string {
    const { hardState, commitHint, tail } = this.#recovered;
    const found = `term ${hardState.term}, tail ${describeId(tail)}, hint ${describeId(commitHint)}`;
    const { term } = this.image.hardState;
    const durable = `term ${term}, tail ${describeId(idOf(this.image.tip))}, hint ${describeId(this.image.commit)}`;
    const damage = this.#engine.damage().map(({ from, to }) => `${from} to ${to}`);
    const rotten = this.image.damage.map((node) => describeId(idOf(node)));
    return `${this.#name} recovered ${found}, damaged ${damage}; durable was ${durable}, of which ${rotten} rotted`;
  }

  /** All but the log itself. */
  #isRecovered(image: Image): boolean {
    const { hardState, commitHint, tail } = this.#recovered;
    const { term, votedFor } = image.hardState;
    return (
      hardState.term === term &&
      hardState.votedFor === votedFor &&
      describeId(commitHint) === describeId(image.commit) &&
      describeId(tail) === describeId(idOf(image.tip))
    );
  }

  /** Whether these are the batches of the log, each but those that rotted as readable as it was written. */
  #holds(nodes: readonly LogNode[]): boolean {
    const { rotten } = this.image;
    for (let at = 0; at < nodes.length; at++) {
      const from = at;
      let bytes = 0;
      for (let node = nodes[at]; node !== undefined && !rotten.has(node); node = nodes[++at])
        bytes += HEADER_BYTES + node.batch.bytes.length;
      if (at === from) continue;
      const found = [...decode(this.#readable((nodes[from] as LogNode).firstIndex, bytes))];
      const isSame = (batch: Batch, offset: number): boolean =>
        this.#tree.find(batch, `recovered by ${this.#name}`) === nodes[from + offset];
      if (found.length !== at - from || !found.every(isSame)) return false;
    }
    return true;
  }

  read(from: number, to: number, maxBytes: number): readonly Batch[] {
    if (this.image.at(from) === undefined) return [];
    const batches: Batch[] = [];
    for (const batch of decode(this.#readable(from, maxBytes))) {
      const { batch: made, lastIndex } = this.#tree.find(batch, `read by ${this.#name}`);
      if (lastIndex > to) break;
      batches.push(made);
    }
    return batches;
  }

  /** What is damaged the engine gives nothing of, nor of what was to be read with it when it finds that out; or its repair is on its way. */
  #readable(from: number, maxBytes: number): Uint8Array {
    try {
      return this.#engine.read(from, maxBytes);
    } catch (error) {
      if (!isDamage(error) && !isBeyondTail(error)) throw error;
      return new Uint8Array(0);
    }
  }
}

/** What makes disks with the engine on them. */
export function engineDisks(bug: EngineBug = 'none'): (...of: [Image, LogTree, string, string]) => EngineDisk {
  const addon = loadEngine();
  return (image, tree, scribeId, storageUuid) => new EngineDisk(addon, bug, image, tree, scribeId, storageUuid);
}
