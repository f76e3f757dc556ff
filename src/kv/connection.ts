/**
 * One client. Requests are answered in the order they came. Neighbouring writes are proposed together, neighbouring reads
 * asked together, and where writes and reads meet the later ones wait: a pipelined GET sees the SET before it and not the
 * one after it. Bounded: while too much is unanswered, or the client does not read, nothing more is taken from its socket.
 */
import type { Socket } from 'node:net';
import { MAX_REQUEST_BYTES } from './limits.ts';
import type { LogAccess } from './log-access.ts';
import { ProtocolError, RequestParser } from './request-parser.ts';
import * as resp from './resp.ts';
import { type Piece, Run } from './run.ts';
import type { Session, Step } from './session.ts';

/** Requests that wait, and bytes of them, above which the socket is left alone. */
const MAX_WAITING = 1024;
const MAX_WAITING_BYTES = 2 * MAX_REQUEST_BYTES;

export class Connection {
  readonly #socket: Socket;
  readonly #session: Session;
  readonly #log: LogAccess;
  readonly #parser = new RequestParser();
  readonly #waiting: (readonly Buffer[])[] = [];
  #waitingBytes = 0;
  /** A request that was interpreted and belongs to the next run. */
  #heldBack: Step | null = null;
  /** Nothing more is taken in: the client ended its side, or sent something that is no request. */
  #ended = false;
  #failure: ProtocolError | null = null;
  #serving = false;
  #closing = false;

  /** `onRequest` is called once per request. The socket allows half-open connections. */
  constructor(socket: Socket, session: Session, log: LogAccess, onRequest: () => void) {
    this.#socket = socket;
    this.#session = session;
    this.#log = log;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk, onRequest));
    socket.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on('drain', () => this.#wake());
    socket.on('error', () => {}); // 'close' follows
  }

  /** Finish what is being answered, then close. */
  close(): void {
    this.#closing = true;
    this.#wake();
  }

  #receive(chunk: Buffer, onRequest: () => void): void {
    if (this.#closing || this.#ended) return;
    try {
      this.#parser.push(chunk, (words) => {
        onRequest();
        this.#waiting.push(words);
        this.#waitingBytes += sizeOf(words);
      });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#failure = error;
      this.#ended = true;
    }
    if (this.#isFull()) this.#socket.pause();
    this.#wake();
  }

  #isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES;
  }

  #wake(): void {
    if (!this.#serving) void this.#serve();
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    while (!this.#closing && !this.#socket.destroyed && !this.#socket.writableNeedDrain) {
      const first = this.#next();
      if (first === null) break;
      if (first.kind === 'watch') this.#write([await this.#watch(first.keys)]);
      else await this.#serveRun(first);
    }
    this.#serving = false;
    if (this.#closing || (this.#ended && this.#waiting.length === 0 && this.#heldBack === null)) this.#end();
  }

  /** Interprets requests as far as they go together, carries them out and writes all their replies. */
  async #serveRun(first: Step): Promise<void> {
    const run = new Run();
    let quits = false;
    let step: Step | null = first;
    while (step !== null && !quits && run.take(step)) {
      quits = step.kind === 'reply' && step.closes === true;
      step = quits ? null : this.#next();
    }
    this.#heldBack = step;
    for await (const pieces of run.carryOut(this.#log)) {
      this.#write(pieces);
      if (this.#socket.writableNeedDrain) await this.#drained();
      if (this.#socket.destroyed) return;
    }
    if (quits) this.#closing = true;
  }

  /** The next request, interpreted. A session's state changes here, so this goes in the order of the requests. */
  #next(): Step | null {
    const held = this.#heldBack;
    this.#heldBack = null;
    if (held !== null) return held;
    const words = this.#waiting.shift();
    if (words === undefined) return null;
    this.#waitingBytes -= sizeOf(words);
    if (this.#socket.isPaused() && !this.#isFull()) this.#socket.resume();
    return this.#session.interpret(words);
  }

  async #watch(keys: readonly Buffer[]): Promise<string> {
    const versions = await this.#log.versions(keys);
    if (typeof versions === 'string') return versions;
    this.#session.watched(keys, versions);
    return resp.OK;
  }

  /** Resolves when the client has read its replies, or is gone. */
  #drained(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const over = (): void => {
        socket.off('drain', over);
        socket.off('close', over);
        resolve();
      };
      socket.on('drain', over);
      socket.on('close', over);
    });
  }

  #write(pieces: readonly Piece[]): void {
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece, 'latin1');
    this.#socket.uncork();
  }

  #end(): void {
    this.#closing = true;
    if (this.#failure !== null) this.#write([resp.error(`ERR Protocol error: ${this.#failure.message}`)]);
    this.#failure = null;
    this.#socket.resume(); // what still comes is dropped, so that the end of the client's side is seen
    this.#socket.destroySoon();
  }
}

function sizeOf(words: readonly Buffer[]): number {
  let size = 0;
  for (const word of words) size += word.length;
  return size;
}
