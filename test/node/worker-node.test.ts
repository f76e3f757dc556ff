/** A worker as the log itself, over a real scribe: what it says stays true when its state machine dies, and when it is stopped. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client } from '../../src/node/client.ts';
import { createCluster, formatScribe } from '../../src/node/cluster-file.ts';
import { ScribeNode } from '../../src/node/scribe-node.ts';
import { WorkerNode } from '../../src/node/worker-node.ts';
import { addressOf } from '../../src/runtime/address.ts';
import { freePorts } from '../harness/ports.ts';
import { scratchDirectory } from '../harness/scratch.ts';

const RECORDER = new URL('../machine/machines/recorder.js', import.meta.url);
/** Far longer than the test may take. */
const PATIENCE = { deadlineMillis: 600_000 };

async function start(context: TestContext, host = '127.0.0.1'): Promise<WorkerNode> {
  const scratch = scratchDirectory();
  const [scribePort, port] = (await freePorts(2)) as [number, number];
  const cluster = createCluster([{ scribeId: 'a', address: addressOf(host, scribePort) }]);
  const directory = join(scratch.path, 'a');
  await formatScribe(cluster, 'a', directory, { allowBuffered: true });
  const scribe = await ScribeNode.start({ directory, host, port: scribePort, allowBuffered: true });
  const worker = await WorkerNode.start({
    workerId: 'w1',
    clusterId: cluster.clusterId,
    scribes: [addressOf(host, scribePort)],
    host,
    port,
    machine: { module: RECORDER, options: '#' },
  });
  context.after(async () => {
    await worker.stop();
    await scribe.stop();
    scratch.remove();
  });
  return worker;
}

test('names and addresses that are none are refused before anything starts', async () => {
  const good = {
    workerId: 'w1',
    clusterId: 'c1'.repeat(16),
    scribes: ['127.0.0.1:7101'],
    host: '127.0.0.1',
    port: 1,
    machine: { module: RECORDER },
  };
  for (const bad of [{ workerId: 'w 1' }, { clusterId: 'c1' }, { scribes: [] }, { scribes: ['nowhere'] }]) {
    const [option] = Object.keys(bad);
    const refused = { code: 'BAD_OPTION', message: new RegExp(`^${option}: `) };
    await assert.rejects(WorkerNode.start({ ...good, ...bad }), refused);
  }
});

const read = async (worker: WorkerNode, query: string): Promise<string> =>
  Buffer.from(await worker.read(Buffer.from(query), PATIENCE)).toString();

test('R19 M05: after a query that killed the state machine, reads see every acknowledged command', async (context) => {
  const worker = await start(context);
  const { index } = await worker.propose(Buffer.from('one'), PATIENCE);
  await assert.rejects(read(worker, 'exit'), { code: 'STATE_MACHINE_FAILED' });
  assert.match(await read(worker, ''), new RegExp(`^${index}/.*:one$`));
});

test('M06: no query ends a worker, however often such a one is asked, and each kills its state machine once', async (context) => {
  const worker = await start(context);
  const ended = worker.failed.then(() => assert.fail('the worker gave up'));
  const { index } = await worker.propose(Buffer.from('one'), PATIENCE);
  const incarnations = new Set([worker.status().incarnation]);
  for (const query of ['exit a', 'exit b', 'exit c', 'exit d', 'exit a', 'exit b', 'exit c', 'exit d']) {
    await Promise.race([ended, assert.rejects(read(worker, query), { code: 'STATE_MACHINE_FAILED' })]);
    assert.match(await Promise.race([ended, read(worker, '')]), new RegExp(`^${index}/.*:one$`));
    incarnations.add(worker.status().incarnation);
  }
  assert.equal(incarnations.size, 5);
});

test('C12: a worker that was stopped refuses at once what it is asked', async (context) => {
  const worker = await start(context);
  await worker.propose(Buffer.from('one'), PATIENCE);
  const before = [worker.stop(), worker.stop()];
  const closed = { code: 'CLOSED', outcome: 'not-executed' };
  await assert.rejects(worker.propose(Buffer.from('two'), PATIENCE), closed);
  await Promise.all(before);
  await assert.rejects(worker.proposeBatch([Buffer.from('two')], PATIENCE), closed);
  await assert.rejects(read(worker, ''), closed);
});

test('a worker on an IPv6 address is found at it by whoever asks a scribe or the worker', async (context) => {
  const worker = await start(context, '::1');
  await worker.propose(Buffer.from('one'), PATIENCE);
  assert.match(worker.address, /^\[::1\]:\d+$/);
  await using client = await Client.connect({ workers: [worker.address] });
  assert.equal((await client.status()).leader?.address, worker.address);
});
