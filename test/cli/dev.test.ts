/** `dev`: a whole cluster in one command, which ends as a whole and goes on with what its directory holds. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../../src/node/client.ts';
import { awaitLeader } from '../../src/node/observe.ts';
import { firstLine, freeBasePort, run, start, temporary } from './program.ts';

interface Ready {
  readonly ready: true;
  readonly clusterId: string;
  readonly scribes: readonly { id: string; pid: number; address: string; dir: string }[];
  readonly workers: readonly { id: string; pid: number; client: string; resp: string; admin: string }[];
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Processes that are not our children can only be looked at. */
async function allGone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await delay(10);
}

const pidsOf = ({ scribes, workers }: Ready): number[] => [...scribes, ...workers].map(({ pid }) => pid);

/** Any bytes will do: what the store makes of them is a result like another. */
const appendOne = async (client: Client, text: string): Promise<void> => {
  await client.propose(Buffer.from(text)).catch((error: { code?: string }) => {
    if (error.code !== 'COMMAND_FAILED') throw error;
  });
};

describe('by hand', { timeout: 60_000 }, () => {
  test('scribes and a worker started with flags alone find each other', async () => {
    const folder = temporary();
    const port = await freeBasePort();
    const ids = ['a', 'b', 'c'];
    const addresses = ids.map((_, position) => `127.0.0.1:${port + position}`);
    const cluster = join(folder.path, 'cluster');
    const running: ChildProcess[] = [];
    const serve = async (...args: string[]): Promise<Record<string, unknown>> => {
      const child = start(...args, '--json');
      running.push(child);
      return JSON.parse(await firstLine(child));
    };
    try {
      const scribes = ids.map((id, position) => `${id}=${addresses[position]}`).join(',');
      const { stdout } = await run('init', '--json', '--dir', cluster, '--scribe', scribes);
      const { clusterId } = JSON.parse(stdout);
      for (const id of ids) await serve('scribe', '--dir', join(cluster, id));
      const listen = `127.0.0.1:${port + 20}`;
      const worker = ['--id', 'hand', '--cluster-id', clusterId, '--scribes', addresses.join(','), '--listen', listen];
      const ready = await serve('worker', ...worker);
      assert.deepEqual(ready, {
        ready: true,
        id: 'hand',
        pid: running.at(-1)?.pid,
        client: listen,
        resp: null,
        admin: null,
      });
      assert.equal((await awaitLeader([listen])).workerId, 'hand');
      const told = JSON.parse((await run('status', '--json', '--scribes', addresses.join(','))).stdout);
      assert.deepEqual([told.clusterId, told.leader, told.workers.length], [clusterId, 'hand', 1]);
      const nobody = `127.0.0.1:${port + 30}`;
      const named = await run('status', '--scribes', addresses.join(','), '--workers', nobody);
      assert.match(named.stdout, new RegExp(`^${nobody} +unreachable$`, 'm'));
    } finally {
      await Promise.all(
        running.map((child) => {
          const ended = once(child, 'close');
          child.kill('SIGTERM');
          return ended;
        }),
      );
      folder.remove();
    }
  });
});

