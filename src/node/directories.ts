/** Makes directories with errors a person can act on. */
import { mkdirSync } from 'node:fs';
import { type ErrorCode, ScriptoriumError } from '../errors.ts';

const MEANINGS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['BAD_OPTION', 'the directory it is to be in does not exist'],
  ENOTDIR: ['BAD_OPTION', 'a part of the path is not a directory'],
  EACCES: ['READ_ONLY', 'permission denied'],
  EPERM: ['READ_ONLY', 'permission denied'],
  EROFS: ['READ_ONLY', 'the file system is read-only'],
  ENOSPC: ['NO_SPACE', 'no space left'],
};

/** One level, in a directory that exists; nothing happens when it is there already. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    const [meaning, reason] = MEANINGS[code] ?? (['IO_ERROR', message] as const);
    throw new ScriptoriumError(meaning, `cannot make ${path}: ${reason}`, { cause });
  }
}
