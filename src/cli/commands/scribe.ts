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
  logLevel,
  json,
};

/** Where `init` wrote down that the scribe of this directory listens. */
async function listedAddress(directory: string): Promise<string> {
  const full = resolve(directory);
  const file = join(dirname(full), 'cluster.json');
  const members = existsSync(file) ? (await readClusterFile(file)).scribes : [];
  const listed = members.find(({ scribeId }) => scribeId === basename(full))?.address;
  if (listed === undefined)
    throw badOption(`--listen is needed: no cluster file beside ${directory} names this scribe`);
  return listed;
}

export const scribe = defineCommand({
  name: 'scribe',
  summary: 'keep a copy of the log',
  options,
  async run(settings) {
    const { dir, admin, listen } = settings;
    if (dir === undefined) throw badOption('--dir is needed');
    const node = await ScribeNode.start({
      directory: dir,
      ...splitAddress(listen ?? (await listedAddress(dir))),
      transport: settings.transport,
      allowBuffered: settings.allowBuffered,
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
