/**
 * The engine's own tests once more, built to notice what a test cannot see: memory used after it was given back or beyond
 * its end, undefined behaviour, leaks (all of the tests, with fewer disks), and races (those that have threads).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programsOf, runScript } from './programs.ts';

// What was freed is kept apart for a while and not refilled: most of the time is new memory otherwise.
const FEWER = { IMAGES: 'few', SEEDS: '1', ASAN_OPTIONS: 'quarantine_size_mb=16:max_malloc_fill_size=0' };
const WITH_THREADS = ['journal_test', 'driven_test', 'full_driven_test'];

const modes = [
  { mode: 'address', finds: 'bad memory and undefined behaviour', names: programsOf('test') },
  { mode: 'thread', finds: 'races', names: programsOf('test').filter((name) => WITH_THREADS.includes(name)) },
] as const;

for (const { mode, finds, names } of modes) {
  test(`S54 S55: the engine under a checker for ${finds}`, { concurrency: 1 }, async (context) => {
    assert.ok(names.length > 0);
    for (const name of names) {
      await context.test(`${name}, ${mode}`, async () => {
        const { passed, output, status } = await runScript('test', [mode, name], FEWER);
        assert.equal(status, 0, output);
        assert.ok(passed.length > 0, output);
      });
    }
  });
}
