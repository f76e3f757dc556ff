/** A program that appends to the log given to it from many callers, printing each index it was told, until it is killed. */
import { DurableLog } from '../../src/journal.ts';
import { SEGMENT_BYTES } from './temporary.ts';

const [directory] = process.argv.slice(2) as [string];
const log = await DurableLog.open({ directory, create: true, segmentBytes: SEGMENT_BYTES });
const caller = async (number: number): Promise<never> => {
  for (let round = 0; ; round += 1) {
    const entry = `${number}/${round}`;
    process.stdout.write(`${await log.append(Buffer.from(entry))} ${entry}\n`);
  }
};
await Promise.all(Array.from({ length: 50 }, (_, number) => caller(number)));
