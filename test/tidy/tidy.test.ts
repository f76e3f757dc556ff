/** The house rules, applied to this repository. A breach is fixed, not listed: there is no file of exceptions. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERRORS } from '../../src/errors.ts';
import { checkBench, checkFileSizes, checkSourceTree, checkTestFiles, packagesOf } from './check.ts';
import { faultsInTestNames } from './faults.ts';

/** Compiled tests run from dist/test/tidy. */
const ROOT = join(import.meta.dirname, '..', '..', '..');

test('src/ keeps its arrows, its purity, its sizes and its words', () => {
  assert.deepEqual(checkSourceTree(join(ROOT, 'src')), []);
});

test('bench/ knows nothing of the command line', () => {
  assert.deepEqual(checkBench(join(ROOT, 'bench')), []);
});

test('no file elsewhere is too long', () => {
  const folders = ['bench', 'examples', 'native', 'scripts', 'test'].filter((folder) => existsSync(join(ROOT, folder)));
  const breaches = folders.flatMap((folder) => checkFileSizes(join(ROOT, folder), ['.ts', '.mjs', '.cc', '.h']));
  assert.deepEqual(breaches, []);
});

test('what is loaded or compiled where the package is installed is a dependency of it, and none for its developers alone', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
  const required = readFileSync(join(ROOT, 'binding.gyp'), 'utf8').matchAll(/\brequire\('([^']+)'\)/g);
  const wanted = new Set([...packagesOf(join(ROOT, 'src')), ...[...required].map(([, name]) => name as string)]);
  assert.ok(wanted.has('node-addon-api') && wanted.has('ws'), 'the search finds nothing');
  assert.deepEqual(
    [...wanted].filter((name) => !declared.has(name)),
    [],
  );
});

test('every test file has a test', () => {
  assert.deepEqual(checkTestFiles(join(ROOT, 'test')), []);
});

test('each fault of a disk, S01 to S57, stands in the name of a test', () => {
  const named = faultsInTestNames([join(ROOT, 'test'), join(ROOT, 'native', 'test')]);
  const all = Array.from({ length: 57 }, (_, at) => `S${String(at + 1).padStart(2, '0')}`);
  assert.deepEqual(
    all.filter((fault) => !named.has(fault)),
    [],
  );
});

test('every error stands in docs/errors.md with its outcome and meaning, and nothing else does', () => {
  const rows = readFileSync(join(ROOT, 'docs', 'errors.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('\\', '')))
    .map(([, code, outcome, retriable, meaning]) => ({ code: code?.slice(1, -1), outcome, retriable, meaning }));
  const expected = Object.entries(ERRORS).map(([code, { outcome, retriable, meaning }]) => ({
    code,
    outcome,
    retriable: retriable ? 'yes' : 'no',
    meaning,
  }));
  const byCode = (left: { code?: string | undefined }, right: { code?: string | undefined }): number =>
    (left.code ?? '').localeCompare(right.code ?? '');
  assert.deepEqual(rows.sort(byCode), expected.sort(byCode));
});
