/**
 * What goes into and comes out of the two machines. A machine is stepped with one event and the time, and answers with
 * effects to be carried out in the order they stand; it never waits, and nothing it returns depends on anything else.
 */
import type { MembershipChange } from './membership.ts';
import type { Append, Message, PeerKey } from './messages.ts';
import type {
  Batch,
  Configuration,
  EntryId,
  FoundConfiguration,
  HardState,
  Incarnation,
  Index,
  LoggedConfiguration,
  Term,
  WorkerIdentity,
} from './types.ts';

export interface Send {
  readonly to: PeerKey;
  readonly message: Message;
}

/** One record for the journal; records become durable in the order given. */
export type Persist =
  | { readonly kind: 'hardState'; readonly hardState: HardState }
  | { readonly kind: 'append'; readonly batch: Batch }
  | { readonly kind: 'truncateSuffix'; readonly from: Index }
  | { readonly kind: 'commitHint'; readonly commit: EntryId };

/** Who is at the other end of a link. */
export type Peer =
  | { readonly role: 'worker'; readonly identity: WorkerIdentity }
  | { readonly role: 'scribe'; readonly storageUuid: string; readonly scribeId: string };

interface LinkEvents {
  /** A handshake with this peer succeeded (a newer link replaces an older one without a `linkDown` between). */
  linkUp: { readonly kind: 'linkUp'; readonly from: PeerKey; readonly peer: Peer };
  linkDown: { readonly kind: 'linkDown'; readonly from: PeerKey };
  message: { readonly kind: 'message'; readonly from: PeerKey; readonly message: Message };
  tick: { readonly kind: 'tick' };
}

export type ScribeEvent =
  | LinkEvents[keyof LinkEvents]
  /** An append whose batches the journal has no room for, or that follows such a one: heard, and nothing of it stored (S27). */
  | { readonly kind: 'unstored'; readonly from: PeerKey; readonly message: Append }
  /** Every persist up to and including number `write` (counted from 1 per start) is durable. */
  | { readonly kind: 'durable'; readonly write: number; readonly writeMicros: number; readonly fsyncMicros: number }
  /** The journal cannot read these entries back (R29). */
  | { readonly kind: 'damaged'; readonly from: Index; readonly to: Index }
  /** This batch of `repairs` is durable in the place of the damaged one. */
  | { readonly kind: 'repaired'; readonly batch: Batch }
  /** Answer to a `ReadLog` effect: whole batches in order, the first the one that holds `from`; empty when the journal could not. */
  | { readonly kind: 'logRead'; readonly token: number; readonly batches: readonly Batch[] };

/** Read durable batches from the journal, from the one that holds `from` to at most `to`: at least one, else at most `maxBytes`. */
export interface ReadLog {
  readonly token: number;
  readonly from: Index;
  readonly to: Index;
  readonly maxBytes: number;
}

export interface ScribeEffects {
  readonly persists: readonly Persist[];
  readonly sends: readonly Send[];
  readonly reads: readonly ReadLog[];
  /** For the journal to put where these very batches were damaged, if it agrees that they are the same. Not numbered. */
  readonly repairs: readonly Batch[];
}

/** What a scribe's machine starts from: the journal's recovered state, everything in it durable. */
export interface ScribeStart {
  readonly scribeId: string;
  readonly storageUuid: string;
  readonly hardState: HardState;
  /** Virtual tail before the first retained entry. */
  readonly logStart: EntryId;
  readonly tail: EntryId;
  /** Runs of equal term over `(logStart, tail]`, ascending. */
  readonly termRuns: readonly { readonly term: Term; readonly firstIndex: Index }[];
  readonly commit: EntryId;
  /** Every configuration entry in the log, ascending; the last one is active. */
  readonly configurations: readonly FoundConfiguration[];
}

export type WorkerEvent =
  | LinkEvents[keyof LinkEvents]
  /** A batch built for exactly `term` and `firstIndex = machine.tail.index + 1`; ignored (not executed) unless leading that term. */
  | { readonly kind: 'propose'; readonly batch: Batch }
  /** Ask for a linearizable read; `request` is the caller's number. */
  | { readonly kind: 'read'; readonly request: number }
  /** Change the members (§7); `request` is the caller's number. */
  | { readonly kind: 'change'; readonly request: number; readonly change: MembershipChange }
  /** Hand leadership to a worker, or (null) to whichever is furthest; `request` is the caller's number. */
  | { readonly kind: 'transfer'; readonly request: number; readonly to: Incarnation | null }
  /** The state machine has applied everything up to `index`. */
  | { readonly kind: 'applied'; readonly index: Index };

