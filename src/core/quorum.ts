/** Majorities over the scribes of a configuration. Members are counted by storage uuid, each once (R26). */
import type { Configuration } from './types.ts';

export const majority = (configuration: Configuration): number => Math.floor(configuration.scribes.length / 2) + 1;

/** Whether those for whom `holds` is true are a majority. */
export function isQuorum(configuration: Configuration, holds: (storageUuid: string) => boolean): boolean {
  let count = 0;
  for (const scribe of configuration.scribes) if (holds(scribe.storageUuid)) count++;
  return count >= majority(configuration);
}

/** The largest value that a majority has reached, `value` being what one scribe has reached. */
export function quorumValue(configuration: Configuration, value: (storageUuid: string) => number): number {
  const values = configuration.scribes.map((scribe) => value(scribe.storageUuid)).sort((left, right) => right - left);
  return values[majority(configuration) - 1] ?? 0;
}

export const isMember = (configuration: Configuration, storageUuid: string): boolean =>
  configuration.scribes.some((scribe) => scribe.storageUuid === storageUuid);
