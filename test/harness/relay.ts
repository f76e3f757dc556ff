/**
 * A TCP relay in front of a server, which can cut a process off from it as a network would: bytes are held back in both
 * directions and nothing is seen to close, until the cut is healed and all of it arrives late. Which connections are that
 * process's, the kernel says.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Way {
  readonly near: Socket;
  readonly far: Socket;
  held: boolean;
}

const portOf = (address: string): number => Number(address.split(':').at(-1));

export class Relay {
  readonly #server: Server;
  readonly #port: number;
  readonly #ways = new Set<Way>();
  #cutOff: number | null = null;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => this.#take(near));
  }

  /** Listens at the first address and passes on to the second, loopback both; nobody need listen there yet. */
  static async start(from: string, to: string): Promise<Relay> {
    const relay = new Relay(portOf(to));
    await new Promise<void>((resolve, reject) => {
      relay.#server.once('error', reject).listen(portOf(from), '127.0.0.1', resolve);
    });
    return relay;
  }

  /** From now on nothing passes between this process and the server. */
  cutOff(pid: number): void {
    this.#cutOff = pid;
    for (const way of this.#ways) {
      way.held ||= holdsPort(pid, way.near.remotePort);
      if (way.held) hold(way);
    }
  }

  heal(): void {
    this.#cutOff = null;
    for (const way of this.#ways) if (way.held) this.#pass(way);
  }

  close(): void {
    this.#server.close();
    for (const { near, far } of this.#ways) for (const socket of [near, far]) socket.destroy();
  }

  #take(near: Socket): void {
    const far = connect({ host: '127.0.0.1', port: this.#port, allowHalfOpen: true });
    const way = { near, far, held: this.#cutOff !== null && holdsPort(this.#cutOff, near.remotePort) };
    this.#ways.add(way);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => {}); // its close follows
      socket.on('close', () => {
        if (!way.held) this.#end(way);
      });
    }
    if (!way.held) this.#pass(way);
  }

  #pass(way: Way): void {
    const { near, far } = way;
    way.held = false;
    if (near.destroyed || far.destroyed) this.#end(way);
    else {
      near.pipe(far);
      far.pipe(near);
    }
  }

  #end(way: Way): void {
    this.#ways.delete(way);
    way.near.destroy();
    way.far.destroy();
  }
}

function hold({ near, far }: Way): void {
  near.unpipe(far);
  far.unpipe(near);
}

/** Whether this process has a connection from the local TCP port `port`. */
function holdsPort(pid: number, port: number | undefined): boolean {
  const connections = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1, -1);
  const fields = connections.map((line) => line.trim().split(/\s+/));
  const sockets = new Set(
    fields
      .filter(([, local = '']) => Number.parseInt(local.slice(-4), 16) === port)
      .map((each) => `socket:[${each[9]}]`),
  );
  return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(targetOf(`/proc/${pid}/fd/${fd}`)));
}

/** Empty when it was closed meanwhile. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
