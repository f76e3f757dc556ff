/** What a client says of its calls is true, whatever the worker at the other end does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptoriumError } from '../../src/errors.ts';
import { Calls } from '../../src/node/calls.ts';
import { Client } from '../../src/node/client.ts';
import type { ProposeRequest } from '../../src/wire/client-protocol.ts';
import { iterateEntries } from '../../src/wire/entries.ts';
import { encodeResults } from '../../src/wire/results.ts';
import { ScriptedWorker } from './scripted-worker.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const commandsOf = (request: ProposeRequest): string[] =>
  [...iterateEntries(request.section)].map((entry) => Buffer.from(entry).toString());
const nothing = (count: number): Uint8Array =>
  encodeResults(Array.from({ length: count }, () => ({ failed: false, bytes: new Uint8Array(0) })));

describe('a client', () => {
  test('C06: a command given up before there was a connection is not executed, and not sent when there is one', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const controller = new AbortController();
    const first = client.propose(bytes('first'), { signal: controller.signal });
    const second = client.propose(bytes('second'));
    const welcome = await worker.greeting();
    controller.abort();
    await assert.rejects(first, { code: 'DEADLINE_PASSED', outcome: 'not-executed' });
    welcome();
    const { request, answer } = await worker.request();
    assert.deepEqual(commandsOf(request as ProposeRequest), ['second']);
    answer({ kind: 'proposed', request: request.request, firstIndex: 5, count: 1, results: nothing(1) });
    assert.equal((await second).index, 5);
  });

  test('N05: results that are not those of the proposal leave its outcome unknown', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const proposed = client.propose(bytes('command'));
    (await worker.greeting())();
    const { request, answer } = await worker.request();
    answer({ kind: 'proposed', request: request.request, firstIndex: 5, count: 2, results: nothing(2) });
    await assert.rejects(proposed, { code: 'BAD_FRAME', outcome: 'unknown' });
  });

  test('C04: calls of one turn that are too large for one batch together travel apart', async () => {
    await using worker = await ScriptedWorker.start();
    await using client = await Client.connect({ workers: [worker.address], transport: 'ws' });
    const large = Array.from({ length: 4 }, () => new Uint8Array(1024 * 1024 - 64));
    const calls = [client.propose(bytes('small')), client.proposeBatch(large)];
    (await worker.greeting())();
    for (const count of [1, 4]) {
      const { request, answer } = await worker.request();
      assert.equal((request as ProposeRequest).count, count);
      answer({ kind: 'proposed', request: request.request, firstIndex: 5, count, results: nothing(count) });
    }
    await Promise.all(calls);
  });

  test('a call that is settled is never tried again', async () => {
    const calls = new Calls();
    const refusal = new ScriptoriumError('NOT_LEADER', 'elsewhere');
    let tries = 0;
    const closed = calls.start({}, (call) => {
      call.reject(new ScriptoriumError('CLOSED', 'closed'));
      call.retry(refusal, 0, () => tries++);
    });
    await assert.rejects(closed, { code: 'CLOSED' });
    await calls.start<void>({}, (call) => call.retry(refusal, 0, () => call.resolve()));
    assert.equal(tries, 0);
  });
});
