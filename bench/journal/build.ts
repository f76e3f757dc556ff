/**
 * What only the benchmark needs built: the engine's own program, and the baseline that comes without a binary. Each is
 * built when it is missing or older than its sources, and never by `npm run setup`.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Unavailable } from './store.ts';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
/** The root of the package, seen from dist/bench/journal. */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const say = (what: string): void => void process.stderr.write(`bench: ${what}\n`);
const modified = (path: string): number => (existsSync(path) ? statSync(path).mtimeMs : 0);

/** Builds native/bench/journal_bench.cc over the engine, optimised as the addon is; returns the program. */
export async function buildEngineProgram(): Promise<string> {
  const program = join(ROOT, 'build', 'native-bench', 'journal_bench');
  const main = join(ROOT, 'native', 'bench', 'journal_bench.cc');
  const all = readdirSync(join(ROOT, 'native')).map((name) => join(ROOT, 'native', name));
  if (modified(program) > Math.max(modified(main), ...all.map(modified))) return program;
  say('building the engine without Node');
  const engine = all.filter((path) => path.endsWith('.cc') && !/\/addon[^/]*$/.test(path));
  const flags = ['-std=c++20', '-O2', '-fno-exceptions', '-pthread'];
  await mkdir(dirname(program), { recursive: true });
  try {
    await run(process.env.CXX ?? 'c++', [...flags, ...engine, main, '-o', program]);
  } catch (error) {
    throw new Unavailable(`the engine's program cannot be built: ${(error as Error).message.split('\n')[0]}`);
  }
  return program;
}

/** Builds better-sqlite3 from the sources in its package, once. */
export async function buildSqlite(): Promise<void> {
  let folder: string;
  try {
    folder = dirname(require.resolve('better-sqlite3/package.json'));
  } catch {
    throw new Unavailable('better-sqlite3 is not installed');
  }
  if (existsSync(join(folder, 'build', 'Release', 'better_sqlite3.node'))) return;
  say('building better-sqlite3 from source, a minute or two');
  const gyp = join(dirname(require.resolve('node-gyp/package.json')), 'bin', 'node-gyp.js');
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
  try {
    await run(process.execPath, [gyp, 'rebuild', '--release', '--jobs=2', ...headers], {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    throw new Unavailable(`better-sqlite3 cannot be built: ${(error as Error).message.split('\n')[0]}`);
  }
}
