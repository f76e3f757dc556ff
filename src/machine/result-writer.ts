/**
 * Collects results of commands, or answers to queries, as a results section: `count × (u8 failed, u32 length, bytes)`,
 * little-endian. Bytes are copied in at once, so a state machine may use its memory again. What a state machine returns or
 * throws is checked here (M11): nothing it does can produce a section that does not decode, or one without bound. A failed result
 * without a text is one that was dropped, for want of room.
 */
import { types } from 'node:util';
import { MAX_RESULT_BYTES } from '../core/limits.ts';

const INITIAL_BYTES = 64 * 1024;
/** Scratch memory larger than this is given back after a run. */
const KEPT_BYTES = 1024 * 1024;
const HEADER_BYTES = 5;
const MAX_ERROR_CHARACTERS = 1024;

export class ResultWriter {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;
  #room = Number.POSITIVE_INFINITY;

  get byteLength(): number {
    return this.#length;
  }

  /** Results from here on may take so many bytes together, apart from their headers; one that is too large is dropped. */
  allow(room: number): void {
    this.#room = room;
  }

  /** Forget all but the first `byteLength` bytes. */
  cut(byteLength: number): void {
    this.#length = byteLength;
  }

  /** Call the state machine and note what it returned or threw (R33). */
  record(call: () => unknown): void {
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      this.#fail(textOf(error));
      return;
    }
    this.#returned(result);
  }

  /** Hands out what was collected in memory of its own size, ready to be transferred. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = Buffer.allocUnsafeSlow(this.#length);
    this.#bytes.copy(taken, 0, 0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    return taken;
  }

  #returned(result: unknown): void {
    if (result === undefined) this.#write(0, EMPTY);
    else if (!types.isUint8Array(result)) this.#fail('the state machine returned something that is not a Uint8Array');
    else if (result.byteLength > MAX_RESULT_BYTES)
      this.#fail(`the state machine returned ${result.byteLength} bytes; the limit is ${MAX_RESULT_BYTES}`);
    else this.#write(0, result);
  }

  #fail(text: string): void {
    this.#write(
      1,
      Buffer.from(text.slice(0, MAX_ERROR_CHARACTERS) || 'the state machine threw an error without a text'),
    );
  }

  #write(failed: 0 | 1, bytes: Uint8Array): void {
    if (bytes.byteLength > this.#room) this.#append(1, EMPTY);
    else {
      this.#room -= bytes.byteLength;
      this.#append(failed, bytes);
    }
  }

  #append(failed: 0 | 1, bytes: Uint8Array): void {
    const length = bytes.byteLength;
    const start = this.#length + HEADER_BYTES;
    if (start + length > this.#bytes.length) this.#grow(start + length);
    this.#bytes[this.#length] = failed;
    this.#bytes.writeUInt32LE(length, this.#length + 1);
    this.#bytes.set(bytes, start);
    this.#length = start + length;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

const EMPTY = new Uint8Array(0);

/** The text of whatever was thrown, which may be anything. */
function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return 'the state machine threw a value without a text';
  }
}
