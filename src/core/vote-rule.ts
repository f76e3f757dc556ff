/** Whether a scribe gives its vote: the table of §2 as one pure function, and what a candidate may expect of it. */
import type { Candidacy, ProbeReply, VoteReason } from './messages.ts';
import { compareIds, type EntryId, type HardState } from './types.ts';

export interface Voter {
  readonly hardState: HardState;
  /** The durable tail, nothing in flight. */
  readonly tail: EntryId;
  /** A leader lives that has not asked for this election itself. */
  readonly leaderLive: boolean;
  readonly storageOk: boolean;
}

export interface VoteDecision {
  readonly reason: VoteReason;
  /** What to make durable before the answer leaves (R3), or null when nothing changes. */
  readonly hardState: HardState | null;
}

/** The caller has drained its writes (R4). */
export function decideVote(voter: Voter, request: Candidacy): VoteDecision {
  const { term, votedFor } = voter.hardState;
  if (!voter.storageOk) return { reason: 'storage', hardState: null };
  if (request.term < term) return { reason: 'stale-term', hardState: null };
  const again = request.term === term && votedFor === request.incarnation;
  if (request.term === term && !again) return { reason: 'already-voted', hardState: null };
  // A live leader is not deposed by a stray candidate: not even its term is adopted (R7, R8).
  if (voter.leaderLive) return { reason: 'leader-live', hardState: null };
  if (compareIds(request.tail, voter.tail) < 0) {
    return { reason: 'log-behind', hardState: request.term > term ? { term: request.term, votedFor: null } : null };
  }
  // The incarnation is what is voted for, never the worker's id: a restarted worker is somebody else (R1).
  return { reason: 'granted', hardState: again ? null : { term: request.term, votedFor: request.incarnation } };
}

/** Whether a scribe that answered so could vote for another leader; `isTransfer`: this one's own leader asked for it. */
export function couldVote({ leaderLive, storage }: ProbeReply, isTransfer: boolean): boolean {
  return (isTransfer || !leaderLive) && storage !== 'not-member';
}
