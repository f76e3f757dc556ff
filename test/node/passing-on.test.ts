/** A worker that passes proposals on to the leader, over a real scribe. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCluster, formatScribe } from '../../src/node/cluster-file.ts';
import { ScribeNode } from '../../src/node/scribe-node.ts';
import { WorkerNode } from '../../src/node/worker-node.ts';
import { freePorts } from '../harness/ports.ts';
import { scratchDirectory } from '../harness/scratch.ts';
import { until } from '../harness/until.ts';

const RECORDER = new URL('../machine/machines/recorder.js', import.meta.url);
const HOST = '127.0.0.1';
/** Far longer than the test may take: only another leader can settle the call. */
const PATIENCE = { deadlineMillis: 600_000 };

test('N13: a call that was to be passed on to a leader that is gone goes to the next one', async (context) => {
  const scratch = scratchDirectory();
  context.after(() => scratch.remove());
  const [scribePort, ...workerPorts] = (await freePorts(3)) as [number, number, number];
  const cluster = createCluster([{ scribeId: 'a', address: `${HOST}:${scribePort}` }]);
  const directory = join(scratch.path, 'a');
  await formatScribe(cluster, 'a', directory, { allowBuffered: true });
  const startScribe = () => ScribeNode.start({ directory, host: HOST, port: scribePort, allowBuffered: true });
  const startWorker = (workerId: string, port: number) =>
    WorkerNode.start({
      workerId,
      clusterId: cluster.clusterId,
      scribes: [`${HOST}:${scribePort}`],
      host: HOST,
      port,
      machine: { module: RECORDER, options: '#' },
    });

  const scribe = await startScribe();
  await using first = await startWorker('first', workerPorts[0]);
  await first.propose(Buffer.from('one'), PATIENCE);
  await using second = await startWorker('second', workerPorts[1]);
  await until('a learner', () => (second.status().leader?.workerId === 'first' ? true : undefined));
  // Without a scribe nobody can be elected: the second worker goes on taking the first one for the leader.
  await scribe.stop();
  await first.stop();
  const next = second.propose(Buffer.from('two'), PATIENCE);
  await using _again = await startScribe();
  await next;
  assert.equal(second.status().role, 'leader');
});
