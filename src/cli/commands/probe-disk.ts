/** `probe-disk`: measures what the disk under a directory does with each write mode, to tell what `auto` and tuning rest on. */
import { type DiskProbe, probeDisk } from '../../storage/disk-probe.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { integer, path } from '../options.ts';
import { formatCount, formatMicros, formatTable, print, printJson } from '../output.ts';
import { json } from './shared.ts';

const options = {
  dir: path({ description: 'A directory on the disk; a scratch file is made and removed there.', fallback: '.' }),
  writes: integer({ description: 'Writes for each row.', fallback: 500, minimum: 10, maximum: 100_000 }),
  json,
};

function describe({ fileSystem, directIo, alignment, rows }: DiskProbe): string {
  const cells = rows.map((row) =>
    row.failure === null
      ? [
          row.writeMode,
          row.inFlight,
          `${row.bytes / 1024} KiB`,
          formatMicros(row.p50Micros),
          formatMicros(row.p99Micros),
          formatCount(row.writesPerSecond),
          formatCount((row.writesPerSecond * row.bytes) / 1e6),
        ]
      : [row.writeMode, row.inFlight, `${row.bytes / 1024} KiB`, row.failure],
  );
  const heading = ['write mode', 'in flight', 'block', 'p50', 'p99', 'writes/s', 'MB/s'];
  const volume = `${fileSystem}, direct I/O ${directIo ? 'yes' : 'no'}, alignment ${alignment}`;
  return `${volume}\n\n${formatTable([heading, ...cells])}`;
}

export const probeDiskCommand = defineCommand({
  name: 'probe-disk',
  summary: 'measure the disk in every write mode',
  options,
  async run(settings) {
    const probe = await probeDisk(settings.dir, settings.writes);
    if (settings.json) printJson(probe);
    else print(describe(probe));
    return EXIT.done;
  },
});
