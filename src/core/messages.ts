/**
 * Everything that crosses a link between workers and scribes. A message states facts or asks; none carries a reply
 * address: `from` is the peer at the other end of the link, authenticated by the handshake.
 */
import type { Batch, EntryId, Incarnation, Index, LoggedConfiguration, Term, WorkerIdentity } from './types.ts';

/** Key of a peer: `scribe:<storageUuid>`, `worker:<incarnation>`. Addresses are never identities. */
export type PeerKey = `scribe:${string}` | `worker:${string}`;

export const scribeKey = (storageUuid: string): PeerKey => `scribe:${storageUuid}`;
export const workerKey = (incarnation: Incarnation): PeerKey => `worker:${incarnation}`;

/** Worker to scribe: PreVote and tail query in one; changes nothing anywhere (§2.2). */
export interface Probe {
  readonly kind: 'probe';
  readonly round: number;
}

/** `repairing`: a voter that cannot read all of its log back, and gets it from its peers (R29). */
export type StorageState = 'ok' | 'not-member' | 'repairing';

export interface ProbeReply {
  readonly kind: 'probeReply';
  readonly round: number;
  readonly term: Term;
  /** Durable tail. */
  readonly tail: EntryId;
  /** The virtual tail before the first retained entry. */
  readonly logStart: EntryId;
  /** Highest entry the scribe was told is committed; `ORIGIN` when it knows none. */
  readonly commit: EntryId;
  readonly configuration: LoggedConfiguration;
  /** The last leader heard of and how long ago, or null. */
  readonly leader: { readonly identity: WorkerIdentity; readonly term: Term; readonly silentMillis: number } | null;
  /** Whether the scribe would refuse a vote because of that leader (R8, R9). */
  readonly leaderLive: boolean;
  readonly storage: StorageState;
}

/** What a worker asks votes with. */
export interface Candidacy {
  readonly term: Term;
  readonly incarnation: Incarnation;
  readonly tail: EntryId;
}

export interface VoteRequest extends Candidacy {
  readonly kind: 'vote';
}

/** The leader itself has asked the candidate to stand: that it lives is no reason to refuse (P38). */
export interface TransferVoteRequest extends Candidacy {
  readonly kind: 'transferVote';
  /** Term of the leader that asked. */
  readonly askedIn: Term;
}

export type VoteReason = 'granted' | 'stale-term' | 'already-voted' | 'log-behind' | 'leader-live' | 'storage';

export interface VoteReply {
  readonly kind: 'voteReply';
  /** Term of the request answered. */
  readonly requestTerm: Term;
  /** The scribe's own term, at least as durable as this answer (R3). */
  readonly term: Term;
  readonly reason: VoteReason;
  readonly tail: EntryId;
}

/**
 * Leader to scribe, and leader to learner: batches that follow `prev`, the commit index, and a round number that the
 * answer repeats (R15, R19). Empty `batches` is a heartbeat.
 */
export interface Append {
  readonly kind: 'append';
  readonly term: Term;
  readonly incarnation: Incarnation;
  readonly prev: EntryId;
  readonly batches: readonly Batch[];
  readonly commit: Index;
  readonly round: number;
  /** Answer at once instead of when the batches are durable: a read waits for this round, or the sender must learn where
   *  the logs meet (a learner answers no other empty append). */
  readonly echo: boolean;
  /** Vote for nobody else so long (R22); 0: nothing is asked. */
  readonly leaseMillis: number;
}

export interface AppendReply {
  readonly kind: 'appendReply';
  /** The answerer's term. */
  readonly term: Term;
  /** Incarnation of the leader answered. */
  readonly incarnation: Incarnation;
  /** Highest entry that is durable here and known to equal the leader's log in this term (R14). A learner: accepted. */
  readonly durable: EntryId;
  /** Set when `prev` did not match: the highest entry here that could match, to step back to (R18). */
  readonly conflict: EntryId | null;
  readonly round: number;
  /** What was promised for that round (R22). */
  readonly leaseMillis: number;
  /** Of the newest completed group commit: microseconds writing and in fsync; for the stage breakdown. */
  readonly writeMicros: number;
  readonly fsyncMicros: number;
}

