/**
 * The nouns of the protocol. Indexes and terms are integers below 2^53 (checked where bytes become numbers);
 * times are milliseconds on whatever clock the caller hands in, compared only with each other.
 */

/** Position of an entry in the log: 1, 2, 3 … dense; 0 is "before the first". */
export type Index = number;

/** Election term; 0 is "before the first". */
export type Term = number;

/** 128 random bits as 32 hex digits, new with every start of a worker process (R1). */
export type Incarnation = string;

/** Names one entry for ever: two logs that agree on it agree on everything before it (Log Matching). */
export interface EntryId {
  readonly index: Index;
  readonly term: Term;
}

/** What lies before the first entry. */
export const ORIGIN: EntryId = { index: 0, term: 0 };

export type BatchKind = 'noop' | 'command' | 'configuration';

/**
 * The unit of transfer and storage: an immutable run of entries `[firstIndex, firstIndex + count)` of one term, encoded
 * once by whoever builds it. `bytes` is the whole encoded batch, header included, and is never modified or re-cut, so
 * conflicts and truncation always fall on batch borders.
 */
export interface Batch {
  readonly kind: BatchKind;
  readonly term: Term;
  readonly firstIndex: Index;
  /** Entries in the batch, at least 1. */
  readonly count: number;
  /** The leader's logged clock: never decreases along the log. */
  readonly timestampMillis: number;
  readonly bytes: Uint8Array;
  /** Present exactly when `kind` is `configuration`. */
  readonly configuration?: Configuration;
}

/** Index of the last entry of a batch. */
export const lastIndex = (batch: Batch): Index => batch.firstIndex + batch.count - 1;

/** One disk of the quorum: the uuid is the member, the id is its name, the address is only where it listens (R26). */
export interface ScribeMember {
  readonly scribeId: string;
  /** 32 hex digits, made when the directory was formatted. */
  readonly storageUuid: string;
  /** `host:port`. */
  readonly address: string;
}

/** How many scribes of a set it takes to commit an entry, and to elect a leader; quorum.ts says which numbers will do. */
export interface Quorums {
  readonly commit: number;
  readonly vote: number;
}

/** Scribes that decide together: by these numbers or, where none are said, by majorities, however many they come to be. */
export interface Voters {
  readonly scribes: readonly ScribeMember[];
  readonly quorums?: Quorums;
}

/** The scribes that vote and store; an entry of the log, active from the moment it is appended. */
export interface Configuration extends Voters {
  /** Joint: the voters before the change; decisions need a quorum of these as well (membership.ts). */
  readonly outgoing?: Voters;
  /** The voters after a change that waits for the newcomers among them to catch up. */
  readonly target?: Voters;
}

/** A configuration and the entry that holds it. */
export interface LoggedConfiguration {
  readonly id: EntryId;
  readonly configuration: Configuration;
}

/** A configuration entry as it was found on the disk: null where that cannot read it back, until it is repaired (R29). */
export interface FoundConfiguration {
  readonly id: EntryId;
  readonly configuration: Configuration | null;
}

/** A worker as others know it. */
export interface WorkerIdentity {
  readonly workerId: string;
  readonly incarnation: Incarnation;
  /** `host:port` where peers and clients reach it. */
  readonly address: string;
}

/** What a scribe durably promises about elections (R3). */
export interface HardState {
  readonly term: Term;
  readonly votedFor: Incarnation | null;
}

/** Orders log ends the way elections do: by term first, then by index (Raft §5.4.1). */
export const compareIds = (left: EntryId, right: EntryId): number => left.term - right.term || left.index - right.index;

export const sameId = (left: EntryId, right: EntryId): boolean =>
  left.term === right.term && left.index === right.index;
