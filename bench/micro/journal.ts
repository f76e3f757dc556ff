/**
 * The journal alone: how long one append takes to become durable, and how many a second go through with many outstanding.
 * Beside each figure stands the time that the disk itself took in the same run, so that what the engine adds can be seen.
 *
 *   node dist/bench/micro/journal.js [directory] [seconds per row]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { crc32c } from '../../src/addon/addon.ts';
import { Journal } from '../../src/storage/journal.ts';

interface Row {
  readonly outstanding: number;
  readonly entryBytes: number;
  /** Entries in one batch. */
  readonly count: number;
}

const ROWS: readonly Row[] = [
  { outstanding: 1, entryBytes: 128, count: 1 },
  { outstanding: 1000, entryBytes: 128, count: 1 },
  { outstanding: 1000, entryBytes: 1024, count: 1 },
  { outstanding: 16, entryBytes: 128, count: 1000 },
];

/** A batch whose header is renumbered for each use; its body never changes. */
class ReusedBatch {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor({ entryBytes, count }: Row) {
    this.bytes = new Uint8Array(56 + count * (4 + entryBytes));
    this.#view = new DataView(this.bytes.buffer);
    for (let entry = 0; entry < count; entry++) this.#view.setUint32(56 + entry * (4 + entryBytes), entryBytes, true);
    this.#view.setUint32(0, 0x54414253, true);
    this.#view.setUint8(4, 1);
    this.#view.setUint8(5, 1);
    this.#view.setBigUint64(16, 1n, true);
    this.#view.setUint32(40, count, true);
    this.#view.setUint32(44, this.bytes.length - 56, true);
    this.#view.setUint32(48, crc32c(this.bytes, 56), true);
  }

  at(firstIndex: number): Uint8Array {
    this.#view.setBigUint64(24, BigInt(firstIndex), true);
    this.#view.setUint32(52, crc32c(this.bytes, 0, 52), true);
    return this.bytes;
  }
}

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
const ascending = (values: number[]): number[] => values.sort((left, right) => left - right);

async function measure(directory: string, row: Row, seconds: number): Promise<string> {
  const waiting: { ticket: number; start: number }[] = [];
  const latencies: number[] = [];
  const diskMicros: number[] = [];
  let head = 0;
  let next = 1;
  let running = true;
  let idle: () => void = () => {};
  const drained = new Promise<void>((resolve) => {
    idle = resolve;
  });
  const batch = new ReusedBatch(row);
  const append = (): void => {
    const start = performance.now();
    waiting.push({ ticket: journal.append(batch.at(next)), start });
    next += row.count;
  };
  const journal = await Journal.open({
    directory,
    onDurable: (ticket) => {
      const now = performance.now();
      diskMicros.push(journal.stats().lastDurableMicros);
      let done = 0;
      for (let oldest = waiting[head]; oldest !== undefined && oldest.ticket <= ticket; oldest = waiting[++head]) {
        latencies.push((now - oldest.start) * 1000);
        done++;
      }
      if (running) for (let again = 0; again < done; again++) append();
      else if (head === waiting.length) idle();
    },
    onFailure: (error) => {
      throw error;
    },
  });
  const start = performance.now();
  for (let first = 0; first < row.outstanding; first++) append();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  running = false;
  const elapsed = (performance.now() - start) / 1000;
  await drained;
  const { syncs, blockBytes } = journal.stats();
  await journal.close();
  ascending(latencies);
  ascending(diskMicros);
  const micros = (value: number): string => value.toFixed(0).padStart(7);
  return [
    `${row.outstanding} × ${row.count} × ${row.entryBytes} B`.padEnd(20),
    `${micros((latencies.length * row.count) / elapsed)} entries/s`,
    `${((blockBytes / 1e6 / elapsed) | 0).toString().padStart(5)} MB/s`,
    `p50 ${micros(quantile(latencies, 0.5))} µs  p99 ${micros(quantile(latencies, 0.99))} µs`,
    `disk p50 ${micros(quantile(diskMicros, 0.5))} µs`,
    `${(latencies.length / syncs).toFixed(1)} batches per fsync`,
  ].join('  ');
}

const parent = mkdtempSync(join(process.argv[2] ?? '.', 'journal-bench-'));
const seconds = Number(process.argv[3] ?? 3);
try {
  for (const [at, row] of ROWS.entries()) {
    const directory = join(parent, String(at));
    const identity = { clusterId: '0'.repeat(32), scribeId: 'bench', storageUuid: '1'.repeat(32) };
    await Journal.format({ directory, identity });
    process.stdout.write(`${await measure(directory, row, seconds)}\n`);
    rmSync(directory, { recursive: true });
  }
} finally {
  rmSync(parent, { recursive: true });
}
