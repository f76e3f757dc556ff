/**
 * Appends to the groups of one journal, a batch of one entry each, as scribes of many logs do: what differs between one
 * group and many is only which group a batch names.
 */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Journal } from '../../src/storage/journal.ts';
import { BATCH_HEADER_BYTES, writeBatchHeader } from '../../src/wire/batch.ts';
import { ENTRY_HEADER_BYTES } from '../../src/wire/entries.ts';
import { manyLogs } from './loads.ts';

export interface GroupFigures {
  readonly appendsPerSecond: number;
  readonly syncsPerSecond: number;
}

const APPENDERS = 1000;
const ENTRY_BYTES = 128;

export async function measureGroups(parent: string, groups: number, seconds: number): Promise<GroupFigures> {
  const directory = join(parent, 'journal');
  await Journal.format({ directory, identity: { scribeId: 'bench' } });
  const waiting: { ticket: number; resolve: () => void }[] = [];
  let settled = 0;
  const journal = await Journal.open({
    directory,
    onDurable(ticket) {
      for (let next = waiting[settled]; next !== undefined && next.ticket <= ticket; next = waiting[settled]) {
        settled += 1;
        next.resolve();
      }
      if (settled > APPENDERS) waiting.splice(0, settled);
      if (settled > APPENDERS) settled = 0;
    },
    onFailure: (error) => {
      throw error;
    },
  });
  const batch = new Uint8Array(BATCH_HEADER_BYTES + ENTRY_HEADER_BYTES + ENTRY_BYTES);
  const view = new DataView(batch.buffer);
  view.setUint32(BATCH_HEADER_BYTES, ENTRY_BYTES, true);
  const tails = new Array<number>(groups).fill(0);
  const append = (group: number): Promise<void> => {
    const firstIndex = (tails[group] ?? 0) + 1;
    tails[group] = firstIndex;
    writeBatchHeader(view, 0, batch.length, {
      kind: 'command',
      group,
      term: 1,
      firstIndex,
      timestampMillis: 0,
      count: 1,
    });
    const ticket = journal.sealAndAppend(batch);
    return new Promise((resolve) => waiting.push({ ticket, resolve }));
  };
  try {
    const start = performance.now();
    const appendsPerSecond = await manyLogs(
      (loop) => ({ append: () => append(loop % groups) }),
      APPENDERS,
      ENTRY_BYTES,
      seconds,
    );
    const syncsPerSecond = (journal.stats().syncs / (performance.now() - start)) * 1000;
    return { appendsPerSecond, syncsPerSecond };
  } finally {
    await journal.close();
  }
}
