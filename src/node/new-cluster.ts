/** Makes all that a new cluster has on one machine: a directory for each scribe, and last the file that says it is complete. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClusterFile, type FormatOptions, formatScribe, writeClusterFile } from './cluster-file.ts';
import { makeDirectory } from './directories.ts';

/**
 * Makes `directory`, in one that exists, and in it what `cluster` names. When that fails, NOT_EMPTY and NO_DIRECT_IO among it, the
 * directories that were formatted are blank again, so that it can be repeated; after a crash they are left, without a cluster file.
 */
export async function makeCluster(directory: string, cluster: ClusterFile, options: FormatOptions): Promise<void> {
  makeDirectory(directory);
  const formatted: string[] = [];
  try {
    for (const { scribeId } of cluster.scribes) {
      const home = join(directory, scribeId);
      await formatScribe(cluster, scribeId, home, options);
      formatted.push(home);
    }
    await writeClusterFile(join(directory, 'cluster.json'), cluster);
  } catch (error) {
    for (const home of formatted) await empty(home);
    throw error;
  }
}

/** What formatting allows in a blank directory was not made by it. The directory itself may be where a disk is mounted. */
async function empty(home: string): Promise<void> {
  for (const name of await readdir(home)) if (name !== 'lost+found') await rm(join(home, name));
}
