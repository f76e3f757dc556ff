/**
 * One link to a peer after the handshake: turns frames into messages, refuses what this peer may not say (N08), and finds
 * out when the far end is silent. Whatever a peer sends ends at worst in this link being closed.
 */
import type { Peer } from '../core/effects.ts';
import type { Message, PeerKey } from '../core/messages.ts';
import { isScriptoriumError, ScriptoriumError } from '../errors.ts';
import { CLOSE_POLICY, CLOSE_PROTOCOL_ERROR } from '../transport/close-codes.ts';
import type { Link, LinkHandlers } from '../transport/transport.ts';
import { livenessOf, PING, PONG } from '../wire/liveness.ts';
import { decodeMessage, framesBatches } from '../wire/message.ts';
import { kindsBetween, type PeerRole } from './peer-kinds.ts';
import type { WantedAddress } from './wanted-address.ts';

/** Silence is counted in sweeps, not in time: a process that was paused does not take its own absence for its peers'. */
export const SWEEP_MILLIS = 500;
const PING_AFTER_SWEEPS = 2;
const FRESH_SWEEPS = 2;
const DIALLER_GIVES_UP_SWEEPS = 8;
const ACCEPTOR_GIVES_UP_SWEEPS = 16;

export interface PeerLinkOptions {
  readonly key: PeerKey;
  readonly peer: Peer;
  readonly link: Link;
  /** What this node is. */
  readonly ownRole: PeerRole;
  /** The address this side dialled for it; null when the peer dialled. */
  readonly wanted: WantedAddress | null;
  readonly copyFrames: boolean;
  message(from: PeerLink, message: Message): void;
  /** The peer broke the protocol; the link is being closed. */
  violated(from: PeerLink, error: ScriptoriumError): void;
  /** Called once, when the link is of no use any more. */
  ended(from: PeerLink, code: number, reason: string): void;
}

export class PeerLink implements LinkHandlers {
  readonly key: PeerKey;
  readonly peer: Peer;
  readonly link: Link;
  readonly wanted: WantedAddress | null;
  readonly #options: PeerLinkOptions;
  readonly #allowed: ReadonlySet<Message['kind']>;
  #silentSweeps = 0;
  #sweeps = 0;
  #ended = false;

  constructor(options: PeerLinkOptions) {
    this.key = options.key;
    this.peer = options.peer;
    this.link = options.link;
    this.wanted = options.wanted;
    this.#options = options;
    this.#allowed = kindsBetween(options.peer.role, options.ownRole);
  }

  message(frame: Uint8Array): void {
    if (this.#ended) return;
    this.#silentSweeps = 0;
    const liveness = livenessOf(frame);
    if (liveness !== undefined) {
      if (liveness === 'ping') this.link.send(PONG);
      return;
    }
    let message: Message;
    try {
      message = this.#decode(frame);
    } catch (error) {
      if (!isScriptoriumError(error)) throw error;
      this.#options.violated(this, error);
      this.close(CLOSE_PROTOCOL_ERROR, error.message);
      return;
    }
    this.#options.message(this, message);
  }

  closed(code: number, reason: string): void {
    this.#end(code, reason);
  }

  /** Made so recently that the peer may have made another one at the same time, unaware of it. */
  get isFresh(): boolean {
    return this.#sweeps < FRESH_SWEEPS;
  }

  /** Closes the link and reports its end at once: the other side's goodbye is not waited for. */
  close(code: number, reason: string): void {
    this.link.close(code, reason);
    this.#end(code, reason);
  }

  /** Called every SWEEP_MILLIS. */
  sweep(): void {
    this.#sweeps += 1;
    this.#silentSweeps += 1;
    const dialled = this.wanted !== null;
    if (dialled && this.#silentSweeps >= PING_AFTER_SWEEPS) this.link.send(PING);
    const limit = dialled ? DIALLER_GIVES_UP_SWEEPS : ACCEPTOR_GIVES_UP_SWEEPS;
    if (this.#silentSweeps >= limit) this.close(CLOSE_POLICY, 'silent');
  }

  #decode(frame: Uint8Array): Message {
    const message = decodeMessage(this.#options.copyFrames && framesBatches(frame) ? Buffer.from(frame) : frame);
    if (this.#allowed.has(message.kind)) return message;
    throw new ScriptoriumError('BAD_FRAME', `a ${this.peer.role} does not say ${message.kind} here`);
  }

  #end(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.ended(this, code, reason);
  }
}
