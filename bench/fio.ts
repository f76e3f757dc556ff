/** What the disk alone can do, measured by fio in the same minute: one writer, 4 KiB, O_DIRECT, fdatasync after each write. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface DiskFigures {
  /** Median of one write with its fdatasync. */
  readonly writeSyncP50Micros: number;
  readonly writesPerSecond: number;
}

const run = promisify(execFile);

export const numberAt = (value: unknown, path: readonly string[]): number => {
  let at: unknown = value;
  for (const key of path) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  if (typeof at !== 'number') throw new Error(`fio reported no ${path.join('.')}`);
  return at;
};

/** Null where fio is not installed. Blocks are written over: preallocated segments are, too. */
export async function measureDisk(directory: string, seconds: number): Promise<DiskFigures | null> {
  const args = ['--name=disk', `--directory=${directory}`, '--rw=write', '--bs=4k', '--size=16m', '--overwrite=1'];
  const how = ['--direct=1', '--fdatasync=1', '--ioengine=psync', '--time_based', `--runtime=${seconds}`];
  try {
    const { stdout } = await run('fio', [...args, ...how, '--unlink=1', '--output-format=json']);
    const report: unknown = JSON.parse(stdout.slice(stdout.indexOf('{')));
    const write = numberAt(report, ['jobs', '0', 'write', 'clat_ns', 'percentile', '50.000000']);
    const sync = numberAt(report, ['jobs', '0', 'sync', 'lat_ns', 'percentile', '50.000000']);
    const writesPerSecond = numberAt(report, ['jobs', '0', 'write', 'iops']);
    return { writeSyncP50Micros: (write + sync) / 1000, writesPerSecond };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
