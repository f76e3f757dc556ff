#!/usr/bin/env node
/**
 * The `scriptorium` command. Whatever goes wrong leaves as one line `scriptorium: CODE: message` and an exit code; a stack
 * is printed only for what is a bug of this program, which no code stands for.
 */
import { readFileSync } from 'node:fs';
import { isScriptoriumError } from '../errors.ts';
import { COMMANDS } from './commands/index.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { note } from './output.ts';
import { runProgram } from './program.ts';

/** package.json is three levels up both in a checkout (dist/src/cli) and installed. */
function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0';
}

// Whoever read our output may stop reading (`| head -1`, a script that wanted the ready line): that ends no server.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });

try {
  process.exitCode = await runProgram(COMMANDS, version(), process.argv.slice(2), process.env);
} catch (error) {
  if (isScriptoriumError(error)) {
    note(`scriptorium: ${error.code}: ${error.message}`);
    process.exitCode = exitCodeOf(error.code);
  } else {
    note(`scriptorium: bug: ${error instanceof Error ? error.stack : error}`);
    process.exitCode = EXIT.failed;
  }
}
