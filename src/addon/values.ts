/** What the native binary answers with. Numbers are integers below 2^53; ids are 32 lower-case hex digits. */

export interface JournalIdentity {
  readonly clusterId: string;
  /** 1 to 64 bytes of UTF-8. */
  readonly scribeId: string;
  /** Made when the directory is formatted: a disk is a member, not a name (R26). */
  readonly storageUuid: string;
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
  /** Those among them whose header is lost as well: proven by the block behind. */
  readonly rebuiltBlocks: number;
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
  /** Whether there is no room on the disk for another file: soon batches are refused, or they are already (`NO_SPACE`). */
  readonly noSpace: boolean;
  /** Batches found damaged, by opening, reading or scrubbing. */
  readonly damaged: number;
  /** Batches put in their place. */
  readonly repaired: number;
  readonly scrubbedBytes: number;
  /** Times that everything was read back. */
  readonly scrubPasses: number;
}

/** Where the stream of a refused directory ends: a segment's file name and an offset in it. */
export interface CutPlace {
  readonly segment: string;
  readonly offset: number;
}

/** What making the stream end there would keep and lose. */
export interface Cut extends CutPlace {
  /** The tail that each log would have. */
  readonly keeps: readonly { readonly group: number; readonly tail: IndexTerm }[];
  /** What stands behind it, as far as that can still be read. */
  readonly loses: {
    readonly bytes: number;
    readonly blocks: number;
    readonly batches: readonly { readonly group: number; readonly from: number; readonly to: number }[];
    /** A term or a vote is among it. */
    readonly votes: boolean;
    /** The files it is in. */
    readonly segments: readonly string[];
  };
}

export interface Repaired {
  /** Segments of whose two headers one was written anew from the other. */
  readonly headers: readonly string[];
  /** Names of the files that hold what was cut off, whole. */
  readonly setAside: readonly string[];
}
