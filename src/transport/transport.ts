/**
 * One interface for every way bytes travel: framed binary messages over a reliable, ordered, bidirectional link. A link
 * can break at any moment and may lose what was sent (R15); `send` returning is never delivery. Nothing here knows the
 * protocol.
 */

export interface Link {
  /**
   * Queue one frame. False: not queued, because the link is closing or its outbox is over `maxOutboxBytes` (the link is
   * then closed: a gap is never hidden). The bytes must not be changed afterwards.
   */
  send(frame: Uint8Array): boolean;
  /** Bytes queued and not yet handed to the operating system. */
  readonly outboxBytes: number;
  /** Address of the other side as the operating system knows it, for logs only. */
  readonly remote: string;
  /**
   * Close after what is queued; idempotent. `reason` is at most 120 bytes. No message is delivered after this, and neither
   * this nor `send` calls `closed` before it returns.
   */
  close(code: number, reason: string): void;
}

export interface LinkHandlers {
  /** A whole binary frame. The bytes are valid only until this returns. Must not throw. */
  message(frame: Uint8Array): void;
  /** Called exactly once, last. */
  closed(code: number, reason: string): void;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Larger frames close the link with 1009 before they are buffered. */
  readonly maxFrameBytes: number;
  readonly maxOutboxBytes: number;
  /** A new link: return its handlers. */
  accept(link: Link): LinkHandlers;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stop listening and close every link. */
  close(): Promise<void>;
}

export interface DialOptions {
  /** `host:port`. */
  readonly address: string;
  readonly maxFrameBytes: number;
  readonly maxOutboxBytes: number;
  /** Called once when the link is up, before any message; returns its handlers. */
  opened(link: Link): LinkHandlers;
  /** Called instead of `opened` when the connection could not be made. */
  failed(reason: string): void;
}

export interface Transport {
  /** Which implementation serves: shown in status, metrics and benchmark reports. */
  readonly name: 'uws' | 'ws' | 'memory';
  /** Rejects with PORT_IN_USE or BAD_OPTION. */
  listen(options: ListenOptions): Promise<Listener>;
  /** Returns a function that gives up dialling, or closes the link. */
  dial(options: DialOptions): () => void;
}
