/** Looks at a running cluster from outside: asks its servers for their status and waits for a leader. Changes nothing. */

import { ScriptoriumError } from '../errors.ts';
import { pause, systemClock } from '../runtime/clock.ts';
import { randomHex } from '../runtime/random.ts';
import { selectTransport } from '../transport/select.ts';
import { encodeRequest } from '../wire/client-protocol.ts';
import { ANY_CLUSTER } from '../wire/handshake.ts';
import { Connection } from './connection.ts';
import type { ScribeStatus, WorkerStatus } from './status.ts';

const ANSWER_MILLIS = 2000;
const LEADER_MILLIS = 15_000;
/** Between two looks for a leader. */
const LOOK_MILLIS = 10;

/** The status of one server; rejects UNREACHABLE when it does not answer in two seconds, and with what it refuses for. */
export async function askStatus(address: string, clusterId: string): Promise<ScribeStatus | WorkerStatus> {
  const transport = await selectTransport('ws');
  const identity = { role: 'client', id: 'observer', key: randomHex(16), address: null } as const;
  const controller = new AbortController();
  const cancel = systemClock.setTimer(ANSWER_MILLIS, () => controller.abort());
  let connection: Connection | null = null;
  try {
    connection = await Connection.open({ transport, address, clusterId, identity }, controller.signal);
    const opened = connection;
    controller.signal.addEventListener('abort', () => opened.close());
    const answer = await opened.request((request) => encodeRequest({ kind: 'status', request }));
    if (answer.kind !== 'statusReply') throw new ScriptoriumError('UNREACHABLE', `${address} tells no status`);
    return answer.status as ScribeStatus | WorkerStatus;
  } finally {
    cancel();
    connection?.close();
  }
}

export const isScribe = (status: ScribeStatus | WorkerStatus): status is ScribeStatus => 'scribeId' in status;

/** Null when no scribe answers there. */
export async function scribeStatus(address: string, clusterId: string = ANY_CLUSTER): Promise<ScribeStatus | null> {
  return await askStatus(address, clusterId).then(
    (status) => (isScribe(status) ? status : null),
    () => null,
  );
}

/** Null when no worker answers there. */
export async function workerStatus(address: string, clusterId: string = ANY_CLUSTER): Promise<WorkerStatus | null> {
  return await askStatus(address, clusterId).then(
    (status) => (isScribe(status) ? null : status),
    () => null,
  );
}

/**
 * Resolves to the leader's status once a worker leads and has applied what was committed before it did; NO_LEADER when none
 * does within 15 seconds, ABORTED when `signal` says that nobody waits any more.
 */
export async function awaitLeader(workers: readonly string[], signal?: AbortSignal): Promise<WorkerStatus> {
  const end = systemClock.now() + LEADER_MILLIS;
  while (systemClock.now() < end) {
    if (signal?.aborted === true)
      throw new ScriptoriumError('ABORTED', 'nobody waits for a leader any more', { outcome: 'not-executed' });
    const statuses = await Promise.all(workers.map((address) => workerStatus(address)));
    const leader = statuses.find((status) => status?.role === 'leader' && status.appliedIndex >= status.commitIndex);
    if (leader !== undefined && leader !== null) return leader;
    await pause(LOOK_MILLIS);
  }
  throw new ScriptoriumError('NO_LEADER', `no worker of ${workers.join(', ')} leads after ${LEADER_MILLIS / 1000} s`);
}
