/**
 * Opening a large journal after kill -9: a child fills it and is killed in the middle, another opens it and says how long
 * that took and what it cost in memory.
 *
 *   node dist/bench/journal/opening.js fill|open DIRECTORY BYTES
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { openLog } from './journal-store.ts';

const PROGRAM = fileURLToPath(import.meta.url);
const BATCH_ENTRIES = 8;
const ENTRY_BYTES = 1020;
/** As many batches at a time as fill the disk's queue. */
const FILLERS = 64;

export interface Opening {
  readonly seconds: number;
  readonly batches: number;
  /** Of the resident memory that opening took beyond what opening an empty one takes, after garbage collection. */
  readonly bytesPerBatch: number;
}

export async function measureOpening(directory: string, bytes: number): Promise<Opening> {
  const filler = spawn(process.execPath, [PROGRAM, 'fill', directory, String(bytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: filler.stdout })) if (line === 'full') filler.kill('SIGKILL');
  if (filler.signalCode === null) await once(filler, 'exit');
  if (filler.signalCode !== 'SIGKILL') throw new Error('filling the journal failed');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', PROGRAM, 'open', directory]);
  return JSON.parse(stdout) as Opening;
}

/** Says `full` once that many bytes are durable, and goes on until it is killed. */
async function fill(directory: string, bytes: number): Promise<never> {
  const log = await openLog(directory);
  const entries = Array.from({ length: BATCH_ENTRIES }, () => Buffer.alloc(ENTRY_BYTES, 'entry '));
  let filled = 0;
  const loop = async (number: number): Promise<void> => {
    for (;;) {
      // A log each, so that no two batches become one.
      await log.group(number).appendBatch(entries);
      const before = filled;
      filled += BATCH_ENTRIES * ENTRY_BYTES;
      if (before < bytes && filled >= bytes) process.stdout.write('full\n');
    }
  };
  await Promise.all(Array.from({ length: FILLERS }, (_, number) => loop(number)));
  throw new Error('not killed');
}

async function open(directory: string): Promise<void> {
  // What any journal needs, threads and windows, is no matter of how many batches there are.
  const empty = await openLog(`${directory}-empty`);
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const log = await openLog(directory);
  const seconds = (performance.now() - start) / 1000;
  globalThis.gc?.();
  const { batches } = log.report;
  const opening: Opening = { seconds, batches, bytesPerBatch: (process.memoryUsage.rss() - before) / batches };
  process.stdout.write(JSON.stringify(opening));
  await log.close();
  await empty.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [command, directory = '', bytes] = process.argv.slice(2);
  if (command === 'fill') await fill(directory, Number(bytes));
  else await open(directory);
}
