/**
 * A program that opens the journal given to it and works on it until it is stopped: `hold` keeps it open, `append` writes
 * one batch after the other and prints the index of each that is durable, and why it ended if the journal failed, `exit`
 * calls process.exit in the middle of that.
 */
import { makeBatch, TestJournal } from './temporary.ts';

const [directory, mode] = process.argv.slice(2) as [string, 'hold' | 'append' | 'exit'];
const opened = await TestJournal.open(directory);
process.stdout.write('open\n');
void opened.failure.then((error) => process.stderr.write(`${error}\n`));
if (mode === 'hold') {
  setInterval(() => {}, 60_000);
} else {
  let durable = 0;
  for (let index = opened.journal.group(0).tail.index + 1; ; index += 8) {
    const tickets = Array.from({ length: 8 }, (_, at) => opened.journal.append(makeBatch({ firstIndex: index + at })));
    await opened.durable(tickets[3] as number);
    durable = index + 3;
    process.stdout.write(`${durable}\n`);
    if (mode === 'exit' && durable > 100) process.exit(0);
  }
}
