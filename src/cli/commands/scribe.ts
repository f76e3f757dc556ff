/** `scribe`: keeps one copy of the log. Runs until told to stop; ends by itself only when its journal has failed. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isScriptoriumError } from '../../errors.ts';
import { type ClusterFile, formatNewcomer, readClusterFile } from '../../node/cluster-file.ts';
import { ScribeNode, type ScribeNodeOptions } from '../../node/scribe-node.ts';
import { createLog } from '../../runtime/log.ts';
import { startAdminServer } from '../../server/admin-server.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { lease } from '../lease-option.ts';
import { announce, orStop, serve } from '../lifetime.ts';
import { address, badOption, identifier, path, splitAddress } from '../options.ts';
import { allowBuffered, json, logLevel, transport } from './shared.ts';
import { writeOptions, writing } from './write-options.ts';

const options = {
  dir: path({ description: 'Directory made by `scriptorium init`, or by --join.', fallback: undefined }),
  join: path({
    description:
      'Cluster file: a blank --dir becomes the home of the newcomer --id, which waits for `members add` or `members replace`.',
    fallback: undefined,
  }),
  id: identifier({ description: 'Name of the newcomer, with --join.', fallback: undefined }),
  listen: address({
    description: 'Loopback address to listen on; without it the one in the cluster file beside the directory.',
    fallback: undefined,
  }),
  admin: address({
    description: 'Loopback address for /livez, /readyz and /status; none without it.',
    fallback: undefined,
  }),
  transport,
  allowBuffered,
  ...writeOptions,
  maxLeaseMillis: lease('Longest lease promised to a leader'),
  logLevel,
  json,
};

/** Whose directory it has to be, and where that scribe listens unless told otherwise. */
interface Expected {
  readonly clusterId: string;
  readonly scribeId: string;
  readonly address: string | undefined;
}

/** What the cluster file beside the directory says of the scribe it is named after; undefined when there is none. */
async function listed(directory: string): Promise<Expected | undefined> {
  const full = resolve(directory);
  const file = join(dirname(full), 'cluster.json');
  if (!existsSync(file)) return undefined;
  const { clusterId, scribes } = await readClusterFile(file);
  const member = scribes.find(({ scribeId }) => scribeId === basename(full));
  return member === undefined ? undefined : { clusterId, scribeId: member.scribeId, address: member.address };
}

/** A newcomer, which may take the name, and then the address, of one that the file lists. */
const named = ({ clusterId, scribes }: ClusterFile, scribeId: string): Expected => ({
  clusterId,
  scribeId,
  address: scribes.find((member) => member.scribeId === scribeId)?.address,
});

/** Starts it; a directory that is blank is formatted first, where a newcomer may be made of it. Any other is never touched. */
async function startNode(options: ScribeNodeOptions, newcomer: (() => Promise<void>) | null): Promise<ScribeNode> {
  try {
    return await ScribeNode.start(options);
  } catch (error) {
    if (newcomer === null || !isScriptoriumError(error) || error.code !== 'NOT_FORMATTED') throw error;
    await newcomer();
    return await ScribeNode.start(options);
  }
}

export const scribe = defineCommand({
  name: 'scribe',
  summary: 'keep a copy of the log',
  options,
  async run(settings) {
    const { dir, admin, listen, join: clusterFile, id } = settings;
    if (dir === undefined) throw badOption('--dir is needed');
    if ((clusterFile === undefined) !== (id === undefined)) throw badOption('--join and --id go together');
    const cluster = clusterFile === undefined ? null : await readClusterFile(clusterFile);
    const expected = cluster === null || id === undefined ? await listed(dir) : named(cluster, id);
    const newcomer =
      cluster === null || id === undefined
        ? null
        : () => formatNewcomer(cluster, id, dir, { allowBuffered: settings.allowBuffered });
    const listenAddress = listen ?? expected?.address;
    if (listenAddress === undefined)
      throw badOption(`--listen is needed: no cluster.json beside ${dir} names a scribe ${basename(resolve(dir))}`);
    const nodeOptions = {
      directory: dir,
      // A directory that was moved or copied to another's place must not speak under the other's name (R26).
      ...(expected === undefined ? {} : { identity: { clusterId: expected.clusterId, scribeId: expected.scribeId } }),
      ...splitAddress(listenAddress),
      transport: settings.transport,
      allowBuffered: settings.allowBuffered,
      writing: writing(settings),
      maxLeaseMillis: settings.maxLeaseMillis,
      log: createLog('scribe', settings.logLevel),
    };
    const node = await startNode(nodeOptions, newcomer);
    const adminOptions = { ready: () => node.status().state === 'ok', status: () => node.status() };
    const starting = admin === undefined ? null : startAdminServer({ ...splitAddress(admin), ...adminOptions });
    const side = starting === null ? null : await orStop(starting, () => node.stop());
    const { scribeId, state } = node.status();
    const waits = state === 'not-member' ? ', no member yet' : '';
    announce(
      { id: scribeId, pid: process.pid, address: node.address, dir, admin: side?.address ?? null },
      settings.json,
      `scribe ${scribeId} listens on ${node.address}${waits}`,
    );
    await serve(node.failed, async () => {
      await side?.close();
      await node.stop();
    });
    return EXIT.done;
  },
});
