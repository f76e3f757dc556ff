/**
 * Reads little-endian fields out of bytes a peer sent. Every read is bounded by the bytes that are really there, nothing
 * is allocated by a length that was merely claimed, and whatever does not fit throws BAD_FRAME.
 */
import { ScriptoriumError } from '../errors.ts';

const TWO_32 = 2 ** 32;
const MAX_HIGH_WORD = 2 ** 21;

export const badFrame = (why: string): ScriptoriumError => new ScriptoriumError('BAD_FRAME', `bad frame: ${why}`);

export class ByteReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #offset: number;

  /** Reads `[start, bytes.length)`; what is returned by `raw` and `rest` aliases `bytes`. */
  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = start;
  }

  /** Where the next read starts. */
  get offset(): number {
    return this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A u64 that must be below 2^53 (N20). */
  u64(): number {
    const offset = this.#advance(8);
    const high = this.#view.getUint32(offset + 4, true);
    if (high >= MAX_HIGH_WORD) throw badFrame('an integer of 2^53 or more');
    return high * TWO_32 + this.#view.getUint32(offset, true);
  }

  /** A byte that must be 0 or 1. */
  flag(): boolean {
    const value = this.u8();
    if (value > 1) throw badFrame('a flag that is neither 0 nor 1');
    return value === 1;
  }

  /** 16 bytes as 32 hex digits. */
  hex128(): string {
    const offset = this.#advance(16);
    return this.#bytes.toString('hex', offset, offset + 16);
  }

  /** UTF-8 behind a u16 length, for people: control characters cannot reach a log or a terminal (N21). */
  prose(maxBytes: number): string {
    const length = this.u16();
    if (length > maxBytes) throw badFrame('a text beyond its limit');
    const offset = this.#advance(length);
    return this.#bytes.toString('utf8', offset, offset + length).replaceAll(/\p{Cc}/gu, ' ');
  }

  /** Text behind a u8 length that must match `pattern`, which must allow ASCII only. */
  ascii(pattern: RegExp): string {
    const length = this.u8();
    const offset = this.#advance(length);
    const text = this.#bytes.toString('latin1', offset, offset + length);
    if (!pattern.test(text)) throw badFrame('a name with characters or a length that is not allowed');
    return text;
  }

  raw(length: number): Uint8Array {
    const offset = this.#advance(length);
    return this.#bytes.subarray(offset, offset + length);
  }

  /** Everything not read yet. */
  rest(): Uint8Array {
    return this.raw(this.#bytes.length - this.#offset);
  }

  /** Nothing may be left. */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw badFrame('bytes left over');
  }

  #advance(count: number): number {
    const offset = this.#offset;
    if (count > this.#bytes.length - offset) throw badFrame('it ends too early');
    this.#offset = offset + count;
    return offset;
  }
}