/** Out-of-band read of durable entries, chained by `prev` (R6). `asOf` asks that the donor hold exactly that entry (R16). */
export interface Read {
  readonly kind: 'read';
  readonly request: number;
  readonly prev: EntryId;
  readonly asOf: EntryId | null;
  readonly maxBytes: number;
}

export interface ReadReply {
  readonly kind: 'readReply';
  readonly request: number;
  /** `entries`: batches go on from prev, whose batch may be the first of them (none: prev is the donor's tail). `conflict`: step
   *  back to hint. `gone`: below logStart. `unable`: the donor cannot tell now (does not hold `asOf`, or its log changed meanwhile).
   *  `unknown`: it has the entries that follow prev, and cannot read them (R29): that says neither what they are nor that they are
   *  not. */
  readonly outcome: 'entries' | 'conflict' | 'gone' | 'unable' | 'unknown';
  readonly batches: readonly Batch[];
  readonly hint: EntryId;
  readonly commit: EntryId;
}

/**
 * Leader to a follower that is below its window, or to a learner that is not sent the log: hold everything up to `upTo`, which is
 * committed, and which `source` holds (R16).
 */
export interface Fetch {
  readonly kind: 'fetch';
  readonly term: Term;
  readonly incarnation: Incarnation;
  /** Storage uuid of the scribe to read from. */
  readonly source: string;
  readonly upTo: EntryId;
}

/**
 * Leader to a scribe or learner: the newest configuration of its log. Tells who is behind where to fetch from before its own
 * log does, and a removed scribe that it is out, which its log may never tell it (R27); that it hears from any worker.
 */
export interface ConfigurationNotice {
  readonly kind: 'configurationNotice';
  /** The leader's; of another worker that of the entry. */
  readonly term: Term;
  readonly configuration: LoggedConfiguration;
  /** Committed: it stands for ever. */
  readonly committed: boolean;
}

/** Leader to learner: stand for election now, if your log ends at `tail` like mine. */
export interface TakeOver {
  readonly kind: 'takeOver';
  readonly term: Term;
  readonly incarnation: Incarnation;
  readonly tail: EntryId;
}

/** Learner to leader: send me the log from after `tail`. */
export interface Follow {
  readonly kind: 'follow';
  readonly tail: EntryId;
}

/** Scribe to every linked worker when the leader it recorded changes; worker to one that took it for the leader (null: none known). */
export interface LeaderNotice {
  readonly kind: 'leaderNotice';
  readonly term: Term;
  readonly leader: WorkerIdentity | null;
}

/** Scribe to every linked worker when the recorded leader's link closed (R9): what a probe would have been answered, unasked. */
export interface LeaderGone {
  readonly kind: 'leaderGone';
  /** The worker's place among those linked to this scribe, from 0: all scribes count in the same order. */
  readonly turn: number;
  readonly answer: ProbeReply;
}

/** Learner to leader: at which index may I serve a linearizable read (R20)? */
export interface IndexRequest {
  readonly kind: 'indexRequest';
  readonly request: number;
}

export interface IndexReply {
  readonly kind: 'indexReply';
  readonly request: number;
  /** Null: the asked worker does not lead (any more). */
  readonly index: Index | null;
}

export type Message =
  | Probe
  | ProbeReply
  | VoteRequest
  | TransferVoteRequest
  | VoteReply
  | Append
  | AppendReply
  | Read
  | ReadReply
  | Fetch
  | ConfigurationNotice
  | TakeOver
  | Follow
  | LeaderNotice
  | LeaderGone
  | IndexRequest
  | IndexReply;
