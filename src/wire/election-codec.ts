/** Messages of elections (protocol §2): probe, vote, and the notice that a leader came or went. */
import type {
  Candidacy,
  LeaderGone,
  LeaderNotice,
  Probe,
  ProbeReply,
  StorageState,
  TakeOver,
  TransferVoteRequest,
  VoteReason,
  VoteReply,
  VoteRequest,
} from '../core/messages.ts';
import { type ByteReader, badFrame } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { MessageCodec } from './codec.ts';
import { readConfiguration, writeConfiguration } from './configuration.ts';
import {
  readChoice,
  readEntryId,
  readLivingTerm,
  readWorkerIdentity,
  writeChoice,
  writeEntryId,
  writeWorkerIdentity,
} from './fields.ts';
import { FRAME_TYPES } from './frame.ts';

const STORAGE_STATES: readonly StorageState[] = ['ok', 'not-member', 'repairing'];
const VOTE_REASONS: readonly VoteReason[] = [
  'granted',
  'stale-term',
  'already-voted',
  'log-behind',
  'leader-live',
  'storage',
];

export const probe: MessageCodec<Probe> = {
  type: FRAME_TYPES.probe,
  write: (head, message) => head.u64(message.round),
  read: (head) => ({ kind: 'probe', round: head.u64() }),
};

export const probeReply: MessageCodec<ProbeReply> = {
  type: FRAME_TYPES.probeReply,
  write(head, message) {
    head.u64(message.round);
    head.u64(message.term);
    writeEntryId(head, message.tail);
    writeEntryId(head, message.logStart);
    writeEntryId(head, message.commit);
    writeEntryId(head, message.configuration.id);
    writeConfiguration(head, message.configuration.configuration);
    writeHeardLeader(head, message.leader);
    head.u8(message.leaderLive ? 1 : 0);
    writeChoice(head, STORAGE_STATES, message.storage);
  },
  read: (head) => ({
    kind: 'probeReply',
    round: head.u64(),
    term: head.u64(),
    tail: readEntryId(head),
    logStart: readEntryId(head),
    commit: readEntryId(head),
    configuration: { id: readEntryId(head), configuration: readConfiguration(head, true) },
    leader: readHeardLeader(head),
    leaderLive: head.flag(),
    storage: readChoice(head, STORAGE_STATES),
  }),
};

function writeCandidacy(head: ByteWriter, { term, incarnation, tail }: Candidacy): void {
  head.u64(term);
  head.hex128(incarnation);
  writeEntryId(head, tail);
}

function readCandidacy(head: ByteReader): Candidacy {
  const term = readLivingTerm(head);
  const incarnation = head.hex128();
  const tail = readEntryId(head);
  // A term is asked for above every term a vote quorum reported (R2), so above that of any entry.
  if (tail.term >= term) throw badFrame('a candidate whose log is not older than the term it asks for');
  return { term, incarnation, tail };
}

export const vote: MessageCodec<VoteRequest> = {
  type: FRAME_TYPES.vote,
  write: writeCandidacy,
  read: (head) => ({ kind: 'vote', ...readCandidacy(head) }),
};

export const transferVote: MessageCodec<TransferVoteRequest> = {
  type: FRAME_TYPES.transferVote,
  write(head, message) {
    writeCandidacy(head, message);
    head.u64(message.askedIn);
  },
  read: (head) => ({ kind: 'transferVote', ...readCandidacy(head), askedIn: readLivingTerm(head) }),
};

export const takeOver: MessageCodec<TakeOver> = {
  type: FRAME_TYPES.takeOver,
  write(head, message) {
    head.u64(message.term);
    head.hex128(message.incarnation);
    writeEntryId(head, message.tail);
  },
  read: (head) => ({
    kind: 'takeOver',
    term: readLivingTerm(head),
    incarnation: head.hex128(),
    tail: readEntryId(head),
  }),
};

export const voteReply: MessageCodec<VoteReply> = {
  type: FRAME_TYPES.voteReply,
  write(head, message) {
    head.u64(message.requestTerm);
    head.u64(message.term);
    writeChoice(head, VOTE_REASONS, message.reason);
    writeEntryId(head, message.tail);
  },
  read: (head) => ({
    kind: 'voteReply',
    requestTerm: readLivingTerm(head),
    term: head.u64(),
    reason: readChoice(head, VOTE_REASONS),
    tail: readEntryId(head),
  }),
};

export const leaderNotice: MessageCodec<LeaderNotice> = {
  type: FRAME_TYPES.leaderNotice,
  write(head, message) {
    head.u64(message.term);
    head.u8(message.leader === null ? 0 : 1);
    if (message.leader !== null) writeWorkerIdentity(head, message.leader);
  },
  read: (head) => ({
    kind: 'leaderNotice',
    term: head.u64(),
    leader: head.flag() ? readWorkerIdentity(head) : null,
  }),
};

export const leaderGone: MessageCodec<LeaderGone> = {
  type: FRAME_TYPES.leaderGone,
  write(head, message) {
    head.u32(message.turn);
    probeReply.write(head, message.answer);
  },
  read: (head, batches) => ({ kind: 'leaderGone', turn: head.u32(), answer: probeReply.read(head, batches) }),
};

function writeHeardLeader(head: ByteWriter, leader: ProbeReply['leader']): void {
  head.u8(leader === null ? 0 : 1);
  if (leader === null) return;
  writeWorkerIdentity(head, leader.identity);
  head.u64(leader.term);
  // The core's clock may count fractions; for "how long ago" whole milliseconds are enough.
  head.u64(Math.floor(Math.max(0, leader.silentMillis)));
}

function readHeardLeader(head: ByteReader): ProbeReply['leader'] {
  if (!head.flag()) return null;
  return { identity: readWorkerIdentity(head), term: readLivingTerm(head), silentMillis: head.u64() };
}
