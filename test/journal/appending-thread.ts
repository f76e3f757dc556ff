/** A worker thread that appends to the journal given to it until it is terminated, telling what is durable. */
import { parentPort, workerData } from 'node:worker_threads';
import { makeBatch, TestJournal } from './temporary.ts';

const opened = await TestJournal.open(workerData as string);
for (let index = opened.journal.group(0).tail.index + 1; ; index++) {
  const ticket = opened.journal.append(makeBatch({ firstIndex: index, entryBytes: 2000 }));
  void opened.journal.read(0, 1, 1 << 20).catch(() => {});
  if (index % 16 !== 0) continue;
  await opened.durable(ticket);
  parentPort?.postMessage(index);
}
