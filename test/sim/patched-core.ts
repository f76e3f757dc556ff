/**
 * The machines of a copy of the compiled core with something changed in it: a known bug put in, or its private fields opened so
 * that a checker can copy and compare states. The copy is the shipped code but for that; the shipped code has no switches.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Machines } from './machines.ts';

export interface Patch {
  /** Under dist/src/core, or disk-room.js of dist/src/runtime. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Make the changes in a folder of their own and load what is there; call `remove` when done. */
async function loadChanged(change: (folder: string) => void): Promise<{ machines: Machines; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'scriptorium-core-'));
  const remove = (): void => rmSync(folder, { recursive: true });
  try {
    cpSync(new URL('../../src/core', import.meta.url), folder, { recursive: true });
    cpSync(new URL('../../src/runtime/disk-room.js', import.meta.url), join(folder, 'disk-room.js'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    change(folder);
    const load = (file: string): Promise<unknown> => import(pathToFileURL(join(folder, file)).href);
    const [scribe, worker, room] = await Promise.all([load('scribe.js'), load('worker.js'), load('disk-room.js')]);
    return { machines: { ...(scribe as Machines), ...(worker as Machines), ...(room as Machines) }, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** A patch that does not match exactly once is refused: no mutant silently becomes the original. */
function apply(folder: string, patches: readonly Patch[]): void {
  for (const { file, find, replace } of patches) {
    const path = join(folder, file);
    const parts = readFileSync(path, 'utf8').split(find);
    if (parts.length !== 2) throw new Error(`${parts.length - 1} matches in ${file} of ${find}`);
    writeFileSync(path, parts.join(replace));
  }
}

export const loadPatched = (patches: readonly Patch[]): Promise<{ machines: Machines; remove: () => void }> =>
  loadChanged((folder) => apply(folder, patches));

/** As `loadPatched`, with every private field `#name` made the public field `_name`. */
export const loadOpened = (patches: readonly Patch[]): Promise<{ machines: Machines; remove: () => void }> =>
  loadChanged((folder) => {
    apply(folder, patches);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
      const path = join(folder, file);
      writeFileSync(path, readFileSync(path, 'utf8').replace(/#(?=[a-z])/g, '_'));
    }
  });
