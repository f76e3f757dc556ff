/**
 * Directories that a scribe must not simply go on with: another's, a torn one, a rotten one. Each is a real one, left behind
 * by kill -9 of a scribe under writes, and the cluster goes on without it.
 */
import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { RedisClient } from '../harness/redis-client.ts';
import { until } from '../harness/until.ts';
import { alter, type Inspection, inspect } from './inspection.ts';
import { assertRefused, snapshot } from './refusals.ts';

const WRITES = 100;
const SECTOR_BYTES = 512;
/** Its block takes more than one sector. */
const LONG_VALUE_BYTES = 6_000;

describe('a cluster one of whose scribes lost its directory', () => {
  let cluster: Cluster;
  let redis: RedisClient;
  /** Values acknowledged under `key:0`, `key:1`, … */
  let written = 0;

  const write = async (count: number): Promise<void> => {
    for (let position = 0; position < count; position += 1) {
      assert.equal(await redis.call('SET', `key:${written}`, `value ${written}`), 'OK');
      written += 1;
    }
  };
  const directoryOf = (id: string): string => join(cluster.directory, id);

  /** Kills scribe `id`, damages its directory, hands it to `use`, and brings the undamaged one back. */
  const withDamaged = async (
    id: string,
    damage: (found: Inspection) => void,
    use: () => Promise<void>,
  ): Promise<void> => {
    await cluster.process(id).killHard();
    const kept = `${directoryOf(id)}.kept`;
    cpSync(directoryOf(id), kept, { recursive: true });
    damage(await inspect(directoryOf(id)));
    await use();
    if (cluster.isRunning(id)) await cluster.process(id).killHard();
    rmSync(directoryOf(id), { recursive: true });
    renameSync(kept, directoryOf(id));
    await cluster.startScribe(id);
  };

  const caughtUp = (id: string): Promise<true> =>
    until(`${id} to catch up`, async () => {
      const leader = await cluster.workerStatus((await cluster.leader()).id);
      const scribe = await cluster.scribeStatus(id);
      return leader !== undefined && scribe !== undefined && scribe.durableIndex >= leader.tailIndex ? true : undefined;
    });

  before(async () => {
    cluster = await Cluster.start({ workers: 1, initFlags: ['--segment-mebibytes', '16'] });
    redis = await RedisClient.connect((await cluster.leader()).redis);
    await write(WRITES);
  });
  after(async () => {
    redis?.close();
    await cluster?.end();
  });

  test('refuses the directory of another scribe in its place, naming both (S05)', async () => {
    const replace = (): void => {
      rmSync(directoryOf('a'), { recursive: true });
      cpSync(directoryOf('b'), directoryOf('a'), { recursive: true });
    };
    await withDamaged('a', replace, async () => {
      const found = snapshot(directoryOf('a'));
      const reason = /belongs to scribe b, not to scribe a/;
      await assertRefused(['scribe', '--dir', directoryOf('a')], { exit: 3, code: 'WRONG_IDENTITY', reason });
      assert.deepEqual(snapshot(directoryOf('a')), found);
      await write(WRITES);
    });
    await caughtUp('a');
  });

  test('refuses the directory of another cluster in its place, naming both (S04)', async () => {
    let foreign = '';
    const address = cluster.scribes[0]!.address;
    await withDamaged(
      'a',
      () => rmSync(directoryOf('a'), { recursive: true }),
      async () => {
        const other = join(cluster.directory, 'other');
        assert.equal((await scriptorium('init', '--dir', other, '--scribe', `a=${address}`)).code, 0);
        cpSync(join(other, 'a'), directoryOf('a'), { recursive: true });
        foreign = (await inspect(directoryOf('a'))).identity.clusterId;
        const own = (await inspect(`${directoryOf('a')}.kept`)).identity.clusterId;
        const reason = new RegExp(`belongs to cluster ${foreign}, not to cluster ${own}`);
        await assertRefused(['scribe', '--dir', directoryOf('a')], { exit: 3, code: 'WRONG_IDENTITY', reason });
        await write(WRITES);
      },
    );
    await caughtUp('a');
  });

  test('refuses a bit flipped in the middle with its position, and changes nothing (S08, S09)', async () => {
    let position: { readonly file: string; readonly offset: number } | undefined;
    const flip = ({ segments, blocks }: Inspection): void => {
      // One that holds something: under load, seals stand between them.
      const holding = blocks.filter(({ bodyBytes }) => bodyBytes > 100);
      const block = holding[holding.length >> 1]!;
      const file = join(directoryOf('b'), segments.find(({ number }) => number === block.segment)!.name);
      alter(file, block.offset + 100, 1, (bytes) => {
        bytes[0]! ^= 0x10;
      });
      position = { file, offset: block.offset };
    };
    await withDamaged('b', flip, async () => {
      const found = snapshot(directoryOf('b'));
      const reason = new RegExp(`${position!.file}.*\\b${position!.offset}\\b`);
      await assertRefused(['scribe', '--dir', directoryOf('b')], { exit: 3, code: 'ROTTEN', reason });
      assert.deepEqual(snapshot(directoryOf('b')), found);
      await write(WRITES);
    });
    await caughtUp('b');
  });

  test('goes on from a torn tail after the power failed everywhere, and gets the rest from the others (S06)', async () => {
    assert.equal(await redis.call('SET', 'long', 'x'.repeat(LONG_VALUE_BYTES)), 'OK');
    const servers = [...cluster.scribes, ...cluster.workers];
    await Promise.all(servers.map(({ id }) => cluster.process(id).killHard()));

    // It failed while a block of many sectors was written: the first got there, the rest and what follows did not.
    const { segments, blocks } = await inspect(directoryOf('c'));
    const block = blocks.findLast(({ bodyBytes }) => bodyBytes > SECTOR_BYTES)!;
    const last = blocks.at(-1)!;
    const file = join(directoryOf('c'), segments.find(({ number }) => number === block.segment)!.name);
    const from = block.offset + SECTOR_BYTES;
    alter(file, from, last.offset + last.blockBytes - from, (bytes) => bytes.fill(0));
    const { report } = await inspect(directoryOf('c'));
    assert.equal(report.tail, 'torn');
    assert.ok(report.tornBytes > 0);

    await cluster.startAll();
    await caughtUp('c');
    // Now it is one of the two that are needed.
    await cluster.process('a').killHard();
    redis = await RedisClient.connect((await cluster.leader()).redis);
    await write(WRITES);
    assert.equal(await redis.call('STRLEN', 'long'), LONG_VALUE_BYTES);
  });

  test('has lost nothing of what it acknowledged through all this', async () => {
    for (let position = 0; position < written; position += 1)
      assert.equal(await redis.call('GET', `key:${position}`), `value ${position}`);
  });
});
