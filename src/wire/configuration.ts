/**
 * The configuration of scribes as bytes: the single entry of a configuration batch, and a field of a probe's answer.
 *
 *    0 u8 version        1 a set: u8 number of scribes, 1 to MAX_SCRIBES; then
 *                          per scribe: u8 length, id; 16 bytes storage uuid; u8 length, address
 *    version 2, while the members change:  u8 1 = outgoing, 2 = target; another set
 *    version 3, where numbers make quorums:  u8 commit, u8 vote, both 0 = majorities;
 *                          u8 0 = nothing changes, 1 = outgoing, 2 = target; if not 0 another set and its two numbers
 *
 * The lowest version that says all there is is written, and no other is read. No two scribes of a set may share an id or a uuid: a
 * disk that counted twice would break every quorum (R26). Nor are numbers read that could decide two things at once.
 */
import { MAX_SCRIBES } from '../core/limits.ts';
import type { MembershipChange, QuorumChoice } from '../core/membership.ts';
import { whyNotQuorums } from '../core/quorum.ts';
import type { Configuration, Quorums, ScribeMember, Voters } from '../core/types.ts';
import { ByteReader, badFrame } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { ADDRESS_PATTERN, ID_PATTERN, readChoice, writeChoice } from './fields.ts';

const STABLE_VERSION = 1;
const CHANGING_VERSION = 2;
const QUORUMS_VERSION = 3;
const NOTHING = 0;
const OUTGOING = 1;
const TARGET = 2;

export function writeConfiguration(writer: ByteWriter, configuration: Configuration): void {
  const { outgoing, target } = configuration;
  const second = outgoing ?? target;
  const which = second === undefined ? NOTHING : outgoing === undefined ? TARGET : OUTGOING;
  if (configuration.quorums !== undefined || second?.quorums !== undefined) {
    writer.u8(QUORUMS_VERSION);
    writeVoters(writer, configuration);
    writer.u8(which);
    if (second !== undefined) writeVoters(writer, second);
    return;
  }
  writer.u8(second === undefined ? STABLE_VERSION : CHANGING_VERSION);
  writeSet(writer, configuration.scribes);
  if (second === undefined) return;
  writer.u8(which);
  writeSet(writer, second.scribes);
}

function writeVoters(writer: ByteWriter, { scribes, quorums }: Voters): void {
  writeSet(writer, scribes);
  writeQuorums(writer, quorums ?? { commit: 0, vote: 0 });
}

function writeQuorums(writer: ByteWriter, { commit, vote }: Quorums): void {
  writer.u8(commit);
  writer.u8(vote);
}

function writeSet(writer: ByteWriter, scribes: readonly ScribeMember[]): void {
  writer.u8(scribes.length);
  for (const scribe of scribes) writeMember(writer, scribe);
}

function writeMember(writer: ByteWriter, scribe: ScribeMember): void {
  writer.ascii(scribe.scribeId);
  writer.hex128(scribe.storageUuid);
  writer.ascii(scribe.address);
}

const readMember = (reader: ByteReader): ScribeMember => ({
  scribeId: reader.ascii(ID_PATTERN),
  storageUuid: reader.hex128(),
  address: reader.ascii(ADDRESS_PATTERN),
});

/** By number; may only ever grow at the end. */
const CHANGES: readonly MembershipChange['kind'][] = ['add', 'remove', 'replace', 'quorums'];
const SAID = ['nothing', 'majority', 'numbers'] as const;

/**
 * A change as a client asks for it: u8 kind; the id of who leaves (remove, replace); the newcomer (add, replace); and but for
 * replace u8 0 = nothing is said of quorums (not of kind 3), 1 = majorities, 2 = u8 commit, u8 vote.
 */
export function writeChange(writer: ByteWriter, change: MembershipChange): void {
  writeChoice(writer, CHANGES, change.kind);
  if (change.kind === 'remove' || change.kind === 'replace') writer.ascii(change.scribeId);
  if (change.kind === 'add' || change.kind === 'replace') writeMember(writer, change.member);
  if (change.kind !== 'replace') writeQuorumChoice(writer, change.quorums);
}

