/**
 * Results of a proposal as bytes: `count × (u8 failed, u32 length, bytes)`; a failed one holds the error's text as UTF-8. One without
 * a text was dropped: the command took effect, but there was no room for what the state machine answered.
 */
import { ByteReader, badFrame } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** What the state machine answered to one command, or the text of what it threw (R33). */
export interface CommandResult {
  readonly failed: boolean;
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 5;

export function encodeResults(results: readonly CommandResult[]): Uint8Array {
  let size = 0;
  for (const result of results) size += HEADER_BYTES + result.bytes.length;
  const writer = new ByteWriter(size);
  for (const result of results) {
    writer.u8(result.failed ? 1 : 0);
    writer.u32(result.bytes.length);
    writer.raw(result.bytes);
  }
  return writer.written();
}

/** Throws BAD_FRAME unless `section` holds exactly `count` results; they alias it. */
export function decodeResults(section: Uint8Array, count: number): CommandResult[] {
  if (count * HEADER_BYTES > section.length) throw badFrame('fewer results than it counts');
  const reader = new ByteReader(section);
  const results: CommandResult[] = [];
  for (let read = 0; read < count; read += 1) {
    const failed = reader.flag();
    results.push({ failed, bytes: reader.raw(reader.u32()) });
  }
  reader.end();
  return results;
}

/** The section, where it is larger than `maxBytes` with the results dropped, from the first on, that do not fit beside the headers of all. */
export function fitResults(section: Uint8Array, count: number, maxBytes: number): Uint8Array {
  if (section.length <= maxBytes) return section;
  let room = maxBytes - count * HEADER_BYTES;
  return encodeResults(
    decodeResults(section, count).map((result) => {
      if (result.bytes.length > room) return DROPPED;
      room -= result.bytes.length;
      return result;
    }),
  );
}

const DROPPED: CommandResult = { failed: true, bytes: new Uint8Array(0) };

/**
 * Cuts one section into those of several proposals, in order; `parts` say how many results each has. They alias it.
 * Throws BAD_FRAME unless they fill it exactly.
 */
export function splitResults(section: Uint8Array, parts: readonly { readonly count: number }[]): Uint8Array[] {
  const reader = new ByteReader(section);
  const cut = parts.map(({ count }) => {
    const start = reader.offset;
    for (let read = 0; read < count; read += 1) {
      reader.flag();
      reader.raw(reader.u32());
    }
    return section.subarray(start, reader.offset);
  });
  reader.end();
  return cut;
}
