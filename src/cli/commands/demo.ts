/** `demo`, behind `npm start`: load, a killed leader, and the proof that nothing acknowledged was lost. */
import { rm } from 'node:fs/promises';
import { type Demonstration, demonstrate } from '../../../bench/demonstration.ts';
import { LocalCluster } from '../../node/local-cluster.ts';
import { scribeStatus } from '../../node/observe.ts';
import { makeScratchDirectory } from '../../storage/scratch-directory.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { abortedWhenToldToStop } from '../lifetime.ts';
import { integer } from '../options.ts';
import { formatCount, formatFailures, formatMicros, formatTable, note, print, progressLine } from '../output.ts';
import { defaultDiskDirectory, latencyRows } from './bench.ts';
import { PROGRAM } from './program-file.ts';
import { transport } from './shared.ts';

const options = {
  seconds: integer({ description: 'Length of the load.', fallback: 10, minimum: 2, maximum: 3600, unit: 'seconds' }),
  outstanding: integer({ description: 'Calls in flight at any time.', fallback: 64, minimum: 1, maximum: 10_000 }),
  valueBytes: integer({
    description: 'Size of each value.',
    fallback: 256,
    minimum: 16,
    maximum: 65_536,
    unit: 'bytes',
  }),
  basePort: integer({ description: 'Base port.', fallback: 7400, minimum: 1, maximum: 65_300, unit: 'port' }),
  transport,
};

function printResult({ recorded, leaderBefore, leaderAfter, acknowledged, found }: Demonstration): void {
  print('');
  print(
    formatTable([
      ['throughput', `${formatCount(recorded.throughput)} entries/s`],
      ...latencyRows(recorded),
      [
        'longest write gap',
        `${formatMicros(recorded.longestGapMicros)} (leader ${leaderBefore} killed, ${leaderAfter} leads)`,
      ],
      ['calls that failed', formatFailures(recorded.errors)],
      ['acknowledged', formatCount(acknowledged)],
      ['found on the scribes', formatCount(found)],
    ]),
  );
}

export const demo = defineCommand({
  name: 'demo',
  summary: 'show a cluster take load, lose its leader and go on',
  hidden: true,
  options,
  async run(settings) {
    const { seconds, basePort } = settings;
    const signal = abortedWhenToldToStop();
    const directory = await makeScratchDirectory(await defaultDiskDirectory());
    const progress = progressLine();
    let cluster: LocalCluster | null = null;
    try {
      cluster = await LocalCluster.start({
        program: PROGRAM,
        directory,
        host: '127.0.0.1',
        basePort,
        scribes: 3,
        workers: 3,
        // Rather shown with buffered writes than not at all; what was used is printed.
        allowBuffered: true,
        flags: ['--transport', settings.transport, '--log-level', 'error'],
      });
      const direct = (await scribeStatus(cluster.scribes[0]!.address))?.directIo === true;
      note(`3 scribes, 3 workers, ${direct ? 'O_DIRECT' : 'buffered writes'} and fsync, in ${directory}`);
      const result = await demonstrate({
        ...settings,
        cluster,
        signal,
        onProgress: (recorder, second) =>
          progress.update(
            `${second}/${seconds} s  ${formatCount(recorder.acknowledged)} acknowledged  p99 ${formatMicros(recorder.percentile(99))}`,
          ),
        onKill: (workerId, pid) => {
          progress.end();
          note(`kill -9 ${pid} (${workerId}, the leader)`);
        },
      });
      progress.end();
      printResult(result);
      const lost = result.acknowledged - result.found;
      print(lost === 0 ? 'Nothing acknowledged was lost.' : `LOST: ${lost} acknowledged entries were not found.`);
      return lost === 0 && result.acknowledged > 0 ? EXIT.done : EXIT.foundWrong;
    } finally {
      await cluster?.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
});
