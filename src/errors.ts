/**
 * The one table of errors. Every failure a caller can see is a `ScriptoriumError` whose `code` stands here, with the
 * outcome it implies for the operation it answers: a time-out is never "no" (protocol §5). Match on `code`, never on
 * `instanceof` or the message. docs/errors.md is checked against this table by a test.
 */

/** What is known about the operation that failed. `unknown` means it may take, or may have taken, effect. */
export type Outcome = 'not-executed' | 'executed' | 'unknown';

interface ErrorEntry {
  readonly outcome: Outcome;
  /** Whether the same call may succeed later without anyone changing anything. */
  readonly retriable: boolean;
  /** What it means and what to do, one sentence; printed in docs/errors.md. */
  readonly meaning: string;
}

const row = (outcome: Outcome, retriable: boolean, meaning: string): ErrorEntry => ({ outcome, retriable, meaning });

export const ERRORS = {
  // Proposals and reads
  NOT_LEADER: row('not-executed', true, 'This worker does not lead; the client follows the hint to the leader.'),
  NO_LEADER: row('not-executed', true, 'No worker leads at the moment; retry after a moment.'),
  NO_QUORUM: row(
    'not-executed',
    true,
    'Too few scribes can be reached to elect a leader; bring them back, see `unsafe-recover` if they are lost for ever.',
  ),
  HALTED: row(
    'not-executed',
    true,
    'No scribe that answers can read an entry that is needed; bring back one that has it.',
  ),
  OVERLOADED: row('not-executed', true, 'A bounded queue is full; slow down and retry.'),
  TOO_LARGE: row(
    'not-executed',
    false,
    'A command, a batch, a query or what is answered is beyond its bound; the message names it. Ask for less at a time.',
  ),
  DEADLINE_EXCEEDED: row(
    'unknown',
    false,
    'The deadline passed before an answer came; the command may still take effect.',
  ),
  DEADLINE_PASSED: row(
    'not-executed',
    false,
    'The deadline had passed, or the call was aborted, before anything was sent.',
  ),
  ABORTED: row('unknown', false, 'The caller stopped waiting after the command was sent; it may still take effect.'),
  LEADERSHIP_LOST: row(
    'unknown',
    false,
    'The leader stepped down after it had appended the command; it may still commit.',
  ),
  SUPERSEDED: row(
    'not-executed',
    true,
    'Another leader put a different entry at this index; the command never took effect.',
  ),
  CONNECTION_LOST: row('unknown', false, 'The connection broke after the command was sent; it may still take effect.'),
  UNREACHABLE: row('not-executed', true, 'Nobody answers; check the addresses, and that the servers run.'),
  COMMAND_FAILED: row(
    'executed',
    false,
    'The state machine threw a deterministic error; that is the result of this entry.',
  ),
  STATE_MACHINE_FAILED: row('unknown', true, 'The state machine thread died; it is being rebuilt from the log.'),
  CHANGE_REFUSED: row(
    'not-executed',
    false,
    'The members cannot be changed like that, or another change is under way; the message says which.',
  ),
  CLOSED: row('not-executed', false, 'The object was closed.'),
  // Configuration and command line
  BAD_OPTION: row(
    'not-executed',
    false,
    'An option is unknown, malformed or out of bounds; the message names it and the rule.',
  ),
  PORT_IN_USE: row('not-executed', false, 'Another process listens on this address; choose another port or stop it.'),
  // Wire
  BAD_FRAME: row('not-executed', false, 'A peer sent bytes that do not decode; the link is closed.'),
  BAD_BATCH: row(
    'not-executed',
    false,
    'A batch failed its checksum or its shape; it is never stored, sent on or applied.',
  ),
  WRONG_CLUSTER: row('not-executed', false, 'The other side belongs to another cluster; check the addresses.'),
  WRONG_PROTOCOL: row('not-executed', false, 'No protocol version is spoken by both sides; upgrade the older one.'),
  HANDSHAKE_FAILED: row('not-executed', false, 'The other side refused the handshake; the message carries its reason.'),
  // Storage
  NOT_FORMATTED: row(
    'not-executed',
    false,
    'The directory is not a journal; create it with `scriptorium init` or the option `create`.',
  ),
  NOT_EMPTY: row('not-executed', false, 'The directory is not empty; nothing is ever formatted over.'),
  WRONG_IDENTITY: row('not-executed', false, 'The directory belongs to another cluster or scribe; both are named.'),
  LOCKED: row('not-executed', false, 'Another process has this directory open; it is named by pid.'),
  NEWER_FORMAT: row('not-executed', false, 'The directory was written by a newer format; upgrade this program.'),
  ROTTEN: row('not-executed', false, 'A record that was durable fails its checksum; file and offset are named.'),
  UNCERTAIN_TAIL: row(
    'not-executed',
    false,
    'The last block fails its checksum and could have been acknowledged; file and offset are named.',
  ),
  NO_DIRECT_IO: row('not-executed', false, 'The file system has no O_DIRECT; use another, or allow buffered writes.'),
  NO_SPACE: row('not-executed', true, 'The disk is full; free space. What is running goes on by itself.'),
  READ_ONLY: row('not-executed', false, 'The directory cannot be written; check the mount and the permissions.'),
  IO_ERROR: row(
    'not-executed',
    false,
    'The operating system reported an I/O error; nothing more is acknowledged from this directory.',
  ),
  JOURNAL_FAILED: row(
    'unknown',
    false,
    'An earlier write or fsync failed; this directory acknowledges nothing more until reopened.',
  ),
  RANGE_GONE: row('not-executed', false, 'The entries asked for were dropped; begin with the first that is left.'),
  BEYOND_TAIL: row('not-executed', true, 'The entries asked for do not exist yet.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error class. `cause` carries what the operating system or a peer said. */
export class ScriptoriumError extends Error {
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly retriable: boolean;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; outcome?: Outcome }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ScriptoriumError';
    this.code = code;
    this.outcome = options?.outcome ?? ERRORS[code].outcome;
    this.retriable = ERRORS[code].retriable;
  }
}

/** Whether a value is this project's error, also across realms and package copies: by `code`. */
export function isScriptoriumError(value: unknown): value is ScriptoriumError {
  return (
    value instanceof Error && 'code' in value && typeof value.code === 'string' && Object.hasOwn(ERRORS, value.code)
  );
}
