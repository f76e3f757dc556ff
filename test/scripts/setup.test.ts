/** `scripts/setup.mjs` on copies of this checkout whose packages are linked in. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

/** Compiled tests run from dist/test/scripts. */
const ROOT = join(import.meta.dirname, '..', '..', '..');

interface Finished {
  readonly code: number;
  readonly output: string;
}

describe('setup', { timeout: 120_000 }, () => {
  let copy = '';

  const setup = (environment: NodeJS.ProcessEnv = process.env): Promise<Finished> =>
    new Promise((resolve) => {
      const script = join(copy, 'scripts', 'setup.mjs');
      execFile(process.execPath, [script], { env: environment }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
      });
    });

  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'scriptorium-setup-'));
    for (const name of ['scripts', 'native', 'binding.gyp', 'package.json', 'package-lock.json', 'tsconfig.json'])
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    // Enough to compile: what is looked at here is when steps run, not what they make.
    mkdirSync(join(copy, 'src'));
    writeFileSync(join(copy, 'src', 'index.ts'), 'export const answer: number = 42;\n');
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  test('without a compiler it says in one line what is missing and how to get it', async () => {
    const empty = join(copy, 'no-tools');
    mkdirSync(empty);
    const { code, output } = await setup({ PATH: empty });
    assert.equal(code, 1);
    assert.match(
      output,
      /^setup: the native journal cannot be built: a C\+\+20 compiler .*make, python3 not found\. .*apt-get/,
    );
    assert.equal(output.trim().split('\n').length, 1);
  });

  test('builds what is missing, once, however many ask', async () => {
    cpSync(join(ROOT, 'build'), join(copy, 'build'), { recursive: true });
    const both = await Promise.all([setup(), setup()]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
      both.map(({ output }) => output).join('\n'),
    );
    const compiled = both.filter(({ output }) => output.includes('compiling TypeScript'));
    assert.equal(compiled.length, 1);
  });

  test('is silent when everything is current', async () => {
    assert.deepEqual(await setup(), { code: 0, output: '' });
  });

  test('takes over the turn of a setup that died', async () => {
    const dead = execFile(process.execPath, ['--version']);
    await new Promise((resolve) => dead.once('exit', resolve));
    writeFileSync(join(copy, 'dist', '.setup', 'lock'), String(dead.pid));
    assert.deepEqual(await setup(), { code: 0, output: '' });
  });

  test('a type error fails it and is shown', async () => {
    writeFileSync(join(copy, 'src', 'index.ts'), 'export const answer: number = "42";\n');
    const { code, output } = await setup();
    assert.equal(code, 1);
    assert.match(output, /src\/index\.ts\(1,\d+\): error TS2322/);
    assert.match(output, /setup: TypeScript failed/);
  });
});
