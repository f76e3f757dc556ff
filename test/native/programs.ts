/** Runs the engine's own programs of tests and of fuzzing, whose lines `ok - …` are the sentences that passed. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** How long a soak lasts; 0 outside of one. */
export const SOAK_MINUTES = Number(process.env.SCRIPTORIUM_SOAK_MINUTES ?? 0);

export interface Outcome {
  readonly passed: readonly string[];
  readonly output: string;
  readonly status: number | null;
}

/** Runs `native/<folder>/run.sh` with these arguments to its end. */
export async function runScript(
  folder: 'test' | 'fuzz',
  given: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const child = spawn(join(ROOT, 'native', folder, 'run.sh'), given, {
    cwd: ROOT,
    env: { ...process.env, ...environment },
  });
  const lines: string[] = [];
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', (line) => lines.push(line));
  const status = await ended;
  const passed = lines.filter((line) => line.startsWith('ok - ')).map((line) => line.slice('ok - '.length));
  return { passed, output: lines.join('\n'), status };
}

/** The programs in `native/<folder>`: what is called `*_test.cc` or `*_fuzz.cc` there. */
export function programsOf(folder: 'test' | 'fuzz'): string[] {
  return readdirSync(join(ROOT, 'native', folder))
    .filter((name) => name.endsWith(`_${folder}.cc`))
    .map((name) => name.slice(0, -'.cc'.length));
}
