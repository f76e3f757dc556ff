/**
 * What clients and workers say to each other. A request's number is the client's own and comes back with its answer; the
 * entry section of a proposal becomes part of a batch as it stands. Decoded sections alias the frame.
 */
import { MAX_FRAME_BYTES } from '../core/limits.ts';
import type { MembershipChange } from '../core/membership.ts';
import type { Index } from '../core/types.ts';
import { ERRORS, type ErrorCode, type Outcome } from '../errors.ts';
import { MAX_BODY_BYTES } from './batch.ts';
import { type ByteReader, badFrame } from './byte-reader.ts';
import { readChange, writeChange } from './configuration.ts';
import { countEntries } from './entries.ts';
import { ADDRESS_PATTERN, readChoice, writeChoice } from './fields.ts';
import { FRAME_TYPES, finishFrame, openFrame, startFrame } from './frame.ts';

/** Append `count` entries, adjacent and in order. */
export interface ProposeRequest {
  readonly kind: 'propose';
  readonly request: number;
  /** How long the client waits, counted from the arrival: no clock is shared. */
  readonly deadlineMillis: number;
  readonly count: number;
  /** Entry section, at most MAX_BODY_BYTES. */
  readonly section: Uint8Array;
}

/** All entries are committed and applied; `results` is a result section of `count` (results.ts). */
export interface ProposeReply {
  readonly kind: 'proposed';
  readonly request: number;
  readonly firstIndex: Index;
  readonly count: number;
  readonly results: Uint8Array;
}

/** Linearizable read. */
export interface QueryRequest {
  readonly kind: 'query';
  readonly request: number;
  readonly deadlineMillis: number;
  readonly query: Uint8Array;
}

export interface QueryReply {
  readonly kind: 'queryReply';
  readonly request: number;
  readonly result: Uint8Array;
}

/** Answers any request that did not succeed. */
export interface Failure {
  readonly kind: 'failure';
  readonly request: number;
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly message: string;
  /** Address of the worker that leads, where the asked one knows it. */
  readonly leader: string | null;
}

export interface StatusRequest {
  readonly kind: 'status';
  readonly request: number;
}

/** The answerer's status: whatever JSON `node/status.ts` describes for its role. */
export interface StatusReply {
  readonly kind: 'statusReply';
  readonly request: number;
  readonly status: unknown;
}

/** Change the scribes; answered when the change is committed and over (protocol §7). */
export interface ChangeMembersRequest {
  readonly kind: 'changeMembers';
  readonly request: number;
  readonly change: MembershipChange;
}

export interface MembersChanged {
  readonly kind: 'membersChanged';
  readonly request: number;
}

export type ClientRequest = ProposeRequest | QueryRequest | StatusRequest | ChangeMembersRequest;
export type ClientReply = ProposeReply | QueryReply | Failure | StatusReply | MembersChanged;

const OUTCOMES: readonly Outcome[] = ['not-executed', 'executed', 'unknown'];
const CODE_PATTERN = /^[A-Z_]{1,40}$/;
const MAX_MESSAGE_BYTES = 1024;
const MAX_STATUS_BYTES = 64 * 1024;
const HEAD_CAPACITY = 64;

/** One query. */
export const MAX_QUERY_BYTES = MAX_FRAME_BYTES / 2;
/** All results of one proposal, as a section: with the frame around them they fill it. */
export const MAX_RESULTS_BYTES = MAX_FRAME_BYTES - HEAD_CAPACITY;

export function encodeRequest(message: ClientRequest): Uint8Array {
  if (message.kind === 'status') return finishFrame(start(FRAME_TYPES.status, message.request, 0));
  if (message.kind === 'changeMembers') {
    const writer = start(FRAME_TYPES.changeMembers, message.request, 0);
    writeChange(writer, message.change);
    return finishFrame(writer);
  }
  const payload = message.kind === 'propose' ? message.section : message.query;
  const writer = start(FRAME_TYPES[message.kind], message.request, payload.length);
  writer.u32(message.deadlineMillis);
  if (message.kind === 'propose') writer.u32(message.count);
  writer.raw(payload);
  return finishFrame(writer);
}

