/** `bench`: a closed loop of writes against a cluster of its own or one that runs, with percentiles. */
import { access, constants, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileSystemOf } from '../../../bench/environment.ts';
import { type BenchReport, measure } from '../../../bench/report.ts';
import { joinCluster, startOwnCluster, type TargetCluster } from '../../../bench/target-cluster.ts';
import { keyValueWorkload } from '../../../bench/workload.ts';
import { MAX_ENTRY_BYTES, MAX_SCRIBES } from '../../core/limits.ts';
import { isScriptoriumError } from '../../errors.ts';
import { checkCommands } from '../../node/commands.ts';
import { cannotMake } from '../../storage/file-errors.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { abortedWhenToldToStop } from '../lifetime.ts';
import { addresses, badOption, choice, integer, path, type Settings } from '../options.ts';
import { formatCount, formatFailures, formatMicros, formatTable, note, print, progressLine } from '../output.ts';
import { PROGRAM } from './program-file.ts';
import { allowBuffered, transport } from './shared.ts';

const options = {
  workers: addresses({ description: 'Workers of a running cluster; without them a cluster is made and removed.' }),
  mode: choice({
    description: 'Where the worker of an own cluster runs: in this process, or apart with this process its client.',
    fallback: 'embedded',
    choices: ['embedded', 'client'],
  }),
  outstanding: integer({ description: 'Calls in flight at any time.', fallback: 64, minimum: 1, maximum: 100_000 }),
  batch: integer({ description: 'Commands per call.', fallback: 1, minimum: 1, maximum: 10_000 }),
  valueBytes: integer({
    description: 'Size of each value written.',
    fallback: 256,
    minimum: 16,
    maximum: MAX_ENTRY_BYTES - 1024,
    unit: 'bytes',
  }),
  seconds: integer({ description: 'How long to measure.', fallback: 10, minimum: 1, maximum: 86_400, unit: 'seconds' }),
  warmupSeconds: integer({
    description: 'Load before measuring.',
    fallback: 1,
    minimum: 0,
    maximum: 3600,
    unit: 'seconds',
  }),
  dir: path({
    description:
      'Where the own cluster is put; the disk that is measured; without it the temporary directory, if that is a disk.',
    fallback: undefined,
  }),
  scribes: integer({ description: 'Scribes of an own cluster.', fallback: 3, minimum: 1, maximum: MAX_SCRIBES }),
  basePort: integer({
    description: 'Base port of an own cluster.',
    fallback: 7300,
    minimum: 1,
    maximum: 65_300,
    unit: 'port',
  }),
  transport,
  allowBuffered,
  json: path({ description: 'Write the report to this file.', fallback: undefined }),
};

/** The temporary directory, unless it is memory: then the current one. */
export const defaultDiskDirectory = async (): Promise<string> =>
  (await fileSystemOf(tmpdir())) === 'tmpfs' ? process.cwd() : tmpdir();

async function openTarget(settings: Settings<typeof options>): Promise<TargetCluster> {
  if (settings.workers.length > 0) return joinCluster(settings.workers);
  const { mode, scribes, basePort } = settings;
  return startOwnCluster({
    mode,
    program: PROGRAM,
    parentDirectory: settings.dir ?? (await defaultDiskDirectory()),
    scribes,
    basePort,
    allowBuffered: settings.allowBuffered,
    transport: settings.transport,
  });
}

export function latencyRows({ latencyMicros }: Pick<BenchReport, 'latencyMicros'>): (readonly string[])[] {
  const { p50, p90, p99, p999, max } = latencyMicros;
  const named = {
    'latency p50': p50,
    'latency p90': p90,
    'latency p99': p99,
    'latency p99.9': p999,
    'latency max': max,
  };
  return Object.entries(named).map(([name, micros]) => [name, formatMicros(micros)]);
}

function printReport(report: BenchReport): void {
  const cpu = report.cpuSecondsPerMillion;
  print(
    formatTable([
      ['throughput', `${formatCount(report.throughput)} entries/s`],
      ...latencyRows(report),
      ['longest write gap', formatMicros(report.longestWriteGapMicros)],
      ['acknowledged', formatCount(report.acknowledged)],
      ['calls that failed', formatFailures(report.errorsByCode)],
      ['CPU per million', cpu === null ? 'unknown' : `${cpu.toFixed(1)} s`],
    ]),
  );
  if (report.stages === null) return;
  const stages = Object.entries(report.stages).map(([name, it]) => [
    name,
    formatMicros(it.p50Micros),
    formatMicros(it.p99Micros),
    formatMicros(it.maxMicros),
  ]);
  print(`\nwhere a batch spends its time\n${formatTable([['stage', 'p50', 'p99', 'max'], ...stages])}`);
}

/** Refused before anything is made: afterwards the time would have been spent for nothing. */
async function check({ batch, valueBytes, json }: Settings<typeof options>): Promise<void> {
  try {
    checkCommands(new Array<Uint8Array>(batch).fill(keyValueWorkload(valueBytes)(0)));
  } catch (error) {
    throw isScriptoriumError(error) ? badOption(`--batch with --value-bytes: ${error.message}`) : error;
  }
  if (json !== undefined) await writing(json, () => access(dirname(json), constants.W_OK));
}

async function writing(path: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (cause) {
    throw cannotMake(path, cause);
  }
}

export const bench = defineCommand({
  name: 'bench',
  summary: 'measure throughput and latency of writes',
  options,
  async run(settings) {
    await check(settings);
    const signal = abortedWhenToldToStop();
    const target = await openTarget(settings);
    const progress = progressLine();
    try {
      const mode = settings.workers.length > 0 ? 'running cluster' : settings.mode;
      note(
        `bench: ${mode}, ${settings.outstanding} outstanding, ${settings.batch} per call, ${settings.valueBytes} bytes each`,
      );
      const report = await measure(target, {
        ...settings,
        mode,
        signal,
        onProgress: (recorder, second) =>
          progress.update(
            `${second}/${settings.seconds} s  ${formatCount(recorder.acknowledged / second)}/s  p50 ${formatMicros(recorder.percentile(50))}  p99 ${formatMicros(recorder.percentile(99))}  errors ${recorder.failed}`,
          ),
      });
      progress.end();
      printReport(report);
      const { json } = settings;
      if (json !== undefined) await writing(json, () => writeFile(json, `${JSON.stringify(report, null, 2)}\n`));
      return report.errors === 0 && report.acknowledged > 0 ? EXIT.done : EXIT.foundWrong;
    } finally {
      await target.close();
    }
  },
});
