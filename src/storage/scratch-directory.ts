/** A directory for as long as something is tried out or measured. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotMake } from './file-errors.ts';

/**
 * Of a name that nothing had in `parent`; it is for the caller to remove. Rejects BAD_OPTION when there is no such parent, READ_ONLY
 * and NO_SPACE when nothing can be made in it.
 */
export async function makeScratchDirectory(parent: string, name = 'scriptorium'): Promise<string> {
  const prefix = join(parent, `${name}-`);
  try {
    return await mkdtemp(prefix);
  } catch (cause) {
    throw cannotMake(`${prefix}…`, cause);
  }
}
