/**
 * The beginning of a link, on either side. Until the handshake is over nothing else is heard, and it has to be over in
 * HANDSHAKE_MILLIS (N11); what then becomes of the link is the caller's business. A side that refuses says why, typed, and
 * the reason reaches both logs.
 */
import { isScriptoriumError, ScriptoriumError } from '../errors.ts';
import { CLOSE_POLICY, CLOSE_PROTOCOL_ERROR } from '../transport/close-codes.ts';
import type { Link, LinkHandlers } from '../transport/transport.ts';
import {
  acceptAnswer,
  answerHello,
  decodeHandshake,
  encodeHandshake,
  type Hello,
  hello,
  type LinkIdentity,
  refusal,
} from '../wire/handshake.ts';
import type { Clock } from './clock.ts';

const HANDSHAKE_MILLIS = 5000;

/** What becomes of a link whose other side passed. */
export interface Admission {
  /** Take over from the handshake, `closed` included. */
  readonly handlers: LinkHandlers;
  /** Both sides know of each other: from here on frames may be sent. */
  begin(): void;
}

export interface HandshakeSide {
  readonly clock: Clock;
  readonly clusterId: string;
  readonly identity: LinkIdentity;
  /** The other side passed every check made here; throw a ScriptoriumError to refuse it after all. */
  admit(link: Link, other: Greeted): Admission;
  /** There is no link: one side refused, spoke nonsense, was too slow or went away. Called at most once, instead of `admit`. */
  refused(error: ScriptoriumError): void;
}

/** The other side as it introduced itself. */
export type Greeted = Pick<Hello, 'clusterId' | 'identity'>;

/** Handlers of a link somebody else dialled. */
export function acceptHandshake(link: Link, side: HandshakeSide): LinkHandlers {
  return new Handshake(link, side, (frame) => {
    const greeting = decodeHandshake(frame);
    if (greeting.kind !== 'hello') throw new ScriptoriumError('BAD_FRAME', 'the first frame is not a Hello');
    const answer = answerHello(greeting, side.clusterId, side.identity);
    try {
      if (answer.kind === 'refusal') throw new ScriptoriumError(answer.code, answer.message);
      const admission = side.admit(link, greeting);
      link.send(encodeHandshake(answer));
      return admission;
    } catch (error) {
      if (isScriptoriumError(error)) link.send(encodeHandshake(refusal(error.code, error.message)));
      throw error;
    }
  });
}

/** Handlers of a link this side dialled. */
export function dialHandshake(link: Link, side: HandshakeSide): LinkHandlers {
  const greeting = hello(side.clusterId, side.identity);
  link.send(encodeHandshake(greeting));
  return new Handshake(link, side, (frame) => side.admit(link, acceptAnswer(greeting, decodeHandshake(frame))));
}

class Handshake implements LinkHandlers {
  readonly #link: Link;
  readonly #side: HandshakeSide;
  readonly #first: (frame: Uint8Array) => Admission;
  readonly #cancelDeadline: () => void;
  #admitted: LinkHandlers | undefined;
  #refused = false;

  constructor(link: Link, side: HandshakeSide, first: (frame: Uint8Array) => Admission) {
    this.#link = link;
    this.#side = side;
    this.#first = first;
    this.#cancelDeadline = side.clock.setTimer(HANDSHAKE_MILLIS, () => {
      this.#refuse(new ScriptoriumError('HANDSHAKE_FAILED', `no handshake within ${HANDSHAKE_MILLIS} ms`));
    });
  }

  message(frame: Uint8Array): void {
    if (this.#admitted !== undefined) {
      this.#admitted.message(frame);
      return;
    }
    if (this.#refused) return;
    let admission: Admission;
    try {
      admission = this.#first(frame);
    } catch (error) {
      if (!isScriptoriumError(error)) throw error;
      this.#refuse(error);
      return;
    }
    this.#cancelDeadline();
    this.#admitted = admission.handlers;
    admission.begin();
  }

  closed(code: number, reason: string): void {
    this.#cancelDeadline();
    if (this.#admitted !== undefined) this.#admitted.closed(code, reason);
    else this.#tellRefused(new ScriptoriumError('HANDSHAKE_FAILED', `closed before the handshake: ${code} ${reason}`));
  }

  #refuse(error: ScriptoriumError): void {
    this.#cancelDeadline();
    const code = error.code === 'BAD_FRAME' ? CLOSE_PROTOCOL_ERROR : CLOSE_POLICY;
    this.#link.close(code, `${error.code}: ${error.message}`);
    this.#tellRefused(error);
  }

  #tellRefused(error: ScriptoriumError): void {
    if (this.#refused) return;
    this.#refused = true;
    this.#side.refused(error);
  }
}
