/**
 * Every batch that any leader in any explored state ever built, each under the one it follows, one object for equal ones. A
 * node's number stands for a whole log: the path down to the first entry.
 */
import type { Batch, BatchKind, Configuration, EntryId, Voters } from '../../src/core/types.ts';

export interface LogNode {
  /** From 1; 0 is the empty log. */
  readonly number: number;
  readonly parent: number;
  readonly index: number;
  readonly term: number;
  readonly batch: Batch;
  /** Number of the newest node up to and including this one that holds a configuration; 0 for none. */
  readonly configured: number;
}

/** Bytes of every batch: what windows and limits count. */
export const BATCH_BYTES = 10;

export class LogNodes {
  /** How many of them hold a configuration. */
  configurations = 0;
  readonly #nodes: LogNode[] = [];
  readonly #byText = new Map<string, LogNode>();
  readonly #byBatch = new Map<Batch, LogNode>();

  grow(parent: number, kind: BatchKind, term: number, configuration?: Configuration): LogNode {
    const set = configuration === undefined ? '' : describeConfiguration(configuration);
    const text = `${parent} ${kind} ${term} ${set}`;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const index = this.idOf(parent).index + 1;
    const batch: Batch = Object.freeze({
      kind,
      term,
      firstIndex: index,
      count: 1,
      timestampMillis: 0,
      bytes: new Uint8Array(BATCH_BYTES),
      ...(configuration === undefined ? {} : { configuration }),
    });
    const number = this.#nodes.length + 1;
    if (configuration !== undefined) this.configurations++;
    const configured = configuration === undefined ? (this.#nodes[parent - 1]?.configured ?? 0) : number;
    const node = { number, parent, index, term, batch, configured };
    this.#nodes.push(node);
    this.#byText.set(text, node);
    this.#byBatch.set(batch, node);
    return node;
  }

  at(number: number): LogNode {
    return this.#nodes[number - 1] as LogNode;
  }

  of(batch: Batch): LogNode | undefined {
    return this.#byBatch.get(batch);
  }

  idOf(number: number): EntryId {
    return number === 0 ? { index: 0, term: 0 } : { index: this.at(number).index, term: this.at(number).term };
  }

  /** The node of the log that ends at `tip` which holds `index`; 0 when it has none. */
  covering(tip: number, index: number): number {
    let number = tip;
    while (number !== 0 && this.at(number).index > index) number = this.at(number).parent;
    return number !== 0 && this.at(number).index === index ? number : 0;
  }

  /** Whether the log that ends at `tip` has `number` in it. */
  contains(tip: number, number: number): boolean {
    return number === 0 || this.covering(tip, this.at(number).index) === number;
  }

  /** Oldest first. */
  path(tip: number): LogNode[] {
    const path: LogNode[] = [];
    for (let number = tip; number !== 0; number = this.at(number).parent) path.unshift(this.at(number));
    return path;
  }

  /** The configurations in force in the log that ends at `tip` since it held `number`. */
  configurationsSince(number: number, tip: number): readonly Configuration[] {
    const found: Configuration[] = [];
    const since = this.at(number).index;
    for (let at = this.at(tip).configured; at !== 0; ) {
      const node = this.at(at);
      found.push(node.batch.configuration as Configuration);
      if (node.index <= since) break;
      at = node.parent === 0 ? 0 : this.at(node.parent).configured;
    }
    return found;
  }
}

export const describeConfiguration = ({ outgoing, target, ...now }: Configuration): string => {
  const text = ({ scribes, quorums }: Voters): string => {
    const names = scribes.map(({ storageUuid }) => storageUuid).join('');
    return quorums === undefined ? names : `${names}c${quorums.commit}v${quorums.vote}`;
  };
  const none = { scribes: [] };
  return `${text(now)}/${text(outgoing ?? none)}/${text(target ?? none)}`;
};
