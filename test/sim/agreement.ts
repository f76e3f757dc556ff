/** What a majority is, from outside: counted one by one, and in both sets where there are two. Shares no code with the core. */
import type { Configuration } from '../../src/core/types.ts';

export function agrees({ scribes, outgoing }: Configuration, holds: (storageUuid: string) => boolean): boolean {
  for (const set of outgoing === undefined ? [scribes] : [scribes, outgoing]) {
    const holding = set.filter(({ storageUuid }) => holds(storageUuid)).length;
    if (2 * holding <= set.length) return false;
  }
  return true;
}

export const includes = (configuration: Configuration, storageUuid: string): boolean =>
  [configuration.scribes, configuration.outgoing ?? [], configuration.target ?? []].some((set) =>
    set.some((member) => member.storageUuid === storageUuid),
  );
