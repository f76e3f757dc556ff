/** How figures and tables are printed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCount, formatFailures, formatMicros, formatTable } from '../../src/cli/output.ts';

test('a table aligns its columns, numbers to the right', () => {
  const rows = [
    ['id', 'tail'],
    ['a', 7],
    ['long', 1234],
  ];
  assert.equal(formatTable(rows), 'id    tail\na        7\nlong  1234');
});

test('figures read in the unit that fits', () => {
  assert.equal(formatCount(1234567.4), '1,234,567');
  assert.equal(formatMicros(999.4), '999 µs');
  assert.equal(formatMicros(1234), '1.23 ms');
  assert.equal(formatMicros(45_678), '45.7 ms');
  assert.equal(formatMicros(2_500_000), '2.50 s');
  assert.equal(formatFailures({}), 'none');
  assert.equal(formatFailures({ NO_LEADER: 2, CONNECTION_LOST: 1640 }), '2 × NO_LEADER, 1,640 × CONNECTION_LOST');
});
