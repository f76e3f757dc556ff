/**
 * A scribe's disk with the real engine on it: its group commit takes the records, its recovery says what a crash left, its reads
 * give the batches back. Below it is the engine's own disk in memory, of which a crash keeps any part of what was not
 * synced; when a write completes, virtual time says. The image beside it is replayed from what the engine called durable, and
 * must be what the engine recovers: all of that, and of the rest a prefix.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ScribeStart } from '../../src/core/effects.ts';
import type { Batch, BatchKind, HardState } from '../../src/core/types.ts';
import type { Random } from '../random.ts';
import { type DiskRecord, Image, type ScribeDisk } from './disk.ts';
import { describeId, idOf, type LogNode, type LogTree } from './log-tree.ts';
import { demand, Violation } from './violation.ts';

/** Bugs of a driver that the simulator must find: see stepped_queue.h. */
export const ENGINE_BUGS = { none: 0, unsynced: 1, covers: 2, cuts: 3 } as const;
export type EngineBug = keyof typeof ENGINE_BUGS;

interface Recovered {
  readonly tail: { readonly index: number; readonly term: number };
  readonly logStart: { readonly index: number; readonly term: number };
  readonly hardState: HardState;
  readonly commitHint: { readonly index: number; readonly term: number };
  readonly termRuns: readonly { readonly term: number; readonly firstIndex: number }[];
  readonly configurations: readonly number[];
}

/** test/sim/engine/addon.cc */
interface NativeDisk {
  open(): Recovered;
  append(batch: Uint8Array): number;
  saveHardState(term: number, votedFor: string | null): number;
  truncateSuffix(from: number): number;
  saveCommitHint(index: number, term: number): number;
  submit(): readonly number[];
  complete(write: number): number;
  read(from: number, maxBytes: number): Uint8Array;
  crash(seed: number): void;
  rot(seed: number): void;
  putIn(bug: number): void;
  setFull(full: boolean): void;
  admits(batches: number, bytes: number): boolean;
  noSpace(): boolean;
}

interface Addon {
  readonly EngineDisk: new (scribeId: string, storageUuid: string, seed: number, depth: number) => NativeDisk;
}

const ROOT = join(import.meta.dirname, '..', '..', '..');
const HEADER_BYTES = 56;
const KINDS: readonly BatchKind[] = ['noop', 'command', 'configuration'];

/** A batch of the simulator as the engine knows one: the header of docs/disk-format.md, and its bytes for a body. */
function encode({ kind, term, firstIndex, timestampMillis, count, bytes }: Batch): Uint8Array {
  const encoded = new Uint8Array(HEADER_BYTES + bytes.length);
  const header = new DataView(encoded.buffer);
  header.setUint32(0, 0x54414253, true);
  header.setUint8(4, 1);
  header.setUint8(5, KINDS.indexOf(kind));
  header.setBigUint64(16, BigInt(term), true);
  header.setBigUint64(24, BigInt(firstIndex), true);
  header.setBigUint64(32, BigInt(Math.floor(timestampMillis)), true);
  header.setUint32(40, count, true);
  header.setUint32(44, bytes.length, true);
  encoded.set(bytes, HEADER_BYTES);
  return encoded;
}

function* decode(encoded: Uint8Array): Generator<Batch> {
  for (let at = 0; at < encoded.length; ) {
    const header = new DataView(encoded.buffer, encoded.byteOffset + at, HEADER_BYTES);
    const end = at + HEADER_BYTES + header.getUint32(44, true);
    yield {
      kind: KINDS[header.getUint8(5)] as BatchKind,
      term: Number(header.getBigUint64(16, true)),
      firstIndex: Number(header.getBigUint64(24, true)),
      timestampMillis: Number(header.getBigUint64(32, true)),
      count: header.getUint32(40, true),
      bytes: encoded.subarray(at + HEADER_BYTES, end),
    };
    at = end;
  }
}

const isDamage = (error: unknown): boolean =>
  ['ROTTEN', 'UNCERTAIN_TAIL'].includes((error as { readonly code?: string }).code ?? '');