export function encodeReply(message: ClientReply): Uint8Array {
  switch (message.kind) {
    case 'proposed': {
      const writer = start(FRAME_TYPES.proposed, message.request, message.results.length);
      writer.u64(message.firstIndex);
      writer.u32(message.count);
      writer.raw(message.results);
      return finishFrame(writer);
    }
    case 'queryReply': {
      const writer = start(FRAME_TYPES.queryReply, message.request, message.result.length);
      writer.raw(message.result);
      return finishFrame(writer);
    }
    case 'membersChanged':
      return finishFrame(start(FRAME_TYPES.membersChanged, message.request, 0));
    case 'failure':
      return encodeFailure(message);
    case 'statusReply': {
      const text = Buffer.from(JSON.stringify(message.status), 'utf8');
      const writer = start(FRAME_TYPES.statusReply, message.request, text.length);
      writer.raw(text);
      return finishFrame(writer);
    }
  }
}

/** Throws BAD_FRAME. A proposal's section has been walked: its count is right and every entry is within limits (N05). */
export function decodeRequest(frame: Uint8Array): ClientRequest {
  const { type, head } = openClientFrame(frame);
  const request = head.u64();
  switch (type) {
    case FRAME_TYPES.propose: {
      const deadlineMillis = head.u32();
      const count = head.u32();
      const section = head.rest();
      if (count === 0 || section.length > MAX_BODY_BYTES) throw badFrame('a proposal of nothing, or of too much');
      if (countEntries(section) !== count) throw badFrame('entries that are not what the proposal counts');
      return { kind: 'propose', request, deadlineMillis, count, section };
    }
    case FRAME_TYPES.query:
      return { kind: 'query', request, deadlineMillis: head.u32(), query: head.rest() };
    case FRAME_TYPES.status:
      head.end();
      return { kind: 'status', request };
    case FRAME_TYPES.changeMembers: {
      const change = readChange(head);
      head.end();
      return { kind: 'changeMembers', request, change };
    }
    default:
      throw badFrame(`no client's request has type ${type}`);
  }
}

/** Throws BAD_FRAME. */
export function decodeReply(frame: Uint8Array): ClientReply {
  const { type, head } = openClientFrame(frame);
  const request = head.u64();
  switch (type) {
    case FRAME_TYPES.proposed:
      return { kind: 'proposed', request, firstIndex: head.u64(), count: head.u32(), results: head.rest() };
    case FRAME_TYPES.queryReply:
      return { kind: 'queryReply', request, result: head.rest() };
    case FRAME_TYPES.failure:
      return decodeFailure(request, head);
    case FRAME_TYPES.statusReply:
      return { kind: 'statusReply', request, status: parseStatus(head.rest()) };
    case FRAME_TYPES.membersChanged:
      head.end();
      return { kind: 'membersChanged', request };
    default:
      throw badFrame(`no answer to a client has type ${type}`);
  }
}

function start(type: number, request: number, payloadBytes: number) {
  const writer = startFrame(type, HEAD_CAPACITY, payloadBytes);
  writer.u64(request);
  return writer;
}

function openClientFrame(frame: Uint8Array): { type: number; head: ByteReader } {
  const { type, head, batches } = openFrame(frame);
  if (batches.length > 0) throw badFrame('batches from or for a client');
  return { type, head };
}

function encodeFailure(message: Failure): Uint8Array {
  const writer = start(FRAME_TYPES.failure, message.request, MAX_MESSAGE_BYTES);
  writer.ascii(message.code);
  writeChoice(writer, OUTCOMES, message.outcome);
  writer.u8(message.leader === null ? 0 : 1);
  if (message.leader !== null) writer.ascii(message.leader);
  writer.prose(message.message, MAX_MESSAGE_BYTES);
  return finishFrame(writer);
}

function decodeFailure(request: number, head: ByteReader): Failure {
  const code = readErrorCode(head);
  const outcome = readChoice(head, OUTCOMES);
  const leader = head.flag() ? head.ascii(ADDRESS_PATTERN) : null;
  const message = head.prose(MAX_MESSAGE_BYTES);
  head.end();
  return { kind: 'failure', request, code, outcome, message, leader };
}

/** One of the codes of errors.ts: nothing else may become a `ScriptoriumError` here. */
export function readErrorCode(head: ByteReader): ErrorCode {
  const code = head.ascii(CODE_PATTERN);
  if (!Object.hasOwn(ERRORS, code)) throw badFrame('an unknown error code');
  return code as ErrorCode;
}

function parseStatus(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_STATUS_BYTES) throw badFrame('a status beyond its limit');
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw badFrame(`a status that is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
