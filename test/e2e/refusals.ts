/** How a command refuses: one line on standard error that begins with the code, a documented exit code, and no stack. */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { scriptorium } from '../harness/command.ts';

/** Runs `scriptorium ARGS` and checks that it is refused with `exit` and a line `scriptorium: CODE: …` matching `reason`. */
export async function assertRefused(
  args: readonly string[],
  expected: { readonly exit: number; readonly code: string; readonly reason: RegExp },
): Promise<void> {
  const { code, stdout, stderr } = await scriptorium(...args);
  const said = `${args.join(' ')} ended with ${code} and said: ${stdout}${stderr}`;
  assert.equal(code, expected.exit, said);
  const lines = stderr.trimEnd().split('\n');
  // A server's log, JSON lines, may stand before it.
  assert.ok(
    lines.slice(0, -1).every((line) => line.startsWith('{')),
    said,
  );
  assert.ok(lines.at(-1)?.startsWith(`scriptorium: ${expected.code}: `), said);
  assert.match(lines.at(-1) ?? '', expected.reason, said);
}

/** Names, sizes and times of all files of a directory: a refusal must leave them as they were. The lock is not data. */
export function snapshot(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name !== 'LOCK')
    .map((name) => {
      const { size, mtimeMs } = statSync(join(directory, name));
      return `${name} ${size} ${mtimeMs}`;
    });
}
