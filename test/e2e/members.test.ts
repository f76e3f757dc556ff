/**
 * Changing the scribes of a running cluster from the command line, on real processes under load: nothing acknowledged is lost
 * by it, and a scribe that was replaced while it was down disturbs nobody when it comes back.
 */
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { until } from '../harness/until.ts';
import { checkHistory } from '../linearizability/check.ts';
import { Random } from '../random.ts';
import { Load } from './load.ts';
import { assertRefused, snapshot } from './refusals.ts';
import { ClientAccess, RedisAccess } from './store-access.ts';

const SEED = 20_261_125;
/** Acknowledged writes between one step and the next. */
const WRITES_BETWEEN = 100;

interface Listed {
  readonly changing: boolean;
  readonly members: readonly { readonly scribeId: string; readonly part: string; readonly state: string }[];
}

async function members(cluster: Cluster, ...args: readonly string[]): Promise<Listed> {
  const [action = '', ...rest] = args;
  const { code, stdout, stderr } = await scriptorium(
    'members',
    action,
    '--cluster',
    cluster.clusterFile,
    ...rest,
    '--json',
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Listed;
}

/** `a voter ok` for each, or what it is instead. */
const described = ({ members: all }: Listed): string[] =>
  all.map(({ scribeId, part, state }) => `${scribeId} ${part} ${state}`).toSorted();

/** Runs `use` under load, and judges everything that was said. */
async function underLoad(cluster: Cluster, use: (load: Load) => Promise<void>): Promise<string> {
  const addresses = cluster.workers.map((worker) => worker.address);
  const redis = cluster.workers.map((worker) => worker.redis);
  const accesses = [0, 1, 2].flatMap((first) => [new RedisAccess(redis, first), new ClientAccess(addresses)]);
  using load = new Load(accesses, new Random(SEED));
  load.start();
  await load.moreWrites(WRITES_BETWEEN);
  await use(load);
  load.nextGeneration();
  await load.moreWrites(WRITES_BETWEEN);
  const { verdict, report } = checkHistory(await load.finish());
  assert.equal(verdict, 'valid', report);
  const compared = await scriptorium('verify', '--cluster', cluster.clusterFile);
  assert.equal(compared.code, 0, compared.stdout + compared.stderr);
  return JSON.stringify(load.counts);
}

describe('the members of a running cluster', () => {
  test('P27 R26: a scribe whose disk is lost is replaced under load with one command, under its own name', (context) =>
    Cluster.with({}, async (cluster) => {
      const counts = await underLoad(cluster, async (load) => {
        await cluster.process('c').killHard();
        await load.moreWrites(WRITES_BETWEEN);
        await cluster.startNewcomer('c', 'c');
        assert.deepEqual(described(await members(cluster, 'list')), [
          'a voter ok',
          'b voter ok',
          'c voter another-disk',
        ]);
        const changed = await members(cluster, 'replace', '--scribe', 'c');
        assert.deepEqual(described(changed), ['a voter ok', 'b voter ok', 'c voter ok']);
        assert.equal(changed.changing, false);
        await load.moreWrites(WRITES_BETWEEN);
        // From here on nothing is written without the newcomer.
        await cluster.process('b').killHard();
        await load.moreWrites(WRITES_BETWEEN);
        await cluster.startScribe('b');
      });
      context.diagnostic(counts);
    }));

  test('P27 R27: a scribe replaced while it was down comes back to disturb nobody, also when everything starts anew', () =>
    Cluster.with({}, async (cluster) => {
      await underLoad(cluster, async (load) => {
        await cluster.process('c').killHard();
        const { address } = await cluster.startNewcomer('d');
        await members(cluster, 'replace', '--scribe', 'c', '--newcomer', address);
        const { id, term } = await leaderOf(cluster);
        await cluster.startScribe('c');
        await until('c to hear that it is out', async () =>
          (await cluster.scribeStatus('c'))?.state === 'removed' ? true : undefined,
        );
        await load.moreWrites(WRITES_BETWEEN);
        assert.deepEqual(await leaderOf(cluster), { id, term });
        assert.deepEqual(described(await members(cluster, 'list')), ['a voter ok', 'b voter ok', 'd voter ok']);
        // Workers that know no more than the cluster file meet the old one first: its word is no longer the newest.
        const ids = cluster.workers.map((worker) => worker.id);
        await Promise.all([...ids, 'a', 'b', 'd'].map((one) => cluster.process(one).killHard()));
        await Promise.all(ids.map((one) => cluster.startWorker(one)));
        await Promise.all(['a', 'b', 'd'].map((one) => cluster.startScribe(one)));
        await cluster.leader();
        assert.deepEqual(described(await members(cluster, 'list')), ['a voter ok', 'b voter ok', 'd voter ok']);
      });
    }));

  test('P21 R26: a disk that is lost is not made again under its old uuid while anybody remembers it', () =>
    Cluster.with({ workers: 1 }, async (cluster) => {
      const lost = cluster.scribes[1]!;
      await cluster.process('b').killHard();
      rmSync(lost.directory, { recursive: true });
      const again = ['init', '--cluster', cluster.clusterFile, '--only', 'b', '--dir', lost.directory];
      await assertRefused(again, { exit: 1, code: 'CHANGE_REFUSED', reason: /--join.* members replace --scribe b/ });
      assert.ok(!existsSync(lost.directory));
    }));

  test('R26: what is no newcomer is refused: a directory of another scribe, a strange one, a disk that voted before', () =>
    Cluster.with({ workers: 1 }, async (cluster) => {
      const { clusterFile } = cluster;
      const c = cluster.scribes[2]!;
      await members(cluster, 'remove', '--scribe', 'c');
      await cluster.process('c').stop();
      const before = snapshot(c.directory);
      const join = (directory: string) => [
        'scribe',
        '--dir',
        directory,
        '--join',
        clusterFile,
        '--id',
        'x',
        '--listen',
        c.address,
      ];
      await assertRefused(join(c.directory), { exit: 3, code: 'WRONG_IDENTITY', reason: /scribe/ });
      assert.deepEqual(snapshot(c.directory), before);
      await assertRefused(join(cluster.directory), { exit: 3, code: 'NOT_EMPTY', reason: /empty/ });
      await cluster.startScribe('c');
      const add = ['members', 'add', '--cluster', clusterFile, '--newcomer'];
      await assertRefused([...add, c.address], { exit: 3, code: 'NOT_EMPTY', reason: /start it on a blank one/ });
      await assertRefused([...add, cluster.workers[0]!.address], {
        exit: 2,
        code: 'BAD_OPTION',
        reason: /is a worker/,
      });
      await members(cluster, 'remove', '--scribe', 'b');
      const remove = ['members', 'remove', '--cluster', clusterFile, '--scribe', 'a'];
      await assertRefused(remove, { exit: 1, code: 'CHANGE_REFUSED', reason: /the last scribe/ });
    }));
});

async function leaderOf(cluster: Cluster): Promise<{ id: string; term: number | undefined }> {
  const { id } = await cluster.leader();
  return { id, term: (await cluster.workerStatus(id))?.term };
}
