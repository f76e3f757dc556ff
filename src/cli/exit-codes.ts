/** What the process says to the shell when it ends; documented in docs/errors.md and in `scriptorium --help`. */
import type { ErrorCode } from '../errors.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  refusedData: 3,
  surroundings: 4,
  foundWrong: 5,
} as const;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  BAD_OPTION: EXIT.usage,
  NOT_FORMATTED: EXIT.refusedData,
  NOT_EMPTY: EXIT.refusedData,
  WRONG_IDENTITY: EXIT.refusedData,
  WRONG_CLUSTER: EXIT.refusedData,
  LOCKED: EXIT.refusedData,
  NEWER_FORMAT: EXIT.refusedData,
  ROTTEN: EXIT.refusedData,
  UNCERTAIN_TAIL: EXIT.refusedData,
  PORT_IN_USE: EXIT.surroundings,
  NO_DIRECT_IO: EXIT.surroundings,
  NO_SPACE: EXIT.surroundings,
  READ_ONLY: EXIT.surroundings,
  IO_ERROR: EXIT.surroundings,
  UNREACHABLE: EXIT.surroundings,
  NO_LEADER: EXIT.surroundings,
  NO_QUORUM: EXIT.surroundings,
  HALTED: EXIT.surroundings,
};

export const exitCodeOf = (code: ErrorCode): number => BY_CODE[code] ?? EXIT.failed;
