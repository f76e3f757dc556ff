/**
 * The one file that loads the native binary, and the types of its calls. Nothing here checks arguments: the binary does, and throws
 * plain errors whose `code` stands in the table of errors.ts. Use src/storage/journal.ts instead, except for `crc32c`.
 */
import { fileURLToPath } from 'node:url';
import load from 'node-gyp-build';
import type {
  Cut,
  CutPlace,
  DamagedRange,
  GroupState,
  JournalIdentity,
  JournalStats,
  RecoveryReport,
  Repaired,
} from './values.ts';

export interface NativeError extends Error {
  readonly code: string;
  readonly file?: string;
  readonly offset?: number;
}

export interface NativeJournal {
  open(): Promise<{ readonly identity: JournalIdentity; readonly report: RecoveryReport }>;
  append(batch: Uint8Array): number;
  sealAndAppend(batches: Uint8Array, length: number): number;
  admits(batches: number, bytes: number): boolean;
  flush(): void;
  saveHardState(group: number, term: number, votedFor: string | null): number;
  truncateSuffix(group: number, fromIndex: number): number;
  truncatePrefix(group: number, index: number, term: number): number;
  saveCommitHint(group: number, index: number, term: number): number;
  read(group: number, fromIndex: number, maxBytes: number): Promise<Uint8Array>;
  repair(batch: Uint8Array): number;
  damage(): DamagedRange[];
  group(group: number): GroupState;
  groups(): number[];
  stats(): JournalStats;
  close(): Promise<void>;
}

export interface NativeInspection {
  readonly identity: JournalIdentity | null;
  readonly segments: readonly {
    readonly name: string;
    readonly number: number;
    readonly segmentBytes: number;
    readonly alignment: number;
    readonly createdMillis: number;
  }[];
  readonly blocks: readonly {
    readonly segment: number;
    readonly offset: number;
    readonly sequence: number;
    readonly durableThrough: number;
    readonly records: number;
    readonly bodyBytes: number;
    readonly blockBytes: number;
  }[];
  readonly report: RecoveryReport;
  readonly damage: readonly DamagedRange[];
  readonly failure: NativeError | null;
}

export interface NativeRepairPlan extends NativeInspection {
  readonly headers: readonly string[];
  readonly cut: Cut | null;
}

export interface NativeDiskProbe {
  readonly fileSystem: string;
  readonly directIo: boolean;
  readonly alignment: number;
  readonly rows: readonly {
    readonly writeMode: JournalStats['writeMode'];
    readonly inFlight: number;
    readonly bytes: number;
    readonly p50Micros: number;
    readonly p99Micros: number;
    readonly writesPerSecond: number;
    readonly failure: string | null;
  }[];
}

interface Addon {
  readonly NativeJournal: new (
    options: object,
    onDurable: (ticket: number) => void,
    onFailure: (error: NativeError) => void,
    onDamage: (range: DamagedRange) => void,
    onSpace: (lack: NativeError | null) => void,
  ) => NativeJournal;
  crc32c(bytes: Uint8Array, start?: number, end?: number): number;
  format(options: object): Promise<void>;
  inspect(directory: string, maxBlocks: number): Promise<NativeInspection>;
  planRepair(directory: string): Promise<NativeRepairPlan>;
  repair(directory: string, cut: CutPlace | null): Promise<Repaired>;
  probeDisk(directory: string, writes: number): Promise<NativeDiskProbe>;
  holdMemory(): number;
  bootMillis(): number;
}

/** The root of the package, seen from dist/src/addon. */
const root = fileURLToPath(new URL('../../..', import.meta.url));

export const addon = load(root) as Addon;

/** CRC32C of `bytes[start, end)`, an unsigned 32-bit number; the whole array by default. */
export const crc32c: (bytes: Uint8Array, start?: number, end?: number) => number = addon.crc32c;

/**
 * From now on a second process, `memory-holder` by name, shares the memory of this one and ends right after it: so the kernel
 * closes the sockets of this process the moment it is killed, before it gives back the memory (native/memory_holder.h). Its
 * process id, the same at every call; 0 where the system does not allow it.
 */
export const holdMemory: () => number = addon.holdMemory;

/** Milliseconds since this machine was booted, with fractions, those in which it was suspended included; never goes back. */
export const bootMillis: () => number = addon.bootMillis;
