/**
 * A scribe's disk: what survives any crash (the image), and records handed over but not yet durable. Records become durable
 * in order, several at once as group commit does; a crash keeps the image and any prefix of the rest. The image is replayed
 * here from the records alone, so the checks know what a disk holds without asking the machine that wrote it.
 *
 * `Disk` is that and nothing more; `EngineDisk` (engine-disk.ts) is the real engine under the same calls.
 */
import type { Persist, ScribeStart } from '../../src/core/effects.ts';
import type { Batch, EntryId, FoundConfiguration, HardState } from '../../src/core/types.ts';
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
export interface ScribeDisk {
  /** What is durable. */
  readonly image: Image;
  /** Handed over and not durable, oldest first. */
  readonly pending: readonly DiskRecord[];
  /** What a scribe that starts now recovers. */
  start(scribeId: string, storageUuid: string): ScribeStart;
  write(record: DiskRecord): void;
  /** Begins what writes it may, each of `most` records at most where it can choose; each is to be completed once. */
  submit(most: number): readonly number[];
  /** A write that was begun completes; returns the number of the last record that became durable, 0 if none did. */
  complete(write: number, replayed: (record: DiskRecord) => void): number;
  /** The power goes, or the process. */
  crash(random: Random, replayed: (record: DiskRecord) => void): void;
  /** Whole durable batches from `from` on, about `maxBytes`; none when no batch starts there. */
  read(from: number, to: number, maxBytes: number): readonly Batch[];
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

export class Disk implements ScribeDisk {
  readonly image: Image;
  pending: DiskRecord[] = [];
  /** Group commit: one write at a time, each taking what has gathered. */
  #writing = false;

  constructor(image: Image) {
    this.image = image;
  }

  start(scribeId: string, storageUuid: string): ScribeStart {
    return this.image.recover(scribeId, storageUuid);
  }

  write(record: DiskRecord): void {
    this.pending.push(record);
  }

  /** A write is named by how many records it holds. */
  submit(most: number): readonly number[] {
    if (this.#writing || this.pending.length === 0) return [];
    this.#writing = true;
    return [Math.min(this.pending.length, most)];
  }

  /** Any prefix of what was not durable survives: the rest was never written. */
  crash(random: Random, replayed: (record: DiskRecord) => void): void {
    this.complete(random.integer(0, this.pending.length + 1), replayed);
    this.pending = [];
  }

  read(from: number, to: number, maxBytes: number): readonly Batch[] {
    return this.image.read(from, to, maxBytes);
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
