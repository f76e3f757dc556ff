/** An unmodified client in its usual ways: what its README shows has to work. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import createKeyValueStore from '../../src/kv/machine.ts';
import { startRespServer } from '../../src/kv/resp-server.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { OrderedLog } from './ordered-log.ts';

test('ioredis connects, pipelines, runs transactions, scans and reads binary values', async (t) => {
  const log = new OrderedLog(createKeyValueStore());
  const describe = () => ({
    workerId: 'w1',
    incarnation: '0',
    clusterId: '0',
    role: 'leader' as const,
    term: 1,
    leader: null,
    tookOver: false,
    tailIndex: 0,
    commitIndex: 0,
    configuration: { index: 0, scribes: [] },
    haltedAt: null,
    appliedIndex: 0,
    lease: { millis: 0, held: false },
    transport: 'memory',
  });
  const clock = { wallMillis: () => log.clockMillis };
  const server = await startRespServer({ port: 0, service: log, describe, log: silentLog, clock });
  const redis = new Redis(server.port, { connectionName: 'test' });
  const another = redis.duplicate();
  t.after(async () => {
    another.disconnect();
    redis.disconnect();
    await server.close();
  });
  await once(redis, 'ready');

  assert.equal(await redis.set('mykey', 'value', 'EX', 10), 'OK');
  assert.equal(await redis.get('mykey'), 'value');
  assert.equal(await redis.ttl('mykey'), 10);
  assert.equal(await redis.client('GETNAME'), 'test');
  await redis.del('mykey');
  assert.equal(await redis.get('mykey'), null);

  const binary = Buffer.from([0, 13, 10, 255, 128]);
  await redis.set(binary, binary);
  assert.deepEqual(await redis.getBuffer(binary), binary);

  const piped = await redis.pipeline().set('foo', 'bar').get('foo').incr('foo').del('foo').exec();
  assert.deepEqual(
    piped?.map(([error, result]) => error?.message ?? result),
    ['OK', 'bar', 'ERR value is not an integer or out of range', 1],
  );

  const results = await redis.multi().set('n', '1').incr('n').get('n').exec();
  assert.deepEqual(results, [
    [null, 'OK'],
    [null, 2],
    [null, '2'],
  ]);
  await redis.watch('n');
  await another.set('n', '9');
  assert.equal(await redis.multi().set('n', '3').exec(), null);

  await redis.flushall();
  const expected = Array.from({ length: 500 }, (_, number) => `key:${number}`);
  await Promise.all(expected.map((key) => redis.set(key, 'v')));
  const found: string[] = [];
  for await (const keys of redis.scanStream({ match: 'key:*', count: 50 })) found.push(...(keys as string[]));
  assert.deepEqual(found.sort(), expected.sort());
  assert.equal(await redis.dbsize(), 500);
  assert.deepEqual(await redis.mget('key:1', 'absent'), ['v', null]);
  assert.match(await redis.info('replication'), /role:master/);
});
