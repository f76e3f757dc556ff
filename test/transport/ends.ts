/** Ends of links for tests: they collect what arrives and let a test await it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { DialOptions, Link, LinkHandlers, Listener, Transport } from '../../src/transport/transport.ts';

export const LIMITS = { maxFrameBytes: 1024 * 1024, maxOutboxBytes: 4 * 1024 * 1024 };

/** One end of a link. */
export class End implements LinkHandlers {
  readonly frames: Buffer[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  link: Link | undefined;
  /** Called for every frame, with the frame only valid during the call. */
  onFrame: (frame: Uint8Array) => void = () => undefined;
  #wake: () => void = () => undefined;

  message(frame: Uint8Array): void {
    this.onFrame(frame);
    this.frames.push(Buffer.from(frame));
    this.#wake();
  }

  closed(code: number, reason: string): void {
    this.closes.push({ code, reason });
    this.#wake();
  }

  /** Resolves once `condition` holds; it is looked at after every event of this end. */
  async until(condition: (end: this) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  frameCount = (count: number): Promise<void> => this.until((end) => end.frames.length >= count);
  untilClosed = (): Promise<void> => this.until((end) => end.closes.length > 0);
}

/** A listener that hands every accepted end to whoever awaits the next one. */
export class Server {
  readonly accepted: End[] = [];
  readonly listener: Listener;
  #wake: () => void = () => undefined;

  private constructor(listener: Listener) {
    this.listener = listener;
  }

  static async start(transport: Transport, limits = LIMITS, port = 0): Promise<Server> {
    let accepted: (end: End) => void = () => undefined;
    const listener = await transport.listen({
      host: '127.0.0.1',
      port,
      ...limits,
      accept(link) {
        const end = new End();
        end.link = link;
        accepted(end);
        return end;
      },
    });
    const server = new Server(listener);
    accepted = (end) => {
      server.accepted.push(end);
      server.#wake();
    };
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.listener.port}`;
  }

  async next(position = 0): Promise<End> {
    while (this.accepted.length <= position) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.accepted[position]!;
  }
}

/** Dials and resolves with the near end; rejects with the reason the dialling failed for. */
export function dial(transport: Transport, address: string, options: Partial<DialOptions> = {}): Promise<End> {
  return new Promise((resolve, reject) => {
    transport.dial({
      address,
      ...LIMITS,
      opened(link) {
        const end = new End();
        end.link = link;
        queueMicrotask(() => resolve(end));
        return end;
      },
      failed: (reason) => reject(new Error(reason)),
      ...options,
    });
  });
}

/** A raw TCP connection and everything it received until the other side ended it. */
export async function rawExchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = await rawConnect(port);
  const received: Buffer[] = [];
  socket.on('data', (data) => received.push(data));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(received).toString('latin1');
}

export async function rawConnect(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket;
}

/** The request that turns a raw connection into a WebSocket. */
export const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** A raw connection that has been upgraded. */
export async function rawUpgraded(port: number): Promise<Socket> {
  const socket = await rawConnect(port);
  socket.on('error', () => undefined);
  socket.write(`${UPGRADE}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(`not upgraded: ${answer}`);
  return socket;
}
