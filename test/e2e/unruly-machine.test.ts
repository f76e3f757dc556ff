/** State machines that throw and that end their thread, in a real cluster. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isScriptoriumError, type ScriptoriumError } from '../../src/errors.ts';
import { Client } from '../../src/node/client.ts';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { assertRefused } from './refusals.ts';

const machine = join(import.meta.dirname, 'unruly-machine.js');

const connect = (cluster: Cluster): Promise<Client> =>
  Client.connect({ workers: cluster.workers.map(({ address }) => address) });
const propose = async (client: Client, text: string): Promise<string> =>
  Buffer.from((await client.propose(Buffer.from(text))).result).toString();
const read = async (client: Client, query = ''): Promise<string> =>
  Buffer.from(await client.read(Buffer.from(query))).toString();

/** What a call failed with. */
async function failureOf(call: Promise<unknown>): Promise<ScriptoriumError> {
  const error: unknown = await call.then(
    (value) => assert.fail(`it answered ${value}`),
    (reason: unknown) => reason,
  );
  assert.ok(isScriptoriumError(error), String(error));
  return error;
}

describe('a state machine', () => {
  test('that throws: that is the result, everywhere, and the log goes on (M01, R33)', () =>
    Cluster.with({ workers: 2, machine }, async (cluster) => {
      await using client = await connect(cluster);
      assert.equal(await propose(client, 'one'), '1');
      const error = await failureOf(client.propose(Buffer.from('throw')));
      assert.deepEqual([error.code, error.outcome], ['COMMAND_FAILED', 'executed']);
      assert.match(error.message, /told to throw/);
      assert.equal((await failureOf(read(client, 'throw'))).code, 'COMMAND_FAILED');
      assert.equal(await propose(client, 'two'), '2');

      const { id } = await cluster.leader();
      await cluster.process(id).killHard();
      await cluster.leader([id]);
      assert.equal(await read(client), 'one,two', 'the other worker went over the same log');
      assert.equal(await propose(client, 'three'), '3');
    }));

  test('that ends its thread at one command: every worker gives up naming the index, the log stays (M06)', () =>
    Cluster.with({ workers: 2, machine }, async (cluster) => {
      await using client = await connect(cluster);
      assert.equal(await propose(client, 'one'), '1');
      const workers = cluster.workers.map(({ id }) => cluster.process(id));
      const error = await failureOf(client.propose(Buffer.from('exit'), { deadlineMillis: 30_000 }));
      assert.equal(error.outcome, 'unknown', 'it is committed, and nobody will ever say with what result');
      for (const worker of workers) {
        assert.deepEqual(await worker.exited, { code: 1, signal: null });
        assert.match(worker.output, /^scriptorium: STATE_MACHINE_FAILED: /m);
        assert.match(worker.output, /"appliedIndex":\d+,"msg":"the state machine dies at the same index/);
      }
      const compared = await scriptorium('verify', '--cluster', cluster.clusterFile);
      assert.equal(compared.code, 0, compared.stdout + compared.stderr);
    }));

  test('that is none is refused before anything starts', async () => {
    const cluster = await Cluster.create({ scribes: 1, workers: 1 });
    try {
      const [worker] = cluster.workers;
      const from = ['worker', '--cluster', cluster.clusterFile, '--id', 'w1', '--listen', worker!.address];
      const module = join(import.meta.dirname, 'refusals.js');
      const reason = /refusals\.js cannot be loaded: it has no state machine factory/;
      await assertRefused([...from, '--machine', module], { exit: 2, code: 'BAD_OPTION', reason });
      const absent = join(cluster.directory, 'absent.js');
      const missing = /there is no file .*absent\.js/;
      await assertRefused([...from, '--machine', absent], { exit: 2, code: 'BAD_OPTION', reason: missing });
    } finally {
      await cluster.end();
    }
  });
});
