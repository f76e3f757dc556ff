/**
 * Listening with uWebSockets.js, the faster server, on machines where its binary loads. This is the only file that loads
 * it, and it does so only when asked. What is changed from its defaults bites otherwise: it would close at 16 KiB frames,
 * drop sends silently above 64 KiB of backlog, and share a port with a second process.
 */

import type { TemplatedApp, us_listen_socket, WebSocket } from 'uWebSockets.js';
import { type AddressInfo, createServer } from 'node:net';
import { ScriptoriumError } from '../errors.ts';
import {
  CLOSE_ABNORMAL,
  CLOSE_GOING_AWAY,
  CLOSE_TOO_BIG,
  CLOSE_TRY_LATER,
  CLOSE_UNSUPPORTED,
  closeReason,
} from './close-codes.ts';
import type { Link, LinkHandlers, Listener, ListenOptions } from './transport.ts';

type Library = typeof import('uWebSockets.js');

/** Seconds of silence after which uWebSockets.js closes; it pings by itself before. */
const IDLE_TIMEOUT_SECONDS = 16;
/** What `send` returns when it dropped the frame. */
const SEND_DROPPED = 2;
const EXCLUSIVE_PORT = 1;
/** The library breaks off at an oversize frame without a close frame, so only this side learns why. */
const TOO_BIG_REASON = 'Received too big message';

interface UserData {
  link?: UwsLink;
}

/** A function that listens, or the reason why the library does not load here. */
export async function loadUws(): Promise<((options: ListenOptions) => Promise<Listener>) | Error> {
  try {
    const module: Library & { default?: Library } = await import('uWebSockets.js');
    const library = module.default ?? module;
    return (options) => listen(library, options);
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}

class UwsLink implements Link {
  readonly remote: string;
  handlers: LinkHandlers | undefined;
  readonly #maxOutboxBytes: number;
  /** Gone once closed: the library throws on any later use of its handle. */
  #socket: WebSocket<UserData> | undefined;
  #closing = false;
  #closeCode: number | undefined;

  constructor(socket: WebSocket<UserData>, maxOutboxBytes: number) {
    this.#socket = socket;
    this.#maxOutboxBytes = maxOutboxBytes;
    this.remote = Buffer.from(socket.getRemoteAddressAsText()).toString('latin1');
  }

  get outboxBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  send(frame: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.#closing) return false;
    const fits = socket.getBufferedAmount() + frame.length <= this.#maxOutboxBytes;
    if (fits && socket.send(frame, true) !== SEND_DROPPED) return true;
    this.#breakOff();
    return false;
  }

  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#closeCode = code;
    // Ending calls the close handler at once; the caller must not be re-entered.
    queueMicrotask(() => this.#socket?.end(code, closeReason(reason)));
  }

  received(message: ArrayBuffer, isBinary: boolean): void {
    if (this.#closing) return;
    if (isBinary) this.handlers?.message(Buffer.from(message));
    else this.close(CLOSE_UNSUPPORTED, 'text frame');
  }

  closed(code: number, reason: string): void {
    this.#socket = undefined;
    this.#closing = true;
    this.handlers?.closed(this.#closeCode ?? (reason === TOO_BIG_REASON ? CLOSE_TOO_BIG : code), reason);
  }

  /** The other side does not read: a gap would follow, so the link ends, without a word that could not be sent either. */
  #breakOff(): void {
    this.#closing = true;
    this.#closeCode = CLOSE_TRY_LATER;
    queueMicrotask(() => this.#socket?.close());
  }
}

async function listen(library: Library, options: ListenOptions): Promise<Listener> {
  const links = new Set<UwsLink>();
  const app = library.App();
  route(app, options, links);
  const socket = await bind(app, options.host, options.port === 0 ? await freePort(options.host) : options.port);
  if (socket === false) {
    app.close();
    throw new ScriptoriumError(
      'PORT_IN_USE',
      `cannot listen on ${options.host}:${options.port}: the address is taken or not ours`,
    );
  }
  let closed: Promise<void> | undefined;
  return {
    host: options.host,
    port: library.us_socket_local_port(socket as never),
    close: () => {
      closed ??= closeAll(app, links);
      return closed;
    },
  };
}

function bind(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket | false> {
  return new Promise((resolve) => {
    // Without the exclusive flag a second process could listen on the same port and take half of the links.
    const listenWithFlags = app.listen as unknown as (
      host: string,
      port: number,
      flags: number,
      done: (socket: us_listen_socket | false) => void,
    ) => void;
    listenWithFlags.call(app, host, port, EXCLUSIVE_PORT, resolve);
  });
}

/**
 * A port nobody listens on. Asked for port 0, the library leaves SO_REUSEADDR out, and the port could not be listened on
 * again while links of before linger.
 */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) => {
      reject(new ScriptoriumError('BAD_OPTION', `cannot listen on ${host}: ${cause.message}`, { cause }));
    });
    server.listen({ host, port: 0 }, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function route(app: TemplatedApp, options: ListenOptions, links: Set<UwsLink>): void {
  app.ws<UserData>('/', {
    compression: 0,
    maxPayloadLength: options.maxFrameBytes,
    maxBackpressure: options.maxOutboxBytes,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    sendPingsAutomatically: true,
    upgrade(response, request, context) {
      // Only browsers send an origin, and no page may speak to a cluster from inside one.
      if (request.getHeader('origin') !== '') {
        response.writeStatus('403 Forbidden').end(undefined, true);
        return;
      }
      const key = request.getHeader('sec-websocket-key');
      response.upgrade<UserData>({}, key, '', '', context);
    },
    open(socket) {
      const link = new UwsLink(socket, options.maxOutboxBytes);
      socket.getUserData().link = link;
      links.add(link);
      link.handlers = options.accept(link);
    },
    message(socket, message, isBinary) {
      socket.getUserData().link?.received(message, isBinary);
    },
    close(socket, code, message) {
      const link = socket.getUserData().link;
      if (link === undefined) return;
      links.delete(link);
      link.closed(code === 0 ? CLOSE_ABNORMAL : code, closeReason(Buffer.from(message).toString('utf8')));
    },
  });
  app.any('/*', (response) => {
    response.writeStatus('426 Upgrade Required').end('this port speaks the Scriptorium protocol\n', true);
  });
}

async function closeAll(app: TemplatedApp, links: Set<UwsLink>): Promise<void> {
  for (const link of links) link.close(CLOSE_GOING_AWAY, 'closing');
  // The links end in microtasks queued above, so before the application does.
  await Promise.resolve();
  app.close();
}
