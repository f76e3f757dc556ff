/**
 * The envelope of every frame on a link: a 24-byte header, a head, and for some types whole batches behind it. The
 * checksum covers header and head; each batch carries its own, so no byte of a frame is trusted unchecked (N04) and a
 * batch is never checksummed again for being sent.
 *
 *    0 u32 CRC32C of bytes [4, headBytes)
 *    4 u32 headBytes, header included
 *    8 u8  type      9 u8 flags = 0     10 u16 reserved = 0
 *   12 u32 frameBytes, batches included
 *   16 u64 group = 0
 *   24 head, to headBytes; then batches, to frameBytes
 */
import { crc32c } from '../addon/addon.ts';
import { MAX_FRAME_BYTES } from '../core/limits.ts';
import { ByteReader, badFrame } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

export const FRAME_HEADER_BYTES = 24;
const HEAD_BYTES_OFFSET = 4;
const TYPE_OFFSET = 8;
const FRAME_BYTES_OFFSET = 12;

/** Numbers of all frame types; a number is never reused. */
export const FRAME_TYPES = {
  hello: 1,
  welcome: 2,
  refusal: 3,
  ping: 4,
  pong: 5,
  probe: 16,
  probeReply: 17,
  vote: 18,
  voteReply: 19,
  append: 20,
  appendReply: 21,
  read: 22,
  readReply: 23,
  fetch: 24,
  follow: 25,
  leaderNotice: 26,
  indexRequest: 27,
  indexReply: 28,
  configurationNotice: 29,
  takeOver: 30,
  transferVote: 31,
  leaderGone: 32,
  propose: 48,
  proposed: 49,
  query: 50,
  queryReply: 51,
  failure: 52,
  status: 53,
  statusReply: 54,
  changeMembers: 55,
  membersChanged: 56,
} as const;

/** A frame taken apart; `head` stands at the first byte after the header. */
export interface OpenFrame {
  readonly type: number;
  readonly head: ByteReader;
  /** Aliases the frame. */
  readonly batches: Uint8Array;
}

/** Starts a frame; `headCapacity` and `batchBytes` size the one allocation. */
export function startFrame(type: number, headCapacity: number, batchBytes = 0): ByteWriter {
  const writer = new ByteWriter(FRAME_HEADER_BYTES + headCapacity + batchBytes);
  writer.u32(0);
  writer.u32(0);
  writer.u8(type);
  writer.u8(0);
  writer.u16(0);
  writer.u32(0);
  writer.u64(0);
  return writer;
}

/** Ends the head: from here on exactly `batchBytes` of batches must be written. */
export function sealHead(writer: ByteWriter, batchBytes = 0): void {
  writer.patchU32(HEAD_BYTES_OFFSET, writer.length);
  writer.patchU32(FRAME_BYTES_OFFSET, writer.length + batchBytes);
  writer.patchU32(0, crc32c(writer.written(), HEAD_BYTES_OFFSET, writer.length));
}

/** A frame without batches is complete once its head is. */
export function finishFrame(writer: ByteWriter): Uint8Array {
  sealHead(writer);
  return writer.written();
}

/** The type a frame claims, before anything is checked; undefined when it is too short to have one. */
export const claimedType = (frame: Uint8Array): number | undefined => frame[TYPE_OFFSET];

export function openFrame(frame: Uint8Array): OpenFrame {
  if (frame.length < FRAME_HEADER_BYTES) throw badFrame('shorter than its header');
  if (frame.length > MAX_FRAME_BYTES) throw badFrame('longer than the limit');
  const header = new ByteReader(frame);
  const checksum = header.u32();
  const headBytes = header.u32();
  if (headBytes < FRAME_HEADER_BYTES || headBytes > frame.length) throw badFrame('its head length lies');
  if (crc32c(frame, HEAD_BYTES_OFFSET, headBytes) !== checksum) throw badFrame('its checksum does not match');
  const type = header.u8();
  if (header.u8() !== 0 || header.u16() !== 0) throw badFrame('reserved bits are set');
  if (header.u32() !== frame.length) throw badFrame('not as long as it says');
  if (header.u64() !== 0) throw badFrame('a group this build does not serve');
  return {
    type,
    head: new ByteReader(frame.subarray(0, headBytes), FRAME_HEADER_BYTES),
    batches: frame.subarray(headBytes),
  };
}
