/**
 * The configuration of scribes as bytes: the single entry of a configuration batch, and a field of a probe's answer.
 *
 *    0 u8 version = 1    1 u8 number of scribes, 1 to MAX_SCRIBES
 *    2 per scribe: u8 length, id; 16 bytes storage uuid; u8 length, address
 *
 * No two scribes may share an id or a uuid: a disk that counted twice would break every quorum (R26).
 */
import { MAX_SCRIBES } from '../core/limits.ts';
import type { Configuration, ScribeMember } from '../core/types.ts';
import { ByteReader, badFrame } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { ADDRESS_PATTERN, ID_PATTERN } from './fields.ts';

const VERSION = 1;

export function writeConfiguration(writer: ByteWriter, configuration: Configuration): void {
  writer.u8(VERSION);
  writer.u8(configuration.scribes.length);
  for (const scribe of configuration.scribes) {
    writer.ascii(scribe.scribeId);
    writer.hex128(scribe.storageUuid);
    writer.ascii(scribe.address);
  }
}

/** A configuration without scribes is allowed only where `mayBeEmpty`: a scribe outside any cluster has nothing to tell. */
export function readConfiguration(reader: ByteReader, mayBeEmpty: boolean): Configuration {
  if (reader.u8() !== VERSION) throw badFrame('a configuration of another version');
  const count = reader.u8();
  if (count > MAX_SCRIBES || (count === 0 && !mayBeEmpty)) throw badFrame('too many scribes, or none');
  const scribes: ScribeMember[] = [];
  for (let read = 0; read < count; read += 1) {
    scribes.push({
      scribeId: reader.ascii(ID_PATTERN),
      storageUuid: reader.hex128(),
      address: reader.ascii(ADDRESS_PATTERN),
    });
  }
  const ids = new Set(scribes.map((scribe) => scribe.scribeId));
  const uuids = new Set(scribes.map((scribe) => scribe.storageUuid));
  if (ids.size !== count || uuids.size !== count) throw badFrame('a scribe listed twice');
  return { scribes };
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
