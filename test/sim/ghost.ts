/**
 * What is committed, worked out from disks alone: an entry is chosen once a commit quorum of scribes has durably appended it, or
 * a later entry of the same term, while their own durable term was that term (Raft's commit rule, seen from outside). A
 * quorum of what: of any configuration that the leader's log has had in force since it held the entry (Raft §6). Chosen
 * is for ever: later truncations, votes and crashes do not undo it, and nothing may contradict it.
 */

import type { Configuration } from '../../src/core/types.ts';
import { commits } from './agreement.ts';
import { configurationsSince, describeId, idOf, isBelow, type LogNode } from './log-tree.ts';
import { demand } from './violation.ts';

export class Ghost {
  /** The committed log, oldest first. */
  readonly nodes: LogNode[] = [];
  /** Term in which each node was first chosen: a leader of any later term must have it. */
  readonly chosenIn: number[] = [];
  /** Per term: the highest entry each scribe accepted in it. */
  readonly #accepted = new Map<number, Map<string, LogNode>>();
  /** Position in `nodes` of the batch that starts at an index. */
  readonly #positions = new Map<number, number>();

  constructor(first: LogNode) {
    this.#choose(first, first.term);
  }

  get tip(): LogNode {
    return this.nodes.at(-1) as LogNode;
  }

  holds(node: LogNode): boolean {
    const position = this.#positions.get(node.firstIndex);
    return position !== undefined && this.nodes[position] === node;
  }

  /** The committed node that starts at `firstIndex`. */
  startingAt(firstIndex: number): LogNode | undefined {
    const position = this.#positions.get(firstIndex);
    return position === undefined ? undefined : this.nodes[position];
  }

  /** The configurations under which what is committed may have become so, newest first: of the committed log. */
  get configurations(): readonly Configuration[] {
    return configurationsSince(this.nodes[0] as LogNode, this.tip);
  }

  /**
   * A scribe whose durable term is `node.term` has durably appended `node`; the log of that term's leader ends at `tip`.
   * Returns whether anything new was chosen.
   */
  accepted(storageUuid: string, node: LogNode, tip: LogNode): boolean {
    let inTerm = this.#accepted.get(node.term);
    if (inTerm === undefined) {
      inTerm = new Map();
      this.#accepted.set(node.term, inTerm);
    }
    const before = inTerm.get(storageUuid);
    if (before !== undefined && before.lastIndex >= node.lastIndex) return false;
    inTerm.set(storageUuid, node);
    return this.consider(node.term, tip);
  }

  /** Choose what is to be chosen in a term whose leader's log ends at `tip`. Returns whether anything new was. */
  consider(term: number, tip: LogNode): boolean {
    const inTerm = this.#accepted.get(term);
    if (inTerm === undefined) return false;
    const highest = [...inTerm.values()].sort((left, right) => right.lastIndex - left.lastIndex);
    const chosen = highest.find((node) =>
      configurationsSince(node, tip).some((configuration) =>
        commits(configuration, (uuid) => (inTerm.get(uuid)?.lastIndex ?? 0) >= node.lastIndex),
      ),
    );
    return chosen !== undefined && this.#extend(chosen);
  }

  /** The scribe's disk went back in time: what it accepted after the copy was made helps nobody to choose from now on. */
  forget(storageUuid: string): void {
    for (const inTerm of this.#accepted.values()) inTerm.delete(storageUuid);
  }

  #extend(chosen: LogNode): boolean {
    const fresh: LogNode[] = [];
    let node: LogNode | null = chosen;
    while (node !== null && node.firstIndex > this.tip.lastIndex) {
      fresh.push(node);
      node = node.previous;
    }
    const meets = fresh.length === 0 ? isBelow(chosen, this.tip) : node === this.tip;
    demand(
      meets,
      'committed-entry-lost',
      () => `${describeId(idOf(chosen))} was chosen against ${describeId(idOf(this.tip))}`,
    );
    for (const found of fresh.reverse()) this.#choose(found, chosen.term);
    return fresh.length > 0;
  }

  #choose(node: LogNode, term: number): void {
    this.#positions.set(node.firstIndex, this.nodes.length);
    this.nodes.push(node);
    this.chosenIn.push(term);
  }
}
