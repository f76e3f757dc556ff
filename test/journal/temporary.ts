/** Directories for journals, on a disk and gone afterwards; batches to put into them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../src/addon/addon.ts';
import { Journal, type JournalIdentity, type JournalOptions } from '../../src/storage/journal.ts';

/** The smallest segments there are: tests make many. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;

export const IDENTITY: JournalIdentity = {
  clusterId: '00112233445566778899aabbccddeeff',
  scribeId: 'scribe-1',
  storageUuid: 'ffeeddccbbaa99887766554433221100',
};

const directories: string[] = [];
// Only when all is over: hooks run in the order they were given, and a journal that closes later still needs its files.
process.once('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** An empty directory beside the compiled tests, that is on the disk of the checkout and not on a tmpfs. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(import.meta.dirname, 'journal-'));
  directories.push(directory);
  return directory;
}

export interface BatchShape {
  readonly group?: number;
  readonly kind?: number;
  readonly term?: number;
  readonly firstIndex: number;
  readonly count?: number;
  /** Bytes of each entry; their content follows from the index. */
  readonly entryBytes?: number;
}

/** A batch built by hand from docs/disk-format.md, sharing no code with the one that ships. */
export function makeBatch(shape: BatchShape): Uint8Array {
  const { group = 0, kind = 1, term = 1, firstIndex, count = 1, entryBytes = 32 } = shape;
  const bytes = new Uint8Array(56 + count * (4 + entryBytes));
  const view = new DataView(bytes.buffer);
  for (let entry = 0; entry < count; entry++) {
    const at = 56 + entry * (4 + entryBytes);
    view.setUint32(at, entryBytes, true);
    bytes.fill((firstIndex + entry) & 0xff, at + 4, at + 4 + entryBytes);
  }
  view.setUint32(0, 0x54414253, true);
  view.setUint8(4, 1);
  view.setUint8(5, kind);
  view.setBigUint64(8, BigInt(group), true);
  view.setBigUint64(16, BigInt(term), true);
  view.setBigUint64(24, BigInt(firstIndex), true);
  view.setBigUint64(32, 1_700_000_000_000n, true);
  view.setUint32(40, count, true);
  view.setUint32(44, bytes.length - 56, true);
  view.setUint32(48, crc32c(bytes, 56), true);
  view.setUint32(52, crc32c(bytes, 0, 52), true);
  return bytes;
}

interface Progress {
  durable: number;
  waiters: { ticket: number; done: () => void }[];
}

/** An open journal whose durability can be awaited. */
export class TestJournal {
  readonly journal: Journal;
  readonly failure: Promise<Error>;
  readonly #progress: Progress;

  private constructor(journal: Journal, failure: Promise<Error>, progress: Progress) {
    this.journal = journal;
    this.failure = failure;
    this.#progress = progress;
  }

  static async open(directory: string, options: Partial<JournalOptions> = {}): Promise<TestJournal> {
    const progress: Progress = { durable: 0, waiters: [] };
    let failed: (error: Error) => void = () => {};
    const failure = new Promise<Error>((resolve) => {
      failed = resolve;
    });
    const journal = await Journal.open({
      directory,
      onDurable: (ticket) => {
        progress.durable = ticket;
        for (const waiter of progress.waiters) if (waiter.ticket <= ticket) waiter.done();
        progress.waiters = progress.waiters.filter((waiter) => waiter.ticket > ticket);
      },
      onFailure: failed,
      ...options,
    });
    return new TestJournal(journal, failure, progress);
  }

  /** Resolves when the record with this ticket is durable. */
  durable(ticket: number): Promise<void> {
    if (ticket <= this.#progress.durable) return Promise.resolve();
    return new Promise((done) => {
      this.#progress.waiters.push({ ticket, done });
    });
  }
}

/** Formats and opens in one. */
export async function freshJournal(
  directory: string,
  format: Partial<Parameters<typeof Journal.format>[0]> = {},
): Promise<TestJournal> {
  await Journal.format({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES, ...format });
  return TestJournal.open(directory);
}
