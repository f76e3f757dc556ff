/** The vote as a table: every combination of term, vote, log, live leader and storage, against the sentence of the protocol. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decideVote } from '../../src/core/vote-rule.ts';

const TERM = 5;
const TAIL = { index: 10, term: 4 };
const terms = [4, 5, 6];
const votes = [null, 'me', 'other'];
const tails = [
  { index: 99, term: 3 },
  { index: 9, term: 4 },
  { index: 10, term: 4 },
  { index: 11, term: 4 },
  { index: 1, term: 5 },
];

describe('the vote', () => {
  test('R1 R3 R4 R8: is granted iff every condition holds, and adopts a term exactly when it must', () => {
    let granted = 0;
    for (const term of terms)
      for (const votedFor of votes)
        for (const tail of tails)
          for (const leaderLive of [false, true])
            for (const storageOk of [false, true]) {
              const voter = { hardState: { term: TERM, votedFor }, tail: TAIL, leaderLive, storageOk };
              const decision = decideVote(voter, { term, incarnation: 'me', tail });
              const name = JSON.stringify({ term, votedFor, tail, leaderLive, storageOk });
              const free = term > TERM || (term === TERM && votedFor === 'me');
              const upToDate = tail.term > TAIL.term || (tail.term === TAIL.term && tail.index >= TAIL.index);
              const expected = free && upToDate && !leaderLive && storageOk;
              assert.equal(decision.reason === 'granted', expected, name);
              if (expected) granted++;
              if (expected && term > TERM) assert.deepEqual(decision.hardState, { term, votedFor: 'me' }, name);
              else if (expected) assert.equal(decision.hardState, null, name);
              else if (term > TERM && !leaderLive && storageOk)
                assert.deepEqual(decision.hardState, { term, votedFor: null }, name);
              else assert.equal(decision.hardState, null, name);
            }
    assert.equal(granted, 3 * 3 + 3);
  });
});
