/**
 * Builds and runs the engine's own tests (native/test), each sentence of theirs a test here: crashes at every operation,
 * damage by hand, many threads, the frozen format.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..', '..', '..');

interface Outcome {
  readonly passed: readonly string[];
  readonly output: string;
  readonly status: number | null;
}

/** Runs one program of tests to its end. */
async function runProgram(name: string): Promise<Outcome> {
  const child = spawn(join(ROOT, 'native', 'test', 'run.sh'), ['plain', name], { cwd: ROOT });
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

const programs = readdirSync(join(ROOT, 'native', 'test'))
  .filter((name) => name.endsWith('_test.cc'))
  .map((name) => name.slice(0, -'.cc'.length));

// One after the other: they share the objects they are built from.
test('the engine', { concurrency: 1 }, async (context) => {
  assert.ok(programs.length >= 5);
  for (const name of programs) {
    await context.test(name, async (program) => {
      const { passed, output, status } = await runProgram(name);
      for (const sentence of passed) await program.test(sentence, () => {});
      assert.equal(status, 0, output);
      assert.ok(passed.length > 0, output);
    });
  }
});
