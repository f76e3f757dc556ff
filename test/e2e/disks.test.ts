/** Disks on which a scribe cannot do its work: it says so in one line, stops, and the cluster goes on without it. */
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
const DISK_MEBIBYTES = 48;
const FILLER_MEBIBYTES = 20;
const VALUE_BYTES = 64 * 1024;
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

  test('stops when its disk is full, and goes on when there is room again (S27)', { skip: noLoopDisks() }, async () => {
    const cluster = await Cluster.create({ workers: 1, initFlags: SMALL_SEGMENTS });
    try {
      await withDisk(cluster, (disk) => fillAndFree(cluster, disk));
    } finally {
      await cluster.end();
    }
  });
});

async function fillAndFree(cluster: Cluster, disk: LoopDisk): Promise<void> {
  const directory = join(disk.path, 'c');
  const from = ['--cluster', cluster.clusterFile, '--only', 'c'];
  assert.equal((await scriptorium('init', ...from, '--dir', directory, ...SMALL_SEGMENTS)).code, 0);
  cluster.scribes[2]!.directory = directory;
  const filler = join(disk.path, 'filler');
  writeFileSync(filler, Buffer.alloc(FILLER_MEBIBYTES * MEBIBYTE));
  await cluster.startAll();
  const redis = await RedisClient.connect((await cluster.leader()).redis);

  const ended = cluster.process('c').exited;
  const value = 'x'.repeat(VALUE_BYTES);
  let written = 0;
  while (cluster.isRunning('c')) {
    assert.equal(await redis.call('SET', `key:${written}`, value), 'OK');
    written += 1;
  }
  assert.equal((await ended).code, 4);
  assert.match(cluster.process('c').output, /^scriptorium: NO_SPACE: .*$/m);

  rmSync(filler);
  await cluster.startScribe('c');
  await until('c to catch up', async () => {
    const leader = await cluster.workerStatus((await cluster.leader()).id);
    const scribe = await cluster.scribeStatus('c');
    return scribe !== undefined && scribe.durableIndex === leader?.tailIndex ? true : undefined;
  });
  await cluster.process('a').killHard();
  for (let position = 0; position < written; position += 1)
    assert.equal(await redis.call('STRLEN', `key:${position}`), VALUE_BYTES);
  redis.close();
}
