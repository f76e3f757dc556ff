/**
 * Processes that stop and go on, crash again and again, or run twice, beside a leader that goes on leading: it must keep its term,
 * writes must go through, and whoever comes back must catch up. One cluster for all of it; each test leaves it whole.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { encodeCommand } from '../../src/kv/entry-codec.ts';
import { Client } from '../../src/node/client.ts';
import { Cluster, type WorkerPlace } from '../harness/cluster.ts';
import { RedisClient } from '../harness/redis-client.ts';
import { until } from '../harness/until.ts';

/** More than a leader keeps for those that lag, 32 MiB, and has on its way to each, 8 MiB. */
const LARGE_WRITES = 60;
const LARGE_BYTES = 1_000_000;
const CRASHES = 3;

describe('three scribes and two workers, the leader left in peace', () => {
  let cluster: Cluster;
  let client: Client;
  let leader: WorkerPlace;
  let learner: WorkerPlace;
  let term: number;

  before(async () => {
    cluster = await Cluster.start({ workers: 2 });
    client = await Client.connect({ workers: cluster.workers.map(({ address }) => address) });
    leader = await cluster.leader();
    learner = cluster.workers.find(({ id }) => id !== leader.id)!;
    term = (await cluster.workerStatus(leader.id))!.term;
  });
  after(async () => {
    await client.close();
    await cluster.end();
  });

  const set = (key: string, value: string) =>
    client.propose(encodeCommand(['SET', key, value].map((word) => Buffer.from(word))), { deadlineMillis: 20_000 });

  const undisturbed = async (): Promise<void> => {
    const status = await cluster.workerStatus(leader.id);
    assert.deepEqual({ role: status?.role, term: status?.term }, { role: 'leader', term }, cluster.output());
  };

  /** Resolves when the learner and every scribe have what the leader has committed. */
  const allCaughtUp = async (): Promise<void> => {
    const { commitIndex } = (await cluster.workerStatus(leader.id))!;
    await until('the learner to catch up', async () =>
      ((await cluster.workerStatus(learner.id))?.appliedIndex ?? 0) >= commitIndex ? true : undefined,
    );
    for (const { id } of cluster.scribes)
      await until(`${id} to catch up`, async () =>
        ((await cluster.scribeStatus(id))?.durableIndex ?? 0) >= commitIndex ? true : undefined,
      );
  };

  test('P19 P20: a scribe and a learner are stopped for longer than the leader keeps its log: both read the rest from scribes', async () => {
    for (const id of ['c', learner.id]) cluster.process(id).kill('SIGSTOP');
    const large = (key: number) => set(`large:${key}`, `${key}`.padEnd(LARGE_BYTES));
    for (let write = 0; write < LARGE_WRITES; write += 4) await Promise.all([0, 1, 2, 3].map(large));
    await undisturbed();
    for (const id of ['c', learner.id]) cluster.process(id).kill('SIGCONT');
    await set('after', 'the pause');
    await allCaughtUp();
    await undisturbed();
    const reader = await RedisClient.connect(learner.redis);
    assert.equal(await reader.call('GET', 'after'), 'the pause');
    assert.equal(await reader.call('GET', 'large:3'), '3'.padEnd(LARGE_BYTES));
    reader.close();
  });

  test('P14: a second worker under the id of the leader follows it; both say so, and so does a scribe', async () => {
    const twin = await cluster.startTwin(leader.id);
    for (const process of [twin, cluster.process(leader.id), cluster.process('a')])
      await until('a word of two workers under one id', () =>
        /two workers run under one id/.test(process.output) ? true : undefined,
      );
    await set('with', 'a twin');
    await undisturbed();
    await twin.killHard();
    await set('after', 'a twin');
    await undisturbed();
  });

  test('P22: a scribe and a worker that crash as soon as they take part again: no election, and writes go on', async () => {
    const crashes = async (id: string, start: () => Promise<void>, takesPart: () => Promise<boolean>) => {
      for (let crash = 0; crash < CRASHES; crash += 1) {
        await until(`${id} to take part`, async () => ((await takesPart()) ? true : undefined));
        await cluster.process(id).killHard();
        await set(`crash ${crash} of`, id);
        await start();
      }
    };
    const follows = async () => (await cluster.workerStatus(learner.id))?.leader?.workerId === leader.id;
    await Promise.all([
      crashes(
        'b',
        () => cluster.startScribe('b'),
        async () => (await cluster.scribeStatus('b'))?.leader != null,
      ),
      crashes(learner.id, () => cluster.startWorker(learner.id), follows),
    ]);
    await allCaughtUp();
    await undisturbed();
  });
});
