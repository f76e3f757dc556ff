/**
 * Tables of docs/ that say where something is tested: a cell names files of test/ in backquotes, and after a file perhaps, in
 * quotes, how the name of the test begins. What a table says must be so: the file is there, and has a test of that name.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from './faults.ts';

/** A file of test/, and part of the name of a test in it, or null. */
export interface Citation {
  readonly file: string;
  readonly name: string | null;
}

/** The cells of the rows of all tables below `heading`, up to the next heading like it. */
export function rowsUnder(text: string, heading: string): readonly (readonly string[])[] {
  const lines = text.split('\n');
  const start = lines.indexOf(heading);
  const end = lines.findIndex((line, at) => at > start && /^##? /.test(line));
  return lines
    .slice(start + 1, start < 0 ? 0 : end < 0 ? undefined : end)
    .filter((line) => line.startsWith('|') && !/^\|[\s|:-]*$/.test(line))
    .slice(1)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

export const citationsIn = (cell: string): readonly Citation[] =>
  [...cell.matchAll(/`([\w/.-]+\.(?:test\.ts|txt))`(?:\s+"([^"]*)")?/g)].map(([, file, name]) => ({
    file: file as string,
    name: name ?? null,
  }));

/** What is wrong with the citations of one row; `inName`: what the name of a test in each file must hold besides. */
export function brokenCitations(tests: string, cell: string, inName: RegExp | null): readonly string[] {
  const cited = citationsIn(cell);
  if (cited.length === 0) return [`no test is named in: ${cell}`];
  return cited.flatMap(({ file, name }) => {
    const path = join(tests, file);
    if (!existsSync(path)) return [`${file} is not there`];
    const names = namesIn(path).filter((each) => inName === null || inName.test(each));
    if (names.length === 0) return [`${file} has no test whose name matches ${inName}`];
    return name === null || names.some((each) => each.includes(name)) ? [] : [`${file} has no test named "${name}"`];
  });
}
