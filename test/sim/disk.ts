/**
 * A scribe's disk: what survives any crash (the image), and records handed over but not yet durable. Records become durable
 * in order, several at once as group commit does; a crash keeps the image and any prefix of the rest. The image is replayed
 * here from the records alone, so the checks know what a disk holds without asking the machine that wrote it.
 *
 * `Disk` is that and nothing more; `EngineDisk` (engine-disk.ts) is the real engine under the same calls.
 */
import type { Persist, ScribeStart } from '../../src/core/effects.ts';
import type { Batch, EntryId, FoundConfiguration, HardState } from '../../src/core/types.ts';
import type { Room } from '../../src/runtime/disk-room.ts';
import type { Random } from '../random.ts';
import { describeId, idOf, type LogNode } from './log-tree.ts';
import { demand } from './violation.ts';

export interface DiskRecord {
  /** Counted from 1 per start of the scribe. */
  readonly number: number;
  readonly persist: Persist;
  /** For appends. */
  readonly node: LogNode | null;
}

/** What a scribe's process does with its disk. `replayed` is told of each record that has become durable. */
export interface ScribeDisk extends Room {
  /** What is durable. */
  readonly image: Image;
  /** Handed over and not durable, oldest first. */
  readonly pending: readonly DiskRecord[];
  /** What a scribe that starts now recovers. */
  start(scribeId: string, storageUuid: string): ScribeStart;
  /** False when it is full and has no room for the record, which is no batch then: for those it is asked before. */
  write(record: DiskRecord): boolean;
  /** Begins what writes it may, each of `most` records at most where it can choose; each is to be completed once. */
  submit(most: number): readonly number[];
  /** A write that was begun completes; returns the number of the last record that became durable, 0 if none did. */
  complete(write: number, replayed: (record: DiskRecord) => void): number;
  /** The power goes, or the process. */
  crash(random: Random, replayed: (record: DiskRecord) => void): void;
  /** Whole durable batches from `from` on, about `maxBytes`; none when no batch starts there, or the first can not be read. */
  read(from: number, to: number, maxBytes: number): readonly Batch[];
  /** The batch, which is durable, can not be read from now on; false if it is not where it can be struck (R29). */
  rot(node: LogNode): boolean;
  /** Reads it for no other reason than to see whether that works. */
  scrub(node: LogNode): void;
  /** What starting, reading and scrubbing have found damaged since the last call. */
  takeFound(): readonly LogNode[];
  /**
   * A moved batch in the place of a damaged one; false when the disk does not take it. `mended` is called when it is durable, and
   * a crash before that may lose it. `later` runs something in as long as a write takes.
   */
  repair(node: LogNode, later: (run: () => void) => void, mended: () => void): boolean;
  /** There is no room for another segment, and `left` bytes in the last one; below zero what was taken stands behind its end (S27). */
  fill(left: number): void;
  /** There is room again, and the disk has found out. */
  free(): void;
  /** Between `fill` and `free`, whether anybody has met that yet or not. */
  readonly isFull: boolean;
  /** Whether a scribe can start on it: not where the last segment is full and there is no room for another. */
  readonly opens: boolean;
  /** Rots, with nothing running on it, and is opened again by who must find that out; then it is of no more use. What came of it. */
  spoil?(random: Random): string;
}

/** A log with its hard state, as the records up to some point leave it. */
export class Image {
  hardState: HardState;
  nodes: LogNode[];
  commit: EntryId;
  /** Batches that can not be read back; what was cut off may still be among them. */
  readonly rotten = new Set<LogNode>();

  constructor(hardState: HardState, nodes: readonly LogNode[], commit: EntryId) {
    this.hardState = hardState;
    this.nodes = [...nodes];
    this.commit = commit;
  }

  get tip(): LogNode | null {
    return this.nodes.at(-1) ?? null;
  }

