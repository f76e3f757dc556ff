/** Seeds that once broke a promise, or that only a bug put in on purpose breaks, with as few faults as that takes: run for ever. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { realMachines } from './machines.ts';
import { type RunKind, runSeed } from './run.ts';

interface KeptSeed {
  readonly seed: number;
  readonly kind: RunKind;
  readonly leftOut: readonly number[];
  /** The promise that was broken, and by what. */
  readonly found: string;
}

const kept = JSON.parse(
  readFileSync(new URL('../../../test/seeds/kept.json', import.meta.url), 'utf8'),
) as readonly KeptSeed[];

describe('kept seeds', () => {
  for (const { seed, kind, leftOut, found } of kept) {
    test(`${kind} ${seed}: ${found}`, () => {
      assert.equal(runSeed(seed, realMachines, kind, new Set(leftOut)).violation, null);
    });
  }
});
