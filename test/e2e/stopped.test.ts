/** Processes that stand still and go on: scribes that are stopped, a leader whose event loop is held up. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeCommand } from '../../src/kv/entry-codec.ts';
import { Client } from '../../src/node/client.ts';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { RedisClient } from '../harness/redis-client.ts';
import { until } from '../harness/until.ts';
import { checkHistory } from '../linearizability/check.ts';
import { Random } from '../random.ts';
import { Load } from './load.ts';
import { ClientAccess, ending } from './store-access.ts';

const SEED = 20_261_126;
const PRELOAD = join(import.meta.dirname, 'stall-preload.js');

const addressesOf = (cluster: Cluster): string[] => cluster.workers.map(({ address }) => address);
const set = (key: string): Uint8Array => encodeCommand(['SET', key, 'value'].map((word) => Buffer.from(word)));

async function termOf(cluster: Cluster, id: string): Promise<number> {
  return await until(`the term of ${id}`, async () => (await cluster.workerStatus(id))?.term);
}

const write = (client: Client, key: string, deadlineMillis: number): Promise<string> =>
  ending(client.propose(set(key), { deadlineMillis }));

test('P19: two of three scribes are stopped: nothing is acknowledged, every error says what is known, and writes go on when they do', () =>
  Cluster.with({ workers: 2 }, async (cluster) => {
    await using client = await Client.connect({ workers: addressesOf(cluster) });
    assert.equal(await write(client, 'before', 20_000), 'done', 'from here on it is linked to the leader');
    for (const id of ['b', 'c']) cluster.process(id).kill('SIGSTOP');
    const early = Array.from({ length: 20 }, (_, key) => write(client, `early:${key}`, 1_500));
    assert.deepEqual(new Set(await Promise.all(early)), new Set(['unknown']), 'they had reached the leader');
    // By now no majority has answered for so long that nobody leads; but what is just being refused when its time is over is unknown.
    let attempt = 0;
    const refused = await until('writes to be refused', async () => {
      attempt += 1;
      const keys = Array.from({ length: 20 }, (_, key) => `late:${attempt}:${key}`);
      const endings = await Promise.all(keys.map((key) => write(client, key, 300)));
      assert.ok(!endings.includes('done'));
      return endings.includes('unknown') ? undefined : keys;
    });
    for (const id of ['b', 'c']) cluster.process(id).kill('SIGCONT');
    const { redis } = await cluster.leader();
    assert.equal(await write(client, 'after', 20_000), 'done');
    const reader = await RedisClient.connect(redis);
    assert.equal(await reader.call('GET', 'after'), 'value');
    for (const key of refused) assert.equal(await reader.call('GET', key), null);
    reader.close();
    const compared = await scriptorium('verify', '--cluster', cluster.clusterFile);
    assert.equal(compared.code, 0, compared.stdout + compared.stderr);
  }));

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