describe('dev', { timeout: 120_000 }, () => {
  const folder = temporary();
  const directory = join(folder.path, 'data');
  const file = join(directory, 'cluster.json');
  let basePort = 0;
  let dev: ChildProcess;
  let ready: Ready;

  const open = async (): Promise<void> => {
    dev = start('dev', '--json', '--dir', directory, '--base-port', String(basePort));
    ready = JSON.parse(await firstLine(dev));
  };
  const status = async () => JSON.parse((await run('status', '--json', '--cluster', file)).stdout);

  before(async () => {
    basePort = await freeBasePort();
    await open();
  });
  after(async () => {
    dev.kill('SIGKILL');
    await allGone(pidsOf(ready));
    folder.remove();
  });

  test('tells in one line what runs where', () => {
    assert.equal(ready.ready, true);
    assert.match(ready.clusterId, /^[\da-f]{32}$/);
    assert.deepEqual(
      ready.scribes.map(({ id, address, dir }) => [id, address, dir]),
      ['a', 'b', 'c'].map((id, position) => [id, `127.0.0.1:${basePort + 1 + position}`, join(directory, id)]),
    );
    assert.deepEqual(
      ready.workers.map(({ id, client }) => [id, client]),
      [
        ['w1', `127.0.0.1:${basePort + 20}`],
        ['w2', `127.0.0.1:${basePort + 30}`],
      ],
    );
    assert.ok(pidsOf(ready).every(isAlive));
  });

  test('its workers answer on their admin port and status names the leader', async () => {
    const told = await status();
    assert.ok(ready.workers.some(({ id }) => id === told.leader));
    assert.ok(told.term >= 2);
    assert.ok(told.appliedIndex >= 1);
    assert.deepEqual(
      told.scribes.map((it: { scribeId: string; state: string }) => [it.scribeId, it.state]),
      [
        ['a', 'ok'],
        ['b', 'ok'],
        ['c', 'ok'],
      ],
    );
    for (const { admin } of ready.workers) assert.equal((await fetch(`http://${admin}/readyz`)).status, 200);
  });

  test('a port that is taken ends a second cluster with 4, and nothing of it is left running', async () => {
    const { code, stderr } = await run('dev', '--dir', join(folder.path, 'second'), '--base-port', String(basePort));
    assert.equal(code, 4);
    assert.match(stderr, /^scriptorium: PORT_IN_USE: [abc]: [^\n]+\n$/);
  });

  test('a base port that is not the one of the directory is refused', async () => {
    const { code, stderr } = await run('dev', '--dir', directory, '--base-port', String(basePort + 1));
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`was made with base port ${basePort}, not ${basePort + 1}`));
  });

  test('SIGTERM stops everything; the same directory goes on with the same log', async () => {
    const client = await Client.connect({ workers: ready.workers.map((worker) => worker.client) });
    for (let turn = 0; turn < 5; turn += 1) await appendOne(client, `before ${turn}`);
    await client.close();
    const { clusterId, commitIndex, term } = await status();
    dev.kill('SIGTERM');
    const [code] = await once(dev, 'close');
    assert.equal(code, 0);
    assert.ok(!pidsOf(ready).some(isAlive));
    await open();
    assert.equal(ready.clusterId, clusterId);
    const after = await status();
    assert.ok(after.commitIndex >= commitIndex, `${after.commitIndex} ≥ ${commitIndex}`);
    assert.ok(after.term > term);
  });

  test('killed with SIGKILL it takes its children along, and the log survives', async () => {
    const client = await Client.connect({ workers: ready.workers.map((worker) => worker.client) });
    for (let turn = 0; turn < 5; turn += 1) await appendOne(client, `again ${turn}`);
    await client.close();
    const { commitIndex } = await status();
    dev.kill('SIGKILL');
    await allGone(pidsOf(ready));
    await open();
    assert.ok((await status()).commitIndex >= commitIndex);
    const compared = await run('verify', '--json', '--cluster', file);
    assert.equal(compared.code, 0);
    assert.equal(JSON.parse(compared.stdout).sound, true);
  });

  test('bench drives it and writes its report', async () => {
    const path = join(folder.path, 'report.json');
    const workers = ready.workers.map((worker) => worker.client).join(',');
    const { code, stderr } = await run(
      'bench',
      '--workers',
      workers,
      '--seconds',
      '1',
      '--warmup-seconds',
      '0',
      '--json',
      path,
    );
    assert.equal(code, 0, stderr);
    const report = JSON.parse(readFileSync(path, 'utf8'));
    assert.equal(report.schema, 1);
    assert.equal(report.errors, 0);
    assert.ok(report.acknowledged > 0);
    assert.ok(report.throughput > 0);
    const { p50, p90, p99, p999, max } = report.latencyMicros;
    assert.ok(0 < p50 && p50 <= p90 && p90 <= p99 && p99 <= p999 && p999 <= max);
    assert.equal(report.environment.node, process.version);
  });
});
