/**
 * What the disk alone gives, by fio in the same directory and round: around the page cache, over blocks that were written
 * before, with as much in flight as the journal has.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { numberAt } from '../fio.ts';
import { Unavailable } from './store.ts';

const run = promisify(execFile);

export interface DiskMode {
  readonly name: string;
  readonly flags: readonly string[];
  /** Whether more than one write can be in flight. */
  readonly deep: boolean;
}

export const DISK_MODES: readonly DiskMode[] = [
  { name: 'fio, write + fdatasync', flags: ['--ioengine=psync', '--fdatasync=1'], deep: false },
  { name: 'fio, dsync', flags: ['--ioengine=psync', '--sync=dsync'], deep: false },
  { name: 'fio, io_uring dsync', flags: ['--ioengine=io_uring', '--sync=dsync'], deep: true },
];

export interface DiskFigures {
  readonly p50Micros: number;
  readonly megabytesPerSecond: number;
}

export async function measureMode(
  directory: string,
  mode: DiskMode,
  blockBytes: number,
  inFlight: number,
  seconds: number,
): Promise<DiskFigures> {
  const what = ['--name=disk', `--directory=${directory}`, '--rw=write', `--bs=${blockBytes}`, '--size=128m'];
  const how = ['--overwrite=1', '--direct=1', `--iodepth=${mode.deep ? inFlight : 1}`, ...mode.flags];
  // From submission, which with io_uring takes part of the time, to completion.
  const latency = ['--lat_percentiles=1', '--clat_percentiles=0'];
  const until = ['--time_based', `--runtime=${seconds}`, '--unlink=1', '--output-format=json'];
  let text: string;
  try {
    text = (await run('fio', [...what, ...how, ...latency, ...until])).stdout;
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new Unavailable(absent ? 'fio is not installed' : `${mode.name} does not run here`);
  }
  const report: unknown = JSON.parse(text.slice(text.indexOf('{')));
  const write = numberAt(report, ['jobs', '0', 'write', 'lat_ns', 'percentile', '50.000000']);
  const sync = mode.flags.includes('--fdatasync=1')
    ? numberAt(report, ['jobs', '0', 'sync', 'lat_ns', 'percentile', '50.000000'])
    : 0;
  const bytes = numberAt(report, ['jobs', '0', 'write', 'bw_bytes']);
  return { p50Micros: (write + sync) / 1000, megabytesPerSecond: bytes / 1e6 };
}
