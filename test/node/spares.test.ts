/** A client whose worker is gone is at the next one at once: it was linked to it all the time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client } from '../../src/node/client.ts';
import type { WorkerStatus } from '../../src/node/status.ts';
import { ScriptedWorker } from './scripted-worker.ts';

async function answerStatus(worker: ScriptedWorker): Promise<void> {
  const { request, answer } = await worker.request();
  assert.equal(request.kind, 'status');
  answer({ kind: 'statusReply', request: request.request, status: { workerId: worker.address } });
}

/** A client that asks `first`, and has a link to each of the others by the time this resolves. */
async function linked(first: ScriptedWorker, ...others: ScriptedWorker[]): Promise<Client> {
  const client = await Client.connect({ workers: [first, ...others].map(({ address }) => address), transport: 'ws' });
  const asked = client.status();
  (await first.greeting())();
  await answerStatus(first);
  await asked;
  for (const other of others) (await other.greeting())();
  return client;
}

async function asks(client: Client, worker: ScriptedWorker): Promise<void> {
  const asked = client.status();
  await answerStatus(worker);
  assert.equal(((await asked) as WorkerStatus).workerId, worker.address);
}

describe('spare connections', () => {
  test('R9: the next worker is asked over the link that stood by, and not greeted again', async () => {
    const first = await ScriptedWorker.start();
    await using second = await ScriptedWorker.start();
    await using client = await linked(first, second);
    await asks(client, first);
    await first[Symbol.asyncDispose]();
    await asks(client, second);
    assert.equal(second.greetings, 1);
  });

  test('a spare whose process hangs is passed over', async () => {
    const first = await ScriptedWorker.start();
    await using second = await ScriptedWorker.start();
    await using third = await ScriptedWorker.start();
    await using client = await linked(first, second, third);
    second.hangs = true;
    await first[Symbol.asyncDispose]();
    await asks(client, third);
  });

  test('a refusal that names a worker leads over its spare, and the one who refused becomes one', async () => {
    await using first = await ScriptedWorker.start();
    await using second = await ScriptedWorker.start();
    await using client = await linked(first, second);
    for (const [refusing, leading] of [
      [first, second],
      [second, first],
    ] as const) {
      const proposed = client.propose(new Uint8Array(1));
      const { request, answer } = await refusing.request();
      const refusal = { code: 'NOT_LEADER', outcome: 'not-executed', message: 'elsewhere' } as const;
      answer({ kind: 'failure', request: request.request, ...refusal, leader: leading.address });
      const passedOn = await leading.request();
      assert.equal(passedOn.request.kind, 'propose');
      passedOn.answer({
        kind: 'failure',
        request: passedOn.request.request,
        ...refusal,
        code: 'BAD_BATCH',
        leader: null,
      });
      await assert.rejects(proposed, { code: 'BAD_BATCH' });
    }
    assert.deepEqual([first.greetings, second.greetings], [1, 1]);
  });

  test('a client that is closed leaves no link behind', async () => {
    await using first = await ScriptedWorker.start();
    await using second = await ScriptedWorker.start();
    const client = await linked(first, second);
    await client.close();
    await Promise.all([first.parting(), second.parting()]);
  });
});
