/** The journal benchmark's report: medians, ratios, bars and the page, from figures that were made up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BARS } from '../../bench/journal/bars.ts';
import { pageOf } from '../../bench/journal/page.ts';
import { Figures, type JournalReport, median, ratiosOf, rowsOf, tableOf } from '../../bench/journal/report.ts';
import { ROWS } from '../../bench/journal/rows.ts';

/** Each of a row is `at + 1` times the first, over three rounds around it. */
function report(unavailable?: string): JournalReport {
  const figures = new Figures();
  for (const { name, measurements } of ROWS)
    for (const [at, { of }] of measurements.entries()) {
      if (of === unavailable) figures.cannot(name, of, 'is <not> here');
      else for (const round of [3, 1, 2]) figures.add(name, of, (at + 1) * 10 * round);
    }
  const rows = rowsOf(ROWS, figures);
  const environment = {
    time: '2026-01-01T00:00:00.000Z',
    node: 'v20',
    kernel: '6',
    cpu: 'one',
    cores: 2,
    memoryBytes: 1,
    fileSystem: 'ext4',
    transport: 'none',
    directIo: true,
    version: '0',
  };
  const opening = { seconds: 1.5, batches: 1000, bytesPerBatch: 30, journalBytes: 1024 ** 3 };
  return { schema: 1, rounds: 3, seconds: 1, environment, writeMode: 'io_uring', rows, bars: ratiosOf(rows), opening };
}

test('the median is the middle one, and there is none of nothing', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([]), null);
});

test('every bar names figures that are measured, and is compared with the best of the others', () => {
  const { bars, rows } = report();
  assert.equal(bars.length, BARS.length);
  for (const bar of bars) {
    const row = rows.find(({ name }) => name === bar.row);
    assert.ok(
      row?.figures.some(({ of }) => of === bar.of),
      `${bar.row}: ${bar.of}`,
    );
    assert.ok(bar.ratio !== null && bar.against !== null, `${bar.row}: ${bar.of} has nothing to be compared with`);
  }
  const slowest = bars.find(({ row, higher }) => !higher && row.startsWith('one appender'));
  assert.deepEqual([slowest?.against, slowest?.ratio], ['fio, write + fdatasync', 4]);
  const bandwidth = bars.find(({ row, higher }) => higher && row.startsWith('bandwidth'));
  assert.deepEqual([bandwidth?.against, bandwidth?.ratio], ['fio, io_uring dsync', 4 / 3]);
});

test('what could not be measured is said, in the table and on the page, and meets no bar', () => {
  const without = report('DurableLog');
  assert.ok(without.bars.filter(({ of }) => of === 'DurableLog').every(({ ratio }) => ratio === null));
  assert.match(tableOf(without), /DurableLog \| +\| is <not> here/);
  assert.match(tableOf(without), /not measured/);
});

test('the page carries everything in itself and can be read back', () => {
  const page = pageOf(report('lmdb'));
  assert.doesNotMatch(page, /<(script|link|img)[^>]+(src|href)=/);
  assert.match(page, /uPlot/);
  const data = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
  assert.deepEqual(JSON.parse(data), JSON.parse(JSON.stringify(report('lmdb'))));
});
