/**
 * How commands stand in log entries, and queries and answers in reads. All integers little-endian; `words` is
 * `u32 count × (u32 length, bytes)`. Decoding throws on bytes that are none of these: whoever proposes to the log directly
 * gets that as the command's result.
 *
 * entry:  u8 kind, then — tick: nothing · command: words · transaction: u32 watches × (u32 length, key, f64 version),
 *         u32 commands × words
 * query:  u8 kind, then — commands: f64 clock, u32 count × words · versions: words (the keys)
 * answer: commands: u8 clock behind, u32 answered, replies · versions: count × f64
 */

export const ENTRY = { tick: 0, command: 1, transaction: 2 } as const;
export const QUERY = { commands: 0, versions: 1 } as const;

export interface Watch {
  readonly key: Buffer;
  /** Version of the key when it was watched. */
  readonly version: number;
}

export const TICK: Uint8Array = Uint8Array.of(ENTRY.tick);

/** Bytes that words take in an entry or a query. */
export function sizeOfWords(words: readonly Uint8Array[]): number {
  let size = 4;
  for (const word of words) size += 4 + word.length;
  return size;
}

/** Bytes that a watched key takes in the entry of its transaction. */
export const sizeOfWatch = (key: Uint8Array): number => 4 + key.length + 8;

export function encodeCommand(words: readonly Uint8Array[]): Buffer {
  const writer = new Writer(1 + sizeOfWords(words));
  writer.byte(ENTRY.command);
  writer.words(words);
  return writer.bytes;
}

export function encodeTransaction(watches: readonly Watch[], commands: readonly (readonly Uint8Array[])[]): Buffer {
  let size = 1 + 4 + 4;
  for (const { key } of watches) size += sizeOfWatch(key);
  for (const words of commands) size += sizeOfWords(words);
  const writer = new Writer(size);
  writer.byte(ENTRY.transaction);
  writer.count(watches.length);
  for (const { key, version } of watches) {
    writer.word(key);
    writer.float(version);
  }
  writer.count(commands.length);
  for (const words of commands) writer.words(words);
  return writer.bytes;
}

/** `clock` is the reader's wall clock in milliseconds, 0 to answer by logged time alone. */
export function encodeQuery(clock: number, commands: readonly (readonly Uint8Array[])[]): Buffer {
  let size = 1 + 8 + 4;
  for (const words of commands) size += sizeOfWords(words);
  const writer = new Writer(size);
  writer.byte(QUERY.commands);
  writer.float(clock);
  writer.count(commands.length);
  for (const words of commands) writer.words(words);
  return writer.bytes;
}

export function encodeVersionsQuery(keys: readonly Uint8Array[]): Buffer {
  const writer = new Writer(1 + sizeOfWords(keys));
  writer.byte(QUERY.versions);
  writer.words(keys);
  return writer.bytes;
}

export interface Answer {
  /** The command after the answered ones met a key that is gone by the reader's clock and not by logged time. */
  readonly clockBehind: boolean;
  /** How many of the commands, from the first on, `replies` answers. */
  readonly answered: number;
  readonly replies: Uint8Array;
}

export function encodeAnswer(clockBehind: boolean, answered: number, replies: string): Buffer {
  const bytes = Buffer.allocUnsafe(5 + replies.length);
  bytes[0] = clockBehind ? 1 : 0;
  bytes.writeUInt32LE(answered, 1);
  bytes.write(replies, 5, 'latin1');
  return bytes;
}

export function decodeAnswer(answer: Uint8Array): Answer {
  const reader = new WordReader(answer);
  return { clockBehind: reader.byte() === 1, answered: reader.count(), replies: answer.subarray(5) };
}

export function encodeVersions(versions: readonly number[]): Buffer {
  const writer = new Writer(8 * versions.length);
  for (const version of versions) writer.float(version);
  return writer.bytes;
}

export function decodeVersions(answer: Uint8Array, count: number): number[] {
  const reader = new WordReader(answer);
  return Array.from({ length: count }, () => reader.float());
}

class Writer {
  readonly bytes: Buffer;
  #offset = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  byte(value: number): void {
    this.#offset = this.bytes.writeUInt8(value, this.#offset);
  }

  count(value: number): void {
    this.#offset = this.bytes.writeUInt32LE(value, this.#offset);
  }

  float(value: number): void {
    this.#offset = this.bytes.writeDoubleLE(value, this.#offset);
  }

  word(word: Uint8Array): void {
    this.count(word.length);
    this.bytes.set(word, this.#offset);
    this.#offset += word.length;
  }

  words(words: readonly Uint8Array[]): void {
    this.count(words.length);
    for (const word of words) this.word(word);
  }
}

/** Reads entries and queries; words come out as byte strings. Never reads or allocates beyond the bytes that are there. */
export class WordReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    this.#need(1);
    return this.#bytes[this.#offset++] as number;
  }

  count(): number {
    this.#need(4);
    const value = this.#bytes.readUInt32LE(this.#offset);
    this.#offset += 4;
    return value;
  }

  float(): number {
    this.#need(8);
    const value = this.#bytes.readDoubleLE(this.#offset);
    this.#offset += 8;
    return value;
  }

  word(): string {
    const length = this.count();
    this.#need(length);
    const start = this.#offset;
    this.#offset += length;
    return this.#bytes.toString('latin1', start, this.#offset);
  }

  words(): string[] {
    return this.list(() => this.word());
  }

  /** A count and that many items; each item takes at least four bytes. */
  list<T>(item: () => T): T[] {
    const count = this.count();
    this.#need(4 * count);
    const items: T[] = [];
    for (let read = 0; read < count; read++) items.push(item());
    return items;
  }

  end(): void {
    if (this.#offset !== this.#bytes.length) throw new Error('bytes after the end of the command');
  }

  #need(length: number): void {
    if (this.#offset + length > this.#bytes.length) throw new Error('the command ends too early');
  }
}
