#!/usr/bin/env node
/**
 * Runs the suites with node:test and ends with the line `N passed, N failed`; exits 1 when a test failed or none ran.
 *
 *   node scripts/test.mjs [folder-or-file …] [--soak [--minutes N]]
 *
 * Test files are looked up among the sources and run compiled, so a leftover of a deleted test in dist/ never runs. Suites
 * that start processes and kill them run after the others and one at a time: their time-outs should measure the system and
 * not its neighbours. `--soak` hands the minutes on to the suites in SCRIPTORIUM_SOAK_MINUTES (default 480).
 */
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Folders of test/ whose files run alone. */
const ALONE = new Set(['cli', 'crash', 'e2e']);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { soak: { type: 'boolean', default: false }, minutes: { type: 'string', default: '480' } },
});

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative(join(ROOT, 'test'), join(entry.parentPath, entry.name)))
    .sort();
}

const named = (name, file) =>
  [file, file.replace(/\.ts$/, '')].some((path) =>
    `${path}/`.startsWith(`${name.replace(/^test\//, '').replace(/\/$/, '')}/`),
  );
const wanted = (file) => positionals.length === 0 || positionals.some((name) => named(name, file));
const compiled = (file) => join(ROOT, 'dist', 'test', file.replace(/\.ts$/, '.js'));
const runsAlone = (file) => ALONE.has(file.split('/')[0]);

/** Runs files and resolves to the counts; a file that cannot even be loaded counts as one failure. */
async function runFiles(files, concurrency) {
  const counts = { passed: 0, failed: 0 };
  if (files.length === 0) return counts;
  const stream = run({ files: files.map(compiled), concurrency });
  stream.on('test:pass', (event) => {
    if (event.details.type !== 'suite' && event.skip === undefined && event.todo === undefined) counts.passed += 1;
  });
  stream.on('test:fail', (event) => {
    if (event.todo === undefined) counts.failed += 1;
  });
  const report = stream.compose(spec);
  for await (const text of report) process.stdout.write(text);
  return counts;
}

if (values.soak) process.env.SCRIPTORIUM_SOAK_MINUTES = values.minutes;
const all = testFiles(join(ROOT, 'test'));
const unknown = positionals.filter((name) => !all.some((file) => named(name, file)));
if (unknown.length > 0) {
  process.stderr.write(`no test is called ${unknown.join(', ')}\n`);
  process.exit(64);
}
const files = all.filter(wanted);
const together = await runFiles(
  files.filter((file) => !runsAlone(file)),
  2,
);
const alone = await runFiles(files.filter(runsAlone), 1);
const passed = together.passed + alone.passed;
const failed = together.failed + alone.failed;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