export function readChange(reader: ByteReader): MembershipChange {
  const kind = readChoice(reader, CHANGES);
  if (kind === 'replace') return { kind, scribeId: reader.ascii(ID_PATTERN), member: readMember(reader) };
  if (kind === 'quorums') {
    const quorums = readQuorumChoice(reader);
    if (quorums === undefined) throw badFrame('a change of quorums to none');
    return { kind, quorums };
  }
  const whom = kind === 'add' ? { kind, member: readMember(reader) } : { kind, scribeId: reader.ascii(ID_PATTERN) };
  const quorums = readQuorumChoice(reader);
  return quorums === undefined ? whom : { ...whom, quorums };
}

function writeQuorumChoice(writer: ByteWriter, choice: QuorumChoice | undefined): void {
  if (choice === undefined) writeChoice(writer, SAID, 'nothing');
  else if (choice === 'majority') writeChoice(writer, SAID, 'majority');
  else {
    writeChoice(writer, SAID, 'numbers');
    writeQuorums(writer, choice);
  }
}

/** Whether the numbers will do is for the leader to say: of how many scribes only it knows. */
function readQuorumChoice(reader: ByteReader): QuorumChoice | undefined {
  const said = readChoice(reader, SAID);
  if (said === 'numbers') return { commit: reader.u8(), vote: reader.u8() };
  return said === 'majority' ? said : undefined;
}

/** A configuration without scribes is allowed only where `mayBeEmpty`: a scribe outside any cluster has nothing to tell. */
export function readConfiguration(reader: ByteReader, mayBeEmpty: boolean): Configuration {
  const version = reader.u8();
  if (version === STABLE_VERSION) return { scribes: readSet(reader, mayBeEmpty) };
  if (version === QUORUMS_VERSION) return readWithQuorums(reader);
  if (version !== CHANGING_VERSION) throw badFrame('a configuration of another version');
  const now = { scribes: readSet(reader, false) };
  const which = reader.u8();
  return changing(now, which, { scribes: readSet(reader, false) });
}

function readWithQuorums(reader: ByteReader): Configuration {
  const now = readVoters(reader);
  const which = reader.u8();
  const configuration: Configuration = which === NOTHING ? now : changing(now, which, readVoters(reader));
  const { quorums, outgoing, target } = configuration;
  if ((quorums ?? outgoing?.quorums ?? target?.quorums) === undefined) throw badFrame('quorums that are not said');
  return configuration;
}

function changing(now: Voters, which: number, second: Voters): Configuration {
  if (which !== OUTGOING && which !== TARGET) throw badFrame('a change of members of an unknown kind');
  return which === OUTGOING ? { ...now, outgoing: second } : { ...now, target: second };
}

function readVoters(reader: ByteReader): Voters {
  const scribes = readSet(reader, false);
  const quorums = { commit: reader.u8(), vote: reader.u8() };
  if (quorums.commit === 0 && quorums.vote === 0) return { scribes };
  const why = whyNotQuorums(quorums, scribes.length);
  if (why !== null) throw badFrame(why);
  return { scribes, quorums };
}

function readSet(reader: ByteReader, mayBeEmpty: boolean): readonly ScribeMember[] {
  const count = reader.u8();
  if (count > MAX_SCRIBES || (count === 0 && !mayBeEmpty)) throw badFrame('too many scribes, or none');
  const scribes: ScribeMember[] = [];
  for (let read = 0; read < count; read += 1) {
    scribes.push(readMember(reader));
  }
  const ids = new Set(scribes.map((scribe) => scribe.scribeId));
  const uuids = new Set(scribes.map((scribe) => scribe.storageUuid));
  if (ids.size !== count || uuids.size !== count) throw badFrame('a scribe listed twice');
  return scribes;
}

/** The entry a configuration batch holds. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const writer = new ByteWriter(1024);
  writeConfiguration(writer, configuration);
  return writer.written();
}

/** Throws BAD_FRAME when the bytes are not exactly one valid configuration. */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  const reader = new ByteReader(bytes);
  const configuration = readConfiguration(reader, false);
  reader.end();
  return configuration;
}
