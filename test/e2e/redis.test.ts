/** Redis' own programs and the most used client, as they come, against a real cluster: leader and learner alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { Cluster } from '../harness/cluster.ts';
import { missing, runCommand } from '../harness/command.ts';

const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1);
const TWO_WORKERS = { workers: 2 };

/** Both Redis ports, the leader's first. */
async function redisPorts(cluster: Cluster): Promise<string[]> {
  const leader = await cluster.leader();
  const others = cluster.workers.filter(({ id }) => id !== leader.id);
  return [leader, ...others].map(({ redis }) => portOf(redis));
}

test('redis-benchmark runs to its end without an error on the leader', {
  skip: missing('redis-benchmark'),
}, async (context) => {
  await Cluster.with(TWO_WORKERS, async (cluster) => {
    const [leader = ''] = await redisPorts(cluster);
    const load = ['-t', 'set,get,incr', '-n', '100000', '-c', '50', '-P', '16', '-q'];
    const { code, stdout, stderr } = await runCommand('redis-benchmark', '-p', leader, ...load);
    const results = stdout.split(/[\r\n]+/).filter((line) => line.includes('requests per second'));
    for (const line of results) context.diagnostic(line.trim());
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      results.map((line) => line.slice(0, line.indexOf(':'))),
      ['SET', 'GET', 'INCR'],
    );
    assert.doesNotMatch(stdout + stderr, /error/i);
  });
});

test('redis-cli writes on a learner and reads on the leader what it wrote', {
  skip: missing('redis-cli'),
}, async () => {
  await Cluster.with(TWO_WORKERS, async (cluster) => {
    const [leader = '', learner = ''] = await redisPorts(cluster);
    const cli = async (port: string, ...words: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCommand('redis-cli', '-p', port, ...words);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    };
    assert.equal(await cli(learner, 'set', 'color', 'green'), 'OK');
    assert.equal(await cli(leader, 'get', 'color'), 'green');
    assert.equal(await cli(leader, 'append', 'color', 'ish'), '8');
    assert.equal(await cli(learner, 'get', 'color'), 'greenish');
    assert.match(await cli(leader, 'incr', 'color'), /^ERR value is not an integer or out of range/);
    assert.match(await cli(leader, 'info', 'replication'), /role:master/);
    assert.match(await cli(learner, 'info', 'replication'), /role:slave/);
  });
});

/** The "basic usage" script of ioredis' README, with its answers looked at instead of printed. */
test('the script of the ioredis README works', async () => {
  await Cluster.with(TWO_WORKERS, async (cluster) => {
    for (const port of await redisPorts(cluster)) {
      const redis = new Redis({ port: Number(port), host: '127.0.0.1' });
      try {
        assert.equal(await redis.set('mykey', 'value'), 'OK');
        assert.equal(await redis.get('mykey'), 'value');
        assert.equal(await redis.set('mykey', 'hello', 'EX', 10), 'OK');
        const left = await redis.ttl('mykey');
        assert.ok(left > 0 && left <= 10);
        const transaction = await redis.multi().set('foo', 'bar').get('foo').exec();
        assert.deepEqual(transaction, [
          [null, 'OK'],
          [null, 'bar'],
        ]);
        assert.equal(await redis.del('mykey', 'foo'), 2);
      } finally {
        redis.disconnect();
      }
    }
  });
});
