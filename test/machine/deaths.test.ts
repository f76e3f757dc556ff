/** When a state machine is given up, and what it is not asked again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Deaths } from '../../src/machine/deaths.ts';

const query = (number: number): Uint8Array => Buffer.from(`query ${number}`);

describe('deaths of a state machine', () => {
  test('M06: three over the log without one more entry applied are in vain, also when the log was gone over again between them', () => {
    const deaths = new Deaths();
    deaths.applied(7);
    for (const [applied, areInVain] of [
      [7, false],
      [3, false],
      [7, true],
    ] as const) {
      deaths.ofLog();
      assert.equal(deaths.areInVain, areInVain);
      deaths.applied(applied);
    }
  });

  test('M06: one more entry applied is a new beginning', () => {
    const deaths = new Deaths();
    for (let index = 1; index <= 10; index++) {
      deaths.ofLog();
      deaths.applied(index);
      deaths.ofLog();
      assert.equal(deaths.areInVain, false);
      deaths.applied(index + 1);
    }
  });

  test('M06: those over queries are never in vain, and each query is refused from then on', () => {
    const deaths = new Deaths();
    for (let number = 0; number < 10; number++) {
      assert.equal(deaths.refusal(query(number)), null);
      deaths.ofQuery(query(number));
      assert.equal(deaths.refusal(query(number))?.code, 'STATE_MACHINE_FAILED');
    }
    assert.equal(deaths.areInVain, false);
  });

  test('M06: the memory of fatal queries is bounded, and the newest stay in it', () => {
    const deaths = new Deaths();
    for (let number = 0; number <= 1024; number++) deaths.ofQuery(query(number));
    assert.equal(deaths.refusal(query(0)), null);
    for (const number of [1, 1024]) assert.notEqual(deaths.refusal(query(number)), null);
  });
});
