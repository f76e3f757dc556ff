/**
 * Takes out of a machine what it never looks at again, so that states which differ in that alone are one. Each line names why;
 * `reductions.test.ts` compares searches with and without.
 */

import type { PeerKey, ProbeReply, VoteReply } from '../../src/core/messages.ts';
import { compareIds, ORIGIN, sameId } from '../../src/core/types.ts';
import { keyOf, type OpenScribe, type ScribePart } from './scribe-part.ts';
import type { Setting } from './setting.ts';
import { copy } from './snapshot.ts';
import type { OpenWorker, WorkerPart } from './worker-part.ts';

export function forgetAtWorker({ nodes }: Setting, { _state: state, _election: election }: OpenWorker): void {
  // Where members never change, it does not matter where the newest log ends that told who they are.
  const { configuration } = state._newestLog;
  if (nodes.configurations === 1) state._newestLog = Object.freeze({ tail: configuration.id, configuration });
  if (election === null) return;
  // Once votes are asked for, the term and the tail rest on the probes no more; until then only on these words of them.
  if (election._phase === 'voting') election._probes.clear();
  for (const [from, { term, tail, leaderLive, storage }] of election._probes)
    election._probes.set(from, { term, tail, leaderLive, storage } as ProbeReply);
  if (election._phase === 'catching-up') forgetProbes(election._probes);
  // Who refused counts, not why; its term has been heard by now.
  for (const [from, { reason, tail }] of election._votes)
    election._votes.set(from, (reason === 'granted' ? { reason, tail } : { reason: 'storage' }) as VoteReply);
}

/** No more of them come in, and what is left to be found out is their highest term, and who has the best tail. */
function forgetProbes(probes: Map<PeerKey, ProbeReply>): void {
  const replies = [...probes.values()];
  const term = Math.max(...replies.map((reply) => reply.term));
  const best = replies.reduce((most, { tail }) => (compareIds(tail, most) > 0 ? tail : most), ORIGIN);
  for (const [from, { tail }] of probes) {
    if (sameId(tail, best)) probes.set(from, { term, tail, leaderLive: false, storage: 'ok' } as ProbeReply);
    else probes.delete(from);
  }
}

/** A worker that has forgotten the answers it is counting. */
export function withoutCount(part: WorkerPart): WorkerPart {
  const forgetful = copy(part);
  forgetful.machine._election?._probes.clear();
  forgetful.machine._election?._votes.clear();
  return forgetful;
}

/** An answer that waits already need not wait twice: what is said may arrive any number of times. */
export function forgetAtScribe(setting: Setting, slot: number, { machine, reads }: ScribePart): void {
  const waiting = new Set<number>();
  const letterOf = ({ send: { to, message } }: OpenScribe['_hardState']['_held'][number]): number =>
    setting.letters.put(keyOf(setting, slot), to, { kind: 'message', message });
  const { _hardState: state } = machine;
  state._held = state._held.filter((held) => waiting.size < waiting.add(letterOf(held)).size);
  if (machine._reads._pending.size === 0 && reads.length === 0) machine._reads._nextToken = 1; // nobody has the numbers given out so far
}
