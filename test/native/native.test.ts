/**
 * Builds and runs the engine's own tests (native/test), each sentence of theirs a test here: every disk a crash can leave,
 * every fault at every operation, damage by hand, many threads, the frozen format.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programsOf, runScript, SOAK_MINUTES } from './programs.ts';

// One after the other: they share the objects they are built from.
test('the engine', { concurrency: 1 }, async (context) => {
  const programs = programsOf('test');
  assert.ok(programs.length >= 5);
  for (const name of programs) {
    await context.test(name, async (program) => {
      const { passed, output, status } = await runScript(
        'test',
        ['plain', name],
        SOAK_MINUTES > 0 ? { IMAGES: 'all', SEEDS: '200' } : {},
      );
      for (const line of output.split('\n').filter((line) => / crash images| cases at /.test(line)))
        program.diagnostic(line);
      for (const sentence of passed) await program.test(sentence, () => {});
      assert.equal(status, 0, output);
      assert.ok(passed.length > 0, output);
    });
  }
});
