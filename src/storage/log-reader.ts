/**
 * Reads a log entry by entry, in chunks that grow while the reading goes on, so that one entry costs little and a whole log
 * little each. Entries are taken out of their chunk as they are asked for. Never goes past what is durable.
 */
import { ScriptoriumError } from '../errors.ts';
import { BatchCursor } from '../wire/batch-cursor.ts';
import { throwIfAborted } from './waiting.ts';

export interface LogEntry {
  readonly index: number;
  /** A view into the chunk it was read with; copy it to keep it without its neighbours. */
  readonly bytes: Uint8Array;
}

export interface ReadOptions {
  /** Index to begin with; default the first that was not dropped. */
  readonly from?: number;
  /** Wait for more at the end, until the log is closed; default false. */
  readonly live?: boolean;
  /** Aborting ends the reading with ABORTED. */
  readonly signal?: AbortSignal;
}

export interface ReadSource {
  firstIndex(): number;
  /** The last durable one. */
  lastIndex(): number;
  /** Why nothing more will become durable, null while it may. */
  refusal(): ScriptoriumError | null;
  news(signal: AbortSignal | undefined): Promise<void>;
  /** Whole batches back to back from the one that holds `fromIndex`, durable and verified. */
  readBatches(fromIndex: number, maxBytes: number): Promise<Uint8Array>;
}

const FIRST_CHUNK_BYTES = 64 * 1024;
const MAX_CHUNK_BYTES = 1024 * 1024;

export function readLog(source: ReadSource, options: ReadOptions): AsyncGenerator<LogEntry, void, undefined> {
  const { from = source.firstIndex(), live = false, signal } = options;
  if (!Number.isSafeInteger(from) || from < 1)
    throw new ScriptoriumError('BAD_OPTION', `from: ${from} is not an index`);
  return generate(source, from, live ? null : source.lastIndex(), signal);
}

async function* generate(
  source: ReadSource,
  from: number,
  /** Null when the reading is live. */
  last: number | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogEntry, void, undefined> {
  let next = from;
  let chunkBytes = FIRST_CHUNK_BYTES;
  while (last === null || next <= last) {
    throwIfAborted(signal);
    const refusal = source.refusal();
    if (last === null && refusal?.code === 'CLOSED') return;
    if (next > source.lastIndex()) {
      if (refusal !== null) throw refusal;
      await source.news(signal);
      continue;
    }
    const cursor = new BatchCursor(await source.readBatches(next, chunkBytes));
    chunkBytes = Math.min(chunkBytes * 2, MAX_CHUNK_BYTES);
    for (let bytes = cursor.next(); bytes !== null; bytes = cursor.next()) {
      if (cursor.index < next) continue;
      if (last !== null && cursor.index > last) return;
      throwIfAborted(signal);
      yield { index: cursor.index, bytes };
      next = cursor.index + 1;
    }
  }
}
