/**
 * Splits a client's bytes into requests: arrays of bulk strings, or lines typed by hand. Keeps nothing but what has arrived:
 * a declared length is checked against its limit and is never allocated for (N01, N05). Libraries for this protocol parse
 * replies of a server one trusts: they make room for `*33000000` at once, and recurse as deep as arrays are nested.
 */
import { MAX_INLINE_BYTES, MAX_REQUEST_BYTES, MAX_VALUE_BYTES, MAX_WORDS } from './limits.ts';

/** The bytes are no request; `message` is Redis' wording, and the connection cannot go on. */
export class ProtocolError extends Error {}

const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;
/** Digits of a length line, its type and its end included. */
const MAX_LENGTH_LINE = 32;

const EMPTY: Buffer = Buffer.alloc(0);

export class RequestParser {
  #bytes = EMPTY;
  #offset = 0;
  /** Chunks that came while a long word is awaited, and how many bytes have to be there before a look is worth it. */
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #needed = 0;
  /** Words still to come of the request being read, and those that are there. */
  #missing = 0;
  #words: Buffer[] = [];
  #wordBytes = 0;

  /** Calls `request` with the words of each request that is complete; throws ProtocolError after the good ones. */
  push(chunk: Buffer, request: (words: Buffer[]) => void): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
    if (this.#chunkBytes < this.#needed) return;
    this.#bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#offset = 0;
    this.#needed = 0;
    while (this.#step(request));
    const rest = this.#bytes.subarray(this.#offset);
    this.#bytes = EMPTY;
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#chunkBytes = rest.length;
  }

  /** Reads one element; false when more bytes are needed. */
  #step(request: (words: Buffer[]) => void): boolean {
    if (this.#offset >= this.#bytes.length) return false;
    if (this.#missing > 0) {
      if (!this.#readWord()) return false;
    } else if (this.#bytes[this.#offset] === 0x2a) {
      if (!this.#readCount()) return false;
    } else {
      const line = this.#readLine(MAX_INLINE_BYTES, 'too big inline request');
      if (line === null) return false;
      this.#words = splitLine(line.toString('latin1'));
    }
    if (this.#missing > 0) return true;
    const words = this.#words;
    this.#words = [];
    this.#wordBytes = 0;
    if (words.length > 0) request(words);
    return true;
  }

  #readCount(): boolean {
    const line = this.#readLine(MAX_LENGTH_LINE, 'too big mbulk count string');
    if (line === null) return false;
    const count = lengthIn(line, MAX_WORDS);
    if (count === null) throw new ProtocolError('invalid multibulk length');
    this.#missing = Math.max(0, count);
    return true;
  }

  #readWord(): boolean {
    const start = this.#offset;
    const type = this.#bytes[start] as number;
    if (type !== 0x24) throw new ProtocolError(`expected '$', got '${String.fromCharCode(type)}'`);
    const line = this.#readLine(MAX_LENGTH_LINE, 'too big bulk count string');
    if (line === null) return false;
    const length = lengthIn(line, MAX_VALUE_BYTES);
    if (length === null || length < 0) throw new ProtocolError('invalid bulk length');
    if (this.#wordBytes + length > MAX_REQUEST_BYTES) throw new ProtocolError('too big request');
    const end = this.#offset + length;
    if (end + 2 > this.#bytes.length) {
      this.#needed = end + 2 - start;
      this.#offset = start;
      return false;
    }
    if (this.#bytes[end] !== CARRIAGE_RETURN || this.#bytes[end + 1] !== LINE_FEED)
      throw new ProtocolError('expected CRLF after a bulk string');
    this.#words.push(this.#bytes.subarray(this.#offset, end));
    this.#wordBytes += length + 16; // an empty word costs memory, too
    this.#missing--;
    this.#offset = end + 2;
    return true;
  }

  /** The bytes up to a line's end, which is passed; null when it has not come yet. */
  #readLine(limit: number, tooLong: string): Buffer | null {
    const end = this.#bytes.indexOf(LINE_FEED, this.#offset);
    if ((end < 0 ? this.#bytes.length : end) - this.#offset > limit) throw new ProtocolError(tooLong);
    if (end < 0) return null;
    const hasReturn = end > this.#offset && this.#bytes[end - 1] === CARRIAGE_RETURN;
    const line = this.#bytes.subarray(this.#offset, hasReturn ? end - 1 : end);
    this.#offset = end + 1;
    return line;
  }
}

/** The integer after a type byte; null when it is none or above `limit`. A negative one is an empty or absent thing. */
function lengthIn(line: Buffer, limit: number): number | null {
  const text = line.toString('latin1', 1);
  if (!/^-?[0-9]{1,10}$/.test(text)) return null;
  const length = Number(text);
  return length > limit ? null : length;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

/** Words of a line: parted by blanks, quoted with `"…"` (escapes `\n`, `\xHH`…) or `'…'`. */
function splitLine(line: string): Buffer[] {
  const words: Buffer[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']+))(?=\s|$)/sy;
  const text = line.trimEnd();
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) throw new ProtocolError('unbalanced quotes in request');
    const [, doubled, single, bare] = match;
    const word = doubled !== undefined ? unquote(doubled) : (single?.replaceAll("\\'", "'") ?? bare ?? '');
    words.push(Buffer.from(word, 'latin1'));
  }
  return words;
}

const unquote = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, character: string) =>
    hex === undefined ? (ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
