/**
 * `dev`: a whole cluster on this machine, each server a process of its own. Goes on with what the directory holds. Restarts
 * nothing, stops everything when told to stop; if it is killed itself, its children end too.
 */
import { MAX_SCRIBES } from '../../core/limits.ts';
import { LocalCluster, MAX_LOCAL_WORKERS } from '../../node/local-cluster.ts';
import { awaitLeader } from '../../node/observe.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { toldToStop } from '../lifetime.ts';
import { integer, path } from '../options.ts';
import { formatTable, note, print, printJson } from '../output.ts';
import { PROGRAM } from './program-file.ts';
import { allowBuffered, json, logLevel, transport } from './shared.ts';

const options = {
  dir: path({ description: 'Directory of the cluster; made when it is not there.', fallback: './data' }),
  scribes: integer({
    description: 'Scribes; without it as many as the directory has, or 3.',
    fallback: undefined,
    minimum: 1,
    maximum: MAX_SCRIBES,
  }),
  workers: integer({ description: 'Workers.', fallback: 2, minimum: 1, maximum: MAX_LOCAL_WORKERS }),
  basePort: integer({
    description:
      'Scribes listen on the ports above it, workers from 20 above on; without it what the directory has, or 7100.',
    fallback: undefined,
    minimum: 1,
    maximum: 65_535 - 200,
    unit: 'port',
  }),
  machine: path({ description: 'State-machine module; without it the key-value store.', fallback: undefined }),
  transport,
  allowBuffered,
  logLevel,
  json,
};

function printReady(cluster: LocalCluster): void {
  print(`cluster ${cluster.clusterId} is ready`);
  print(
    formatTable([
      ['scribe', 'pid', 'address', 'directory'],
      ...cluster.scribes.map((it) => [it.id, it.pid, it.address, it.dir]),
    ]),
  );
  print(
    formatTable([
      ['worker', 'pid', 'clients', 'redis', 'admin'],
      ...cluster.workers.map((it) => [it.id, it.pid, it.client, it.resp ?? '-', it.admin]),
    ]),
  );
  const redisPort = cluster.workers[0]?.resp?.split(':').at(-1);
  if (redisPort !== undefined) print(`\n  redis-cli -p ${redisPort} set greeting hello`);
  print(`  scriptorium status --cluster ${cluster.clusterFile}`);
}

export const dev = defineCommand({
  name: 'dev',
  summary: 'run a whole cluster on this machine',
  options,
  async run(settings) {
    const stopped = toldToStop();
    const { dir, scribes, workers, basePort, allowBuffered: buffered } = settings;
    const cluster = await LocalCluster.start({
      program: PROGRAM,
      directory: dir,
      host: '127.0.0.1',
      basePort,
      scribes,
      workers,
      machine: settings.machine,
      allowBuffered: buffered,
      flags: ['--transport', settings.transport, '--log-level', settings.logLevel],
    });
    try {
      const giveUp = new AbortController();
      void stopped.then(() => giveUp.abort());
      const serving = awaitLeader(
        cluster.workers.map(({ client }) => client),
        giveUp.signal,
      );
      if ((await Promise.race([serving, stopped])) !== undefined) {
        if (settings.json)
          printJson({ ready: true, clusterId: cluster.clusterId, scribes: cluster.scribes, workers: cluster.workers });
        else printReady(cluster);
        for (const member of cluster.members)
          void member.exited.then(({ code, signal }) =>
            note(`${member.id} (pid ${member.pid}) ended: ${signal ?? code}`),
          );
        await stopped;
      }
    } finally {
      await cluster.stop();
    }
    return EXIT.done;
  },
});
