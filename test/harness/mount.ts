/** File systems mounted for one test, which is skipped where mounting is not allowed. */
import { execFileSync } from 'node:child_process';
import type { TestContext } from 'node:test';

/** Mounts on `directory`, and unmounts after the test; false if that is not allowed here. */
export function mount(context: TestContext, directory: string, ...args: string[]): boolean {
  try {
    execFileSync('mount', [...args, directory], { stdio: 'pipe' });
  } catch {
    context.skip('mounting is not allowed here');
    return false;
  }
  context.after(() => execFileSync('umount', [directory]));
  return true;
}

/** A disk in memory of so many bytes; false if there is none to be had here. */
export const mountMemory = (context: TestContext, directory: string, bytes: number): boolean =>
  mount(context, directory, '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs');
