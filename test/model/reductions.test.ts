/**
 * What the search leaves out, it may leave out: in settings small enough to explore without any of it, everything that the promises
 * look at comes up all the same, but for acknowledgements of which more may have been said by then, and nothing comes up besides.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { loadOpened } from '../sim/patched-core.ts';
import type { Cast } from './names.ts';
import { explore } from './scope.ts';
import type { Bounds } from './setting.ts';

const FEW: Bounds = { term: 1, index: 1, crashes: 0, ticks: 1, commands: 0, reads: 0, covering: 'none' };
const SETTINGS: readonly (readonly [string, Cast, Bounds])[] = [
  ['one scribe, two ticks', { scribes: 1, workers: 1 }, { ...FEW, ticks: 2 }],
  ['one scribe, one crash', { scribes: 1, workers: 1 }, { ...FEW, crashes: 1 }],
  ['two scribes', { scribes: 2, workers: 1 }, FEW],
  ['two scribes, one crash', { scribes: 2, workers: 1 }, { ...FEW, crashes: 1 }],
];

/** A text of a scribe ends with what it has acknowledged. */
const withoutAcknowledgements = (view: string): string => view.replaceAll(/\{[^{}]*\},\](?= \||$)/g, ']');

describe('what the search leaves out', () => {
  let core: Awaited<ReturnType<typeof loadOpened>>;
  before(async () => {
    core = await loadOpened([]);
  });
  after(() => core.remove());

  const viewsOf = (cast: Cast, more: Bounds, plain: boolean, joined = false): string[] => {
    const limits = { states: Number.POSITIVE_INFINITY, depth: Number.POSITIVE_INFINITY, plain };
    const found = explore({ name: '', cast, alike: 0, more, joined }, core.machines, limits);
    assert.ok(found.closed, found.violation?.message);
    return [...new Set([...found.views()].map(withoutAcknowledgements))].sort();
  };

  for (const [name, cast, bounds] of SETTINGS) {
    test(`one worker, ${name}: covered states show nothing that others do not`, () => {
      const all = viewsOf(cast, bounds, false);
      assert.ok(all.length > 5);
      for (const covering of ['some', 'more'] as const)
        assert.deepEqual(viewsOf(cast, { ...bounds, covering }, false), all);
    });
  }

  for (const [name, cast, bounds] of SETTINGS) {
    test(`one worker, ${name}: nothing is lost by joining what was said`, () => {
      const joined = new Set(viewsOf(cast, bounds, false, true));
      for (const view of viewsOf(cast, bounds, false)) assert.ok(joined.has(view), view);
    });
  }

  test('one worker, one scribe, two ticks: the same without anything left out', () => {
    const [, cast, bounds] = SETTINGS[0] as (typeof SETTINGS)[number];
    assert.deepEqual(viewsOf(cast, bounds, false), viewsOf(cast, bounds, true));
  });

  test('one worker, two scribes: every letter answered in its time, and counted in its time, shows the same', () => {
    const [, cast, bounds] = SETTINGS[2] as (typeof SETTINGS)[number];
    const more: Bounds = { ...bounds, covering: 'more' };
    assert.deepEqual(viewsOf(cast, more, false), viewsOf(cast, more, true));
  });
});
