/**
 * Reads the logs of all scribes side by side and compares what is committed, batch by batch. Committed batches are the same
 * bytes everywhere (Log Matching; a batch is never re-cut), so two scribes that differ below the commit index are a fault
 * that nothing else would show before a read from the wrong one. Holds one batch per scribe at a time.
 */
import { quorumsOf } from '../core/quorum.ts';
import { type Batch, lastIndex, type Voters } from '../core/types.ts';
import { isScriptoriumError } from '../errors.ts';
import { readScribeLog } from './log-reader.ts';
import { scribeStatus } from './observe.ts';

export interface ComparedScribe {
  readonly address: string;
  /** `behind` holds a shorter log, which is lawful for those beyond a commit quorum; `differs` is a fault. */
  readonly state: 'equal' | 'behind' | 'differs' | 'unreachable';
  /** Last index compared and found equal. */
  readonly through: number;
}

export interface ComparedLogs {
  readonly commitIndex: number;
  readonly scribes: readonly ComparedScribe[];
  /** No two scribes differ, and a commit quorum holds everything committed. */
  readonly sound: boolean;
}

interface Reading {
  readonly address: string;
  readonly batches: AsyncGenerator<Batch, void, undefined>;
  state: ComparedScribe['state'];
  through: number;
  next: Batch | null;
}

/** The next batch of the committed log into `next`; null at its end. */
async function advance(reading: Reading, commitIndex: number): Promise<void> {
  try {
    const { value } = await reading.batches.next();
    reading.next = value !== undefined && value.firstIndex <= commitIndex ? value : null;
    if (reading.next === null) reading.state = reading.through >= commitIndex ? 'equal' : 'behind';
  } catch (error) {
    if (!isScriptoriumError(error) || error.code !== 'UNREACHABLE') throw error;
    reading.next = null;
    reading.state = 'unreachable';
  }
}

const sameBytes = (left: Batch, right: Batch): boolean => Buffer.compare(left.bytes, right.bytes) === 0;

/** What most of the readings hold next; with no majority, what the first one holds. */
function prevailing(readings: readonly Reading[]): Batch {
  const batches = readings.flatMap(({ next }) => next ?? []);
  const votes = (batch: Batch): number => batches.filter((other) => sameBytes(batch, other)).length;
  return batches.reduce((best, batch) => (votes(batch) > votes(best) ? batch : best));
}

/** Reads on in all of them together until each has come to the end of what is committed, or has parted from the others. */
async function compareAll(readings: readonly Reading[], commitIndex: number): Promise<void> {
  await Promise.all(readings.map((reading) => advance(reading, commitIndex)));
  for (let reading = readings.filter(({ next }) => next !== null); reading.length > 0; ) {
    const expected = prevailing(reading);
    for (const one of reading.filter(({ next }) => next !== null && !sameBytes(next, expected))) {
      one.next = null;
      one.state = 'differs';
    }
    reading = reading.filter(({ next }) => next !== null);
    for (const one of reading) one.through = lastIndex(expected);
    await Promise.all(reading.map((one) => advance(one, commitIndex)));
    reading = reading.filter(({ next }) => next !== null);
  }
}

export async function compareLogs(clusterId: string, voters: Voters): Promise<ComparedLogs> {
  const addresses = voters.scribes.map(({ address }) => address);
  const statuses = await Promise.all(addresses.map((address) => scribeStatus(address, clusterId)));
  const commitIndex = Math.max(0, ...statuses.map((status) => status?.commitIndex ?? 0));
  const readings = addresses.map((address): Reading => {
    const batches = readScribeLog({ clusterId, address });
    return { address, batches, state: 'equal', through: 0, next: null };
  });
  try {
    await compareAll(readings, commitIndex);
  } finally {
    // Most are not read to their end: a log goes further than what is committed. Their links must not live on.
    await Promise.all(readings.map(({ batches }) => batches.return()));
  }
  const scribes = readings.map(({ address, state, through }) => ({ address, state, through }));
  const complete = scribes.filter(({ state }) => state === 'equal').length;
  const sound = complete >= quorumsOf(voters).commit && scribes.every(({ state }) => state !== 'differs');
  return { commitIndex, scribes, sound };
}
