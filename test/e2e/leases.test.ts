/** Leaders that read on a lease (R22), on real processes: what they read is current, however they go and come back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Cluster } from '../harness/cluster.ts';
import { scriptorium } from '../harness/command.ts';
import { until } from '../harness/until.ts';
import { type Fault, killLeader, survive } from './survive.ts';

const LEASE_MILLIS = 250;
const LEASES = {
  workerFlags: ['--lease-millis', `${LEASE_MILLIS}`],
  scribeFlags: ['--max-lease-millis', `${LEASE_MILLIS}`],
};

const holdsLease = (cluster: Cluster, id: string): Promise<true> =>
  until(`${id} to hold a lease`, async () =>
    (await cluster.workerStatus(id))?.lease.held === true ? true : undefined,
  );

/** Frozen with a lease in its hand, and let go when another leads: its clock went on, and so must it know. */
const freezeLeader: Fault = async (cluster) => {
  const { id } = await cluster.leader();
  await holdsLease(cluster, id);
  cluster.process(id).kill('SIGSTOP');
  const next = await cluster.leader([id]);
  cluster.process(id).kill('SIGCONT');
  await holdsLease(cluster, next.id);
};

describe('three scribes, three workers, eight clients, leases', () => {
  test('survive a frozen leader, twice, without a stale read (R22, P18)', (context) =>
    survive(context, freezeLeader, 2, LEASES));

  test('survive kill -9 of the leader (R9, R22)', (context) => survive(context, killLeader, 1, LEASES));

  test('where scribes promise less than is asked, or nothing, a leader has no lease and asks a quorum', async () => {
    await Cluster.with(
      { workerFlags: LEASES.workerFlags, scribeFlags: ['--max-lease-millis', '100'] },
      async (cluster) => {
        const { id } = await cluster.leader();
        const status = await cluster.workerStatus(id);
        assert.deepEqual(status?.lease, { millis: LEASE_MILLIS, held: false });
        assert.equal((await cluster.scribeStatus('a'))?.maxLeaseMillis, 100);
        const shown = await scriptorium('status', '--cluster', cluster.clusterFile);
        assert.match(shown.stdout, /^a .* 100$/m);
        assert.match(shown.stdout, new RegExp(`^${id} .* not held$`, 'm'));
      },
    );
  });
});
