/** `scribe`: keeps one copy of the log. Runs until told to stop; ends by itself only when its journal has failed. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { readClusterFile } from '../../node/cluster-file.ts';
import { ScribeNode } from '../../node/scribe-node.ts';
import { createLog } from '../../runtime/log.ts';
import { startAdminServer } from '../../server/admin-server.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { announce, serve } from '../lifetime.ts';
import { address, badOption, path, splitAddress } from '../options.ts';
import { allowBuffered, json, logLevel, transport } from './shared.ts';
import { writeOptions, writing } from './write-options.ts';

const options = {
  dir: path({ description: 'Directory made by `scriptorium init`.', fallback: undefined }),
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
  logLevel,
  json,
};

/** What the cluster file beside the directory says of the scribe it is named after; undefined when there is none. */
async function listed(
  directory: string,
): Promise<{ clusterId: string; scribeId: string; address: string } | undefined> {
  const full = resolve(directory);
  const file = join(dirname(full), 'cluster.json');
  if (!existsSync(file)) return undefined;
  const { clusterId, scribes } = await readClusterFile(file);
  const member = scribes.find(({ scribeId }) => scribeId === basename(full));
  return member === undefined ? undefined : { clusterId, scribeId: member.scribeId, address: member.address };
}

export const scribe = defineCommand({
  name: 'scribe',
  summary: 'keep a copy of the log',
  options,
  async run(settings) {
    const { dir, admin, listen } = settings;
    if (dir === undefined) throw badOption('--dir is needed');
    const expected = await listed(dir);
    const listenAddress = listen ?? expected?.address;
    if (listenAddress === undefined)
      throw badOption(`--listen is needed: no cluster file beside ${dir} names this scribe`);
    const node = await ScribeNode.start({
      directory: dir,
      // A directory that was moved or copied to another's place must not speak under the other's name (R26).
      ...(expected === undefined ? {} : { identity: { clusterId: expected.clusterId, scribeId: expected.scribeId } }),
      ...splitAddress(listenAddress),
      transport: settings.transport,
      allowBuffered: settings.allowBuffered,
      writing: writing(settings),
      log: createLog('scribe', settings.logLevel),
    });
    const adminOptions = { ready: () => node.status().state === 'ok', status: () => node.status() };
    const side = admin === undefined ? null : await startAdminServer({ ...splitAddress(admin), ...adminOptions });
    const { scribeId } = node.status();
    announce(
      { id: scribeId, pid: process.pid, address: node.address, dir, admin: side?.address ?? null },
      settings.json,
      `scribe ${scribeId} listens on ${node.address}`,
    );
    await serve(node.failed, async () => {
      await side?.close();
      await node.stop();
    });
    return EXIT.done;
  },
});
