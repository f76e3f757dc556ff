/** Who counts as a second worker under one id. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { twinOf } from '../../src/runtime/twins.ts';

const worker = (workerId: string, incarnation: string, address: string) => ({ workerId, incarnation, address });

test('P14: a twin has the id of a worker, and neither its incarnation nor its address', () => {
  const one = worker('w1', '11', '127.0.0.1:1');
  const asPeer = (identity: typeof one) => ({ role: 'worker', identity }) as const;
  const scribe = { role: 'scribe', storageUuid: '22', scribeId: 'w1' } as const;
  const twin = worker('w1', '22', '127.0.0.1:2');
  const other = worker('w2', '33', '127.0.0.1:3');
  const before = worker('w1', '44', '127.0.0.1:1'); // it was killed, and its links are not all down yet
  assert.equal(
    twinOf(
      one,
      [scribe, one, other, before].map((peer) => ('role' in peer ? peer : asPeer(peer))),
    ),
    null,
  );
  assert.equal(twinOf(one, [scribe, asPeer(other), asPeer(twin)]), twin);
});
