/**
 * Reads a source tree and returns every breach of the rules in rules.ts as one line `file: what`. Works on text: comments
 * and strings are blanked by a small scanner first, so neither can hide or fake a breach. It must never skip a file it
 * cannot make sense of: such a file is a breach.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { ARROWS, CLOCK_FILES, IMPORTED_BY_ALL, MAX_LINES, RANDOM_FILES, WORDS, WORDS_OF_OTHERS } from './rules.ts';
import { blankCommentsAndStrings, importedModules } from './scan.ts';

interface SourceFile {
  /** Path under the root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The text with comments and the contents of strings blanked. */
  readonly code: string;
}

/** Every file under `root` whose name ends in one of `endings`. */
function filesUnder(root: string, endings: readonly string[]): SourceFile[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const text = readFileSync(path, 'utf8');
      return { path: relative(root, path), text, code: blankCommentsAndStrings(text) };
    })
    .sort((left, right) => left.path.localeCompare(right.path));
}

const folderOf = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');

/** The folder an import leads to; `bench/`, which stands beside src/, counts as one of its folders. */
const folderOfTarget = (path: string): string => folderOf(path.startsWith('../bench/') ? path.slice(3) : path);
const isRelative = (module: string): boolean => module.startsWith('.');
const packageOf = (module: string): string =>
  module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/');

/** Names of the packages a file imports; those of Node are none. */
const packagesIn = ({ text }: SourceFile): Set<string> => {
  const outside = importedModules(text).filter((module) => !isRelative(module) && !module.startsWith('node:'));
  return new Set(outside.map(packageOf));
};

/** Imports between folders follow ARROWS. */
function checkArrows(files: readonly SourceFile[]): string[] {
  const breaches: string[] = [];
  for (const file of files) {
    const from = folderOf(file.path);
    const allowed = ARROWS[from];
    if (allowed === undefined) {
      breaches.push(`${file.path}: the folder ${from} has no row in the table of arrows`);
      continue;
    }
    for (const module of importedModules(file.text).filter(isRelative)) {
      const target = normalize(join(dirname(file.path), module));
      const to = folderOfTarget(target);
      if (to === from || allowed.includes(to) || IMPORTED_BY_ALL.includes(target)) continue;
      breaches.push(`${file.path}: imports ${target}, but ${from || 'src'} may not import ${to || 'src'}`);
    }
  }
  return breaches;
}

/** Each outside package is imported by one file. */
function checkPackages(files: readonly SourceFile[]): string[] {
  const importers = new Map<string, string[]>();
  for (const file of files) {
    for (const name of packagesIn(file)) importers.set(name, [...(importers.get(name) ?? []), file.path]);
  }
  return [...importers]
    .filter(([, paths]) => paths.length > 1)
    .map(([name, paths]) => `${paths.join(', ')}: the package ${name} is imported in more than one file`);
}

const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\b/, 'Date'],
  [/\bMath\s*\.\s*random\b/, 'Math.random'],
  [/\bperformance\b/, 'performance'],
  [/\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/, 'a timer'],
  [/\b(async|await|Promise)\b/, 'a promise'],
  [/\b(process|globalThis|console|Buffer|crypto)\b/, 'something of the surroundings'],
];

/** The core is pure: it imports only itself and knows no time, chance, promise or surroundings. */
function checkPurity(files: readonly SourceFile[]): string[] {
  const breaches: string[] = [];
  for (const file of files.filter(({ path }) => folderOf(path) === 'core')) {
    for (const module of importedModules(file.text).filter((name) => !isRelative(name)))
      breaches.push(`${file.path}: the core imports ${module}`);
    for (const [pattern, name] of IMPURE)
      if (pattern.test(file.code)) breaches.push(`${file.path}: the core uses ${name}`);
  }
  return breaches;
}

/** Time and chance come from one file each. */
function checkSources(files: readonly SourceFile[]): string[] {
  const breaches: string[] = [];
  for (const file of files) {
    const usesClock =
      /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bperformance\s*\.\s*now\b|\bhrtime\b|\bbootMillis\b/.test(file.code);
    if (usesClock && !CLOCK_FILES.includes(file.path)) breaches.push(`${file.path}: reads a clock`);
    const usesChance = /\bMath\s*\.\s*random\b|\brandom(Bytes|UUID|Fill|FillSync|Int)\b|\bgetRandomValues\b/.test(
      file.code,
    );
    if (usesChance && !RANDOM_FILES.includes(file.path)) breaches.push(`${file.path}: asks for chance`);
  }
  return breaches;
}

function checkSizes(files: readonly SourceFile[]): string[] {
  return files
    .map((file) => ({ path: file.path, lines: file.text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines, more than ${MAX_LINES}`);
}

/** `maxBufBytes`, `max_buf_bytes` and `MAX_BUF_BYTES` are all `max`, `buf`, `bytes`. */
const partsOf = (identifier: string): string[] =>
  identifier
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .split(/[ _$]+/)
    .map((part) => part.toLowerCase());

function checkWords(files: readonly SourceFile[]): string[] {
  const breaches: string[] = [];
  for (const file of files) {
    for (const identifier of new Set(file.code.match(/[A-Za-z_$][\w$]*/g))) {
      for (const word of partsOf(identifier)) {
        if (!Object.hasOwn(WORDS, word)) continue;
        if (WORDS_OF_OTHERS.some((other) => other.word === word && file.path.startsWith(other.file))) continue;
        breaches.push(`${file.path}: ${identifier} says "${word}"; the word here is ${WORDS[word]}`);
      }
    }
  }
  return breaches;
}

/** All breaches of a tree of TypeScript sources laid out like src/. */
export function checkSourceTree(root: string): string[] {
  const files = filesUnder(root, ['.ts']);
  return [checkArrows, checkPackages, checkPurity, checkSources, checkSizes, checkWords].flatMap((check) =>
    check(files),
  );
}

/** Names of the packages that a tree of TypeScript sources imports. */
export const packagesOf = (root: string): Set<string> =>
  new Set(filesUnder(root, ['.ts']).flatMap((file) => [...packagesIn(file)]));

/** Breaches in folders that are not laid out like src/: only sizes are looked at. */
export function checkFileSizes(root: string, endings: readonly string[]): string[] {
  return checkSizes(filesUnder(root, endings));
}

/** Files of bench/ that import the command line: it is the command line that runs benchmarks. */
export function checkBench(root: string): string[] {
  return filesUnder(root, ['.ts'])
    .filter((file) => importedModules(file.text).some((module) => module.includes('/src/cli/')))
    .map((file) => `${file.path}: bench may not import cli`);
}

/** Test files without a test: each `*.test.ts` must call `test(` or `it(` at least once. */
export function checkTestFiles(root: string): string[] {
  return filesUnder(root, ['.test.ts'])
    .filter((file) => !/\b(test|it)\s*(\.\s*\w+\s*)?\(/.test(file.code))
    .map((file) => `${file.path}: has no test`);
}
