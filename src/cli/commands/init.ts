/** `init`: makes a cluster once, or the directory of one of its scribes on another host. Never formats over anything. */
import { type ClusterFile, createCluster, formatScribe, memberOf, readClusterFile } from '../../node/cluster-file.ts';
import { assertNotStarted } from '../../node/first-start.ts';
import { makeCluster } from '../../node/new-cluster.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { badOption, identifier, integer, path, type Settings, scribeList, toggle } from '../options.ts';
import { print, printJson } from '../output.ts';
import { chosenNumbers, quorumNumbers } from '../quorum-options.ts';

const MEBIBYTE = 1024 * 1024;

const options = {
  dir: path({ description: 'Directory to make the cluster (or the one scribe) in.', fallback: './data' }),
  scribe: scribeList({ description: 'A scribe of the new cluster and where it will listen; repeat for each.' }),
  cluster: path({ description: 'Cluster file of an existing cluster; with --only.', fallback: undefined }),
  ...quorumNumbers,
  only: identifier({ description: 'Format only this scribe of --cluster, in --dir itself.', fallback: undefined }),
  segmentMebibytes: integer({
    description: 'Size of a journal segment file.',
    fallback: 64,
    minimum: 16,
    maximum: 1024,
    unit: 'MiB',
  }),
  allowBuffered: toggle({ description: 'Go on where the file system has no O_DIRECT.' }),
  json: toggle({ description: 'Print JSON.' }),
};

function parseScribe(text: string): { readonly scribeId: string; readonly address: string } {
  const split = text.indexOf('=');
  return { scribeId: text.slice(0, split), address: text.slice(split + 1) };
}

const formatOptions = ({ segmentMebibytes, allowBuffered }: Settings<typeof options>) => ({
  segmentBytes: segmentMebibytes * MEBIBYTE,
  allowBuffered,
});

async function createAll(settings: Settings<typeof options>): Promise<ClusterFile> {
  if (settings.scribe.length === 0)
    throw badOption('init needs --scribe id=host:port at least once, or --cluster with --only');
  const cluster = createCluster(settings.scribe.map(parseScribe), chosenNumbers(settings));
  await makeCluster(settings.dir, cluster, formatOptions(settings));
  return cluster;
}

async function formatOne(settings: Settings<typeof options>, file: string, only: string): Promise<ClusterFile> {
  if (settings.scribe.length > 0) throw badOption('--scribe makes a new cluster; it does not go with --cluster');
  if (chosenNumbers(settings) !== null)
    throw badOption('--commit-quorum and --vote-quorum make a new cluster; `members quorums` changes one');
  const cluster = await readClusterFile(file);
  memberOf(cluster, only);
  await assertNotStarted(cluster, only);
  await formatScribe(cluster, only, settings.dir, formatOptions(settings));
  return cluster;
}

export const init = defineCommand({
  name: 'init',
  summary: 'make a cluster, or one scribe of it on another host',
  options,
  async run(settings) {
    const { cluster: file, only } = settings;
    if ((file === undefined) !== (only === undefined)) throw badOption('--cluster and --only go together');
    const cluster =
      file === undefined || only === undefined ? await createAll(settings) : await formatOne(settings, file, only);
    const formatted = cluster.scribes.filter(({ scribeId }) => only === undefined || scribeId === only);
    if (settings.json)
      printJson({ clusterId: cluster.clusterId, formatted: formatted.map(({ scribeId }) => scribeId) });
    else
      for (const { scribeId, address } of formatted)
        print(`formatted scribe ${scribeId} of cluster ${cluster.clusterId}, to listen on ${address}`);
    return EXIT.done;
  },
});
