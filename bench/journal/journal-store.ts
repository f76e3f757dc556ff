/** This project's log as a store like the others. */
import { DurableLog } from '../../src/journal.ts';
import type { DurableLogOptions } from '../../src/storage/durable-log.ts';
import type { Store, StoreKind } from './store.ts';

export const openLog = (directory: string, options: Partial<DurableLogOptions> = {}): Promise<DurableLog> =>
  DurableLog.open({ directory, create: true, ...options });

const TRIM_MILLIS = 50;

/** A log that is trimmed while it is written, as one in use is: its files go round, like those it is compared with. */
export async function openTrimmed(directory: string, options: Partial<DurableLogOptions> = {}): Promise<Store> {
  const log = await openLog(directory, options);
  let trimming = Promise.resolve();
  const timer = setInterval(() => {
    trimming = log.truncatePrefix(log.lastIndex);
  }, TRIM_MILLIS);
  return {
    append: (entry) => log.append(entry),
    appendBatch: (entries) => log.appendBatch(entries),
    async close() {
      clearInterval(timer);
      await trimming;
      await log.close();
    },
  };
}

export const durableLog: StoreKind = { name: 'DurableLog', open: (directory) => openTrimmed(directory) };