export type Role = 'learner' | 'candidate' | 'leader';

/** Something about a disk that its operator must look at; each is raised once in a worker's life. */
export interface Alarm {
  /** `disk-went-back`: it lacks what it acknowledged; this leader counts it no more (R26). `unknown-disk`: a scribe of the
   *  configuration came with another storage uuid, which nothing counts (R13). */
  readonly kind: 'disk-went-back' | 'unknown-disk';
  readonly scribeId: string;
  readonly storageUuid: string;
}

/** What became of a `change`. */
export interface ChangeAnswer {
  readonly request: number;
  /** `done`: it is committed and no other is under way. `refused`: nothing was done. `not-leader`: nothing was done here.
   *  `unknown`: leadership ended; whoever leads next goes on with it. */
  readonly outcome: 'done' | 'refused' | 'not-leader' | 'unknown';
  readonly reason: string;
}

/** What became of a `transfer`. */
export interface TransferAnswer {
  readonly request: number;
  /** `done`: this worker leads no more. `kept`: it leads on, since nobody took over in time. `refused`: nothing was done. */
  readonly outcome: 'done' | 'kept' | 'refused';
  readonly reason: string;
}

export interface WorkerEffects {
  readonly sends: readonly Send[];
  /** Newly committed batches, in log order, each handed out once. */
  readonly commits: readonly Batch[];
  /** The volatile log lost its suffix from this index, or null; whether that is final the commits will tell. Comes before `commits`. */
  readonly truncatedFrom: Index | null;
  /** Reads that may be served once applied ≥ index. */
  readonly readable: readonly { readonly request: number; readonly index: Index }[];
  /** Reads that can not be served now: no leader, or leadership lost. Not executed. */
  readonly refusedReads: readonly number[];
  readonly changes: readonly ChangeAnswer[];
  readonly transfers: readonly TransferAnswer[];
  readonly alarms: readonly Alarm[];
  /** Role, term, leader or configuration changed, or no leader is awaited any more: read them from the machine (links to
   *  scribes and leader follow them). */
  readonly changed: boolean;
}

export interface ScribeOptions {
  /** How long after its last message a leader counts as live (R8). */
  readonly electionTimeoutMinMillis: number;
  /** The longest promise it gives a leader (R22), at most that time-out; 0: none. */
  readonly maxLeaseMillis: number;
  /** The longest promise it may have given before it started, whatever its options were then (R10); 0: none was. */
  readonly presumedLeaseMillis: number;
}

/** Timing and bounds of a worker's machine; times in milliseconds. */
export interface WorkerOptions {
  readonly heartbeatMillis: number;
  readonly electionTimeoutMinMillis: number;
  readonly electionTimeoutMaxMillis: number;
  /** The promise a leader asks of scribes (R22), at most the minimum election timeout; 0: reads always ask a quorum. */
  readonly leaseMillis: number;
  /** How far the rate of any clock may be from true time, as a share. */
  readonly clockDrift: number;
  /** Applied batches kept for followers that are a little behind. */
  readonly windowBytes: number;
  /** Unanswered appends per follower. */
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  /** Batches put into one append message, and asked for by one read to catch up: about this many bytes, at least one batch. */
  readonly maxAppendBytes: number;
  /** Learners that a leader sends the log; the others read what is committed from scribes, about a heartbeat later. */
  readonly maxFedLearners: number;
  /** Appended and not yet applied: above this, catch-up reads pause and proposals are refused. */
  readonly maxUnappliedBytes: number;
}

export interface WorkerStart {
  readonly identity: WorkerIdentity;
  /** What the operator gave as a first contact; the log's configuration replaces it (R28). Its id is `ORIGIN`. */
  readonly configuration: LoggedConfiguration;
  readonly options: WorkerOptions;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Encodes the no-op batch that opens a term (R11), stamped with the wall clock but not below `atLeastMillis`. */
  readonly encodeNoop: (term: Term, firstIndex: Index, atLeastMillis: number) => Batch;
  /** Encodes a batch of one configuration entry, stamped likewise. */
  readonly encodeConfiguration: (
    place: { readonly term: Term; readonly firstIndex: Index; readonly atLeastMillis: number },
    configuration: Configuration,
  ) => Batch;
  readonly now: number;
}
