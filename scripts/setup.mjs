#!/usr/bin/env node
/**
 * Makes a checkout runnable: packages from the lock file, the native addon, the compiled TypeScript. Each step runs only
 * when its result is missing or older than what it is made from, so a fresh checkout needs nothing but this and a current
 * one is not touched. Two of these at once take turns. Uses nothing outside Node itself: it runs before any package is there.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STATE = join(ROOT, 'dist', '.setup');
const ADDON = join(ROOT, 'build', 'Release', 'scriptorium.node');
const NATIVE_STAMP = join(ROOT, 'build', 'Release', 'made-from.txt');
const SIM_ENGINE = join(ROOT, 'build', 'sim', 'engine.node');
const SIM_ENGINE_STAMP = join(ROOT, 'build', 'sim', 'made-from.txt');

/** A failure with a sentence for the reader instead of a stack. */
class SetupError extends Error {}

/** Runs to the end in silence; what it printed is shown only if it fails. */
function run(what, command, args, environment = process.env) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    env: environment,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error !== undefined) throw new SetupError(`${what}: cannot run ${command}: ${result.error.message}`);
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout}${result.stderr}\n`);
  throw new SetupError(`${what} failed: ${command} ${args.join(' ')} ended with ${result.status ?? result.signal}`);
}

const say = (text) => process.stderr.write(`setup: ${text}\n`);

function canRun(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

// Packages --------------------------------------------------------------------------------------------------------------

/** Whether everything the lock file asks for on this platform is installed in exactly that version. */
function packagesAreCurrent() {
  const installedPath = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return false;
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || installed[path]?.version === entry.version || (entry.optional && installed[path] === undefined),
  );
}

function installPackages() {
  if (packagesAreCurrent()) return;
  say('installing packages from the lock file');
  // The addon is built below, with a clear error when a tool is missing; no package of the lock file needs its own script.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) run('npm ci', process.execPath, [npm, ...args]);
  else run('npm ci', 'npm', args);
}

// Native addon ----------------------------------------------------------------------------------------------------------

function sourcesIn(...folders) {
  const folder = join(ROOT, ...folders);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => /\.(cc|h)$/.test(entry.name));
  return names.map((entry) => join(folder, entry.name)).sort();
}

function nativeSources() {
  if (!existsSync(join(ROOT, 'binding.gyp'))) return [];
  return [join(ROOT, 'binding.gyp'), ...sourcesIn('native')];
}

/** One hash over all the addon is made from; the addon uses Node-API, so the Node version is not part of it. */
function nativeFingerprint(sources) {
  const hash = createHash('sha256');
  for (const path of sources) hash.update(path.slice(ROOT.length)).update(readFileSync(path));
  return hash.update(readFileSync(join(ROOT, 'node_modules', 'node-addon-api', 'package.json'))).digest('hex');
}

function requireCompiler() {
  const compilers = [process.env.CXX, 'g++', 'clang++'].filter((name) => name !== undefined);
  const missing = [];
  if (!compilers.some(canRun)) missing.push('a C++20 compiler (g++ or clang++)');
  if (!canRun('make')) missing.push('make');
  if (!canRun(process.env.PYTHON ?? 'python3')) missing.push('python3');
  if (missing.length === 0) return;
  throw new SetupError(
    `the native journal cannot be built: ${missing.join(', ')} not found. On Debian or Ubuntu: apt-get install build-essential python3`,
  );
}

function buildNative() {
  const sources = nativeSources();
  if (sources.length === 0) return;
  const fingerprint = nativeFingerprint(sources);
  if (existsSync(ADDON) && existsSync(NATIVE_STAMP) && readFileSync(NATIVE_STAMP, 'utf8') === fingerprint) return;
  requireCompiler();
  say('building the native journal');
  const gyp = join(ROOT, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  // The headers that came with this Node, where they did: then nothing is downloaded.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
  run('native build', process.execPath, [gyp, 'configure', 'build', '--jobs=2', ...headers]);
  if (!existsSync(ADDON)) throw new SetupError(`native build left no ${ADDON}`);
  writeFileSync(NATIVE_STAMP, fingerprint);
}

/**
 * The engine on its disk in memory, for the simulator: the addon's own object files, and what only tests need beside them.
 * It is in no package, and not where the addon is looked for.
 */
function buildSimulatedEngine() {
  const own = sourcesIn('test', 'sim', 'engine');
  if (own.length === 0) return;
  const fingerprint = nativeFingerprint([...nativeSources(), ...own]);
  if (existsSync(SIM_ENGINE) && existsSync(SIM_ENGINE_STAMP) && readFileSync(SIM_ENGINE_STAMP, 'utf8') === fingerprint)
    return;
  say('building the engine for the simulator');
  const config = readFileSync(join(ROOT, 'build', 'config.gypi'), 'utf8').replace(/^#.*$/gm, '');
  const { nodedir } = JSON.parse(config).variables;
  const objects = join(ROOT, 'build', 'Release', 'obj.target', 'scriptorium', 'native');
  const shared = readdirSync(objects).filter((name) => /\.o$/.test(name) && !/^addon(_journal|_loop)?\.o$/.test(name));
  const disk = ['file_fault.cc', 'file_fault_io.cc'].map((name) => join(ROOT, 'native', name));
  const compiler = [process.env.CXX, 'g++', 'clang++'].find((name) => name !== undefined && canRun(name));
  mkdirSync(dirname(SIM_ENGINE), { recursive: true });
  run('build of the engine for the simulator', compiler, [
    '-std=c++20',
    '-O2',
    '-Wall',
    '-Wextra',
    '-fno-exceptions',
    '-fvisibility=hidden',
    '-fPIC',
    '-shared',
    '-pthread',
    ...['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS'].map((name) => `-D${name}`),
    ...[join(nodedir, 'include', 'node'), join(ROOT, 'node_modules', 'node-addon-api')].map((folder) => `-I${folder}`),
    ...own.filter((path) => path.endsWith('.cc')),
    ...disk,
    ...shared.map((name) => join(objects, name)),
    ...['-o', SIM_ENGINE],
  ]);
  writeFileSync(SIM_ENGINE_STAMP, fingerprint);
}

// TypeScript ------------------------------------------------------------------------------------------------------------

/** `tsc -b` looks at its own records first and does nothing when nothing changed. */
function compileTypeScript() {
  if (!existsSync(join(ROOT, 'dist', 'tsconfig.tsbuildinfo'))) say('compiling TypeScript');
  run('TypeScript', process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-b']);
}

// Taking turns ----------------------------------------------------------------------------------------------------------

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Holds `dist/.setup/lock` while `work` runs; a lock whose owner is gone is taken over. */
function withLock(work) {
  mkdirSync(STATE, { recursive: true });
  const path = join(STATE, 'lock');
  let told = false;
  for (;;) {
    try {
      const file = openSync(path, 'wx');
      writeFileSync(file, String(process.pid));
      closeSync(file);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number(existsSync(path) ? readFileSync(path, 'utf8') : '');
    if (owner > 0 && !isAlive(owner)) rmSync(path, { force: true });
    else if (!told) {
      told = true;
      say(`waiting for another setup${owner > 0 ? ` (pid ${owner})` : ''}`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  try {
    work();
  } finally {
    rmSync(path, { force: true });
  }
}

export function setup() {
  withLock(() => {
    installPackages();
    buildNative();
    buildSimulatedEngine();
    compileTypeScript();
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    setup();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`setup: ${error.message}\n`);
    process.exitCode = 1;
  }
}
