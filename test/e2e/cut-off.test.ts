/**
 * A leader that the network cuts off from the scribes, while clients reach it as before: it acknowledges nothing, reads nothing
 * that is not current, and says so in time; whoever knows of other workers goes on with them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCommand, encodeQuery } from '../../src/kv/entry-codec.ts';
import { Client } from '../../src/node/client.ts';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { until } from '../harness/until.ts';
import { checkHistory } from '../linearizability/check.ts';
import { Random } from '../random.ts';
import { Load } from './load.ts';
import { ClientAccess, ending, RedisAccess } from './store-access.ts';

const SEED = 20_261_127;
const WRITES_BETWEEN = 100;
const words = (...all: readonly string[]): Uint8Array[] => all.map((word) => Buffer.from(word));

test('P06 P09: clients of a leader that is cut off hear the truth in time, and go to the next one if they can', (context) =>
  Cluster.with({ workers: 2, relayed: true }, async (cluster) => {
    const { id, address, redis } = await cluster.leader();
    const other = cluster.workers.find((worker) => worker.id !== id)!;
    await using bound = await Client.connect({ workers: [address] });
    const write = (key: string, deadlineMillis: number) =>
      ending(bound.propose(encodeCommand(words('SET', key, 'value')), { deadlineMillis }));
    const read = (deadlineMillis: number) =>
      ending(bound.read(encodeQuery(0, [words('GET', 'before')]), { deadlineMillis }));
    using load = new Load(
      [
        new ClientAccess([address]),
        new RedisAccess([redis], 0),
        new ClientAccess([address, other.address]),
        new ClientAccess([other.address]),
        new RedisAccess([other.redis], 0),
      ],
      new Random(SEED),
    );
    load.start();
    await load.moreWrites(WRITES_BETWEEN);
    assert.equal(await write('before', 20_000), 'done');
    assert.equal(await read(20_000), 'done');

    cluster.cutOff(id);
    const early = await Promise.all([read(1_000), ...[0, 1, 2, 3].map((key) => write(`early:${key}`, 1_000))]);
    assert.ok(!early.includes('done'), 'what it cannot ask a quorum about, it does not answer');
    // Whoever has the other worker's address goes on without the old leader.
    assert.equal((await cluster.leader([id])).id, other.id);
    load.nextGeneration();
    await load.moreWrites(WRITES_BETWEEN);
    // What is under way when its time is over is unknown even then; but no call stays there.
    await until('the old leader to take in nothing more', async () => {
      const late = await Promise.all([read(200), write('late', 200)]);
      assert.ok(!late.includes('done'), 'nobody told it who leads');
      return late.includes('unknown') ? undefined : true;
    });
    assert.notEqual((await cluster.workerStatus(id))?.role, 'leader');

    cluster.heal();
    await until('the old leader to follow the new one', async () =>
      (await cluster.workerStatus(id))?.leader?.workerId === other.id ? true : undefined,
    );
    assert.equal(await write('after', 20_000), 'done', 'it names who leads');
    load.nextGeneration();
    await load.moreWrites(WRITES_BETWEEN);
    const { verdict, report } = checkHistory(await load.finish());
    context.diagnostic(JSON.stringify({ ...load.counts, errors: [...load.errors] }));
    assert.equal(verdict, 'valid', report);
    const compared = await scriptorium('verify', '--cluster', cluster.clusterFile);
    assert.equal(compared.code, 0, compared.stdout + compared.stderr);
  }));
