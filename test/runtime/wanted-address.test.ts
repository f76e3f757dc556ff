/** When a wanted address is dialled again, in played time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WantedAddress } from '../../src/runtime/wanted-address.ts';
import { ManualClock } from '../manual-clock.ts';

const KEY = 'scribe:aa';

function start() {
  const clock = new ManualClock();
  const counts = { dials: 0, givenUp: 0 };
  const wanted = new WantedAddress('127.0.0.1:1', clock, () => {
    counts.dials += 1;
    return () => {
      counts.givenUp += 1;
    };
  });
  return { clock, counts, wanted };
}

describe('a wanted address', () => {
  it('is dialled at once, and again at once after a first failure', () => {
    const { clock, counts, wanted } = start();
    assert.equal(counts.dials, 1);
    wanted.ended('refused');
    clock.advance(0);
    assert.equal(counts.dials, 2);
  });

  it('N12: is dialled ever more slowly, with jitter, up to a bound', () => {
    const { clock, wanted } = start();
    const delays: number[] = [];
    for (let failure = 0; failure < 12; failure += 1) {
      wanted.ended('refused');
      const delay = clock.pending[0]!;
      delays.push(delay);
      const ceiling = failure === 0 ? 0 : Math.min(1000, 20 * 2 ** (failure - 1));
      assert.ok(delay <= ceiling && delay >= ceiling / 2, `${delay} after ${failure} failures`);
      clock.advance(delay);
    }
    assert.ok(new Set(delays.slice(7)).size > 1, 'no jitter');
  });

  it('is dialled at once again when a link that had settled breaks', () => {
    const { clock, wanted } = start();
    for (let failure = 0; failure < 5; failure += 1) {
      wanted.ended('refused');
      clock.advance(1000);
    }
    wanted.up();
    clock.advance(1000);
    wanted.ended('broke');
    assert.deepEqual(clock.pending, [0]);
  });

  it('backs off from a peer that takes links and drops them', () => {
    const { clock, wanted } = start();
    let last = 0;
    for (let drop = 0; drop < 8; drop += 1) {
      wanted.up();
      wanted.ended('dropped');
      last = clock.pending[0]!;
      clock.advance(last);
    }
    assert.ok(last >= 500);
  });

  it('waits while the peer holds a newer link, and dials when that one is gone', () => {
    const { clock, counts, wanted } = start();
    wanted.up();
    wanted.covered(KEY);
    clock.advance(10_000);
    wanted.peerGone('scribe:bb');
    clock.advance(10_000);
    assert.equal(counts.dials, 1);
    assert.equal(wanted.state, 'covered');
    wanted.peerGone(KEY);
    clock.advance(1000);
    assert.equal(counts.dials, 2);
  });

  it('gives up what it began once it is not wanted, and does nothing afterwards', () => {
    const { clock, counts, wanted } = start();
    wanted.stop();
    wanted.ended('late news');
    wanted.covered(KEY);
    wanted.peerGone(KEY);
    clock.advance(10_000);
    assert.deepEqual(counts, { dials: 1, givenUp: 1 });
    assert.deepEqual(clock.pending, []);
  });

  it('tells a failure only when it is news', () => {
    const { wanted } = start();
    assert.equal(wanted.ended('refused'), true);
    assert.equal(wanted.ended('refused'), false);
    assert.equal(wanted.ended('timed out'), true);
    assert.equal(wanted.lastFailure, 'timed out');
  });
});
