/**
 * One process of the system under test, started through its command line as any operator would, and handled roughly:
 * killed, stopped, continued. It leads a process group of its own, and every group still alive when this process ends is
 * killed; the IPC channel closes with this process too, so that even after kill -9 of the tests no server is left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** Compiled tests run from dist/test/harness. */
export const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Started {
  readonly pid: number;
  readonly [field: string]: unknown;
}

/** Of what a process prints, the end is kept. */
const MAX_OUTPUT_CHARACTERS = 64 * 1024;

const alive = new Set<ServerProcess>();
process.on('exit', () => {
  for (const server of alive) server.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** The environment without the settings of whoever runs the tests. */
export const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SCRIPTORIUM_|NODE_TEST_)/.test(name)));

export class ServerProcess {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, args, {
      detached: true,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARACTERS);
      });
    alive.add(this);
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        alive.delete(this);
        resolve({ code, signal });
      });
    });
  }

  /** Starts `scriptorium ARGS`, Node itself with `nodeFlags`; resolves when the server says it is ready. */
  static async start(args: readonly string[], nodeFlags: readonly string[] = []): Promise<ServerProcess> {
    const server = new ServerProcess([...nodeFlags, PROGRAM, ...args]);
    const ready = new Promise<void>((resolve) => {
      server.#child.once('message', () => resolve());
    });
    const ended = server.exited.then(({ code, signal }) => {
      throw new Error(`${args.join(' ')} ended with ${signal ?? code} before it was ready:\n${server.output}`);
    });
    await Promise.race([ready, ended]);
    ended.catch(() => {});
    return server;
  }

  get running(): boolean {
    return alive.has(this);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The end of what it printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Signals its whole group; nothing happens when it is gone. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || !this.running) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** kill -9, and wait until it is gone and its ports and locks are free. */
  async killHard(): Promise<void> {
    this.kill('SIGKILL');
    await this.exited;
  }

  /** Asks it to stop; a process that SIGSTOP froze is let go on, so that it can hear. */
  async stop(): Promise<Exit> {
    this.kill('SIGTERM');
    this.kill('SIGCONT');
    return await this.exited;
  }
}
