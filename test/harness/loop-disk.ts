/** A small ext4 of its own in a file, mounted as a loop device: a disk that can be full or read-only. Needs root. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MEBIBYTE = 1024 * 1024;

function shell(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
}

/** Why there can be no loop disks here, or false. */
export function noLoopDisks(): string | false {
  if (process.getuid?.() !== 0) return 'mounting a loop device takes root';
  return spawnSync('losetup', ['--find']).status === 0 ? false : 'this machine has no loop devices';
}

export class LoopDisk {
  /** Where it is mounted. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the image beside `path`, which must not exist, and mounts it there; `inodes` bounds how many files fit. */
  static create(path: string, mebibytes: number, inodes?: number): LoopDisk {
    const image = `${path}.image`;
    writeFileSync(image, '');
    truncateSync(image, mebibytes * MEBIBYTE);
    const bounds = inodes === undefined ? [] : ['-N', String(inodes)];
    shell('mkfs.ext4', '-q', '-O', '^has_journal', ...bounds, image);
    mkdirSync(path);
    shell('mount', '-o', 'loop', image, path);
    // A scribe's directory begins empty.
    rmSync(join(path, 'lost+found'), { recursive: true });
    return new LoopDisk(path);
  }

  /** Nobody may have a file open for writing. */
  remountReadOnly(): void {
    shell('mount', '-o', 'remount,ro', this.path);
  }

  remove(): void {
    shell('umount', this.path);
  }
}
