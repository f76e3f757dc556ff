/**
 * `npm run bench:targets`: the rows this project holds itself to, each measured several times, in turn with fio on the same
 * disk, and printed as medians with ratios. Figures of different minutes are not comparable, so nothing is stored: the
 * table is made anew each time.
 */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeScratchDirectory } from '../src/storage/scratch-directory.ts';
import { fileSystemOf } from './environment.ts';
import { type DiskFigures, measureDisk } from './fio.ts';
import { type BenchReport, measure } from './report.ts';
import { type Mode, startOwnCluster } from './target-cluster.ts';
import { valueBytesFor } from './workload.ts';

const PROGRAM = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const BASE_PORT = 7500;
const WARMUP_SECONDS = 1;

interface Row {
  readonly name: string;
  readonly mode: Mode;
  readonly outstanding: number;
  readonly batch: number;
  readonly commandBytes: number;
  readonly unit: 'µs' | '/s' | 'MB/s';
  /** What was promised first, null where nothing was; larger is better except for microseconds. */
  readonly target: number | null;
  figure(report: BenchReport): number;
}

const p50 = (report: BenchReport): number => report.latencyMicros.p50;
const perSecond = (report: BenchReport): number => report.throughput;
const megabytes = (report: BenchReport): number => (report.throughput * 65_536) / 1e6;

const ROWS: readonly Row[] = [
  {
    name: '1 outstanding, p50',
    mode: 'embedded',
    outstanding: 1,
    batch: 1,
    commandBytes: 256,
    unit: 'µs',
    target: 500,
    figure: p50,
  },
  {
    name: '64 outstanding',
    mode: 'embedded',
    outstanding: 64,
    batch: 1,
    commandBytes: 256,
    unit: '/s',
    target: 40_000,
    figure: perSecond,
  },
  {
    name: '1000 outstanding',
    mode: 'embedded',
    outstanding: 1000,
    batch: 1,
    commandBytes: 256,
    unit: '/s',
    target: 90_000,
    figure: perSecond,
  },
  {
    name: '100 per call',
    mode: 'embedded',
    outstanding: 64,
    batch: 100,
    commandBytes: 128,
    unit: '/s',
    target: 400_000,
    figure: perSecond,
  },
  {
    name: '64 KiB commands',
    mode: 'embedded',
    outstanding: 64,
    batch: 1,
    commandBytes: 65_536,
    unit: 'MB/s',
    target: 100,
    figure: megabytes,
  },
  {
    name: '1 outstanding, p50, client',
    mode: 'client',
    outstanding: 1,
    batch: 1,
    commandBytes: 256,
    unit: 'µs',
    target: null,
    figure: p50,
  },
  {
    name: '1000 outstanding, client',
    mode: 'client',
    outstanding: 1000,
    batch: 1,
    commandBytes: 256,
    unit: '/s',
    target: 60_000,
    figure: perSecond,
  },
];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    dir: { type: 'string' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const parentDirectory = values.dir ?? ((await fileSystemOf(tmpdir())) === 'tmpfs' ? process.cwd() : tmpdir());

const median = (figures: readonly number[]): number =>
  figures.toSorted((left, right) => left - right)[Math.floor(figures.length / 2)] ?? Number.NaN;

async function measureMode(mode: Mode, reports: Map<Row, BenchReport[]>): Promise<void> {
  const cluster = await startOwnCluster({
    mode,
    program: PROGRAM,
    parentDirectory,
    scribes: 3,
    basePort: BASE_PORT,
    allowBuffered: false,
    transport: 'auto',
  });
  try {
    for (const row of ROWS.filter((candidate) => candidate.mode === mode)) {
      const valueBytes = valueBytesFor(row.commandBytes);
      const report = await measure(cluster, { ...row, valueBytes, seconds, warmupSeconds: WARMUP_SECONDS });
      process.stderr.write(`${row.name}: ${row.figure(report).toFixed(0)} ${row.unit}, ${report.errors} errors\n`);
      reports.set(row, [...(reports.get(row) ?? []), report]);
    }
  } finally {
    await cluster.close();
  }
}

async function measureDiskAlone(): Promise<DiskFigures | null> {
  const directory = await makeScratchDirectory(parentDirectory);
  try {
    return await measureDisk(directory, 2);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const reports = new Map<Row, BenchReport[]>();
const disks: DiskFigures[] = [];
for (let round = 1; round <= rounds; round += 1) {
  process.stderr.write(`round ${round} of ${rounds}\n`);
  const disk = await measureDiskAlone();
  if (disk !== null) disks.push(disk);
  await measureMode('embedded', reports);
  await measureMode('client', reports);
}

const disk = disks.length === 0 ? null : median(disks.map((it) => it.writeSyncP50Micros));
const results = [...reports].map(([row, measured]) => {
  const figure = median(measured.map(row.figure));
  const met = row.target === null || (row.unit === 'µs' ? figure <= row.target : figure >= row.target);
  const errors = measured.reduce((sum, report) => sum + report.errors, 0);
  const cpu = median(measured.map((report) => report.cpuSecondsPerMillion ?? Number.NaN));
  const timesDisk = disk !== null && row.unit === 'µs' ? figure / disk : null;
  return {
    name: row.name,
    figure,
    unit: row.unit,
    target: row.target,
    met,
    timesDisk,
    cpuSecondsPerMillion: cpu,
    errors,
  };
});

const shown = (value: number): string => Math.round(value).toLocaleString('en-US');
process.stdout.write(`\nmedians of ${rounds} rounds; disk alone (fio, 4 KiB write + fdatasync): `);
process.stdout.write(disk === null ? 'unknown, fio is not installed\n\n' : `p50 ${disk.toFixed(0)} µs\n\n`);
process.stdout.write(
  '| | figure | target | met | × disk | CPU s per million | errors |\n|---|---|---|---|---|---|---|\n',
);
for (const { name, figure, unit, target, met, timesDisk, cpuSecondsPerMillion, errors } of results) {
  const ratio = timesDisk === null ? '' : timesDisk.toFixed(2);
  const promised = target === null ? ['', ''] : [`${shown(target)} ${unit}`, met ? 'yes' : 'NO'];
  const cells = [name, `${shown(figure)} ${unit}`, ...promised, ratio];
  process.stdout.write(`| ${[...cells, cpuSecondsPerMillion.toFixed(1), errors].join(' | ')} |\n`);
}
if (values.json !== undefined)
  await writeFile(
    values.json,
    `${JSON.stringify({ schema: 1, rounds, seconds, disk, results, reports: [...reports.values()] }, null, 2)}\n`,
  );
process.exitCode = results.every(({ met, errors }) => met && errors === 0) ? 0 : 1;