  /** The node that covers `index`. */
  at(index: number): LogNode | undefined {
    let low = 0;
    let high = this.nodes.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.nodes[middle] as LogNode).lastIndex < index) low = middle + 1;
      else high = middle;
    }
    const node = this.nodes[low];
    return node !== undefined && node.firstIndex <= index && index <= node.lastIndex ? node : undefined;
  }

  holds(id: EntryId): boolean {
    return (id.index === 0 && id.term === 0) || this.at(id.index)?.term === id.term;
  }

  replay({ persist, node }: DiskRecord): void {
    switch (persist.kind) {
      case 'hardState': {
        const { term } = this.hardState;
        demand(persist.hardState.term >= term, 'term-goes-back', () => `${persist.hardState.term} after ${term}`);
        this.hardState = persist.hardState;
        break;
      }
      case 'append': {
        const fresh = node as LogNode;
        demand(
          fresh.previous === this.tip,
          'log-matching',
          () => `${describeId(idOf(fresh))} on ${describeId(idOf(this.tip))}`,
        );
        demand(
          fresh.term <= this.hardState.term,
          'entry-above-term',
          () => `${describeId(idOf(fresh))} in term ${this.hardState.term}`,
        );
        this.nodes.push(fresh);
        this.rotten.delete(fresh); // written anew
        break;
      }
      case 'truncateSuffix': {
        const first = this.at(persist.from);
        demand(first?.firstIndex === persist.from, 'truncation-inside-batch', () => `from ${persist.from}`);
        this.nodes.length = this.nodes.indexOf(first);
        break;
      }
      case 'commitHint':
        demand(this.holds(persist.commit), 'commit-hint-not-held', () => describeId(persist.commit));
        this.commit = persist.commit;
        break;
    }
  }

  /** Whether this batch is part of the log and can be read. */
  reads(node: LogNode): boolean {
    return this.at(node.firstIndex) === node && !this.rotten.has(node);
  }

  /** What is part of the log and can not be read. */
  get damage(): readonly LogNode[] {
    return [...this.rotten].filter((node) => this.at(node.firstIndex) === node);
  }

  /** What opening says of a batch that holds a configuration: where it stands, and what it is if it can be read. */
  configurationIn(node: LogNode): FoundConfiguration {
    const { firstIndex, term, configuration = null } = node.batch;
    return { id: { index: firstIndex, term }, configuration: this.rotten.has(node) ? null : configuration };
  }

  /** A copy to go back to: an old backup, or a snapshot of the machine. */
  copy(): () => void {
    const { hardState, commit } = this;
    const nodes = [...this.nodes];
    return () => {
      this.hardState = hardState;
      this.commit = commit;
      this.nodes = nodes;
    };
  }

  /** What a scribe that starts on this disk recovers. */
  recover(scribeId: string, storageUuid: string): ScribeStart {
    const runs: { term: number; firstIndex: number }[] = [];
    for (const node of this.nodes) {
      if (runs.at(-1)?.term !== node.term) runs.push({ term: node.term, firstIndex: node.firstIndex });
    }
    const configurations = this.nodes
      .filter(({ batch }) => batch.configuration !== undefined)
      .map((node) => this.configurationIn(node));
    const { hardState, commit } = this;
    const logStart = { index: 0, term: 0 };
    return { scribeId, storageUuid, hardState, logStart, tail: idOf(this.tip), termRuns: runs, commit, configurations };
  }

  /** Whole batches from the one that holds `from` up to one that can not be read: at least one, else at most `maxBytes`. */
  read(from: number, to: number, maxBytes: number): Batch[] {
    const first = this.at(from);
    if (first === undefined) return [];
    const batches: Batch[] = [];
    let bytes = 0;
    for (let at = this.nodes.indexOf(first); at < this.nodes.length; at++) {
      const node = this.nodes[at] as LogNode;
      const { batch, lastIndex } = node;
      if (this.rotten.has(node) || lastIndex > to || (batches.length > 0 && bytes + batch.bytes.length > maxBytes))
        break;
      batches.push(batch);
      bytes += batch.bytes.length;
    }
    return batches;
  }
}

