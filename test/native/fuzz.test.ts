/**
 * Every decoder of the engine, its index and its recovery under libFuzzer, from the kept inputs on: five seconds each, and in
 * a soak of eight hours half an hour each. Needs clang; where it is missing outside of continuous integration, skipped.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { programsOf, runScript, SOAK_MINUTES } from './programs.ts';

const SECONDS = SOAK_MINUTES > 0 ? Math.ceil((SOAK_MINUTES * 60) / 16) : 5;
const missing =
  process.env.CI === undefined && spawnSync('clang++', ['--version']).status !== 0 && 'clang is not installed';

test('S09 S16: no bytes lead a decoder astray', { concurrency: 1, skip: missing }, async (context) => {
  const targets = programsOf('fuzz');
  assert.ok(targets.length >= 6);
  for (const name of targets) {
    await context.test(name, async (target) => {
      const { passed, output, status } = await runScript('fuzz', [String(SECONDS), name]);
      assert.equal(status, 0, output);
      assert.equal(passed.length, 1, output);
      target.diagnostic(String(passed[0]));
    });
  }
});
