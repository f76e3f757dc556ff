/** Directories for servers' data: on a real disk, because what is tested is what a disk does. */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TMPFS_MAGIC = 0x01021994;

const isRealDisk = (path: string): boolean => statfsSync(path).type !== TMPFS_MAGIC;

/** A new directory, removed with everything in it by `remove`. */
export function scratchDirectory(): { readonly path: string; remove(): void } {
  const parent = [tmpdir(), '/var/tmp', process.cwd()].find(isRealDisk);
  if (parent === undefined) throw new Error('no temporary directory on a real disk; set TMPDIR to one');
  const path = mkdtempSync(join(parent, 'scriptorium-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
