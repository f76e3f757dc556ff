/** Looking at a cluster from outside. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awaitLeader } from '../../src/node/observe.ts';
import { freePorts } from '../harness/ports.ts';

test('whoever waits for a leader may stop waiting', async () => {
  const [port] = await freePorts(1);
  const controller = new AbortController();
  const waiting = awaitLeader([`127.0.0.1:${port}`], controller.signal);
  controller.abort();
  await assert.rejects(waiting, { code: 'ABORTED', outcome: 'not-executed' });
});
