/**
 * The configuration of scribes as bytes: the single entry of a configuration batch, and a field of a probe's answer.
 *
 *    0 u8 version        1 a set: u8 number of scribes, 1 to MAX_SCRIBES; then
 *                          per scribe: u8 length, id; 16 bytes storage uuid; u8 length, address
 *    version 2, while the members change:  u8 1 = outgoing, 2 = target; another set
 *
 * Version 1 is written whenever it says all there is. No two scribes of a set may share an id or a uuid: a disk that counted twice would break every quorum (R26).
 */
import { MAX_SCRIBES } from '../core/limits.ts';
import type { MembershipChange } from '../core/membership.ts';
import type { Configuration, ScribeMember } from '../core/types.ts';
import { ByteReader, badFrame } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { ADDRESS_PATTERN, ID_PATTERN, readChoice, writeChoice } from './fields.ts';

const STABLE_VERSION = 1;
const CHANGING_VERSION = 2;
const OUTGOING = 1;
const TARGET = 2;

export function writeConfiguration(writer: ByteWriter, { scribes, outgoing, target }: Configuration): void {
  const second = outgoing ?? target;
  writer.u8(second === undefined ? STABLE_VERSION : CHANGING_VERSION);
  writeSet(writer, scribes);
  if (second === undefined) return;
  writer.u8(outgoing === undefined ? TARGET : OUTGOING);
  writeSet(writer, second);
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
const CHANGES: readonly MembershipChange['kind'][] = ['add', 'remove', 'replace'];

/** A change as a client asks for it: u8 kind; the id of who leaves (remove, replace); the newcomer (add, replace). */
export function writeChange(writer: ByteWriter, change: MembershipChange): void {
  writeChoice(writer, CHANGES, change.kind);
  if (change.kind !== 'add') writer.ascii(change.scribeId);
  if (change.kind !== 'remove') writeMember(writer, change.member);
}

export function readChange(reader: ByteReader): MembershipChange {
  const kind = readChoice(reader, CHANGES);
  if (kind === 'add') return { kind, member: readMember(reader) };
  const scribeId = reader.ascii(ID_PATTERN);
  return kind === 'remove' ? { kind, scribeId } : { kind, scribeId, member: readMember(reader) };
}

/** A configuration without scribes is allowed only where `mayBeEmpty`: a scribe outside any cluster has nothing to tell. */
export function readConfiguration(reader: ByteReader, mayBeEmpty: boolean): Configuration {
  const version = reader.u8();
  if (version === STABLE_VERSION) return { scribes: readSet(reader, mayBeEmpty) };
  if (version !== CHANGING_VERSION) throw badFrame('a configuration of another version');
  const scribes = readSet(reader, false);
  const which = reader.u8();
  if (which !== OUTGOING && which !== TARGET) throw badFrame('a change of members of an unknown kind');
  const second = readSet(reader, false);
  return which === OUTGOING ? { scribes, outgoing: second } : { scribes, target: second };
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
