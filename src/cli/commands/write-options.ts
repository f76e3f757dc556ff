/** How a scribe's journal gets blocks to its disk, as options; `probe-disk` gives the figures to choose by. */
import type { WriteOptions } from '../../storage/journal-types.ts';
import { choice, integer } from '../options.ts';

export const writeOptions = {
  writeMode: choice({
    description: 'How blocks are made durable; auto: the first that works there.',
    fallback: 'auto',
    choices: ['auto', 'io_uring', 'dsync', 'fdatasync'],
  }),
  blocksInFlight: integer({
    description: 'Group commits on their way to the disk at a time, with io_uring.',
    fallback: 4,
    minimum: 1,
    maximum: 64,
  }),
  maxBlockBytes: integer({
    description: 'Largest group commit, one longer batch excepted.',
    fallback: 1 << 20,
    minimum: 64 << 10,
    maximum: 4 << 20,
    unit: 'bytes',
  }),
  lingerMicros: integer({
    description: 'How long a group commit that is not full waits for company.',
    fallback: 0,
    minimum: 0,
    maximum: 1_000_000,
    unit: 'microseconds',
  }),
};

/** The part of a command's settings that is the journal's. */
export function writing(settings: Required<Omit<WriteOptions, 'lingerBytes' | 'windowBytes'>>): WriteOptions {
  const { writeMode, blocksInFlight, maxBlockBytes, lingerMicros } = settings;
  return { writeMode, blocksInFlight, maxBlockBytes, lingerMicros };
}
