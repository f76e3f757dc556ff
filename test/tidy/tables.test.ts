/** What docs/ says of tests is so: each row of a table names tests that exist. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { withTree } from './fixture.ts';
import { brokenCitations, rowsUnder } from './tables.ts';

/** Compiled tests run from dist/test/tidy. */
const ROOT = join(import.meta.dirname, '..', '..', '..');
const TESTS = join(ROOT, 'test');

/** Rows that rest on something that is not built, or that wait for a test of their own; docs/testing.md says why for each. */
const OPEN = ['P37'];

const page = (name: string): string => readFileSync(join(ROOT, 'docs', name), 'utf8');

test('each fault of the protocol, P01 to P39, stands in the name of the tests that its row names, or is known as open', () => {
  const rows = rowsUnder(page('testing.md'), '## Faults of the protocol');
  const all = Array.from({ length: 39 }, (_, at) => `P${String(at + 1).padStart(2, '0')}`);
  assert.deepEqual(
    rows.map(([row]) => row),
    all,
  );
  const isOpen = (cell: string): boolean => cell.startsWith('open: ');
  const open = rows.filter(([, , where = '']) => isOpen(where)).map(([row]) => row);
  assert.deepEqual(open, OPEN);
  const broken = rows
    .filter(([, , where = '']) => !isOpen(where))
    .flatMap(([row = '', , where = '']) => brokenCitations(TESTS, where, new RegExp(`\\b${row}\\b`)));
  assert.deepEqual(broken, []);
});

for (const heading of ['## What holds as in Raft', "## The design's claims"]) {
  test(`the tests of raft-paper.md under "${heading.slice(3)}" exist`, () => {
    const rows = rowsUnder(page('raft-paper.md'), heading);
    assert.ok(rows.length > 10, `${rows.length} rows`);
    assert.deepEqual(
      rows.flatMap((cells) => brokenCitations(TESTS, cells.at(-1) ?? '', null)),
      [],
    );
  });
}

describe('a table of tests', () => {
  const tree = {
    'core/a.test.ts': "test('P01: it holds', () => {});",
    'transcripts/b.txt': '# P02: so it goes\n> state\n',
  };

  test('may name a test by its file, or by the beginning of its name', () => {
    withTree(tree, (root) => {
      assert.deepEqual(brokenCitations(root, '`core/a.test.ts` "P01: it", `transcripts/b.txt`', null), []);
      assert.deepEqual(brokenCitations(root, '`transcripts/b.txt`', /\bP02\b/), []);
    });
  });

  test('is found out where a file or a name is not there, or the wrong row, or nothing is named', () => {
    withTree(tree, (root) => {
      assert.equal(brokenCitations(root, '`core/c.test.ts`', null).length, 1);
      assert.equal(brokenCitations(root, '`core/a.test.ts` "P01: it fails"', null).length, 1);
      assert.equal(brokenCitations(root, '`transcripts/b.txt`', /\bP01\b/).length, 1);
      assert.equal(brokenCitations(root, 'by reading', null).length, 1);
    });
  });

  test('is read row by row under its own heading', () => {
    const text = '# A\n\n## B\n\n| x | y |\n| - | - |\n| 1 | 2 |\n\n## C\n\n| z |\n| - |\n| 3 |\n';
    assert.deepEqual(rowsUnder(text, '## B'), [['1', '2']]);
    assert.deepEqual(rowsUnder(text, '## D'), []);
  });
});
