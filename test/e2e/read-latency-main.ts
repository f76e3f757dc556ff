/**
 * `npm run bench:reads [ROUNDS]`: the latency of linearizable reads on a lease (R22) beside that of reads which ask a quorum (R19), one
 * reader at the leader, rounds in turn on two clusters of three scribes and workers. Ends with 1 when the leader had no lease.
 */
import { encodeQuery } from '../../src/kv/entry-codec.ts';
import { Client } from '../../src/node/client.ts';
import { Cluster, type ClusterOptions } from '../harness/cluster.ts';

const READS = 2_000;
const LEASES: ClusterOptions = {
  workerFlags: ['--lease-millis', '250'],
  scribeFlags: ['--max-lease-millis', '250'],
};
const QUERY = encodeQuery(0, [[Buffer.from('GET'), Buffer.from('key')]]);

const rounds = Number(process.argv[2] ?? 5);
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('the number of rounds is a whole number from 1');

const medianOf = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[values.length >> 1] as number;

/** The median of one round, in microseconds. */
async function round(client: Client): Promise<number> {
  const latencies: number[] = [];
  for (let read = 0; read < READS; read += 1) {
    const start = performance.now();
    await client.read(QUERY);
    latencies.push((performance.now() - start) * 1000);
  }
  return medianOf(latencies);
}

await Cluster.with({}, async (asking) => {
  await Cluster.with(LEASES, async (leased) => {
    const asks: number[] = [];
    const reads: number[] = [];
    const leader = await leased.leader();
    await using first = await Client.connect({ workers: [(await asking.leader()).address] });
    await using second = await Client.connect({ workers: [leader.address] });
    await Promise.all([round(first), round(second)]); // what runs for the first time does not count
    for (let count = 0; count < rounds; count += 1) {
      asks.push(await round(first));
      reads.push(await round(second));
    }
    const { lease } = (await leased.workerStatus(leader.id)) ?? {};
    if (lease?.held !== true) process.exitCode = 1;
    const [ask, read] = [medianOf(asks), medianOf(reads)];
    console.log(
      `asking a quorum: ${ask.toFixed(0)} µs; on a lease: ${read.toFixed(0)} µs; ratio ${(ask / read).toFixed(2)}`,
    );
  });
});
