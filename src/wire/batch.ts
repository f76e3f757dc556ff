/**
 * The batch as bytes: made once by whoever builds it, then sent, stored and read back byte for byte (protocol §1). What
 * fails a checksum or its shape throws BAD_BATCH and is never stored, sent on or applied (R29). Little-endian:
 *
 *    0 u32 magic "SBAT"   4 u8 version = 1   5 u8 kind   6 u16 flags = 0
 *    8 u64 group         16 u64 term        24 u64 firstIndex   32 u64 timestampMillis
 *   40 u32 count ≥ 1     44 u32 bodyBytes   48 u32 CRC32C of the body   52 u32 CRC32C of bytes [0, 52)
 *   56 body: an entry section of exactly `count` entries
 */
import { crc32c } from '../addon/addon.ts';
import { MAX_BATCH_BYTES, MAX_INTEGER } from '../core/limits.ts';
import type { Batch, BatchKind, Configuration, Index, Term } from '../core/types.ts';
import { isScriptoriumError, ScriptoriumError } from '../errors.ts';
import { ByteReader } from './byte-reader.ts';
import { decodeConfiguration, encodeConfiguration } from './configuration.ts';
import { countEntries, ENTRY_HEADER_BYTES, encodeEntry } from './entries.ts';

export const BATCH_HEADER_BYTES = 56;
/** Bytes of body that fit into the largest batch. */
export const MAX_BODY_BYTES = MAX_BATCH_BYTES - BATCH_HEADER_BYTES;

const MAGIC = 0x54414253;
const VERSION = 1;
const BODY_CRC_OFFSET = 48;
const HEADER_CRC_OFFSET = 52;
const TWO_32 = 2 ** 32;
/** Kinds by number; may only ever grow at the end. */
const KINDS: readonly BatchKind[] = ['noop', 'command', 'configuration'];
const EMPTY_ENTRY = encodeEntry(new Uint8Array(0));

export interface BatchHeader {
  readonly kind: BatchKind;
  /** Default 0, the only one that travels on links. */
  readonly group?: number;
  readonly term: Term;
  readonly firstIndex: Index;
  readonly timestampMillis: number;
  /** Entries in the body: must be exactly right, since readers check it. */
  readonly count: number;
}

/** What a batch is made of. `body` is an entry section, whole or in pieces to be joined. */
export interface BatchParts extends Omit<BatchHeader, 'group'> {
  readonly body: Uint8Array | readonly Uint8Array[];
}

type BatchPlace = Pick<BatchParts, 'term' | 'firstIndex' | 'timestampMillis'>;

/** Encodes a batch with one copy of the body; TOO_LARGE beyond MAX_BATCH_BYTES. */
export function encodeBatch(parts: BatchParts): Batch {
  const pieces = parts.body instanceof Uint8Array ? [parts.body] : parts.body;
  let bodyBytes = 0;
  for (const piece of pieces) bodyBytes += piece.length;
  if (bodyBytes > MAX_BODY_BYTES) {
    throw new ScriptoriumError('TOO_LARGE', `a batch body of ${bodyBytes} bytes; the limit is ${MAX_BODY_BYTES}`);
  }
  const bytes = Buffer.allocUnsafe(BATCH_HEADER_BYTES + bodyBytes);
  let end = BATCH_HEADER_BYTES;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  sealBatch(bytes, new DataView(bytes.buffer, bytes.byteOffset), parts);
  const { kind, term, firstIndex, count, timestampMillis } = parts;
  const batch: Batch = { kind, term, firstIndex, count, timestampMillis, bytes };
  return kind === 'configuration' ? { ...batch, configuration: readLoggedConfiguration(batch) } : batch;
}

/** Makes `bytes`, whose body is in place, a batch: header and both checksums. `view` is of the same memory. */
function sealBatch(bytes: Uint8Array, view: DataView, header: BatchHeader): void {
  writeBatchHeader(view, 0, bytes.length, header);
  view.setUint32(BODY_CRC_OFFSET, crc32c(bytes, BATCH_HEADER_BYTES, bytes.length), true);
  view.setUint32(HEADER_CRC_OFFSET, crc32c(bytes, 0, HEADER_CRC_OFFSET), true);
}

/**
 * Writes the header of a batch of `byteLength` at `offset`, but for its two checksums. What does not fit its field is a
 * broken invariant and throws a RangeError.
 */
export function writeBatchHeader(
  view: DataView,
  offset: number,
  byteLength: number,
  { kind, group = 0, term, firstIndex, timestampMillis, count }: BatchHeader,
): void {
  view.setUint32(offset, MAGIC, true);
  view.setUint8(offset + 4, VERSION);
  view.setUint8(offset + 5, KINDS.indexOf(kind));
  view.setUint16(offset + 6, 0, true);
  setInteger(view, offset + 8, group);
  setInteger(view, offset + 16, term);
  setInteger(view, offset + 24, firstIndex);
  setInteger(view, offset + 32, timestampMillis);
  view.setUint32(offset + 40, count, true);
  view.setUint32(offset + 44, byteLength - BATCH_HEADER_BYTES, true);
}

