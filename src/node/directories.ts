/** Directories and small files that are either there whole, durably, or not at all; with errors a person can act on. */
import { mkdirSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cannotMake } from '../storage/file-errors.ts';

/** One level, in a directory that exists; nothing happens when it is there already. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw cannotMake(path, cause);
  }
}

/** NOT_EMPTY where there is a file of that name: then it is left as it is. After any other failure there is none. */
export const createFile = (path: string, text: string): Promise<void> =>
  writeWhole(path, text, async (beside) => {
    await link(beside, path);
    try {
      await rm(beside);
      await syncDirectory(path);
    } catch (cause) {
      await rm(path, { force: true }); // ours, since linking it never takes another's place
      throw cause;
    }
  });

/** Readers see the old file or the new one; after a failure, either. */
export const replaceFile = (path: string, text: string): Promise<void> =>
  writeWhole(path, text, async (beside) => {
    await rename(beside, path);
    await syncDirectory(path);
  });

/** Under another name first, so that neither a crash nor a full disk leaves half of it under its own. */
async function writeWhole(path: string, text: string, publish: (beside: string) => Promise<void>): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  try {
    const file = await open(beside, 'w');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(beside);
  } catch (cause) {
    await rm(beside, { force: true });
    throw cannotMake(path, cause);
  }
}

/** Of the one that `path` is in: from then on its name survives a crash, too. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path));
  await directory.sync().finally(() => directory.close());
}
