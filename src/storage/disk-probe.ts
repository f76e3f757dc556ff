/** What a disk does with each way of making a block durable: the figures behind write mode, depth and batch size. */
import { rmSync } from 'node:fs';
import { addon, type NativeDiskProbe } from '../addon/addon.ts';
import { promising } from './journal-errors.ts';
import { makeScratchDirectory } from './scratch-directory.ts';

/**
 * Per row: `writes` durable writes of `bytes`, `inFlight` at a time, to blocks that were written before; median and 99th
 * percentile in microseconds. `failure` says why a mode is not to be had.
 */
export type DiskProbe = NativeDiskProbe;

/**
 * Measures in a directory of its own under `parent`, which is gone afterwards; `writes` from 10 to 100,000 for each row. Rejects
 * BAD_OPTION when there is no such directory, READ_ONLY and NO_SPACE when nothing can be made in it.
 */
export async function probeDisk(parent: string, writes = 500): Promise<DiskProbe> {
  const directory = await makeScratchDirectory(parent, 'probe-disk');
  try {
    return await promising(() => addon.probeDisk(directory, writes));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
