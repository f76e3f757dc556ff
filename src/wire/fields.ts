/** Fields that several messages share, and the rules names must keep before they reach a log line or a path (N21). */
import { MAX_ID_LENGTH } from '../core/limits.ts';
import type { EntryId, Term, WorkerIdentity } from '../core/types.ts';
import { type ByteReader, badFrame } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Scribe, worker and client ids. */
export const ID_PATTERN = new RegExp(`^[A-Za-z0-9._-]{1,${MAX_ID_LENGTH}}$`);

/** `host:port`, an IPv6 host in brackets; at most 255 characters. */
export const ADDRESS_PATTERN = /^(?=.{3,255}$)(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/;

export function writeEntryId(writer: ByteWriter, id: EntryId): void {
  writer.u64(id.index);
  writer.u64(id.term);
}

/** Only what lies before the first entry has term 0, and it has index 0 (N20). */
export function readEntryId(reader: ByteReader): EntryId {
  const index = reader.u64();
  const term = reader.u64();
  if ((index === 0) !== (term === 0)) throw badFrame('an index and a term of which only one is 0');
  return { index, term };
}

export function writeOptionalEntryId(writer: ByteWriter, id: EntryId | null): void {
  writer.u8(id === null ? 0 : 1);
  if (id !== null) writeEntryId(writer, id);
}

export const readOptionalEntryId = (reader: ByteReader): EntryId | null => (reader.flag() ? readEntryId(reader) : null);

/** A term somebody stands for or leads: at least 1. */
export function readLivingTerm(reader: ByteReader): Term {
  const term = reader.u64();
  if (term === 0) throw badFrame('term 0');
  return term;
}

export function writeWorkerIdentity(writer: ByteWriter, identity: WorkerIdentity): void {
  writer.ascii(identity.workerId);
  writer.hex128(identity.incarnation);
  writer.ascii(identity.address);
}

export const readWorkerIdentity = (reader: ByteReader): WorkerIdentity => ({
  workerId: reader.ascii(ID_PATTERN),
  incarnation: reader.hex128(),
  address: reader.ascii(ADDRESS_PATTERN),
});

/** A small enumeration as a u8: its place in `values`, which may only ever grow at the end. */
export function writeChoice<T extends string>(writer: ByteWriter, values: readonly T[], value: T): void {
  writer.u8(values.indexOf(value));
}

export function readChoice<T extends string>(reader: ByteReader, values: readonly T[]): T {
  const value = values[reader.u8()];
  if (value === undefined) throw badFrame('an unknown choice');
  return value;
}
