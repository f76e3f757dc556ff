/** What goes into a journal and comes out of it. Numbers are integers below 2^53; ids are 32 lower-case hex digits. */
import type { ScriptoriumError } from '../errors.ts';

export interface JournalIdentity {
  readonly clusterId: string;
  /** 1 to 64 bytes of UTF-8. */
  readonly scribeId: string;
  /** Made when the directory is formatted: a disk is a member, not a name (R26). */
  readonly storageUuid: string;
}

export interface FormatOptions {
  /** Absent or empty; its parent must exist. */
  readonly directory: string;
  /** Ids that are left out are made up. */
  readonly identity: Pick<JournalIdentity, 'scribeId'> & Partial<JournalIdentity>;
  /** Bytes per segment file; default 64 MiB, from 16 MiB to 1 GiB, a multiple of 64 KiB. */
  readonly segmentBytes?: number;
  /** Go on without O_DIRECT where the file system has none (tmpfs); default false. */
  readonly allowBuffered?: boolean;
  /** Encoded batches the logs begin with. */
  readonly genesis?: readonly Uint8Array[];
  /** The term a group begins with, without a vote. */
  readonly hardState?: { readonly group: number; readonly term: number };
}

/** How blocks get to the disk and stay in memory. */
export interface WriteOptions {
  /** Largest group commit in bytes, one longer batch excepted; default 1 MiB, from 64 KiB to 4 MiB. */
  readonly maxBlockBytes?: number;
  /** How blocks are made durable; BAD_OPTION if it does not work there; default `auto`: the first that does. */
  readonly writeMode?: 'auto' | 'io_uring' | 'dsync' | 'fdatasync';
  /** Group commits on their way at a time, with io_uring; default 4, from 1 to 64. */
  readonly blocksInFlight?: number;
  /** Microseconds that a block which is not full waits for company; default 0: it never waits on purpose; up to 1 s. */
  readonly lingerMicros?: number;
  /** Bytes at which a block stops waiting for company; default maxBlockBytes, from 1 to 4 MiB. */
  readonly lingerBytes?: number;
  /** Bytes of recent blocks kept in memory for reading; default 8 MiB, up to 1 GiB. */
  readonly windowBytes?: number;
}

export interface JournalOptions extends WriteOptions {
  readonly directory: string;
  /** What the directory must say of itself; WRONG_IDENTITY otherwise. */
  readonly identity?: Partial<JournalIdentity>;
  /** Bytes per segment made from now on; default as the newest one, from 16 MiB to 1 GiB, a multiple of 64 KiB. */
  readonly segmentBytes?: number;
  /** Segments kept to be used again once nothing in them is needed; the rest is removed; default 2, from 0 to 64. */
  readonly spareSegments?: number;
  /** Bytes that may wait for the disk before appends throw OVERLOADED; default 64 MiB, from 8 MiB to 1 GiB. */
  readonly maxPendingBytes?: number;
  /** Go on without O_DIRECT where the file system has none (tmpfs); default false. */
  readonly allowBuffered?: boolean;
  /** Bytes read back each second, at most, to find damage; default 4 MiB, up to 1 GiB; 0: none. */
  readonly scrubBytesPerSecond?: number;
  /** Every record with a ticket up to this one is durable; one call for many. */
  readonly onDurable: (ticket: number) => void;
  /** Nothing more will become durable (R30); called at most once. */
  readonly onFailure: (error: ScriptoriumError) => void;
  /** A batch was found damaged, by reading or scrubbing; once for each. Default: nobody hears of it. */
  readonly onDamage?: (range: DamagedRange) => void;
}

/** A part of a log that is on this disk and cannot be read there (R29); `repair` puts it right. */
export interface DamagedRange {
  readonly group: number;
  /** First and last index. */
  readonly from: number;
  readonly to: number;
  /** File name and offset of the batch; null if no file has it. */
  readonly segment: string | null;
  readonly offset: number | null;
}

export interface IndexTerm {
  readonly index: number;
  readonly term: number;
}

export interface HardState {
  readonly term: number;
  /** The incarnation voted for in `term`, or null. */
  readonly votedFor: string | null;
}

export interface GroupState {
  /** The last entry dropped, `(0, 0)` if none was: the virtual tail before the first entry. */
  readonly logStart: IndexTerm;
  readonly tail: IndexTerm;
  readonly hardState: HardState;
  /** As last saved, `(0, 0)` if never. */
  readonly commitHint: IndexTerm;
  /** Terms of the entries held, ascending; a run ends where the next one starts. */
  readonly termRuns: readonly { readonly term: number; readonly firstIndex: number }[];
  /** First indexes of the configuration batches held, ascending. */
  readonly configurations: readonly number[];
  /** Batches held. */
  readonly batches: number;
}

/** What recovery found, kept and dropped. */
export interface RecoveryReport {
  readonly segments: number;
  /** Kept, like the records, batches and bytes below. */
  readonly blocks: number;
  readonly records: number;
  readonly batches: number;
  readonly bytes: number;
  readonly lastSequence: number;
  /** Where the kept stream ends: segment number and offset in its file. */
  readonly endSegment: number;
  readonly endOffset: number;
  /** `torn`: something behind the end had been written and was never acknowledged; it was dropped. */
  readonly tail: 'clean' | 'torn';
  readonly tornBytes: number;
  /** Whole blocks among what was dropped. */
  readonly droppedBlocks: number;
  /** Whether the journal had been idle or was closed. */
  readonly sealed: boolean;
  /** Blocks that were kept although they do not hold: all but the bodies of batches in them is proven. */
  readonly damagedBlocks: number;
  /** Segments whose first header was bad and the second good. */
  readonly headerCopiesUsed: number;
}

/** Since the journal was opened. */
export interface JournalStats {
  /** Group commits. */
  readonly blocks: number;
  readonly blockBytes: number;
  readonly records: number;
  readonly syncs: number;
  /** From handing the newest block to the disk until it was durable. */
  readonly lastDurableMicros: number;
  /** Files there are. */
  readonly segments: number;
  readonly segmentBytes: number;
  /** Of blocks, in bytes. */
  readonly alignment: number;
  readonly directIo: boolean;
  readonly fileSystem: string;
  readonly writeMode: 'io_uring' | 'dsync' | 'fdatasync';
  /** Group commits that may be on their way to the disk at a time. */
  readonly blocksInFlight: number;
  /** Files kept to be used again. */
  readonly spareSegments: number;
  /** Batches found damaged, by opening, reading or scrubbing. */
  readonly damaged: number;
  /** Batches put in their place. */
  readonly repaired: number;
  readonly scrubbedBytes: number;
  /** Times that everything was read back. */
  readonly scrubPasses: number;
}
