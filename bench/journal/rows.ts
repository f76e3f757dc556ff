/** The rows: what is measured of whom in every round, in turn, each in a directory of its own that is gone afterwards. */
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildEngineProgram } from './build.ts';
import { classicLevel, lmdb, sqlite } from './database-stores.ts';
import { DISK_MODES, type DiskFigures, measureMode } from './disk.ts';
import { groupedFile, plainFile } from './file-stores.ts';
import { type GroupFigures, measureGroups } from './group-appends.ts';
import { durableLog, openLog, openTrimmed } from './journal-store.ts';
import { appenders, batches, depthOne, manyLogs } from './loads.ts';
import type { Store, StoreKind } from './store.ts';

export type Unit = 'µs' | '/s' | 'MB/s';

export interface Measurement {
  readonly of: string;
  run(directory: string, seconds: number): Promise<number>;
}

export interface Row {
  readonly name: string;
  readonly unit: Unit;
  readonly measurements: readonly Measurement[];
}

export const ENGINE = 'engine, without Node';
/** Fills a block of 4 KiB with its headers, to be compared with a write of 4 KiB. */
const SMALL_ENTRY_BYTES = 4096 - 512;
export const GROUPS_ROW = '1,000 appenders × 128 B, a batch each, in one journal';
export const ONE_GROUP = 'one group';
export const MANY_GROUPS = '1,000 groups';
const IN_FLIGHT = 4;
const KIBIBYTE = 1024;
const STORES = [durableLog, groupedFile, plainFile, lmdb, sqlite, classicLevel];

const measured = (kind: StoreKind, load: (store: Store, seconds: number) => Promise<number>): Measurement => ({
  of: kind.name,
  async run(directory, seconds) {
    const store = await kind.open(join(directory, 'store'));
    try {
      return await load(store, seconds);
    } finally {
      await store.close();
    }
  },
});

const disk = (blockBytes: number, inFlight: number, figure: (figures: DiskFigures) => number): Measurement[] =>
  DISK_MODES.map((mode) => ({
    of: mode.name,
    run: async (directory, seconds) => figure(await measureMode(directory, mode, blockBytes, inFlight, seconds)),
  }));

const engine = (blockBytes: number, depth: number, figure: 'p50Micros' | 'megabytesPerSecond'): Measurement => ({
  of: ENGINE,
  async run(directory, seconds) {
    const args = [join(directory, 'store'), seconds, blockBytes, depth].map(String);
    const { stdout } = await promisify(execFile)(await buildEngineProgram(), args);
    return (JSON.parse(stdout) as Record<typeof figure, number>)[figure];
  },
});

/** Megabytes a second of entries that fill a block each, with as many in flight as fio has. */
const bandwidth = (blockBytes: number): Row => ({
  name: `bandwidth, blocks of ${blockBytes / KIBIBYTE} KiB, ${IN_FLIGHT} in flight`,
  unit: 'MB/s',
  measurements: [
    ...disk(blockBytes, IN_FLIGHT, (figures) => figures.megabytesPerSecond),
    engine(blockBytes, IN_FLIGHT, 'megabytesPerSecond'),
    {
      of: durableLog.name,
      async run(directory, seconds) {
        const options = { maxBlockBytes: blockBytes, blocksInFlight: IN_FLIGHT };
        const log = await openTrimmed(join(directory, 'store'), options);
        const entryBytes = blockBytes - 512;
        try {
          return ((await appenders(log, 2 * IN_FLIGHT, entryBytes, seconds)) * entryBytes) / 1e6;
        } finally {
          await log.close();
        }
      },
    },
  ],
});

/** Of a thousand appenders of batches to so many groups of one journal. */
const groups = (of: string, count: number, figure: keyof GroupFigures): Measurement => ({
  of,
  run: async (directory, seconds) => (await measureGroups(directory, count, seconds))[figure],
});

/** The same of logs, whose entries share a batch only with others of the same log. */
const logs = (of: string, count: number): Measurement => ({
  of,
  async run(directory, seconds) {
    const log = await openLog(join(directory, 'store'));
    try {
      return await manyLogs((loop) => log.group(loop % count), 1000, 128, seconds);
    } finally {
      await log.close();
    }
  },
});

export const ROWS: readonly Row[] = [
  {
    name: 'one appender, 4 KiB',
    unit: 'µs',
    measurements: [
      ...disk(4 * KIBIBYTE, 1, (figures) => figures.p50Micros),
      engine(4 * KIBIBYTE, 1, 'p50Micros'),
      ...STORES.map((kind) => measured(kind, (store, seconds) => depthOne(store, SMALL_ENTRY_BYTES, seconds))),
    ],
  },
  bandwidth(128 * KIBIBYTE),
  bandwidth(1024 * KIBIBYTE),
  {
    name: '1,000 appenders × 128 B',
    unit: '/s',
    measurements: STORES.map((kind) => measured(kind, (store, seconds) => appenders(store, 1000, 128, seconds))),
  },
  {
    name: '1,000 appenders × 1 KiB',
    unit: '/s',
    measurements: STORES.map((kind) => measured(kind, (store, seconds) => appenders(store, 1000, 1024, seconds))),
  },
  {
    name: 'batches of 1,000 × 128 B',
    unit: '/s',
    measurements: STORES.map((kind) => measured(kind, (store, seconds) => batches(store, 1000, 128, seconds))),
  },
  {
    name: GROUPS_ROW,
    unit: '/s',
    measurements: [groups(ONE_GROUP, 1, 'appendsPerSecond'), groups(MANY_GROUPS, 1000, 'appendsPerSecond')],
  },
  {
    name: 'group commits of those',
    unit: '/s',
    measurements: [groups(ONE_GROUP, 1, 'syncsPerSecond'), groups(MANY_GROUPS, 1000, 'syncsPerSecond')],
  },
  {
    name: '1,000 appenders × 128 B, logs in one directory',
    unit: '/s',
    measurements: [logs('one log', 1), logs('1,000 logs', 1000)],
  },
];

/** Runs one measurement in an empty directory under `parent`. */
export async function runAlone(measurement: Measurement, parent: string, seconds: number): Promise<number> {
  const directory = join(parent, 'measured');
  await mkdir(directory);
  try {
    return await measurement.run(directory, seconds);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
