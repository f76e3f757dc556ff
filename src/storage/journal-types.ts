/** What goes into a journal and comes out of it. Numbers are integers below 2^53; ids are 32 lower-case hex digits. */
import type { DamagedRange, JournalIdentity } from '../addon/values.ts';
import type { ScriptoriumError } from '../errors.ts';

export type {
  DamagedRange,
  GroupState,
  HardState,
  IndexTerm,
  JournalIdentity,
  JournalStats,
  RecoveryReport,
} from '../addon/values.ts';

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
  /**
   * There is no room for another segment (NO_SPACE: batches are refused once only a reserve is left in the last one), or,
   * with null, there is again. Default: nobody hears of it; `stats().noSpace` tells at any time.
   */
  readonly onSpace?: (lack: ScriptoriumError | null) => void;
}
