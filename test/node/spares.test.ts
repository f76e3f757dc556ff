/** A client whose worker is gone is at the next one at once: it was linked to it all the time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Client } from '../../src/node/client.ts';
import { Connection } from '../../src/node/connection.ts';
import type { WorkerStatus } from '../../src/node/status.ts';
import { selectTransport } from '../../src/transport/select.ts';
import { encodeRequest } from '../../src/wire/client-protocol.ts';
import { CLUSTER, ScriptedWorker } from './scripted-worker.ts';

async function answerStatus(worker: ScriptedWorker): Promise<void> {
  const { request, answer } = await worker.request();
  assert.equal(request.kind, 'status');
  answer({ kind: 'statusReply', request: request.request, status: { workerId: worker.address } });
}

const REFUSAL = { kind: 'failure', code: 'NOT_LEADER', outcome: 'not-executed', message: 'elsewhere' } as const;

async function refuse(worker: ScriptedWorker, leader: ScriptedWorker | null): Promise<void> {
  const { request, answer } = await worker.request();
  assert.equal(request.kind, 'propose');
  const code = leader === null ? 'BAD_BATCH' : 'NOT_LEADER';
  answer({ ...REFUSAL, code, request: request.request, leader: leader?.address ?? null });
}

/** `from` and then `to` are asked, each naming the other, and at last `from` again. */
async function sendAround(client: Client, from: ScriptedWorker, to: ScriptedWorker): Promise<void> {
  const proposed = assert.rejects(client.propose(new Uint8Array(1)), { code: 'BAD_BATCH' });
  await refuse(from, to);
  await refuse(to, from);
  await refuse(from, null);
  await proposed;
}

/** A client that asks `first`, and has been at each of the others. */
async function linked(first: ScriptedWorker, ...others: ScriptedWorker[]): Promise<Client> {
  const workers = [first, ...others];
  const client = await Client.connect({ workers: workers.map(({ address }) => address), transport: 'ws' });
  const asked = client.status();
  first.welcomeAll(); // nobody else answers before
  await answerStatus(first);
  await asked;
  for (const other of others) other.welcomeAll();
  for (const other of others) await sendAround(client, first, other);
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
    const { greetings } = second;
    await first[Symbol.asyncDispose]();
    await asks(client, second);
    assert.equal(second.greetings, greetings);
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
    const before = [first.greetings, second.greetings];
    await sendAround(client, first, second);
    assert.deepEqual([first.greetings, second.greetings], before);
  });

  test('one that is open stays open when those dialled beside it are given up', async () => {
    await using worker = await ScriptedWorker.start();
    worker.welcomeAll();
    const dialling = new AbortController();
    const identity = { role: 'client', id: 'client', key: 'c0'.repeat(16), address: null } as const;
    const transport = await selectTransport('ws');
    const options = { transport, address: worker.address, clusterId: CLUSTER, identity };
    const connection = await Connection.open(options, dialling.signal);
    dialling.abort();
    const answered = connection.request((request) => encodeRequest({ kind: 'status', request }));
    await Promise.race([answerStatus(worker), answered]);
    assert.equal((await answered).kind, 'statusReply');
    connection.close();
  });

  test('a client that is closed leaves no link behind', async () => {
    await using first = await ScriptedWorker.start();
    await using second = await ScriptedWorker.start();
    const client = await linked(first, second);
    await client.close();
    await Promise.all([first.parting(), second.parting()]);
  });
});
