/**
 * Writes little-endian fields into one growing buffer. Everything written comes from this process, so a value that does
 * not fit its field is a broken invariant and throws a RangeError; it is never silently cut.
 */
const TWO_32 = 2 ** 32;

export class ByteWriter {
  #bytes: Buffer;
  #view: DataView;
  #length = 0;

  /** `capacity` in bytes: a hint; the exact size avoids a copy. */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(capacity);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const offset = this.#advance(1);
    this.#view.setUint8(offset, within(value, 0xff));
  }

  u16(value: number): void {
    const offset = this.#advance(2);
    this.#view.setUint16(offset, within(value, 0xffff), true);
  }

  u32(value: number): void {
    const offset = this.#advance(4);
    this.#view.setUint32(offset, within(value, 0xffff_ffff), true);
  }

  u64(value: number): void {
    within(value, Number.MAX_SAFE_INTEGER);
    const offset = this.#advance(8);
    this.#view.setUint32(offset, value % TWO_32, true);
    this.#view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
  }

  /** 32 hex digits as 16 bytes. */
  hex128(value: string): void {
    if (value.length !== 32) throw new RangeError('not 32 hex digits');
    const offset = this.#advance(16);
    if (this.#bytes.write(value, offset, 16, 'hex') !== 16) throw new RangeError('not 32 hex digits');
  }

  /** UTF-8 behind a u16 length; longer text is cut at a character, so only for words meant for people. */
  prose(value: string, maxBytes: number): void {
    const encoded = Buffer.from(value, 'utf8');
    let end = Math.min(encoded.length, maxBytes);
    while (end > 0 && end < encoded.length && (encoded[end]! & 0xc0) === 0x80) end -= 1;
    this.u16(end);
    this.raw(encoded.subarray(0, end));
  }

  /** ASCII behind a u8 length. */
  ascii(value: string): void {
    this.u8(value.length);
    const offset = this.#advance(value.length);
    if (this.#bytes.write(value, offset, value.length, 'latin1') !== value.length) throw new RangeError('not ASCII');
  }

  raw(bytes: Uint8Array): void {
    const offset = this.#advance(bytes.length);
    this.#bytes.set(bytes, offset);
  }

  /** Overwrites an earlier u32. */
  patchU32(offset: number, value: number): void {
    this.#view.setUint32(offset, within(value, 0xffff_ffff), true);
  }

  /** What was written so far, aliasing this writer's memory. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room, perhaps in other memory: to be called before the memory is looked at. */
  #advance(count: number): number {
    const offset = this.#length;
    const needed = offset + count;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#length = needed;
    return offset;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }
}

function within(value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`${value} is not in 0..${max}`);
  return value;
}
