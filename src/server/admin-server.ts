/**
 * The administrative side door of a node, on loopback only: `/livez` (the process answers), `/readyz` (it can do its work,
 * else 503) and `/status` (JSON, the shapes of node/status.ts). Read-only: nothing here changes anything.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ScriptoriumError } from '../errors.ts';
import { addressOf, isLoopback } from '../runtime/address.ts';

export interface AdminOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  ready(): boolean;
  status(): object;
}

export interface AdminServer {
  /** `host:port`. */
  readonly address: string;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MILLIS = 5000;
const MAX_HEADER_BYTES = 8192;

interface Answer {
  readonly code: number;
  readonly body: string;
  readonly type: string;
}

const plain = (code: number, body: string): Answer => ({ code, body: `${body}\n`, type: 'text/plain; charset=utf-8' });

function answer(request: IncomingMessage, options: AdminOptions): Answer {
  if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET');
  switch (request.url?.split('?')[0]) {
    case '/livez':
      return plain(200, 'ok');
    case '/readyz':
      return options.ready() ? plain(200, 'ok') : plain(503, 'not ready');
    case '/status':
      return { code: 200, body: `${JSON.stringify(options.status())}\n`, type: 'application/json' };
    default:
      return plain(404, 'there is /livez, /readyz and /status');
  }
}

function handle(request: IncomingMessage, response: ServerResponse, options: AdminOptions): void {
  request.resume();
  const { code, body, type } = answer(request, options);
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Rejects with BAD_OPTION for a host beyond loopback and with PORT_IN_USE. */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const { host, port } = options;
  if (!isLoopback(host))
    throw new ScriptoriumError(
      'BAD_OPTION',
      `the admin server listens on loopback only, not on ${host}: it has no authentication`,
    );
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: REQUEST_TIMEOUT_MILLIS },
    (request, response) => handle(request, response, options),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port);
  const { address, port: taken } = server.address() as AddressInfo;
  return {
    address: addressOf(address, taken),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const inUse = cause.code === 'EADDRINUSE';
      const message = inUse
        ? `${host}:${port} is taken by another process`
        : `cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new ScriptoriumError(inUse ? 'PORT_IN_USE' : 'BAD_OPTION', message, { cause }));
    });
    server.listen(port, host, resolve);
  });
}
