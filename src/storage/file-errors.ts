/** What the operating system says of a path, as an error of the table that a person can act on. */
import { type ErrorCode, ScriptoriumError } from '../errors.ts';

const MEANINGS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['BAD_OPTION', 'the directory it is to be in does not exist'],
  ENOTDIR: ['BAD_OPTION', 'a part of the path is not a directory'],
  EISDIR: ['BAD_OPTION', 'it is a directory'],
  EEXIST: ['NOT_EMPTY', 'it exists already, and is never overwritten'],
  EACCES: ['READ_ONLY', 'permission denied'],
  EPERM: ['READ_ONLY', 'permission denied'],
  EROFS: ['READ_ONLY', 'the file system is read-only'],
  ENOSPC: ['NO_SPACE', 'no space left'],
};

/** Why `path` could not be made. */
export function cannotMake(path: string, cause: unknown): ScriptoriumError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const [meaning, reason] = MEANINGS[code] ?? (['IO_ERROR', message] as const);
  return new ScriptoriumError(meaning, `cannot make ${path}: ${reason}`, { cause });
}
