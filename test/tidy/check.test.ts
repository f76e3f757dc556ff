/** The checker itself: every rule is shown a breach it must name and a lookalike it must leave alone. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the checker is shown source text as strings.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkBench, checkSourceTree, checkTestFiles } from './check.ts';
import { withTree } from './fixture.ts';
import { MAX_LINES } from './rules.ts';
import { blankCommentsAndStrings, importedModules } from './scan.ts';

const BREACHES: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  ['an arrow the wrong way', { 'core/a.ts': "import { b } from '../wire/b.ts';\n" }, /core may not import wire/],
  ['storage importing transport', { 'storage/a.ts': "export * from '../transport/b.ts';\n" }, /storage may not import/],
  [
    'a type import the wrong way',
    { 'wire/a.ts': "import type { B } from '../node/b.ts';\n" },
    /wire may not import node/,
  ],
  ['a dynamic import the wrong way', { 'wire/a.ts': "await import('../cli/b.ts');\n" }, /wire may not import cli/],
  ['a folder without a row', { 'misc/a.ts': '' }, /no row/],
  [
    'a package in two files',
    { 'wire/a.ts': "import x from '@scope/name/part';\n", 'node/b.ts': "import y from '@scope/name';\n" },
    /@scope\/name is imported in more than one file/,
  ],
  ['a built-in module in the core', { 'core/a.ts': "import fs from 'node:fs';\n" }, /core imports node:fs/],
  ['time in the core', { 'core/a.ts': 'export const now = () => Date.now();\n' }, /core uses Date/],
  ['chance in the core', { 'core/a.ts': 'export const r = Math.random();\n' }, /core uses Math.random/],
  ['a timer in the core', { 'core/a.ts': 'setTimeout(() => {}, 1);\n' }, /core uses a timer/],
  ['a promise in the core', { 'core/a.ts': 'export async function f() {}\n' }, /core uses a promise/],
  ['a clock elsewhere', { 'node/a.ts': 'performance.now();\n' }, /reads a clock/],
  ['chance elsewhere', { 'node/a.ts': 'randomBytes(4);\n' }, /asks for chance/],
  ['a long file', { 'node/a.ts': '// line\n'.repeat(MAX_LINES + 1) }, /501 lines, more than 500/],
  ['a word we do not use', { 'node/a.ts': 'export const replicaCount = 1;\n' }, /replicaCount says "replica"/],
  ['an abbreviation in capitals', { 'node/a.ts': 'export const MAX_BUF_BYTES = 1;\n' }, /MAX_BUF_BYTES says "buf"/],
  ['a breach inside a template', { 'core/a.ts': 'export const t = `${Date.now()}`;\n' }, /core uses Date/],
];

const LAWFUL: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['arrows along the way', { 'cli/a.ts': "import { b } from '../core/b.ts';\nimport { c } from '../server/c.ts';\n" }],
  ['the table of errors from anywhere', { 'core/a.ts': "import { E } from '../errors.ts';\n" }],
  ['limits from anywhere', { 'addon/a.ts': "import { E } from '../core/limits.ts';\n" }],
  ['a breach in a comment', { 'core/a.ts': "// import fs from 'node:fs'; Date.now()\n/* setTimeout */\n" }],
  ['a breach in a string', { 'core/a.ts': 'export const text = "Date \' Math.random() replica";\n' }],
  ['a breach in template text', { 'core/a.ts': 'export const text = `Date await ${1} replica`;\n' }],
  ['a breach in a regular expression', { 'core/a.ts': 'export const pattern = /Date["\'`]/;\nexport const x = 1;\n' }],
  ['one package in one file', { 'wire/a.ts': "import x from 'ws';\nimport type { Y } from 'ws';\n" }],
  ['a word within a word', { 'node/a.ts': 'export const buffer = 1, message = 2, remastered = 3;\n' }],
  ['a Redis word in kv', { 'kv/a.ts': 'export const master = 1;\n' }],
  ['the clock in its file', { 'runtime/clock.ts': 'performance.now();\n' }],
];

describe('the tidy checker', () => {
  for (const [name, files, expected] of BREACHES)
    test(`names ${name}`, () => {
      const breaches = withTree(files, checkSourceTree);
      assert.equal(
        breaches.filter((breach) => expected.test(breach)).length,
        1,
        breaches.join('\n') || 'no breach found',
      );
    });

  for (const [name, files] of LAWFUL)
    test(`leaves ${name} alone`, () => {
      assert.deepEqual(withTree(files, checkSourceTree), []);
    });

  test('lets only the command line import the benchmark, and not the other way', () => {
    const files = { 'cli/a.ts': "import '../../bench/b.ts';\n", 'node/a.ts': "import '../../bench/b.ts';\n" };
    assert.deepEqual(withTree(files, checkSourceTree), [
      'node/a.ts: imports ../bench/b.ts, but node may not import bench',
    ]);
    assert.deepEqual(withTree({ 'a.ts': "import '../src/cli/b.ts';\n" }, checkBench), [
      'a.ts: bench may not import cli',
    ]);
  });

  test('names a test file without a test', () => {
    const files = { 'a/empty.test.ts': "// test('no', () => {});\n", 'a/full.test.ts': "test('yes', () => {});\n" };
    assert.deepEqual(withTree(files, checkTestFiles), ['a/empty.test.ts: has no test']);
  });

  test('finds every form of import and nothing else', () => {
    const text = `import a from 'a';\nimport 'b';\nexport { c } from "c";\nawait import('d');\nconst from = 'e';\n// import 'f'\n`;
    assert.deepEqual(importedModules(text), ['a', 'b', 'c', 'd']);
  });

  test('keeps length and lines when it blanks', () => {
    const text = 'a = "x\\"y"; // z\nb = `p${q + `r`}s` / 2; /* t\nu */ c = 1 / 2 / 3;\n';
    const blanked = blankCommentsAndStrings(text);
    assert.equal(blanked.length, text.length);
    assert.equal(blanked.replace(/ +/g, ' '), 'a = " "; \nb = ` {q + ` `} ` / 2; \n c = 1 / 2 / 3;\n');
  });
});
