/**
 * Takes out of a machine what it never looks at again, so that states which differ in that alone are one. Each line names why;
 * `reductions.test.ts` compares searches with and without.
 */

import type { ProbeReply, VoteReply } from '../../src/core/messages.ts';
import { keyOf, type OpenScribe, type ScribePart } from './scribe-part.ts';
import type { Setting } from './setting.ts';
import { copy } from './snapshot.ts';
import type { OpenWorker, WorkerPart } from './worker-part.ts';

export function forgetAtWorker({ nodes, bounds }: Setting, machine: OpenWorker): void {
  const { _state: state, _election: election } = machine;
  // Where members never change, it does not matter where the newest log ends that told who they are.
  const { configuration } = state._newestLog;
  if (nodes.configurations === 1) state._newestLog = Object.freeze({ tail: configuration.id, configuration });
  if (election === null) return;
  // Once votes are asked for, the term and the tail rest on the probes no more; until then only on these words of them.
  if (election._phase === 'voting') election._probes.clear();
  // Of their terms the highest alone, with the worker's own: a scribe that answers anew is in no lower one than before.
  const isProbing = election._phase === 'probing';
  const heard = Math.max(...[...election._probes.values()].map((reply) => reply.term));
  const term = isProbing ? Math.max(state.term, heard) : heard;
  // No more of them come in while it catches up, and what is left to be found out is who has how much of the log.
  const forgotten = isProbing ? {} : { leaderLive: false, storage: 'ok' };
  for (const [from, { tail, commit, leaderLive, storage }] of election._probes) {
    // In a term beyond the bounds nobody stands (`standsFor`): what is left to be heard is that a leader lives.
    if (isProbing && term >= bounds.term && !leaderLive) election._probes.delete(from);
    else election._probes.set(from, { term, tail, commit, leaderLive, storage, ...forgotten } as ProbeReply);
  }
  // Who refused counts, not why; its term has been heard by now.
  for (const [from, { reason, tail }] of election._votes)
    election._votes.set(from, (reason === 'granted' ? { reason, tail } : { reason: 'storage' }) as VoteReply);
}

/** A worker that has forgotten the answers it is counting. */
export function withoutCount(part: WorkerPart): WorkerPart {
  const forgetful = copy(part);
  forgetful.machine._election?._probes.clear();
  forgetful.machine._election?._votes.clear();
  forgetful.machine._leadership?._followers._progress.clear();
  return forgetful;
}

/**
 * An answer that waits already need not wait twice: what is said may arrive any number of times. And what the disk reads for a peer that
 * has linked anew since is read for nobody.
 */
export function forgetAtScribe(setting: Setting, slot: number, part: ScribePart): void {
  const { machine } = part;
  const waiting = new Set<number>();
  const letterOf = ({ send: { to, message } }: OpenScribe['_hardState']['_held'][number]): number =>
    setting.letters.put(keyOf(setting, slot), to, { kind: 'message', message });
  const { _hardState: state } = machine;
  state._held = state._held.filter((held) => waiting.size < waiting.add(letterOf(held)).size);
  const { _reads: served } = machine;
  part.reads = part.reads.flatMap((read) => {
    const at = [...served._pending.keys()].indexOf(read.token);
    return at < 0 ? [] : [{ ...read, token: at + 1 }];
  });
  served._pending = new Map([...served._pending.values()].map((pending, at) => [at + 1, pending]));
  served._nextToken = served._pending.size + 1; // numbers that nobody has any more may be given out again
}
