/** Which faults of the catalogue the tests say that they cover: their numbers in the names of tests, not in comments. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A call that gives a test its name: one literal, or several one after the other as the native tests break them. */
const NAMED = /\b(?:test|TEST)\(\s*((?:(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)\s*)+)/g;

/** The numbers (S08, P12, …) in the names of all tests below `folders`. */
export function faultsInTestNames(folders: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!/\.test\.ts$|_test\.cc$/.test(name)) continue;
      for (const [, named] of readFileSync(join(folder, name), 'utf8').matchAll(NAMED))
        for (const [number] of named!.matchAll(/\b[A-Z]\d\d\b/g)) found.add(number);
    }
  }
  return found;
}