function setInteger(view: DataView, offset: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not in 0..2^53`);
  view.setUint32(offset, value % TWO_32, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
}

/** The batch that opens a term (R11): one empty entry. */
export const encodeNoopBatch = (place: BatchPlace): Batch =>
  encodeBatch({ ...place, kind: 'noop', count: 1, body: EMPTY_ENTRY });

export const encodeConfigurationBatch = (place: BatchPlace, configuration: Configuration): Batch =>
  encodeBatch({ ...place, kind: 'configuration', count: 1, body: encodeEntry(encodeConfiguration(configuration)) });

/** The entry section of a batch, aliasing its bytes. */
export const batchBody = (batchBytes: Uint8Array): Uint8Array => batchBytes.subarray(BATCH_HEADER_BYTES);

/** Decodes and checks the batch at `offset`; the result aliases `bytes`. Throws BAD_BATCH. */
export function decodeBatch(bytes: Uint8Array, offset = 0): Batch {
  if (bytes.length - offset < BATCH_HEADER_BYTES) throw badBatch('it ends inside its header');
  const reader = new ByteReader(bytes.subarray(offset, offset + BATCH_HEADER_BYTES));
  if (reader.u32() !== MAGIC) throw badBatch('its magic is wrong');
  if (reader.u8() !== VERSION) throw badBatch('it is of another version');
  const kind = KINDS[reader.u8()];
  if (kind === undefined || reader.u16() !== 0) throw badBatch('its kind or flags are unknown');
  if (integer(reader) !== 0) throw badBatch('it is of a group this build does not serve');
  const term = integer(reader);
  const firstIndex = integer(reader);
  const timestampMillis = integer(reader);
  const count = reader.u32();
  const bodyBytes = reader.u32();
  const bodyCrc = reader.u32();
  if (crc32c(bytes, offset, offset + HEADER_CRC_OFFSET) !== reader.u32()) throw badBatch('its header is damaged');
  if (bodyBytes > MAX_BODY_BYTES) throw badBatch('it is beyond the size limit');
  const bodyStart = offset + BATCH_HEADER_BYTES;
  const end = bodyStart + bodyBytes;
  if (end > bytes.length) throw badBatch('it ends inside its body');
  if (crc32c(bytes, bodyStart, end) !== bodyCrc) throw badBatch('its body is damaged');
  const batch: Batch = { kind, term, firstIndex, count, timestampMillis, bytes: bytes.subarray(offset, end) };
  checkSense(batch);
  return kind === 'configuration' ? { ...batch, configuration: readLoggedConfiguration(batch) } : batch;
}

/**
 * Which entries the batch at `offset` has, for those who know from its storage that it is whole and undamaged; throws
 * BAD_BATCH where no batch begins.
 */
export function readBatchPlace(bytes: Uint8Array, offset: number): Pick<BatchHeader, 'firstIndex' | 'count'> {
  if (bytes.length - offset < BATCH_HEADER_BYTES) throw badBatch('it ends inside its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, BATCH_HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC) throw badBatch('its magic is wrong');
  return { firstIndex: view.getUint32(24, true) + view.getUint32(28, true) * TWO_32, count: view.getUint32(40, true) };
}

/** Decodes batches that stand one behind the other and fill `bytes` exactly; all alias it. Throws BAD_BATCH. */
export function decodeBatches(bytes: Uint8Array): Batch[] {
  const batches: Batch[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const batch = decodeBatch(bytes, offset);
    batches.push(batch);
    offset += batch.bytes.length;
  }
  return batches;
}

/** Checksums prove that nobody damaged the batch; this proves that it can be one (N05, N20). */
function checkSense(batch: Batch): void {
  if (batch.term === 0 || batch.firstIndex === 0) throw badBatch('its term or first index is 0');
  if (batch.count === 0 || batch.firstIndex > MAX_INTEGER - batch.count) throw badBatch('its count is absurd');
  if (countEntries(batchBody(batch.bytes)) !== batch.count) throw badBatch('its entries are not what it counts');
  if (batch.kind !== 'command' && batch.count !== 1) throw badBatch('its kind holds exactly one entry');
  if (batch.kind === 'noop' && batch.bytes.length !== BATCH_HEADER_BYTES + ENTRY_HEADER_BYTES) {
    throw badBatch('a no-op that says something');
  }
}

function readLoggedConfiguration(batch: Batch): Configuration {
  const entry = batchBody(batch.bytes).subarray(ENTRY_HEADER_BYTES);
  return asBadBatch(() => decodeConfiguration(entry));
}

const integer = (reader: ByteReader): number => asBadBatch(() => reader.u64());

/** The shared readers throw BAD_FRAME; inside a batch it is the batch that is bad. */
function asBadBatch<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isScriptoriumError(error)) throw badBatch(error.message);
    throw error;
  }
}

const badBatch = (why: string): ScriptoriumError => new ScriptoriumError('BAD_BATCH', `bad batch: ${why}`);
