/** Bounds of the key-value store and its front end; a client that goes beyond one is told so in an error reply. */
import { MAX_ENTRY_BYTES, MAX_RESULT_BYTES } from '../core/limits.ts';

export const MAX_KEY_BYTES = 64 * 1024;

/** Also what APPEND may grow a value to. */
export const MAX_VALUE_BYTES = MAX_ENTRY_BYTES;

/** One reply, with some room for the header of the answer it travels in. */
export const MAX_REPLY_BYTES = MAX_RESULT_BYTES - 64;

/** A glob costs pattern × key steps. */
export const MAX_PATTERN_BYTES = 1024;

/** One request: its words and their headers. Its entry must fit the log, so more would be refused there. */
export const MAX_REQUEST_BYTES = MAX_ENTRY_BYTES + 64 * 1024;

export const MAX_WORDS = 64 * 1024;

/** A request typed as a line. */
export const MAX_INLINE_BYTES = 64 * 1024;

/** Bytes of the commands between MULTI and EXEC; they become one entry. */
export const MAX_TRANSACTION_BYTES = MAX_ENTRY_BYTES;
