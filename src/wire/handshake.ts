/**
 * The first frames of every link: the dialler says Hello, the other side answers Welcome or Refusal, and nothing else is
 * heard before. It settles cluster, role, identity and protocol number, so that everything after it is attributed to a
 * known peer and nothing of a stranger's cluster is ever learned (N06). These three frames keep their layout in every
 * protocol version.
 */
import { type ErrorCode, ScriptoriumError } from '../errors.ts';
import { type ByteReader, badFrame } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { readErrorCode } from './client-protocol.ts';
import { ADDRESS_PATTERN, ID_PATTERN, readChoice, writeChoice } from './fields.ts';
import { FRAME_TYPES, finishFrame, openFrame, startFrame } from './frame.ts';

/**
 * The range of protocols this build speaks. 2: the members can change (configurations of version 2, configurationNotice,
 * changeMembers); a build that knows only 1 would count the wrong scribes, so none is let in. 3: leadership can be handed over
 * (takeOver, transferVote), which a scribe of an older build would take for a breach of the protocol. 4: appends and their
 * answers name a lease (R22). 5: a scribe says that it
 * cannot read what it has (outcome unknown, storage repairing), which older readers would take for a breach as well. 6: scribes tell what a
 * probe would ask when a leader's link closes (leaderGone). 7: a configuration says which numbers make quorums (version 3), by which
 * an older build would not decide.
 */
export const PROTOCOL_MIN = 7;
export const PROTOCOL_MAX = 7;

/** The protocols one side speaks: all from the first to the last. */
export interface ProtocolWindow {
  readonly protocolMin: number;
  readonly protocolMax: number;
}

const WINDOW: ProtocolWindow = { protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL_MAX };

/** What two sides speak with each other: the last protocol that both know; null where their windows do not meet. */
export function commonProtocol(left: ProtocolWindow, right: ProtocolWindow): number | null {
  const last = Math.min(left.protocolMax, right.protocolMax);
  return last < Math.max(left.protocolMin, right.protocolMin) ? null : last;
}

/** A client that takes whatever cluster it reaches says so with this id. */
export const ANY_CLUSTER = '0'.repeat(32);

export type LinkRole = 'scribe' | 'worker' | 'client';

/** One end of a link. */
export interface LinkIdentity {
  readonly role: LinkRole;
  /** Scribe, worker or client id: a name for people. */
  readonly id: string;
  /** What it is known by: storage uuid, incarnation, or a client's random number; 32 hex digits. */
  readonly key: string;
  /** `host:port` where it can be dialled; null for those that do not listen. */
  readonly address: string | null;
}

export interface Hello extends ProtocolWindow {
  readonly kind: 'hello';
  readonly clusterId: string;
  readonly identity: LinkIdentity;
}

export interface Welcome {
  readonly kind: 'welcome';
  /** The highest protocol both sides speak. */
  readonly protocol: number;
  readonly clusterId: string;
  readonly identity: LinkIdentity;
}

export interface Refusal {
  readonly kind: 'refusal';
  readonly code: ErrorCode;
  readonly message: string;
}

const MAGIC = 0x42524353;
const ROLES: readonly LinkRole[] = ['scribe', 'worker', 'client'];
const MAX_MESSAGE_BYTES = 512;
const CAPACITY = 512;

export const hello = (clusterId: string, identity: LinkIdentity): Hello => ({
  kind: 'hello',
  ...WINDOW,
  clusterId,
  identity,
});

export function encodeHandshake(message: Hello | Welcome | Refusal): Uint8Array {
  const writer = startFrame(FRAME_TYPES[message.kind], CAPACITY);
  writer.u32(MAGIC);
  if (message.kind === 'refusal') {
    writer.ascii(message.code);
    writer.prose(message.message, MAX_MESSAGE_BYTES);
    return finishFrame(writer);
  }
  writer.u16(message.kind === 'hello' ? message.protocolMin : message.protocol);
  writer.u16(message.kind === 'hello' ? message.protocolMax : message.protocol);
  writer.hex128(message.clusterId);
  writeIdentity(writer, message.identity);
  return finishFrame(writer);
}

