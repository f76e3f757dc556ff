/** Runs the `scriptorium` command as a process, the way a shell does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Compiled tests run from dist/test/cli. */
export const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without the settings of whoever runs the tests. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SCRIPTORIUM_')));

/** Starts the command and leaves it running; its standard output is piped. */
export const start = (...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: environment() });

/** Runs the command to its end. */
export async function run(...args: readonly string[]): Promise<Finished> {
  const child = start(...args);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** The first line of a running command's standard output; rejects with what it said when it ends before. */
export async function firstLine(child: ChildProcess): Promise<string> {
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`ended with ${code} before its first line: ${complaint}`);
  });
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  return line;
}

/** A directory of its own in the temporary one, removed by `remove`. */
export function temporary(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'scriptorium-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** A base port whose next 60 ports nobody listens on at the moment. */
export async function freeBasePort(): Promise<number> {
  for (let base = 20_000 + (process.pid % 300) * 100; base < 60_000; base += 100) {
    const ports = Array.from({ length: 60 }, (_, offset) => base + offset);
    if ((await Promise.all(ports.map(canListen))).every((free) => free)) return base;
  }
  throw new Error('no free ports');
}
