/** What a scribe presumes to have promised before it was started (R10), by what its directory knows. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCluster, formatScribe } from '../../src/node/cluster-file.ts';
import { checkedMaxLease, MAX_LEASE_MILLIS, scribeTiming } from '../../src/node/timing.ts';
import { GROUP } from '../../src/runtime/scribe-driver.ts';
import { Journal } from '../../src/storage/journal.ts';
import { scratchDirectory } from '../harness/scratch.ts';

const FORMAT = { allowBuffered: true };

test('R10: a scribe of a new cluster has promised nothing; one that knew a leader the most, whatever its option says now', async (context) => {
  const scratch = scratchDirectory();
  context.after(() => scratch.remove());
  const directory = join(scratch.path, 'a');
  const cluster = createCluster([{ scribeId: 'a', address: '127.0.0.1:7101' }]);
  await formatScribe(cluster, 'a', directory, FORMAT);
  const journal = await Journal.open({ directory, ...FORMAT, onDurable: () => {}, onFailure: assert.ifError });
  const { term } = journal.group(GROUP).hardState;
  await journal.close();
  assert.equal(scribeTiming(MAX_LEASE_MILLIS, term).presumedLeaseMillis, 0);
  assert.equal(scribeTiming(0, term + 1).presumedLeaseMillis, MAX_LEASE_MILLIS);
});

test('a lease that is too short, too long or no whole number is refused, and the bounds are named', () => {
  for (const millis of [-1, 99, 301, 150.5, Number.NaN])
    assert.throws(() => checkedMaxLease(millis), {
      code: 'BAD_OPTION',
      message: /0, or a whole number from 100 to 300/,
    });
  for (const millis of [0, 100, 300]) assert.equal(checkedMaxLease(millis), millis);
});
