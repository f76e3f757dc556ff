/**
 * The bars this project holds its journal to: ratios of two figures of one run, since figures of different minutes or
 * machines say nothing together. Each has what was promised first, the goal, and what nobody expects.
 */
import { classicLevel, lmdb, sqlite } from './database-stores.ts';
import { DISK_MODES } from './disk.ts';
import { groupedFile } from './file-stores.ts';
import { durableLog } from './journal-store.ts';
import { ENGINE, GROUPS_ROW, MANY_GROUPS, ONE_GROUP } from './rows.ts';

export interface Bar {
  readonly row: string;
  readonly of: string;
  /** The best of these that was measured. */
  readonly against: readonly string[];
  readonly first: number | null;
  readonly goal: number;
  readonly moonshot: number | null;
}

const fio = DISK_MODES.map(({ name }) => name);
const group = [groupedFile.name];
const databases = [lmdb.name, sqlite.name, classicLevel.name];

export const BARS: readonly Bar[] = [
  { row: 'one appender, 4 KiB', of: ENGINE, against: fio, first: 1.4, goal: 1.15, moonshot: 1.05 },
  { row: 'one appender, 4 KiB', of: durableLog.name, against: fio, first: 2, goal: 1.4, moonshot: 1.2 },
  ...[128, 1024].flatMap((kibibytes) =>
    [ENGINE, durableLog.name].map((of) => ({
      row: `bandwidth, blocks of ${kibibytes} KiB, 4 in flight`,
      of,
      against: fio,
      first: 0.7,
      goal: 0.9,
      moonshot: 0.97,
    })),
  ),
  { row: '1,000 appenders × 128 B', of: durableLog.name, against: group, first: null, goal: 1, moonshot: 1.5 },
  { row: '1,000 appenders × 128 B', of: durableLog.name, against: [lmdb.name], first: 1, goal: 1, moonshot: null },
  { row: '1,000 appenders × 1 KiB', of: durableLog.name, against: group, first: null, goal: 1.2, moonshot: 2 },
  { row: '1,000 appenders × 1 KiB', of: durableLog.name, against: [lmdb.name], first: 2, goal: 2, moonshot: null },
  { row: 'batches of 1,000 × 128 B', of: durableLog.name, against: group, first: null, goal: 1.2, moonshot: 2 },
  { row: 'batches of 1,000 × 128 B', of: durableLog.name, against: [lmdb.name], first: 1, goal: 1, moonshot: null },
  { row: '1,000 appenders × 128 B', of: durableLog.name, against: databases, first: null, goal: 2, moonshot: null },
  { row: 'batches of 1,000 × 128 B', of: durableLog.name, against: databases, first: null, goal: 3, moonshot: null },
  { row: GROUPS_ROW, of: MANY_GROUPS, against: [ONE_GROUP], first: null, goal: 0.8, moonshot: null },
];