export class EngineDisk implements ScribeDisk {
  readonly image: Image;
  readonly #tree: LogTree;
  readonly #name: string;
  readonly #engine: NativeDisk;
  /** Handed over and not durable, with the engine's ticket. */
  #pending: { readonly record: DiskRecord; readonly ticket: number }[] = [];
  #recovered: Recovered;
  #isFull = false;

  constructor(addon: Addon, bug: EngineBug, image: Image, tree: LogTree, scribeId: string, storageUuid: string) {
    this.#tree = tree;
    this.#name = scribeId;
    const seed = Number.parseInt(storageUuid.slice(0, 12), 16);
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

  /** In the engine's own words. */
  start(scribeId: string, storageUuid: string): ScribeStart {
    const { hardState, logStart, tail, termRuns, commitHint, configurations } = this.#recovered;
    const logged = configurations.map((index) => {
      const node = this.image.at(index);
      const isOne = node?.batch.configuration !== undefined;
      demand(isOne, 'recovery-differs', () => `${this.#name} has no configuration at ${index}`);
      return this.image.configurationIn(node as LogNode);
    });
    return { scribeId, storageUuid, hardState, logStart, tail, termRuns, commit: commitHint, configurations: logged };
  }

  write(record: DiskRecord): boolean {
    try {
      this.#pending.push({ record, ticket: this.#take(record) });
      return true;
    } catch (error) {
      if ((error as { readonly code?: string }).code === 'NO_SPACE') return false;
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
    return this.#replay(later < 0 ? this.#pending.length : later, replayed);
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
  }

  /** The power goes and comes again. Of what was not durable the engine keeps a prefix: how many records. */
  #recover(seed: number): number {
    this.#engine.crash(seed);
    try {
      this.#recovered = this.#engine.open();
    } catch (error) {
      throw new Violation('recovery-refused', `${this.#name}, which never lied: ${(error as Error).message}`);
    }
    const { tail } = this.#recovered;
    const nodes = tail.index === 0 ? [] : [...decode(this.#engine.read(1, Number.MAX_SAFE_INTEGER))];
    const log = nodes.map((batch) => this.#tree.find(batch, `recovered by ${this.#name}`));
    const kept = new Image(this.image.hardState, this.image.nodes, this.image.commit);
    for (let survived = 0; ; survived++) {
      if (this.#isRecovered(kept, log)) return survived;
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
    demand(this.#isRecovered(this.image, this.image.nodes), 'rot-unnoticed', () => this.#difference);
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
    return `${this.#name} recovered ${found}; durable was ${durable}`;
  }

  #isRecovered(image: Image, log: readonly LogNode[]): boolean {
    const { hardState, commitHint, tail } = this.#recovered;
    const { term, votedFor } = image.hardState;
    return (
      hardState.term === term &&
      hardState.votedFor === votedFor &&
      describeId(commitHint) === describeId(image.commit) &&
      describeId(tail) === describeId(idOf(image.tip)) &&
      log.length === image.nodes.length &&
      log.every((node, at) => node === image.nodes[at])
    );
  }

  read(from: number, to: number, maxBytes: number): readonly Batch[] {
    if (this.image.at(from) === undefined) return [];
    const batches: Batch[] = [];
    for (const batch of decode(this.#engine.read(from, maxBytes))) {
      const { batch: made, lastIndex } = this.#tree.find(batch, `read by ${this.#name}`);
      if (lastIndex > to) break;
      batches.push(made);
    }
    return batches;
  }
}

/** Loads the engine's addon for the simulator; what makes disks of it. */
export function engineDisks(bug: EngineBug = 'none'): (...of: [Image, LogTree, string, string]) => EngineDisk {
  const addon = createRequire(import.meta.url)(join(ROOT, 'build', 'sim', 'engine.node')) as Addon;
  return (image, tree, scribeId, storageUuid) => new EngineDisk(addon, bug, image, tree, scribeId, storageUuid);
}
