/**
 * `npm run bench:journal`: the journal beside the disk and beside what else a program could use, all measured in turn in
 * every round. Prints the table; `--json` and `--html` write the report and the page. `--quick` is a look whether everything
 * runs, not a measurement.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeEnvironment, fileSystemOf } from '../environment.ts';
import { buildEngineProgram, buildSqlite } from './build.ts';
import { openLog } from './journal-store.ts';
import { measureOpening } from './opening.ts';
import { pageOf } from './page.ts';
import { Figures, JOURNAL_REPORT_SCHEMA, type JournalReport, ratiosOf, rowsOf, tableOf } from './report.ts';
import { ROWS, runAlone } from './rows.ts';
import { Unavailable } from './store.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    /** Of the rows, those whose name has this in it. */
    only: { type: 'string', default: '' },
    /** Size of the journal that is opened; 0 leaves that out. */
    'opening-gib': { type: 'string' },
    dir: { type: 'string' },
    json: { type: 'string' },
    html: { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
const seconds = Number(values.seconds ?? (values.quick ? 1 : 3));
const openingBytes = Number(values['opening-gib'] ?? (values.quick ? 0.25 : 10)) * 1024 ** 3;
const parent = values.dir ?? ((await fileSystemOf(tmpdir())) === 'tmpfs' ? process.cwd() : tmpdir());
const rows = ROWS.filter(({ name }) => name.includes(values.only));
const directory = await mkdtemp(join(parent, 'bench-journal-'));
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function measureRound(figures: Figures): Promise<void> {
  for (const row of rows) {
    for (const measurement of row.measurements) {
      try {
        const figure = await runAlone(measurement, directory, seconds);
        say(`${row.name}: ${measurement.of}: ${figure.toFixed(1)} ${row.unit}`);
        figures.add(row.name, measurement.of, figure);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        say(`${row.name}: ${measurement.of}: ${error.message}`);
        figures.cannot(row.name, measurement.of, error.message);
      }
    }
  }
}

async function probe(): Promise<Pick<JournalReport, 'environment' | 'writeMode'>> {
  const log = await openLog(join(directory, 'probe'));
  const { directIo, writeMode } = log.stats();
  await log.close();
  await rm(join(directory, 'probe'), { recursive: true });
  return { environment: await describeEnvironment({ transport: 'none', directIo, directory }), writeMode };
}

try {
  // Before anything is measured. What cannot be built says so when its turn comes.
  await Promise.allSettled([buildEngineProgram(), buildSqlite()]);
  const surroundings = await probe();
  const figures = new Figures();
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}`);
    await measureRound(figures);
  }
  say(openingBytes > 0 ? `opening a journal of ${openingBytes} bytes` : 'opening is left out');
  const opening = openingBytes > 0 ? await measureOpening(join(directory, 'opening'), openingBytes) : null;
  const measured = rowsOf(rows, figures);
  const report: JournalReport = {
    schema: JOURNAL_REPORT_SCHEMA,
    rounds,
    seconds,
    ...surroundings,
    rows: measured,
    bars: ratiosOf(measured),
    opening: opening === null ? null : { ...opening, journalBytes: openingBytes },
  };
  process.stdout.write(tableOf(report));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (values.html !== undefined) await writeFile(values.html, pageOf(report));
} finally {
  await rm(directory, { recursive: true, force: true });
}
