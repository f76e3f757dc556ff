/** Runs a command to its end, as a shell would: what it printed and how it ended. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { environment, PROGRAM } from './server-process.ts';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runCommand(program: string, ...args: readonly string[]): Promise<Finished> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment() });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...printed };
}

export const scriptorium = (...args: readonly string[]): Promise<Finished> =>
  runCommand(process.execPath, PROGRAM, ...args);

/** Why a test that needs `program` is skipped, or false. In CI nothing is skipped: the test fails there instead. */
export function missing(program: string): string | false {
  if (process.env.CI !== undefined || spawnSync('which', [program]).status === 0) return false;
  return `${program} is not installed`;
}
