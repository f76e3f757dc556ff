/**
 * The entry section: `count × (u32 length, bytes)`, little-endian. A client sends it, a batch's body is one, so an entry
 * is encoded once in its life, where it is proposed. A section is only ever walked by its real length.
 */
import { MAX_ENTRY_BYTES } from '../core/limits.ts';
import { ScriptoriumError } from '../errors.ts';

export const ENTRY_HEADER_BYTES = 4;

/** Collects entries into a section that grows as needed and is handed out without another copy. */
export class EntryWriter {
  readonly #initialBytes: number;
  #bytes: Buffer;
  #length = 0;
  #count = 0;

  /** `initialBytes`: size of a fresh section's buffer, at least 4. */
  constructor(initialBytes = 4096) {
    this.#initialBytes = initialBytes;
    this.#bytes = Buffer.allocUnsafe(initialBytes);
  }

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#length;
  }

  /** Copies one entry in; TOO_LARGE beyond MAX_ENTRY_BYTES. */
  append(entry: Uint8Array): void {
    if (entry.length > MAX_ENTRY_BYTES) {
      throw new ScriptoriumError('TOO_LARGE', `a command of ${entry.length} bytes; the limit is ${MAX_ENTRY_BYTES}`);
    }
    const start = this.#reserve(ENTRY_HEADER_BYTES + entry.length);
    this.#bytes.writeUInt32LE(entry.length, start);
    this.#bytes.set(entry, start + ENTRY_HEADER_BYTES);
    this.#count += 1;
  }

  /** Copies a whole section in, of which `countEntries` said that it has `count` entries. */
  appendSection(section: Uint8Array, count: number): void {
    const start = this.#reserve(section.length);
    this.#bytes.set(section, start);
    this.#count += count;
  }

  /** Hands out what was collected and starts an empty section in other memory. */
  take(): { readonly count: number; readonly section: Uint8Array } {
    const taken = { count: this.#count, section: this.#bytes.subarray(0, this.#length) };
    this.#bytes = Buffer.allocUnsafe(this.#initialBytes);
    this.#length = 0;
    this.#count = 0;
    return taken;
  }

  /** Makes room and returns where it starts. */
  #reserve(length: number): number {
    const start = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) this.#grow(this.#length, start);
    return start;
  }

  #grow(needed: number, used: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, used));
    this.#bytes = grown;
  }
}

/** A section of one entry. */
export function encodeEntry(entry: Uint8Array): Uint8Array {
  const writer = new EntryWriter(ENTRY_HEADER_BYTES + entry.length);
  writer.append(entry);
  return writer.take().section;
}

/**
 * Number of entries in a section, or -1 when it is not one: a length that leads past its end or beyond MAX_ENTRY_BYTES
 * (N05).
 */
export function countEntries(section: Uint8Array): number {
  let offset = 0;
  let count = 0;
  while (offset < section.length) {
    const length = entryLength(section, offset);
    if (length < 0) return -1;
    offset += ENTRY_HEADER_BYTES + length;
    count += 1;
  }
  return count;
}

/** The entries of a section in order, each aliasing it; throws BAD_BATCH where the section is not one. */
export function* iterateEntries(section: Uint8Array): Generator<Uint8Array, void, undefined> {
  let offset = 0;
  while (offset < section.length) {
    const length = entryLength(section, offset);
    if (length < 0) throw new ScriptoriumError('BAD_BATCH', 'an entry leads past the end of its section');
    const start = offset + ENTRY_HEADER_BYTES;
    offset = start + length;
    yield section.subarray(start, offset);
  }
}

/** Length of the entry whose header stands at `offset`, or -1 when it is none, or leads past the end of the section. */
export function entryLength(section: Uint8Array, offset: number): number {
  if (section.length - offset < ENTRY_HEADER_BYTES) return -1;
  const length =
    (section[offset]! | (section[offset + 1]! << 8) | (section[offset + 2]! << 16) | (section[offset + 3]! << 24)) >>>
    0;
  return length > MAX_ENTRY_BYTES || length > section.length - offset - ENTRY_HEADER_BYTES ? -1 : length;
}
