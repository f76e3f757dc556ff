/** Commands on keys and on the whole store: DEL, EXISTS, KEYS, SCAN, DBSIZE, FLUSHALL and their kin. */
import { ALL_KEYS, type Command, type CommandContext, NO_KEYS, ONE_KEY } from './command.ts';
import { matchesGlob } from './glob.ts';
import { parseInteger } from './integers.ts';
import { MAX_PATTERN_BYTES } from './limits.ts';
import * as resp from './resp.ts';

/** A SCAN looks at no more keys than this in one call, whatever COUNT says, and answers with about this many bytes. */
const MAX_SCAN_KEYS = 10_000;
const MAX_SCAN_BYTES = 256 * 1024;
const DEFAULT_SCAN_COUNT = 10n;

const PATTERN_TOO_LONG = resp.error(`ERR pattern is longer than ${MAX_PATTERN_BYTES} bytes`);

function remove([, ...keys]: readonly string[], { store }: CommandContext): string {
  return resp.integer(keys.filter((key) => store.delete(key)).length);
}

const exists = ([, ...keys]: readonly string[], { store, clock }: CommandContext): string =>
  resp.integer(keys.filter((key) => store.find(key, clock) !== undefined).length);

const type = ([, key = '']: readonly string[], { store, clock }: CommandContext): string =>
  resp.status(store.find(key, clock) === undefined ? 'none' : 'string');

function keys([, pattern = '']: readonly string[], { store, clock }: CommandContext): string {
  if (pattern.length > MAX_PATTERN_BYTES) return PATTERN_TOO_LONG;
  store.requireCurrent(clock);
  const found: string[] = [];
  for (const [, key] of store.keysFrom(0)) if (matchesGlob(pattern, key)) found.push(resp.bulk(key));
  return resp.array(found);
}

interface ScanOptions {
  readonly pattern: string | null;
  readonly count: number;
  /** False when TYPE asks for something this store has none of. */
  readonly wantsStrings: boolean;
}

/** The options after the cursor, or an error reply. */
function parseScan(words: readonly string[]): ScanOptions | string {
  let pattern: string | null = null;
  let count = DEFAULT_SCAN_COUNT;
  let wantsStrings = true;
  for (let position = 0; position < words.length; position += 2) {
    const option = (words[position] as string).toUpperCase();
    const value = words[position + 1];
    if (value === undefined) return resp.SYNTAX_ERROR;
    if (option === 'MATCH') {
      if (value.length > MAX_PATTERN_BYTES) return PATTERN_TOO_LONG;
      pattern = value;
    } else if (option === 'COUNT') {
      const given = parseInteger(value);
      if (given === null) return resp.NOT_AN_INTEGER;
      if (given < 1n) return resp.SYNTAX_ERROR;
      count = given;
    } else if (option === 'TYPE') {
      wantsStrings = value.toLowerCase() === 'string';
    } else {
      return resp.SYNTAX_ERROR;
    }
  }
  return { pattern, count: count > MAX_SCAN_KEYS ? MAX_SCAN_KEYS : Number(count), wantsStrings };
}

function scan([, cursor = '', ...words]: readonly string[], { store, clock }: CommandContext): string {
  const from = /^[0-9]{1,15}$/.test(cursor) ? Number(cursor) : null;
  if (from === null) return resp.error('ERR invalid cursor');
  const options = parseScan(words);
  if (typeof options === 'string') return options;
  store.requireCurrent(clock);
  const found: string[] = [];
  let looked = 0;
  let size = 0;
  let next = 0;
  for (const [sequence, key] of store.keysFrom(from)) {
    if (looked === options.count || size > MAX_SCAN_BYTES) {
      next = sequence;
      break;
    }
    looked++;
    if (!options.wantsStrings || (options.pattern !== null && !matchesGlob(options.pattern, key))) continue;
    size += key.length;
    found.push(resp.bulk(key));
  }
  return resp.array([resp.bulk(`${next}`), resp.array(found)]);
}

function size(_: readonly string[], { store, clock }: CommandContext): string {
  store.requireCurrent(clock);
  return resp.integer(store.size);
}

function flush([, mode]: readonly string[], { store }: CommandContext): string {
  if (mode !== undefined && !/^(?:a?sync)$/i.test(mode)) return resp.SYNTAX_ERROR;
  store.clear();
  return resp.OK;
}

const flushCommand = (name: string): Command => ({
  name,
  arity: -1,
  kind: 'write',
  keys: NO_KEYS,
  run: (words, context) => (words.length > 2 ? resp.SYNTAX_ERROR : flush(words, context)),
});

/** `INFO keyspace`; the other sections are about the server and answered there. */
function info(_: readonly string[], { store, clock }: CommandContext): string {
  store.requireCurrent(clock);
  const keyspace = store.size === 0 ? '' : `db0:keys=${store.size},expires=${store.expiring},avg_ttl=0\r\n`;
  return resp.bulk(`# Keyspace\r\n${keyspace}`);
}

/** `DEBUG DIGEST`: equal on two workers that have applied the same log. */
function debug([, subcommand = '', ...rest]: readonly string[], { store }: CommandContext): string {
  if (subcommand.toUpperCase() !== 'DIGEST' || rest.length > 0)
    return resp.error(`ERR unknown subcommand '${subcommand}'. Try DEBUG DIGEST.`);
  return resp.status(store.digest());
}

export const KEY_COMMANDS: readonly Command[] = [
  { name: 'del', arity: -2, kind: 'write', keys: ALL_KEYS, run: remove },
  { name: 'unlink', arity: -2, kind: 'write', keys: ALL_KEYS, run: remove },
  { name: 'exists', arity: -2, kind: 'read', keys: ALL_KEYS, run: exists },
  { name: 'type', arity: 2, kind: 'read', keys: ONE_KEY, run: type },
  { name: 'keys', arity: 2, kind: 'read', keys: NO_KEYS, run: keys },
  { name: 'scan', arity: -2, kind: 'read', keys: NO_KEYS, run: scan },
  { name: 'dbsize', arity: 1, kind: 'read', keys: NO_KEYS, run: size },
  flushCommand('flushall'),
  flushCommand('flushdb'),
  { name: 'info', arity: -1, kind: 'read', keys: NO_KEYS, run: info },
  { name: 'debug', arity: -2, kind: 'read', keys: NO_KEYS, run: debug },
];
