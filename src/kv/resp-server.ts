/**
 * The Redis front end of a worker: a TCP server for unmodified Redis clients in front of a `LogService`. There is no
 * password and no encryption, so it listens on loopback addresses only.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { ScriptoriumError } from '../errors.ts';
import type { LogService } from '../node/log-service.ts';
import type { WorkerStatus } from '../node/status.ts';
import { addressOf, isLoopback } from '../runtime/address.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { Connection } from './connection.ts';
import { LogAccess } from './log-access.ts';
import * as resp from './resp.ts';
import { Session } from './session.ts';
import type { Surroundings } from './session-commands.ts';

/** How long a connection may take to read its last replies when the server stops. */
const CLOSE_MILLIS = 500;

export interface RespServerOptions {
  /** Loopback address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Port to listen on; 0 for any free one. */
  readonly port: number;
  /** Clients at one time; one more is refused. Default 1000, 1 to 100000. */
  readonly maxConnections?: number;
  /** Where writes and reads go; runs the key-value state machine. */
  readonly service: LogService;
  /** What INFO tells about the worker. */
  describe(): WorkerStatus;
  readonly log: Log;
  /** Whose wall clock says that a key is gone before logged time does; default the system's. */
  readonly clock?: Pick<Clock, 'wallMillis'>;
}

export class RespServer {
  readonly #server: Server;
  readonly #log: LogAccess;
  readonly #maxConnections: number;
  readonly #surroundings: Surroundings;
  readonly #connections = new Map<Socket, { readonly session: Session; readonly connection: Connection }>();
  #host = '';
  #connectionsEver = 0;
  #requests = 0;

  /** Not listening yet: see `startRespServer`. */
  constructor(options: RespServerOptions, maxConnections: number) {
    const clock = options.clock ?? systemClock;
    this.#log = new LogAccess(options.service, () => clock.wallMillis());
    this.#maxConnections = maxConnections;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    const server = this.#server;
    this.#surroundings = {
      get port() {
        return portOf(server);
      },
      maxConnections,
      describe: options.describe,
      counts: () => ({
        connections: this.#connections.size,
        connectionsEver: this.#connectionsEver,
        requests: this.#requests,
      }),
      names: () => [...this.#connections.values()].map(({ session }) => [session.id, session.name] as const),
    };
  }

  async listen(host: string, port: number): Promise<void> {
    await listen(this.#server, host, port);
    this.#host = host;
  }

  /** `host:port`, with the port that was given out where none was asked for. */
  get address(): string {
    return addressOf(this.#host, this.port);
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** Stops listening, finishes what is being answered, and closes all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { connection } of this.#connections.values()) connection.close();
    const late = setTimeout(() => {
      for (const socket of this.#connections.keys()) socket.destroy();
    }, CLOSE_MILLIS);
    await closed;
    clearTimeout(late);
  }

  #accept(socket: Socket): void {
    this.#connectionsEver++;
    if (this.#connections.size >= this.#maxConnections) {
      socket.on('error', () => {});
      socket.resume();
      socket.end(resp.error('ERR max number of clients reached'), () => socket.destroySoon());
      return;
    }
    const session = new Session(this.#connectionsEver, this.#surroundings);
    const connection = new Connection(socket, session, this.#log, () => {
      this.#requests++;
    });
    this.#connections.set(socket, { session, connection });
    socket.on('close', () => this.#connections.delete(socket));
  }
}

/** Listens; BAD_OPTION for an address that is not loopback or a bound that is out of range, PORT_IN_USE. */
export async function startRespServer(options: RespServerOptions): Promise<RespServer> {
  const { host = '127.0.0.1', port, maxConnections = 1000, log } = options;
  if (!isLoopback(host)) {
    throw new ScriptoriumError(
      'BAD_OPTION',
      `the Redis port has no password and listens on loopback only, not ${host}`,
    );
  }
  if (!(Number.isInteger(maxConnections) && maxConnections >= 1 && maxConnections <= 100_000)) {
    throw new ScriptoriumError('BAD_OPTION', `maxConnections is ${maxConnections}; 1 to 100000 is allowed`);
  }
  const server = new RespServer(options, maxConnections);
  await server.listen(host, port);
  log.info({ address: server.address }, 'serving Redis clients');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${host}:${port}`;
      if (cause.code === 'EADDRINUSE')
        reject(new ScriptoriumError('PORT_IN_USE', `${where} is in use by another process`, { cause }));
      else reject(new ScriptoriumError('BAD_OPTION', `cannot listen on ${where}: ${cause.message}`, { cause }));
    });
    server.listen({ host, port }, resolve);
  });
}