/** Throws BAD_FRAME. */
export function decodeHandshake(frame: Uint8Array): Hello | Welcome | Refusal {
  const { type, head, batches } = openFrame(frame);
  if (batches.length > 0 || head.u32() !== MAGIC) throw badFrame('not a handshake');
  const message = readHandshake(type, head);
  head.end();
  return message;
}

/** What the accepting side answers; pure, so that its table of cases can be tested as one. */
export function answerHello(message: Hello, clusterId: string, identity: LinkIdentity): Welcome | Refusal {
  const protocol = commonProtocol(message, WINDOW);
  if (protocol === null) {
    const theirs = `${message.protocolMin} to ${message.protocolMax}`;
    return refusal('WRONG_PROTOCOL', `you speak protocol ${theirs}, this side ${PROTOCOL_MIN} to ${PROTOCOL_MAX}`);
  }
  const anyCluster = message.identity.role === 'client' && message.clusterId === ANY_CLUSTER;
  if (message.clusterId !== clusterId && !anyCluster) {
    return refusal('WRONG_CLUSTER', `you belong to cluster ${message.clusterId}, this side to ${clusterId}`);
  }
  if (message.identity.key === identity.key) return refusal('HANDSHAKE_FAILED', 'a link to oneself');
  return { kind: 'welcome', protocol, clusterId, identity };
}

/** What the dialling side makes of the answer to its Hello; throws the typed reason why there is no link. */
export function acceptAnswer(sent: Hello, answer: Hello | Welcome | Refusal): Welcome {
  if (answer.kind === 'refusal') throw new ScriptoriumError(answer.code, `refused: ${answer.message}`);
  if (answer.kind === 'hello') throw badFrame('a Hello in answer to a Hello');
  if (answer.protocol < sent.protocolMin || answer.protocol > sent.protocolMax) {
    throw new ScriptoriumError('WRONG_PROTOCOL', `the other side chose protocol ${answer.protocol}`);
  }
  const anyCluster = sent.identity.role === 'client' && sent.clusterId === ANY_CLUSTER;
  if (answer.clusterId !== sent.clusterId && !anyCluster) {
    const message = `the other side belongs to cluster ${answer.clusterId}, this side to ${sent.clusterId}`;
    throw new ScriptoriumError('WRONG_CLUSTER', message);
  }
  if (answer.identity.key === sent.identity.key) throw new ScriptoriumError('HANDSHAKE_FAILED', 'a link to oneself');
  return answer;
}

export const refusal = (code: ErrorCode, message: string): Refusal => ({ kind: 'refusal', code, message });

function readHandshake(type: number, head: ByteReader): Hello | Welcome | Refusal {
  if (type === FRAME_TYPES.refusal) return refusal(readErrorCode(head), head.prose(MAX_MESSAGE_BYTES));
  if (type !== FRAME_TYPES.hello && type !== FRAME_TYPES.welcome) throw badFrame('not a handshake');
  const low = head.u16();
  const high = head.u16();
  if (low === 0 || low > high) throw badFrame('an empty range of protocols');
  const clusterId = head.hex128();
  const identity = readIdentity(head);
  if (type === FRAME_TYPES.hello) return { kind: 'hello', protocolMin: low, protocolMax: high, clusterId, identity };
  if (low !== high) throw badFrame('a Welcome that leaves the protocol open');
  return { kind: 'welcome', protocol: low, clusterId, identity };
}

function writeIdentity(writer: ByteWriter, identity: LinkIdentity): void {
  writeChoice(writer, ROLES, identity.role);
  writer.ascii(identity.id);
  writer.hex128(identity.key);
  writer.u8(identity.address === null ? 0 : 1);
  if (identity.address !== null) writer.ascii(identity.address);
}

const readIdentity = (head: ByteReader): LinkIdentity => ({
  role: readChoice(head, ROLES),
  id: head.ascii(ID_PATTERN),
  key: head.hex128(),
  address: head.flag() ? head.ascii(ADDRESS_PATTERN) : null,
});
