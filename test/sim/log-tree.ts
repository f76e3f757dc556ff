/**
 * Every batch any leader ever built, each under the one it follows. Log Matching is the claim that this is a tree in which
 * a position (index, term) names one node: then whoever holds an entry holds the same history below it. Nodes are made only
 * where a leader is seen to append; whatever turns up anywhere else must already be here.
 */
import type { Batch, Configuration, EntryId } from '../../src/core/types.ts';
import { demand } from './violation.ts';

/** An entry that no client waits for: it makes batches longer. */
export const FILLER = -1;

export interface LogNode {
  readonly batch: Batch;
  readonly term: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly previous: LogNode | null;
  /** Numbers of the clients' commands inside, or `FILLER`; empty for no-ops and configurations. */
  readonly commands: readonly number[];
  /** The newest configuration of the log up to and including this node. */
  readonly configured: LogNode | null;
}

export const describeId = ({ index, term }: EntryId): string => `${index}@${term}`;

export const idOf = (node: LogNode | null): EntryId =>
  node === null ? { index: 0, term: 0 } : { index: node.lastIndex, term: node.term };

/** By term first, then by index (Raft §5.4.1). */
export const notBehind = (left: EntryId, right: EntryId): boolean =>
  left.term > right.term || (left.term === right.term && left.index >= right.index);

const position = (index: number, term: number): number => term * 2 ** 32 + index;

export class LogTree {
  /** By last index and term. */
  readonly #ends = new Map<number, LogNode>();
  /** By first index and term. */
  readonly #starts = new Map<number, LogNode>();

  /** A leader appended this batch after `previous`. */
  grow(batch: Batch, previous: LogNode | null, commands: readonly number[]): LogNode {
    const { term, firstIndex, count } = batch;
    const lastIndex = firstIndex + count - 1;
    const fields = { batch, term, firstIndex, lastIndex, previous, commands };
    const node: LogNode & { configured: LogNode | null } = { ...fields, configured: previous?.configured ?? null };
    if (batch.configuration !== undefined) node.configured = node;
    const under = idOf(previous);
    demand(
      firstIndex === under.index + 1,
      'log-dense',
      () => `${describeId({ index: firstIndex, term })} after ${describeId(under)}`,
    );
    demand(term >= under.term, 'term-falls', () => `term ${term} after ${describeId(under)}`);
    demand(
      previous === null || batch.timestampMillis >= previous.batch.timestampMillis,
      'logged-clock-goes-back',
      () => `at ${describeId(idOf(node))}`,
    );
    const other = this.#starts.get(position(firstIndex, term));
    demand(other === undefined, 'log-matching', () => `two batches at ${describeId({ index: firstIndex, term })}`);
    this.#starts.set(position(firstIndex, term), node);
    this.#ends.set(position(node.lastIndex, term), node);
    return node;
  }

  /** The node of a batch met somewhere; it must be the very batch a leader built, unchanged. */
  find(batch: Batch, where: string): LogNode {
    const node = this.#starts.get(position(batch.firstIndex, batch.term));
    const name = (): string => `${describeId({ index: batch.firstIndex, term: batch.term })} ${where}`;
    demand(node !== undefined, 'invented-batch', name);
    const made = node.batch;
    const same =
      made.kind === batch.kind && made.count === batch.count && Buffer.compare(made.bytes, batch.bytes) === 0;
    demand(same, 'log-matching', name);
    return node;
  }

  /** The node that ends at an entry; null before the first one, undefined when no leader ever built it. */
  endingAt(id: EntryId): LogNode | null | undefined {
    return id.index === 0 && id.term === 0 ? null : this.#ends.get(position(id.index, id.term));
  }
}

/** The configurations that some leader's log, which ends at `tip`, has had in force since it held `node`. */
export function configurationsSince(node: LogNode, tip: LogNode): readonly Configuration[] {
  const found: Configuration[] = [];
  let at = tip.configured;
  while (at !== null && at.batch.configuration !== undefined) {
    found.push(at.batch.configuration);
    if (at.lastIndex <= node.lastIndex) break;
    at = at.previous?.configured ?? null;
  }
  return found;
}

/** The node of `tip`'s log that covers `index`, walking down from the tip; null when the log is shorter. */
export function covering(tip: LogNode | null, index: number): LogNode | null {
  let node = tip;
  if (node === null || index > node.lastIndex || index < 1) return null;
  while (node !== null && node.firstIndex > index) node = node.previous;
  return node;
}

/** Whether `node` is on the way from `tip` down to the first entry. */
export const isBelow = (node: LogNode, tip: LogNode | null): boolean => covering(tip, node.lastIndex) === node;
