/**
 * A worker thread that opens the journal given to it and goes away in the middle of its work, in the way it is told: by
 * process.exit, by an exception that nobody catches, or by ending its code without closing anything.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { makeBatch, TestJournal } from './temporary.ts';

const { directory, end } = workerData as { directory: string; end: 'exit' | 'throw' | 'leave' };
const opened = await TestJournal.open(directory);
let index = opened.journal.group(0).tail.index;
let ticket = 0;
for (let round = 0; round < 20; round++) {
  for (let count = 0; count < 16; count++) {
    index += 1;
    ticket = opened.journal.append(makeBatch({ firstIndex: index, entryBytes: 3000 }));
    void opened.journal.read(0, 1, 1 << 20).catch(() => {});
  }
  if (round % 4 === 0) {
    await opened.durable(ticket);
    parentPort?.postMessage(index);
  }
}
// Under way: appends, reads, and a closing that nobody waits for.
if (end === 'leave') void opened.journal.close();
if (end === 'exit') process.exit(0);
if (end === 'throw') throw new Error('on purpose');
