/** `npm run bench:failover [ROUNDS]`: the write gaps after the loss of a leader, default settings, three scribes and workers. */
import { Cluster } from '../harness/cluster.ts';
import { describeGaps, FROZEN, KILLED, writeGaps } from './write-gap.ts';

const rounds = Number(process.argv[2] ?? 20);
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('the number of rounds is a whole number from 1');
for (const loss of [KILLED, FROZEN])
  await Cluster.with({}, async (cluster) => {
    console.log(describeGaps(loss, await writeGaps(cluster, loss, rounds)));
  });
