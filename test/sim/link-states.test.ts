/** Every way in which the links between two workers and three scribes can be cut. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasQuorum, LINK_STATES, runLinkState } from './link-states.ts';
import { realMachines } from './machines.ts';

describe('link states', () => {
  for (const running of [false, true]) {
    const when = running ? 'under a leader' : 'from the start';
    test(`P07 P08: of ${LINK_STATES} ways to cut links ${when}, all that leave a worker a quorum have a leader`, (context) => {
      const millis: number[] = [];
      for (let state = 0; state < LINK_STATES; state++) {
        if (!hasQuorum(state)) continue;
        const result = runLinkState(state, running, realMachines);
        assert.equal(result.violation, null, result.violation?.message);
        millis.push(result.millis);
      }
      millis.sort((left, right) => left - right);
      context.diagnostic(
        `${millis.length} states; median ${millis[millis.length >> 1]?.toFixed(0)} ms, most ${millis.at(-1)?.toFixed(0)} ms`,
      );
      assert.ok(millis.length > 1000);
    });
  }
});
