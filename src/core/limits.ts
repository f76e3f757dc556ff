/** Hard limits of formats and protocol. Options may be smaller, never larger. */

/** Indexes, terms and sequence numbers must stay exactly representable. */
export const MAX_INTEGER = Number.MAX_SAFE_INTEGER;

/** A whole encoded batch, header included. */
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** One command. */
export const MAX_ENTRY_BYTES = 1024 * 1024;

/** One result of a command or answer to a query; it has to fit a frame. */
export const MAX_RESULT_BYTES = 4 * 1024 * 1024;

/** One frame on a link: an append of several batches, or a reply. */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;

/** Scribes in one configuration. */
export const MAX_SCRIBES = 15;

/** Characters of a scribe or worker id: letters, digits, `.`, `_`, `-`. */
export const MAX_ID_LENGTH = 64;

/** A leap in terms beyond this from one message is not plausible and is refused (P26). */
export const MAX_TERM_LEAP = 2 ** 32;

/** Reads that a worker which catches up has under way, and that a scribe serves one peer, at a time. */
export const MAX_CATCH_UP_READS = 4;
