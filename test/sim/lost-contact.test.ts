/** Contact with all scribes is lost for a moment, many times over: the same leader, the same term, and writes go on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLostContact } from './lost-contact.ts';
import { realMachines } from './machines.ts';

const SEEDS = 50;
/** Two heartbeats: a probe each, and what is lost with one of them. */
const MOST_MILLIS = 100;

test(`R8 P07: in ${SEEDS} seeds a leader leads on in its term when contact returns`, () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation, outcome, lines } = runLostContact(seed, realMachines);
    assert.equal(violation, null, `seed ${seed}: ${violation?.message}\n${lines.join('\n')}`);
    assert.ok(outcome?.suspended === true && outcome.resumed, `seed ${seed}: ${JSON.stringify(outcome)}`);
    assert.ok(outcome.millis <= MOST_MILLIS, `seed ${seed}: ${outcome.millis} ms`);
    assert.ok(outcome.executed > 0, `seed ${seed}: nobody was served`);
  }
});
