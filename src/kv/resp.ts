/**
 * Replies in Redis' protocol, version 2. Strings here are byte strings: each character is one byte (latin1), so keys and
 * values are binary-safe and a reply is turned into bytes once, at the end.
 */
import { MAX_REPLY_BYTES } from './limits.ts';

export const OK = '+OK\r\n';
export const QUEUED = '+QUEUED\r\n';
export const NIL = '$-1\r\n';
export const NIL_ARRAY = '*-1\r\n';
export const EMPTY_ARRAY = '*0\r\n';

export const status = (text: string): string => `+${text}\r\n`;
export const integer = (value: number | bigint): string => `:${value}\r\n`;
export const bulk = (value: string): string => `$${value.length}\r\n${value}\r\n`;
export const bulkOrNil = (value: string | undefined): string => (value === undefined ? NIL : bulk(value));

/** An error in its place when it would be larger than a reply may be: joining is what costs memory. */
export function array(replies: readonly string[]): string {
  let size = 0;
  for (const reply of replies) size += reply.length;
  return size > MAX_REPLY_BYTES ? REPLY_TOO_LARGE : `*${replies.length}\r\n${replies.join('')}`;
}

const MAX_ERROR_CHARACTERS = 512;

/** `text` starts with its prefix (`ERR …`); it is kept to one line whatever a client put into it. */
export const error = (text: string): string => `-${text.slice(0, MAX_ERROR_CHARACTERS).replace(/[\r\n\0]/g, ' ')}\r\n`;

export const REPLY_TOO_LARGE = error('ERR the command was executed, but its reply is too large to be sent');
export const SYNTAX_ERROR = error('ERR syntax error');
export const NOT_AN_INTEGER = error('ERR value is not an integer or out of range');

export const wrongArity = (name: string): string => error(`ERR wrong number of arguments for '${name}' command`);

/** Redis' own words for a name it does not know, with the beginnings of the arguments. */
export function unknownCommand(words: readonly string[]): string {
  const [name = '', ...rest] = words;
  let beginnings = '';
  for (const word of rest) {
    if (beginnings.length >= 128) break;
    beginnings += `'${word.slice(0, 128 - beginnings.length)}' `;
  }
  return error(`ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${beginnings}`);
}
