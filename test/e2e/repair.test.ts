/**
 * Disks that rot under a running cluster: a scribe serves around what it cannot read, gets it again from the others, and where
 * no scribe has it the cluster stops at that entry and says so.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { RedisClient } from '../harness/redis-client.ts';
import { until } from '../harness/until.ts';
import { alter, inspect } from './inspection.ts';

const VALUE_BYTES = 6_000;
const VALUES = 20;

interface Place {
  readonly file: string;
  readonly offset: number;
}

describe('a cluster whose disks rot', () => {
  let cluster: Cluster;

  const directoryOf = (id: string): string => join(cluster.directory, id);

  /** The file and offset of a byte in the middle of the value of the `position`th long batch. */
  const placeIn = async (id: string, position: number): Promise<Place> => {
    const { segments, blocks } = await inspect(directoryOf(id));
    const block = blocks.filter(({ bodyBytes }) => bodyBytes > VALUE_BYTES)[position]!;
    const { name } = segments.find(({ number }) => number === block.segment)!;
    return { file: join(directoryOf(id), name), offset: block.offset + (VALUE_BYTES >> 1) };
  };
  /** Doing it again undoes it. */
  const flipAt = ({ file, offset }: Place): void =>
    alter(file, offset, 1, (bytes) => {
      bytes[0]! ^= 0x10;
    });
  const flip = async (id: string, position: number): Promise<void> => flipAt(await placeIn(id, position));
  const kill = (ids: readonly string[]): Promise<unknown> =>
    Promise.all(ids.map((id) => cluster.process(id).killHard()));
  const healed = (id: string, batches: number): Promise<true> =>
    until(`${id} to be repaired`, async () => {
      const status = await cluster.scribeStatus(id);
      return status?.damaged.length === 0 && status.repaired >= batches ? true : undefined;
    });
  const checkAll = async (): Promise<void> => {
    const redis = await RedisClient.connect((await cluster.leader()).redis);
    for (let key = 0; key < VALUES; key += 1) assert.equal(await redis.call('STRLEN', `key:${key}`), VALUE_BYTES);
    redis.close();
  };

  before(async () => {
    cluster = await Cluster.start({ workers: 1, initFlags: ['--segment-mebibytes', '16'] });
    const redis = await RedisClient.connect((await cluster.leader()).redis);
    const value = 'x'.repeat(VALUE_BYTES);
    for (let key = 0; key < VALUES; key += 1) assert.equal(await redis.call('SET', `key:${key}`, value), 'OK');
    redis.close();
  });
  after(async () => {
    await cluster?.end();
  });

  test('repairs what one disk cannot read from another scribe, and is whole afterwards (S08, S09, S11, R29)', async () => {
    await kill(['b']);
    await flip('b', 5);
    await cluster.startScribe('b');
    await healed('b', 1);
    await checkAll();
    await cluster.process('b').killHard();
    // The rotten block lies where it lay, but no log needs it any more.
    const verified = await scriptorium('verify', '--dir', directoryOf('b'));
    assert.match(verified.stdout, /: clean, 1 damaged blocks .*, repaired: /);
    assert.equal(verified.code, 0);
    await cluster.startScribe('b');
  });

  test('starts a scribe that cannot read who is a member, and makes it one again when it is repaired (S08, R29)', async () => {
    await kill(['b']);
    const { segments } = await inspect(directoryOf('b'));
    const file = join(directoryOf('b'), segments[0]!.name);
    // An address in the configuration that `init` wrote.
    const offset = readFileSync(file).indexOf('127.0.0.1');
    assert.ok(offset > 0);
    flipAt({ file, offset });
    await cluster.startScribe('b');
    await healed('b', 1);
    assert.equal((await cluster.scribeStatus('b'))?.state, 'ok');
    await kill(['c']);
    await checkAll();
    await cluster.startScribe('c');
  });

  test('heals two disks that rot at different places from each other (S11, R29, P15)', async () => {
    await kill(['a', 'b', 'c', 'w1']);
    await flip('a', 7);
    await flip('b', 9);
    await flip('c', 11);
    await cluster.startAll();
    await Promise.all(['a', 'b', 'c'].map((id) => healed(id, 1)));
    await checkAll();
  });

  test('stops at an entry that no disk can read, says so, and goes on when one can (S11, R31)', async () => {
    await kill(['a', 'b', 'c', 'w1']);
    const place = await placeIn('a', 13);
    for (const id of ['a', 'b', 'c']) await flip(id, 13);
    await cluster.startAll();
    const { haltedAt, appliedIndex } = await until('the worker to say that it is halted', async () => {
      const status = await cluster.workerStatus('w1');
      return status !== undefined && status.haltedAt !== null ? status : undefined;
    });
    assert.ok(haltedAt !== null && appliedIndex < haltedAt, 'nothing is skipped');
    const damaged = (await cluster.scribeStatus('a'))?.damaged;
    assert.ok(
      damaged?.some(({ from, to }) => from <= haltedAt && haltedAt <= to),
      JSON.stringify({ damaged, haltedAt }),
    );
    const redis = await RedisClient.connect(cluster.workers[0]!.redis);
    const refusal = await redis.call('SET', 'key', 'value');
    assert.match(String(refusal), new RegExp(`CLUSTERDOWN.*can read entry ${haltedAt}`));
    redis.close();

    await cluster.process('a').killHard();
    flipAt(place);
    await cluster.startScribe('a');
    await checkAll();
    await Promise.all(['b', 'c'].map((id) => healed(id, 1)));
  });
});
