/** Which faults of the catalogue the tests say that they cover: their numbers in the names of tests, not in comments. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A call that gives a test its name: one literal, or several one after the other as the native tests break them. */
const NAMED = /\b(?:test|it|TEST)\(\s*((?:(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)\s*)+)/g;

/** The names of the tests in one file; a transcript is named by its first line. */
export function namesIn(path: string): readonly string[] {
  if (/\.test\.ts$|_test\.cc$/.test(path))
    return [...readFileSync(path, 'utf8').matchAll(NAMED)].map(([, named]) => named as string);
  return path.endsWith('.txt') ? [readFileSync(path, 'utf8').split('\n', 1)[0] as string] : [];
}

/** The numbers (S08, P12, …) in the names of all tests below `folders`. */
export function faultsInTestNames(folders: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name.startsWith('tidy')) continue; // the tests that look for the numbers cover none
      for (const named of namesIn(join(folder, name)))
        for (const [number] of named.matchAll(/\b[A-Z]\d\d\b/g)) found.add(number);
    }
  }
  return found;
}
