/** Forging frames: what a test changes inside a frame is checksummed again, so that only the check under test can object. */
import { crc32c } from '../../src/addon/addon.ts';
import { ByteReader } from '../../src/wire/byte-reader.ts';

/** A copy of a frame with bytes of its header or head replaced and the head's checksum made to match. */
export function forge(frame: Uint8Array, change: (bytes: Buffer) => void): Buffer {
  const forged = Buffer.from(frame);
  change(forged);
  return resealed(forged);
}

export function resealed(frame: Buffer): Buffer {
  const headBytes = Math.min(frame.readUInt32LE(4), frame.length);
  frame.writeUInt32LE(crc32c(frame, 4, Math.max(4, headBytes)), 0);
  return frame;
}

/** The same for a batch: both of its checksums are made to match. */
export function forgeBatch(batch: Uint8Array, change: (bytes: Buffer) => void): Buffer {
  const forged = Buffer.from(batch);
  change(forged);
  forged.writeUInt32LE(crc32c(forged, 56, forged.length), 48);
  forged.writeUInt32LE(crc32c(forged, 0, 52), 52);
  return forged;
}

/** Bytes where the head of a frame ends and its batches begin. */
export const headBytesOf = (frame: Uint8Array): number => new ByteReader(frame, 4).u32();

/** Every prefix of some bytes that is shorter than they are. */
export function* prefixes(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length += 1) yield bytes.subarray(0, length);
}

/** Every copy of some bytes in which one bit is wrong. */
export function* bitFlips(bytes: Uint8Array): Generator<{ readonly bytes: Buffer; readonly bit: number }> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield { bytes: flipped, bit };
  }
}
