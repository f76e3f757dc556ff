/**
 * One link from a client to one worker: the handshake, requests by number, and their answers. When the link ends, every
 * request that was sent has an unknown outcome (CONNECTION_LOST); it never says "not executed" of something that left.
 */
import { MAX_FRAME_BYTES } from '../core/limits.ts';
import { isScriptoriumError, ScriptoriumError } from '../errors.ts';
import { systemClock } from '../runtime/clock.ts';
import { CLOSE_NORMAL, CLOSE_POLICY, CLOSE_PROTOCOL_ERROR } from '../transport/close-codes.ts';
import type { Link, LinkHandlers, Transport } from '../transport/transport.ts';
import { type ClientReply, decodeReply, type Failure } from '../wire/client-protocol.ts';
import { acceptAnswer, decodeHandshake, encodeHandshake, hello, type LinkIdentity } from '../wire/handshake.ts';
import { livenessOf, PING } from '../wire/liveness.ts';

/** What a client may have queued towards one worker; more is refused, and sent when there is room. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
/** Beyond this the link would end; it is never reached. */
const MAX_OUTBOX_BYTES = MAX_QUEUED_BYTES + MAX_FRAME_BYTES;

/**
 * A worker that owes an answer and says nothing, not even to a ping, is given up: paused or cut off, it must not hold its
 * callers until their deadlines while another leads. Counted in sweeps, so that our own pause is not taken for its silence.
 */
const SWEEP_MILLIS = 100;
const GIVES_UP_SWEEPS = 4;

export type Answer = Exclude<ClientReply, Failure>;

export interface ConnectionOptions {
  readonly transport: Transport;
  readonly address: string;
  readonly clusterId: string;
  readonly identity: LinkIdentity;
}

interface Waiting {
  resolve(reply: ClientReply): void;
  reject(error: ScriptoriumError): void;
}

export class Connection {
  readonly address: string;
  readonly #link: Link;
  readonly #waiting = new Map<number, Waiting>();
  /** Who waits for any sign of life. */
  readonly #listening = new Set<{ resolve(): void; reject(error: ScriptoriumError): void }>();
  #nextRequest = 1;
  #closed: ScriptoriumError | null = null;
  #onClosed: () => void = () => {};
  #closeWhenIdle = false;
  #silentSweeps = 0;
  #cancelSweep: (() => void) | null = null;

  private constructor(address: string, link: Link) {
    this.address = address;
    this.#link = link;
  }

  /** Rejects with UNREACHABLE, or with the reason the worker refused for. Aborting gives up; what is open by then stays. */
  static open(options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const greeting = hello(options.clusterId, options.identity);
      const unreachable = (why: string) => new ScriptoriumError('UNREACHABLE', `${options.address}: ${why}`);
      const giveUp = (): void => {
        stop();
        reject(unreachable('no answer in time'));
      };
      const stop = options.transport.dial({
        address: options.address,
        maxFrameBytes: MAX_FRAME_BYTES,
        maxOutboxBytes: MAX_OUTBOX_BYTES,
        opened: (link): LinkHandlers => {
          let connection: Connection | null = null;
          link.send(encodeHandshake(greeting));
          return {
            message: (frame) => {
              try {
                if (connection !== null) connection.#receive(frame);
                else {
                  acceptAnswer(greeting, decodeHandshake(frame));
                  connection = new Connection(options.address, link);
                  signal.removeEventListener('abort', giveUp);
                  resolve(connection);
                }
              } catch (error) {
                reject(error);
                link.close(CLOSE_PROTOCOL_ERROR, isScriptoriumError(error) ? error.message : 'malformed answer');
              }
            },
            closed: (code, reason) => {
              reject(unreachable(`the link closed (${code} ${reason}) before the handshake was over`));
              if (connection !== null) connection.#fail(`the link to ${options.address} closed (${code} ${reason})`);
            },
          };
        },
        failed: (reason) => reject(unreachable(reason)),
      });
      signal.addEventListener('abort', giveUp);
    });
  }

  /** Send one request; `encode` is given its number. Resolves with any answer, a failure included; rejects CONNECTION_LOST. */
  request(encode: (request: number) => Uint8Array): Promise<ClientReply> {
    if (this.#closed !== null) return Promise.reject(new ScriptoriumError('UNREACHABLE', this.#closed.message));
    const request = this.#nextRequest++;
    const frame = encode(request);
    if (this.#link.outboxBytes + frame.length > MAX_QUEUED_BYTES) {
      const queued = `${this.#link.outboxBytes} bytes are queued to ${this.address}, the bound is ${MAX_QUEUED_BYTES}`;
      return Promise.reject(new ScriptoriumError('OVERLOADED', queued));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
      this.#cancelSweep ??= systemClock.setTimer(SWEEP_MILLIS, () => this.#sweep());
      // A frame that was not queued was not sent: the link is closing, and `closed` will follow.
      if (!this.#link.send(frame) && this.#waiting.delete(request)) {
        reject(new ScriptoriumError('UNREACHABLE', `the link to ${this.address} is closing`));
      }
    });
  }

  get isOpen(): boolean {
    return this.#closed === null;
  }

  /** Resolves when the other end has said something from now on; rejects when the link ends before. Aborting gives up. */
  answers(signal: AbortSignal): Promise<void> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      const heard = { resolve, reject };
      this.#listening.add(heard);
      signal.addEventListener('abort', () => {
        this.#listening.delete(heard);
        reject(new ScriptoriumError('UNREACHABLE', `${this.address}: no answer in time`));
      });
      this.#link.send(PING);
    });
  }

  onClosed(callback: () => void): void {
    this.#onClosed = callback;
    if (this.#closed !== null) callback();
  }

  /** Close once everything asked has been answered. */
  closeWhenIdle(): void {
    this.#closeWhenIdle = true;
    if (this.#waiting.size === 0) this.close();
  }

  close(): void {
    this.#link.close(CLOSE_NORMAL, 'bye');
    this.#fail('the client was closed');
  }

  #receive(frame: Uint8Array): void {
    this.#silentSweeps = 0;
    for (const heard of this.#listening) heard.resolve();
    this.#listening.clear();
    if (livenessOf(frame) !== undefined) return;
    const reply = decodeReply(new Uint8Array(frame)); // answers outlive the frame
    const waiting = this.#waiting.get(reply.request);
    this.#waiting.delete(reply.request);
    waiting?.resolve(reply);
    if (this.#closeWhenIdle && this.#waiting.size === 0) this.close();
  }

  #sweep(): void {
    this.#cancelSweep = null;
    if (this.#waiting.size === 0) return;
    this.#silentSweeps++;
    if (this.#silentSweeps >= GIVES_UP_SWEEPS) {
      this.#link.close(CLOSE_POLICY, 'silent');
      this.#fail(`${this.address} is silent`);
      return;
    }
    this.#link.send(PING);
    this.#cancelSweep = systemClock.setTimer(SWEEP_MILLIS, () => this.#sweep());
  }

  #fail(why: string): void {
    if (this.#closed !== null) return;
    this.#cancelSweep?.();
    this.#closed = new ScriptoriumError('CONNECTION_LOST', `${why}; what was sent may still take effect`);
    for (const { reject } of this.#waiting.values()) reject(this.#closed);
    this.#waiting.clear();
    for (const { reject } of this.#listening) reject(this.#closed);
    this.#listening.clear();
    this.#onClosed();
  }
}
