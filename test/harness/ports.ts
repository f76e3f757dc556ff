/**
 * Ports for servers that will be killed and must come back on the same port. They lie below the range from which the
 * kernel takes ports for outgoing connections: otherwise a client's connection could sit on a dead server's port.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const LOWEST = 10_000;
const EPHEMERAL = '/proc/sys/net/ipv4/ip_local_port_range';

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

let next: number | undefined;

/** `count` ports nobody listens on at the moment, never given out before by this process. */
export async function freePorts(count: number): Promise<number[]> {
  const end = Number(readFileSync(EPHEMERAL, 'utf8').split(/\s+/)[0]);
  if (end <= LOWEST) throw new Error(`${EPHEMERAL} leaves no ports for servers between ${LOWEST} and ${end}`);
  // Test files that run at the same time begin far from each other.
  next ??= LOWEST + ((process.pid * 97) % (end - LOWEST));
  const found: number[] = [];
  for (let tried = 0; found.length < count; tried += 1) {
    if (tried >= end - LOWEST) throw new Error('no free ports');
    const port: number = next;
    next = port + 1 < end ? port + 1 : LOWEST;
    if (await canListen(port)) found.push(port);
  }
  return found;
}
