/** `worker`: runs the state machine and may lead. Keeps nothing on disk; runs until told to stop. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { holdMemory } from '../../addon/addon.ts';
import { type RespServer, startRespServer } from '../../kv/resp-server.ts';
import { contactsOf, readClusterFile } from '../../node/cluster-file.ts';
import { WorkerNode } from '../../node/worker-node.ts';
import { createLog } from '../../runtime/log.ts';
import { type AdminServer, startAdminServer } from '../../server/admin-server.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { lease } from '../lease-option.ts';
import { announce, orStop, serve } from '../lifetime.ts';
import {
  address,
  addresses,
  badOption,
  clusterIdentifier,
  identifier,
  path,
  type Settings,
  splitAddress,
} from '../options.ts';
import { json, logLevel, transport } from './shared.ts';

const options = {
  id: identifier({ description: 'Name of this worker, for people.', fallback: undefined }),
  cluster: path({ description: 'Cluster file: the cluster id and first contacts.', fallback: undefined }),
  clusterId: clusterIdentifier({ description: 'Cluster id, where there is no cluster file.', fallback: undefined }),
  scribes: addresses({ description: 'Scribes as first contacts, where there is no cluster file.' }),
  listen: address({ description: 'Loopback address for clients and other workers.', fallback: undefined }),
  resp: address({ description: 'Loopback address for Redis clients; none without it.', fallback: undefined }),
  admin: address({
    description: 'Loopback address for /livez, /readyz and /status; none without it.',
    fallback: undefined,
  }),
  machine: path({ description: 'State-machine module; without it the key-value store.', fallback: undefined }),
  leaseMillis: lease('Lease asked of the scribes when it leads'),
  transport,
  logLevel,
  json,
};

const KEY_VALUE_STORE = new URL('../../kv/machine.js', import.meta.url);

/** Who to join: from the cluster file or from flags, never from both. */
async function contacts(
  settings: Settings<typeof options>,
): Promise<{ readonly clusterId: string; readonly scribes: readonly string[] }> {
  const { cluster, clusterId, scribes } = settings;
  if (cluster !== undefined) {
    if (clusterId !== undefined || scribes.length > 0)
      throw badOption('--cluster does not go with --cluster-id or --scribes');
    const file = await readClusterFile(cluster);
    return { clusterId: file.clusterId, scribes: contactsOf(file) };
  }
  if (clusterId === undefined || scribes.length === 0)
    throw badOption('--cluster is needed, or --cluster-id with --scribes');
  return { clusterId, scribes };
}

export const worker = defineCommand({
  name: 'worker',
  summary: 'run the state machine, lead or follow',
  options,
  async run(settings) {
    const { id, listen, resp, admin, machine } = settings;
    if (id === undefined) throw badOption('--id is needed');
    if (listen === undefined) throw badOption('--listen is needed');
    if (splitAddress(listen).port === 0) throw badOption('--listen needs a fixed port: others find this worker by it');
    if (resp !== undefined && machine !== undefined)
      throw badOption('--resp serves the key-value store; it does not go with --machine');
    if (machine !== undefined && !existsSync(machine)) throw badOption(`--machine: there is no file ${machine}`);
    const log = createLog(`worker ${id}`, settings.logLevel);
    holdMemory(); // others should miss this worker the moment it is killed, however large its state is (R9)
    const node = await WorkerNode.start({
      workerId: id,
      ...(await contacts(settings)),
      ...splitAddress(listen),
      machine: { module: machine === undefined ? KEY_VALUE_STORE : pathToFileURL(machine) },
      leaseMillis: settings.leaseMillis,
      transport: settings.transport,
      log,
    });
    const describe = () => node.status();
    const ready = (): boolean => node.status().leader !== null;
    let redis: RespServer | null = null;
    let side: AdminServer | null = null;
    const stop = async (): Promise<void> => {
      await side?.close();
      await redis?.close();
      await node.stop();
    };
    if (resp !== undefined)
      redis = await orStop(startRespServer({ ...splitAddress(resp), service: node, describe, log }), stop);
    if (admin !== undefined)
      side = await orStop(startAdminServer({ ...splitAddress(admin), ready, status: describe }), stop);
    announce(
      { id, pid: process.pid, client: node.address, resp: redis?.address ?? null, admin: side?.address ?? null },
      settings.json,
      `worker ${id} listens on ${node.address}`,
    );
    await serve(node.failed, stop);
    return EXIT.done;
  },
});
