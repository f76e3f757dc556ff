/** Disks on which a scribe cannot do its work: it says so, and the cluster goes on without it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { LoopDisk, noLoopDisks } from '../harness/loop-disk.ts';
import { RedisClient } from '../harness/redis-client.ts';
import { until } from '../harness/until.ts';
import { assertRefused } from './refusals.ts';

const MEBIBYTE = 1024 * 1024;
/** Room for one segment of 16 MiB and the filler, not for a second segment. */
const DISK_MEBIBYTES = 96;
const FILLER_MEBIBYTES = 68;
const VALUE_BYTES = 64 * 1024;
/** More than a segment of 16 MiB. */
const VALUES = 300;
const SMALL_SEGMENTS = ['--segment-mebibytes', '16'];

/** Calls `use` with a loop disk mounted beside the cluster's directories and unmounts it, whatever happens. */
async function withDisk(cluster: Cluster, use: (disk: LoopDisk) => Promise<void>): Promise<void> {
  const disk = LoopDisk.create(join(cluster.directory, 'c.disk'), DISK_MEBIBYTES);
  try {
    await use(disk);
  } finally {
    await Promise.all(
      cluster.scribes.filter(({ id }) => cluster.isRunning(id)).map(({ id }) => cluster.process(id).killHard()),
    );
    disk.remove();
  }
}

describe('a scribe', () => {
  test('refuses tmpfs, and takes it when it is allowed to (S32)', async () => {
    const directory = mkdtempSync('/dev/shm/scriptorium-e2e-');
    try {
      const init = ['init', '--dir', directory, '--scribe', 'a=127.0.0.1:7101', ...SMALL_SEGMENTS];
      await assertRefused(init, { exit: 4, code: 'NO_DIRECT_IO', reason: /tmpfs.*allow buffered/ });
      assert.equal((await scriptorium(...init, '--allow-buffered')).code, 0);
      const scribe = ['scribe', '--dir', join(directory, 'a')];
      await assertRefused(scribe, { exit: 4, code: 'NO_DIRECT_IO', reason: /tmpfs/ });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('refuses a read-only disk (S33)', { skip: noLoopDisks() }, async () => {
    const cluster = await Cluster.create({ scribes: 1, workers: 1 });
    try {
      await withDisk(cluster, async (disk) => {
        const directory = join(disk.path, 'a');
        const from = ['--cluster', cluster.clusterFile, '--only', 'a'];
        assert.equal((await scriptorium('init', ...from, '--dir', directory, ...SMALL_SEGMENTS)).code, 0);
        disk.remountReadOnly();
        const { address } = cluster.scribes[0]!;
        const scribe = ['scribe', '--dir', directory, '--listen', address];
        await assertRefused(scribe, { exit: 4, code: 'READ_ONLY', reason: /a\b/ });
        const another = ['init', ...from, '--dir', join(disk.path, 'b')];
        await assertRefused(another, { exit: 4, code: 'READ_ONLY', reason: /b\b/ });
      });
    } finally {
      await cluster.end();
    }
  });

  test('goes on reading and answering when its disk is full, and catches up when there is room again (S27)', {
    skip: noLoopDisks(),
  }, async () => {
    const cluster = await Cluster.create({ workers: 1, initFlags: SMALL_SEGMENTS });
    try {
      await withDisk(cluster, (disk) => fillAndFree(cluster, disk));
    } finally {
      await cluster.end();
    }
  });
});

async function reconnect(redis: RedisClient, worker: { redis: string }): Promise<RedisClient> {
  redis.close();
  return await RedisClient.connect(worker.redis);
}

async function fillAndFree(cluster: Cluster, disk: LoopDisk): Promise<void> {
  const directory = join(disk.path, 'c');
  const from = ['--cluster', cluster.clusterFile, '--only', 'c'];
  assert.equal((await scriptorium('init', ...from, '--dir', directory, ...SMALL_SEGMENTS)).code, 0);
  cluster.scribes[2]!.directory = directory;
  const filler = join(disk.path, 'filler');
  writeFileSync(filler, Buffer.alloc(FILLER_MEBIBYTES * MEBIBYTE));
  await cluster.startAll();
  let redis = await RedisClient.connect((await cluster.leader()).redis);

  const value = 'x'.repeat(VALUE_BYTES);
  const set = async (position: number): Promise<void> => {
    assert.equal(await redis.call('SET', `key:${position}`, value), 'OK');
  };
  const checkAll = async (): Promise<void> => {
    for (let position = 0; position < VALUES; position += 1)
      assert.equal(await redis.call('STRLEN', `key:${position}`), VALUE_BYTES);
  };
  // More than its one segment holds: the other two acknowledge.
  for (let position = 0; position < VALUES; position += 1) await set(position);
  const full = await cluster.scribeStatus('c');
  assert.equal(full?.noSpace, true);
  assert.equal(full.state, 'ok');
  const { tailIndex } = (await cluster.workerStatus((await cluster.leader()).id))!;
  assert.ok(full.durableIndex < tailIndex, 'its log stands still');
  // A new leader is heard and its term kept.
  await cluster.process('w1').killHard();
  await cluster.startWorker('w1');
  const again = await cluster.leader();
  redis = await reconnect(redis, again);
  await until('c to hear the new leader', async () => {
    const status = await cluster.scribeStatus('c');
    return status !== undefined && status.term > full.term && status.leader?.workerId === again.id ? true : undefined;
  });
  // With one of the others gone it is needed: for reads it is enough, for writes not before there is room.
  await cluster.process('a').killHard();
  await checkAll();
  const waiting = set(VALUES);
  rmSync(filler);
  await waiting;
  await until('c to catch up', async () => {
    const leader = await cluster.workerStatus(again.id);
    const scribe = await cluster.scribeStatus('c');
    return scribe !== undefined && scribe.durableIndex === leader?.tailIndex ? true : undefined;
  });
  assert.equal((await cluster.scribeStatus('c'))?.noSpace, false);
  assert.ok(cluster.isRunning('c'));
  await checkAll();
  redis.close();
}
