/**
 * A transcript is a text file: lines that begin with `#` say what it shows, lines that begin with `>` are commands, and what
 * follows a command is what the machines did then. Playing it keeps the former and writes the latter anew.
 */
import { type Machines, realMachines } from '../sim/machines.ts';
import { carryOut } from './commands.ts';
import { Stage } from './stage.ts';

/** The first line: which rule, row or sentence it shows. */
export const titleOf = (text: string): string => (text.split('\n', 1)[0] ?? '').replace(/^#\s*/, '');

/** The text as it must be. A command that cannot be carried out, and a claim that does not hold, throw. */
export function play(text: string, machines: Machines = realMachines): string {
  const stage = new Stage(machines);
  const before = { shown: [] as readonly string[] };
  const lines: string[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) lines.push(line);
    if (!line.startsWith('> ')) continue;
    lines.push(line);
    try {
      lines.push(...carryOut(stage, line.slice(2).trim(), before));
    } catch (error) {
      throw new Error(`line ${at + 1}, ${line}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** How many claims it makes. */
export const claimsIn = (text: string): number =>
  text.split('\n').filter((line) => line.startsWith('> expect ')).length;
