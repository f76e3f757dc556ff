/** The proof behind the demonstration: it finds what is on the disks, and misses what is not. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Acknowledgements } from '../../bench/readback.ts';
import { keyValueWorkload } from '../../bench/workload.ts';
import type { Quorums } from '../../src/core/types.ts';
import { Client } from '../../src/node/client.ts';
import { readClusterFile } from '../../src/node/cluster-file.ts';
import { compareLogs } from '../../src/node/compare-logs.ts';
import { LocalCluster } from '../../src/node/local-cluster.ts';
import { readScribeLog } from '../../src/node/log-reader.ts';
import { awaitLeader } from '../../src/node/observe.ts';
import { freeBasePort, PROGRAM, run, temporary } from './program.ts';

const ENTRIES = 200;

describe('reading the log back', { timeout: 120_000 }, () => {
  const folder = temporary();
  const command = keyValueWorkload(32);
  let cluster: LocalCluster;
  /** Index of each sequence. */
  const indexes: number[] = [];

  const found = async (
    claims: readonly (readonly [index: number, sequence: number])[],
    quorums?: Quorums,
  ): Promise<number> => {
    const acknowledgements = new Acknowledgements();
    for (const [index, sequence] of claims) acknowledgements.add(index, sequence, 1);
    assert.equal(acknowledgements.count, claims.length);
    const file = await readClusterFile(cluster.clusterFile);
    return acknowledgements.countFound(quorums === undefined ? file : { ...file, quorums }, command);
  };

  before(async () => {
    cluster = await LocalCluster.start({
      program: PROGRAM,
      directory: join(folder.path, 'data'),
      host: '127.0.0.1',
      basePort: await freeBasePort(),
      scribes: 3,
      workers: 1,
    });
    const workers = cluster.workers.map((worker) => worker.client);
    await awaitLeader(workers);
    const client = await Client.connect({ workers });
    for (let sequence = 0; sequence < ENTRIES; sequence += 1)
      indexes.push((await client.propose(command(sequence))).index);
    await client.close();
  });
  after(async () => {
    await cluster.stop();
    folder.remove();
  });

  test('finds every acknowledged entry', async () => {
    assert.equal(await found(indexes.map((index, sequence) => [index, sequence])), ENTRIES);
  });

  test('misses an entry that was never written, and one that is not where it was said to be', async () => {
    const last = indexes.at(-1)!;
    assert.equal(await found([[last + 1_000, ENTRIES]]), 0, 'beyond the log');
    assert.equal(
      await found([
        [indexes[5]!, 6],
        [indexes[6]!, 5],
      ]),
      0,
      'exchanged',
    );
    assert.equal(
      await found([
        [indexes[5]!, 5],
        [indexes[5]!, 6],
      ]),
      0,
      'two entries claim one index',
    );
  });

  test('a scribe gives its log as one unbroken run of batches', async () => {
    const { address } = cluster.scribes[0]!;
    let next = 1;
    for await (const batch of readScribeLog({ clusterId: cluster.clusterId, address })) {
      assert.equal(batch.firstIndex, next);
      next += batch.count;
    }
    assert.ok(next > indexes.at(-1)!);
  });

  test('the logs of all scribes compare as sound, and without one still so', async () => {
    const file = await readClusterFile(cluster.clusterFile);
    const whole = await compareLogs(cluster.clusterId, file);
    assert.equal(whole.sound, true);
    assert.ok(whole.commitIndex >= indexes.at(-1)!);
    cluster.member('c').kill('SIGKILL');
    await cluster.member('c').exited;
    const without = await compareLogs(cluster.clusterId, file);
    assert.equal(without.sound, true);
    const byAll = await compareLogs(cluster.clusterId, { ...file, quorums: { commit: 3, vote: 3 } });
    assert.equal(byAll.sound, false, 'where all commit, one that is gone is missed');
    assert.deepEqual(
      without.scribes.map(({ state }) => state),
      ['equal', 'equal', 'unreachable'],
    );
    const all = indexes.map((index, sequence) => [index, sequence] as const);
    assert.equal(await found(all), ENTRIES, 'a majority holds it all');
    assert.equal(await found(all, { commit: 3, vote: 3 }), 0, 'where all commit, that is not enough');
  });

  test('with one scribe of three, nothing is found on a majority and nothing is sound', async () => {
    cluster.member('b').kill('SIGKILL');
    await cluster.member('b').exited;
    assert.equal(await found(indexes.map((index, sequence) => [index, sequence])), 0);
    const { code, stdout } = await run('verify', '--cluster', cluster.clusterFile);
    assert.equal(code, 5);
    assert.match(stdout, /NOT sound/);
    cluster.member('a').kill('SIGKILL');
    await cluster.member('a').exited;
    const nobody = await run('verify', '--cluster', cluster.clusterFile);
    assert.equal(nobody.code, 4, 'nothing was compared, so nothing was found wrong');
    assert.match(nobody.stderr, /^scriptorium: UNREACHABLE: nobody answers at .*nothing was compared\n$/);
  });
});
