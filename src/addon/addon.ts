/**
 * The one file that loads the native binary, and its types. Nothing here checks arguments: the binary does, and throws
 * plain errors whose `code` stands in the table of errors.ts. Use src/storage/journal.ts instead, except for `crc32c`.
 */
import { fileURLToPath } from 'node:url';
import load from 'node-gyp-build';

export interface NativeIndexTerm {
  readonly index: number;
  readonly term: number;
}

export interface NativeIdentity {
  readonly clusterId: string;
  readonly scribeId: string;
  readonly storageUuid: string;
}

export interface NativeReport {
  readonly segments: number;
  readonly blocks: number;
  readonly records: number;
  readonly batches: number;
  readonly bytes: number;
  readonly lastSequence: number;
  readonly endSegment: number;
  readonly endOffset: number;
  readonly tail: 'clean' | 'torn';
  readonly tornBytes: number;
  readonly droppedBlocks: number;
  readonly sealed: boolean;
  readonly damagedBlocks: number;
  readonly headerCopiesUsed: number;
}

export interface NativeDamage {
  readonly group: number;
  readonly from: number;
  readonly to: number;
  readonly segment: string | null;
  readonly offset: number | null;
}

export interface NativeGroup {
  readonly logStart: NativeIndexTerm;
  readonly tail: NativeIndexTerm;
  readonly hardState: { readonly term: number; readonly votedFor: string | null };
  readonly commitHint: NativeIndexTerm;
  readonly termRuns: readonly { readonly term: number; readonly firstIndex: number }[];
  readonly configurations: readonly number[];
  readonly batches: number;
}

export interface NativeStats {
  readonly blocks: number;
  readonly blockBytes: number;
  readonly records: number;
  readonly syncs: number;
  readonly lastDurableMicros: number;
  readonly segments: number;
  readonly segmentBytes: number;
  readonly alignment: number;
  readonly directIo: boolean;
  readonly fileSystem: string;
  readonly writeMode: 'io_uring' | 'dsync' | 'fdatasync';
  readonly blocksInFlight: number;
  readonly spareSegments: number;
  readonly damaged: number;
  readonly repaired: number;
  readonly scrubbedBytes: number;
  readonly scrubPasses: number;
}

export interface NativeError extends Error {
  readonly code: string;
  readonly file?: string;
  readonly offset?: number;
}

export interface NativeJournal {
  open(): Promise<{ readonly identity: NativeIdentity; readonly report: NativeReport }>;
  append(batch: Uint8Array): number;
  sealAndAppend(batches: Uint8Array, length: number): number;
  flush(): void;
  saveHardState(group: number, term: number, votedFor: string | null): number;
  truncateSuffix(group: number, fromIndex: number): number;
  truncatePrefix(group: number, index: number, term: number): number;
  saveCommitHint(group: number, index: number, term: number): number;
  read(group: number, fromIndex: number, maxBytes: number): Promise<Uint8Array>;
  repair(batch: Uint8Array): number;
  damage(): NativeDamage[];
  group(group: number): NativeGroup;
  groups(): number[];
  stats(): NativeStats;
  close(): Promise<void>;
}

export interface NativeInspection {
  readonly identity: NativeIdentity | null;
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
  readonly report: NativeReport;
  readonly damage: readonly NativeDamage[];
  readonly failure: NativeError | null;
}

export interface NativeDiskProbe {
  readonly fileSystem: string;
  readonly directIo: boolean;
  readonly alignment: number;
  readonly rows: readonly {
    readonly writeMode: NativeStats['writeMode'];
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
    onDamage: (range: NativeDamage) => void,
  ) => NativeJournal;
  crc32c(bytes: Uint8Array, start?: number, end?: number): number;
  format(options: object): Promise<void>;
  inspect(directory: string, maxBlocks: number): Promise<NativeInspection>;
  probeDisk(directory: string, writes: number): Promise<NativeDiskProbe>;
}

/** The root of the package, seen from dist/src/addon. */
const root = fileURLToPath(new URL('../../..', import.meta.url));

export const addon = load(root) as Addon;

/** CRC32C of `bytes[start, end)`, an unsigned 32-bit number; the whole array by default. */
export const crc32c: (bytes: Uint8Array, start?: number, end?: number) => number = addon.crc32c;
