/**
 * Dialling, and listening where uWebSockets.js does not load, with `ws`. Links are dialled with a mask of zeros: masking
 * protects proxies from scripts in browsers, and peers are neither; it lets a frame leave without being copied.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { ScriptoriumError } from '../errors.ts';
import { CLOSE_GOING_AWAY, CLOSE_TOO_BIG, CLOSE_TRY_LATER, CLOSE_UNSUPPORTED, closeReason } from './close-codes.ts';
import type { DialOptions, Link, LinkHandlers, Listener, ListenOptions } from './transport.ts';

/** Milliseconds for the WebSocket upgrade, and for the other side to answer a close. */
const UPGRADE_TIMEOUT_MILLIS = 5000;
const CLOSE_TIMEOUT_MILLIS = 1000;
/** Milliseconds of idleness before the kernel probes a silent connection (then every second, ten times). */
const KEEP_ALIVE_MILLIS = 5000;

/** Options of `ws` that its type package does not know yet. */
const CLOSING = { closeTimeout: CLOSE_TIMEOUT_MILLIS };

class WsLink implements Link {
  readonly remote: string;
  readonly #socket: WebSocket;
  readonly #maxOutboxBytes: number;
  #closing = false;
  #closeCode: number | undefined;

  constructor(socket: WebSocket, remote: string, maxOutboxBytes: number) {
    this.#socket = socket;
    this.#maxOutboxBytes = maxOutboxBytes;
    this.remote = remote;
  }

  get outboxBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Connects the events; called once, right after construction. */
  start(handlers: LinkHandlers): void {
    this.#socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (this.#closing) return;
      if (isBinary) handlers.message(data);
      else this.close(CLOSE_UNSUPPORTED, 'text frame');
    });
    this.#socket.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') this.#closeCode = CLOSE_TOO_BIG;
    });
    this.#socket.on('close', (code: number, reason: Buffer) => {
      this.#closing = true;
      handlers.closed(this.#closeCode ?? code, closeReason(reason.toString('utf8')));
    });
  }

  send(frame: Uint8Array): boolean {
    if (this.#closing || this.#socket.readyState !== WebSocket.OPEN) return false;
    if (this.#socket.bufferedAmount + frame.length > this.#maxOutboxBytes) {
      this.#breakOff();
      return false;
    }
    this.#socket.send(frame, ignoreFailure);
    return true;
  }

  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#closeCode = code;
    this.#socket.close(code, closeReason(reason));
  }

  /** The other side does not read: a gap would follow, so the link ends. */
  #breakOff(): void {
    this.#closing = true;
    this.#closeCode = CLOSE_TRY_LATER;
    queueMicrotask(() => this.#socket.terminate());
  }
}

/** A failed write ends in `close`; with a callback given, `ws` does not raise it elsewhere. */
function ignoreFailure(): void {}

export function dialWs(options: DialOptions): () => void {
  const socket = new WebSocket(`ws://${options.address}/`, {
    perMessageDeflate: false,
    maxPayload: options.maxFrameBytes,
    generateMask: (mask) => mask.fill(0),
    handshakeTimeout: UPGRADE_TIMEOUT_MILLIS,
    followRedirects: false,
    skipUTF8Validation: true,
    ...CLOSING,
  });
  let link: WsLink | undefined;
  let failure = 'closed';
  socket.once('upgrade', (response) => response.socket.setKeepAlive(true, KEEP_ALIVE_MILLIS));
  socket.once('open', () => {
    link = new WsLink(socket, options.address, options.maxOutboxBytes);
    link.start(options.opened(link));
  });
  socket.on('error', (error) => {
    failure = error.message;
  });
  socket.once('close', () => {
    if (link === undefined) options.failed(failure);
  });
  return () => {
    if (link === undefined) socket.terminate();
    else link.close(CLOSE_GOING_AWAY, 'closing');
  };
}

export async function listenWs(options: ListenOptions): Promise<Listener> {
  const serverOptions: ServerOptions = {
    noServer: true,
    perMessageDeflate: false,
    maxPayload: options.maxFrameBytes,
    skipUTF8Validation: true,
    ...CLOSING,
  };
  const sockets = new WebSocketServer(serverOptions);
  const http = createServer(
    {
      headersTimeout: UPGRADE_TIMEOUT_MILLIS,
      requestTimeout: UPGRADE_TIMEOUT_MILLIS,
      connectionsCheckingInterval: 1000,
    },
    (_request, response) => {
      response.writeHead(426, { connection: 'close' });
      response.end('this port speaks the Scriptorium protocol\n');
    },
  );
  http.on('upgrade', (request, socket, head) => {
    const refusal = refuseUpgrade(request);
    if (refusal !== undefined) return reject(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      request.socket.setKeepAlive(true, KEEP_ALIVE_MILLIS);
      const link = new WsLink(accepted, request.socket.remoteAddress ?? 'unknown', options.maxOutboxBytes);
      link.start(options.accept(link));
    });
  });
  await bind(http, options);
  return {
    host: options.host,
    port: (http.address() as AddressInfo).port,
    close: () => closeAll(http, sockets),
  };
}

/** Only browsers send an origin, and no page may speak to a cluster from inside one. */
function refuseUpgrade(request: IncomingMessage): string | undefined {
  if (request.headers.origin !== undefined) return '403 Forbidden';
  return request.url === '/' ? undefined : '426 Upgrade Required';
}

function reject(socket: Duplex, status: string): void {
  socket.on('error', ignoreFailure);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function bind(http: Server, options: ListenOptions): Promise<void> {
  const where = `${options.host}:${options.port}`;
  return new Promise((resolve, fail) => {
    http.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'PORT_IN_USE' : 'BAD_OPTION';
      fail(new ScriptoriumError(code, `cannot listen on ${where}: ${cause.message}`, { cause }));
    });
    http.listen({ host: options.host, port: options.port, exclusive: true }, resolve);
  });
}

async function closeAll(http: Server, sockets: WebSocketServer): Promise<void> {
  const closed = new Promise<void>((resolve) => http.close(() => resolve()));
  for (const socket of sockets.clients) socket.close(CLOSE_GOING_AWAY, 'closing');
  http.closeAllConnections();
  await closed;
}
