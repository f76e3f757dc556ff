/**
 * Two workers under one id (P14). The log is safe from them, since votes go to incarnations and never to names (R1); but whoever
 * reads a status or a log cannot tell them apart, so everybody who is linked to both says so.
 */
import type { Peer } from '../core/effects.ts';
import type { WorkerIdentity } from '../core/types.ts';

/**
 * The one among `others` that goes by the same name as `worker` and is another process for sure: at one address there is only one,
 * and an older incarnation there is one whose end has not been noticed yet.
 */
export function twinOf(worker: WorkerIdentity, others: Iterable<Peer>): WorkerIdentity | null {
  for (const other of others) {
    if (other.role !== 'worker' || other.identity.workerId !== worker.workerId) continue;
    const { incarnation, address } = other.identity;
    if (incarnation !== worker.incarnation && address !== worker.address) return other.identity;
  }
  return null;
}