/** Stands for the block that a term, a vote or a cut takes in the last segment. */
const SMALL_BYTES = 16;
/** What a journal has room for while it says that it takes such records. */
const FEW = 4;
/** Left by batches to such records while there is no room for another segment. */
export const RESERVE_BYTES = 64 * SMALL_BYTES;

export class Disk implements ScribeDisk {
  readonly image: Image;
  pending: DiskRecord[] = [];
  /** Room in the last segment where there is none for another; null: there is. */
  #left: number | null = null;
  #opens = true;
  /** Damage that was found, and told to nobody yet. */
  #found: LogNode[] = [];
  /** Group commit: one write at a time, each taking what has gathered. */
  #writing = false;

  constructor(image: Image) {
    this.image = image;
  }

  start(scribeId: string, storageUuid: string): ScribeStart {
    this.#found = [...this.image.damage];
    return this.image.recover(scribeId, storageUuid);
  }

  get opens(): boolean {
    return this.#opens;
  }

  get isFull(): boolean {
    return this.#left !== null;
  }

  fill(left: number): void {
    this.#left = left;
  }

  free(): void {
    this.#left = null;
    this.#opens = true;
  }

  admits(batches: number, bytes: number): boolean {
    if (this.#left === null) return true;
    return batches === 0 ? this.#left >= FEW * SMALL_BYTES : this.#left >= bytes + RESERVE_BYTES;
  }

  stats(): { readonly noSpace: boolean } {
    return { noSpace: this.isFull };
  }

  write(record: DiskRecord): boolean {
    const { persist } = record;
    const bytes = persist.kind === 'append' ? persist.batch.bytes.length : SMALL_BYTES;
    if (this.#left !== null && this.#left < bytes) return false;
    if (this.#left !== null) this.#left -= bytes;
    this.pending.push(record);
    return true;
  }

  /** A write is named by how many records it holds. */
  submit(most: number): readonly number[] {
    if (this.#writing || this.pending.length === 0 || (this.#left ?? 0) < 0) return [];
    this.#writing = true;
    return [Math.min(this.pending.length, most)];
  }

  /** Any prefix of what was not durable survives: the rest was never written. */
  crash(random: Random, replayed: (record: DiskRecord) => void): void {
    const isBehindEnd = (this.#left ?? 0) < 0;
    this.complete(isBehindEnd ? 0 : random.integer(0, this.pending.length + 1), replayed);
    this.pending = [];
    this.#opens = !isBehindEnd;
  }

  read(from: number, to: number, maxBytes: number): readonly Batch[] {
    const batches = this.image.read(from, to, maxBytes);
    const next = this.image.at((batches.at(-1)?.firstIndex ?? from) + (batches.at(-1)?.count ?? 0));
    if (next !== undefined && next.lastIndex <= to) this.scrub(next);
    return batches;
  }

  rot(node: LogNode): boolean {
    this.image.rotten.add(node);
    return true;
  }

  scrub(node: LogNode): void {
    if (this.image.rotten.has(node)) this.#found.push(node);
  }

  takeFound(): readonly LogNode[] {
    return this.#found.splice(0);
  }

  /** One that can be read is never replaced. */
  repair(node: LogNode, later: (run: () => void) => void, mended: () => void): boolean {
    if (!this.image.rotten.has(node) || !this.admits(1, node.batch.bytes.length)) return false;
    later(() => {
      if (this.image.rotten.delete(node)) mended();
    });
    return true;
  }

  /** The oldest `count` records are durable from now on; returns the number of the last one. */
  complete(count: number, replayed: (record: DiskRecord) => void): number {
    this.#writing = false;
    let last = 0;
    for (const record of this.pending.splice(0, count)) {
      this.image.replay(record);
      replayed(record);
      last = record.number;
    }
    return last;
  }
}
