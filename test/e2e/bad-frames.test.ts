/**
 * What strangers may send to the ports of a running cluster. Every case ends that one link, for a reason that is said where
 * the protocol has words for it, and is nothing to anybody else: the cluster goes on in its term, with its memory bounded.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { MAX_FRAME_BYTES } from '../../src/core/limits.ts';
import type { WorkerStatus } from '../../src/node/status.ts';
import { encodeHandshake, hello, type LinkRole } from '../../src/wire/handshake.ts';
import { Cluster } from '../harness/cluster.ts';
import { freePorts } from '../harness/ports.ts';
import { RedisClient } from '../harness/redis-client.ts';
import { ServerProcess } from '../harness/server-process.ts';
import { until } from '../harness/until.ts';
import { Random } from '../random.ts';

const SEED = 7_101;
const FOREIGN_CLUSTER = 'f'.repeat(32);
/** What one server may grow by through all of this. */
const MAX_GROWTH_KIBIBYTES = 64 * 1024;

/** Sends frames over a fresh link and resolves to the code the other side closes it with. */
async function closeCodeAfter(address: string, frames: readonly (Uint8Array | string)[]): Promise<number> {
  const socket = new WebSocket(`ws://${address}/`, { perMessageDeflate: false });
  socket.on('error', () => {}); // a reset; `close` follows
  await once(socket, 'open');
  for (const frame of frames) socket.send(frame);
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}

/** Sends bytes over a bare connection and resolves when the other side has closed it. */
async function closedAfter(address: string, bytes: Uint8Array | string): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  socket.end(bytes);
  if (!socket.closed) await once(socket, 'close');
}

describe('a running cluster that is sent', () => {
  let cluster: Cluster;
  let clusterId = '';
  let term = 0;
  const memory = new Map<string, number>();
  const random = new Random(SEED);

  const randomBytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.integer(0, 256)));
  const identify = (role: LinkRole, cluster: string): Uint8Array =>
    encodeHandshake(hello(cluster, { role, id: 'stranger', key: random.hex128(), address: '127.0.0.1:9' }));
  const residentKibibytes = (pid: number): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const servers = () => [...cluster.scribes, ...cluster.workers];

  before(async () => {
    cluster = await Cluster.start({ workers: 1 });
    const leader = await cluster.workerStatus('w1');
    assert.ok(leader !== undefined);
    ({ clusterId, term } = leader);
    for (const { id } of servers()) memory.set(id, residentKibibytes(cluster.process(id).pid));
  });
  after(() => cluster?.end());

  test('garbage instead of a handshake closes the link (N03)', async () => {
    for (const { address } of servers())
      for (const length of [0, 1, 3, 4, 12, 64, 511, 4096, 65_536]) {
        const code = await closeCodeAfter(address, [randomBytes(length)]);
        assert.ok([1002, 1008].includes(code), `closed with ${code} after ${length} bytes`);
      }
  });

  test('a handshake cut short or with one bit changed closes the link or is refused (N02, N03)', async () => {
    const good = identify('worker', clusterId);
    for (let round = 0; round < 64; round += 1) {
      const { address } = random.pick(servers());
      const bad = random.chance(0.5) ? good.slice(0, random.integer(0, good.length)) : Uint8Array.from(good);
      if (bad.length === good.length) bad[random.integer(0, 8)]! ^= 1 << random.integer(0, 8);
      assert.ok([1002, 1008].includes(await closeCodeAfter(address, [bad])));
    }
  });

  test('garbage after a good handshake closes the link (N03, N05)', async () => {
    for (const { address } of servers())
      for (let round = 0; round < 16; round += 1) {
        const role = random.pick(['worker', 'client'] as const);
        const code = await closeCodeAfter(address, [identify(role, clusterId), randomBytes(random.integer(1, 4096))]);
        assert.ok([1002, 1008].includes(code), `${role}: closed with ${code}`);
      }
  });

  test('a text frame closes the link (N16)', async () => {
    for (const { address } of servers()) assert.equal(await closeCodeAfter(address, ['hello']), 1003);
  });

  test('a frame beyond the limit closes the link before it is read (N01)', async () => {
    for (const { address } of servers()) {
      const code = await closeCodeAfter(address, [new Uint8Array(MAX_FRAME_BYTES + 1)]);
      // The side that closes while it is being written to may lose its last word.
      assert.ok([1009, 1006].includes(code), `closed with ${code}`);
    }
  });

  test('no HTTP at all, or a request for something else, closes the connection (N17)', async () => {
    const requests = ['\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`];
    for (const { address } of servers())
      for (const request of [...requests, randomBytes(1000)]) await closedAfter(address, request);
  });

  test('a handshake from another cluster is refused, and its worker learns nothing (N06)', async () => {
    for (const { address } of servers())
      assert.equal(await closeCodeAfter(address, [identify('worker', FOREIGN_CLUSTER)]), 1008);

    const addresses = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
    const [listen = '', admin = ''] = addresses;
    const scribes = cluster.scribes.map(({ address }) => address).join(',');
    const from = ['--cluster-id', FOREIGN_CLUSTER, '--scribes', scribes];
    const stranger = await ServerProcess.start(['worker', ...from, '--id', 'x', '--listen', listen, '--admin', admin]);
    try {
      const line = await until('a word about the cluster', () => /^.*WRONG_CLUSTER.*$/m.exec(stranger.output)?.[0]);
      assert.ok(line.includes(clusterId) && line.includes(FOREIGN_CLUSTER), line);
      assert.equal((await fetch(`http://${admin}/readyz`)).status, 503);
      const status = (await (await fetch(`http://${admin}/status`)).json()) as WorkerStatus;
      assert.deepEqual([status.role, status.term, status.leader, status.tailIndex], ['learner', 0, null, 0]);
    } finally {
      await stranger.killHard();
    }
  });

  test('all that serves on, in the term it was in and in the memory it had', async (context) => {
    const status = await cluster.workerStatus('w1');
    assert.equal(status?.role, 'leader');
    assert.equal(status.term, term);
    const redis = await RedisClient.connect(cluster.workers[0]!.redis);
    assert.equal(await redis.call('SET', 'still', 'here'), 'OK');
    assert.equal(await redis.call('GET', 'still'), 'here');
    redis.close();
    for (const { id } of servers()) {
      const grown = residentKibibytes(cluster.process(id).pid) - memory.get(id)!;
      context.diagnostic(`${id} grew by ${grown} KiB`);
      assert.ok(grown < MAX_GROWTH_KIBIBYTES, `${id} grew by ${grown} KiB`);
    }
  });
});
