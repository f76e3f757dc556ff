/** Processes that stand still and go on: scribes that are stopped, a leader whose event loop is held up. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isScriptoriumError } from '../../src/errors.ts';
import { encodeCommand } from '../../src/kv/entry-codec.ts';
import { Client } from '../../src/node/client.ts';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { RedisClient } from '../harness/redis-client.ts';
import { until } from '../harness/until.ts';
import { checkHistory } from '../linearizability/check.ts';
import { Random } from '../random.ts';
import { Load } from './load.ts';
import { ClientAccess } from './store-access.ts';

const SEED = 20_261_126;
const PRELOAD = join(import.meta.dirname, 'stall-preload.js');

const addressesOf = (cluster: Cluster): string[] => cluster.workers.map(({ address }) => address);
const set = (key: string): Uint8Array => encodeCommand(['SET', key, 'value'].map((word) => Buffer.from(word)));

async function termOf(cluster: Cluster, id: string): Promise<number> {
  return await until(`the term of ${id}`, async () => (await cluster.workerStatus(id))?.term);
}

/** How a write ended: `done`, or the outcome that its error claims. */
async function write(client: Client, key: string, deadlineMillis: number): Promise<string> {
  try {
    await client.propose(set(key), { deadlineMillis });
    return 'done';
  } catch (error) {
    assert.ok(isScriptoriumError(error), String(error));
    return error.outcome;
  }
}

describe('scribes that are stopped (SIGSTOP)', () => {
  test('P19: one of three: writes go on under the same leader, and it catches up when it goes on', () =>
    Cluster.with({ workers: 2 }, async (cluster) => {
      await using client = await Client.connect({ workers: addressesOf(cluster) });
      const { id } = await cluster.leader();
      const term = await termOf(cluster, id);
      cluster.process('c').kill('SIGSTOP');
      for (let key = 0; key < 50; key += 1) await client.propose(set(`key:${key}`));
      assert.equal(await termOf(cluster, id), term);
      cluster.process('c').kill('SIGCONT');
      const { commitIndex } = (await cluster.workerStatus(id))!;
      await until('the scribe to have what it missed', async () => {
        const status = await cluster.scribeStatus('c');
        return status !== undefined && status.durableIndex >= commitIndex ? true : undefined;
      });
      assert.equal(await termOf(cluster, id), term);
    }));

  test('P19: two of three: nothing is acknowledged, every error says what is known, and writes go on when they do', () =>
    Cluster.with({ workers: 2 }, async (cluster) => {
      await using client = await Client.connect({ workers: addressesOf(cluster) });
      assert.equal(await write(client, 'before', 20_000), 'done', 'from here on it is linked to the leader');
      for (const id of ['b', 'c']) cluster.process(id).kill('SIGSTOP');
      const early = Array.from({ length: 20 }, (_, key) => write(client, `early:${key}`, 1_500));
      assert.deepEqual(new Set(await Promise.all(early)), new Set(['unknown']), 'they had reached the leader');
      // By now no majority has answered for so long that nobody leads.
      const late = Array.from({ length: 20 }, (_, key) => write(client, `late:${key}`, 1_000));
      assert.deepEqual(new Set(await Promise.all(late)), new Set(['not-executed']));
      for (const id of ['b', 'c']) cluster.process(id).kill('SIGCONT');
      const { redis } = await cluster.leader();
      assert.equal(await write(client, 'after', 20_000), 'done');
      const reader = await RedisClient.connect(redis);
      assert.equal(await reader.call('GET', 'after'), 'value');
      for (let key = 0; key < 20; key += 1) assert.equal(await reader.call('GET', `late:${key}`), null);
      reader.close();
      const compared = await scriptorium('verify', '--cluster', cluster.clusterFile);
      assert.equal(compared.code, 0, compared.stdout + compared.stderr);
    }));
});

test('P35: a leader whose event loop stands still for two seconds costs one election at most, and acknowledges nothing false', async (context) => {
  const cluster = await Cluster.create({ workers: 2 });
  try {
    await Promise.all(cluster.scribes.map(({ id }) => cluster.startScribe(id)));
    await cluster.startWorker('w1', ['--import', PRELOAD]);
    assert.equal((await cluster.leader()).id, 'w1');
    await cluster.startWorker('w2');
    using load = new Load(
      [0, 1, 2, 3].map(() => new ClientAccess(addressesOf(cluster))),
      new Random(SEED),
    );
    load.start();
    await load.moreWrites(200);
    const term = await termOf(cluster, 'w1');
    cluster.process('w1').kill('SIGUSR2');
    await load.moreWrites(200);
    const behind = await until('the old leader to follow', async () => {
      const status = await cluster.workerStatus('w1');
      return status !== undefined && status.leader !== null ? status : undefined;
    });
    load.nextGeneration();
    await load.moreWrites(200);
    assert.ok(behind.term <= term + 1, `term ${term} before, ${behind.term} after`);
    assert.equal(await termOf(cluster, 'w2'), behind.term);
    const { verdict, report } = checkHistory(await load.finish());
    assert.equal(verdict, 'valid', report);
    context.diagnostic(`term ${term} before, ${behind.term} after; ${JSON.stringify(load.counts)}`);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${cluster.output()}`, { cause: error });
  } finally {
    await cluster.end();
  }
});
