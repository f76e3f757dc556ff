/** A watchdog barks at a standstill, and at nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watchdog } from '../../src/machine/watchdog.ts';

const SOON = 2;

/** How often it looked before it barked at work that stands still from its `steps`-th look on. */
const looks = (steps: number): Promise<number> =>
  new Promise((resolve) => {
    const awake = setInterval(() => undefined, 1000); // a watchdog alone keeps no process alive
    let looked = 0;
    const place = (): string => `${Math.min(looked++, steps)}`;
    const watchdog = new Watchdog(SOON, place, () => {
      clearInterval(awake);
      resolve(looked);
    });
    watchdog.progress(true);
  });

test('M03: a standstill is noticed at the third look, and a run that gets on is left alone however long it takes', async () => {
  assert.equal(await looks(0), 3);
  assert.equal(await looks(50), 53);
});
