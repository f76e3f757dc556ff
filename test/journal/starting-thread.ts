/** A worker thread that is terminated while a journal is being opened, another one made, and a third looked at. */
import { parentPort, workerData } from 'node:worker_threads';
import { inspectDirectory, Journal } from '../../src/storage/journal.ts';
import { IDENTITY, SEGMENT_BYTES, TestJournal } from './temporary.ts';

const { directory, fresh } = workerData as { directory: string; fresh: string };
void TestJournal.open(directory).catch(() => {});
void Journal.format({ directory: fresh, identity: IDENTITY, segmentBytes: SEGMENT_BYTES }).catch(() => {});
void inspectDirectory(directory).catch(() => {});
parentPort?.postMessage('started');
