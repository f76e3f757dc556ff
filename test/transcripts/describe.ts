/** What a transcript says of logs, writes and members; a log is written as the terms of its entries, as the Raft paper draws it. */
import type { Persist } from '../../src/core/effects.ts';
import type { Configuration, ScribeMember, Voters } from '../../src/core/types.ts';
import type { WorkerMachine } from '../../src/core/worker.ts';
import { describeId, type LogNode } from '../sim/log-tree.ts';

const names = (members: readonly ScribeMember[]): string =>
  members.map(({ scribeId, storageUuid }) => (scribeId === storageUuid ? scribeId : storageUuid)).join(' ');

const votersText = ({ scribes, quorums }: Voters): string =>
  quorums === undefined ? names(scribes) : `${names(scribes)} (commit ${quorums.commit}, vote ${quorums.vote})`;

export function describeConfiguration({ outgoing, target, ...now }: Configuration): string {
  if (outgoing !== undefined) return `${votersText(outgoing)} and ${votersText(now)}, both`;
  return target === undefined ? votersText(now) : `${votersText(now)}, on the way to ${votersText(target)}`;
}

export function describePersist(persist: Persist): string {
  switch (persist.kind) {
    case 'hardState': {
      const { term, votedFor } = persist.hardState;
      return `term ${term}, ${votedFor === null ? 'no vote' : `vote for ${votedFor}`}`;
    }
    case 'append': {
      const { firstIndex, count, term, kind } = persist.batch;
      return `${kind} ${describeId({ index: firstIndex + count - 1, term })}${count > 1 ? ` (${count} entries)` : ''}`;
    }
    case 'truncateSuffix':
      return `that its log ends before ${persist.from}`;
    case 'commitHint':
      return `that ${describeId(persist.commit)} is committed`;
  }
}

export const describeRole = ({ role, term }: WorkerMachine): string =>
  role === 'leader' ? `leader of term ${term}` : `${role}, has heard of term ${term}`;

/** The terms of the entries of a log that ends at this node. */
export function termsOf(tip: LogNode | null): string {
  const terms: string[] = [];
  for (let node = tip; node !== null; node = node.previous)
    terms.unshift(...new Array<string>(node.lastIndex - node.firstIndex + 1).fill(String(node.term)));
  return terms.join(' ') || 'empty';
}
