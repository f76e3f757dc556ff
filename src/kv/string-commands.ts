/** Commands on single values and on several at once: GET, APPEND, INCR, MGET, MSET and their kin. */
import { ALL_KEYS, type Command, type CommandContext, EVERY_OTHER_KEY, ONE_KEY } from './command.ts';
import { fits64, parseInteger } from './integers.ts';
import { MAX_VALUE_BYTES } from './limits.ts';
import * as resp from './resp.ts';

const NEVER = Number.POSITIVE_INFINITY;

const get = ([, key = '']: readonly string[], { store, clock }: CommandContext): string =>
  resp.bulkOrNil(store.find(key, clock)?.value);

function getAndDelete([, key = '']: readonly string[], { store, clock }: CommandContext): string {
  const old = store.find(key, clock);
  store.delete(key);
  return resp.bulkOrNil(old?.value);
}

const stringLength = ([, key = '']: readonly string[], { store, clock }: CommandContext): string =>
  resp.integer(store.find(key, clock)?.value.length ?? 0);

function append([, key = '', tail = '']: readonly string[], { store, clock, index }: CommandContext): string {
  const old = store.find(key, clock);
  const value = (old?.value ?? '') + tail;
  if (value.length > MAX_VALUE_BYTES)
    return resp.error(`ERR string exceeds maximum allowed size (${MAX_VALUE_BYTES} bytes)`);
  store.put(key, value, old?.expiresAt ?? NEVER, index);
  return resp.integer(value.length);
}

/** The sum stays in 64 bits; a value that is no such integer is left as it is. */
function add(key: string, amount: bigint, { store, clock, index }: CommandContext): string {
  const old = store.find(key, clock);
  const before = old === undefined ? 0n : parseInteger(old.value);
  if (before === null) return resp.NOT_AN_INTEGER;
  const sum = before + amount;
  if (!fits64(sum)) return resp.error('ERR increment or decrement would overflow');
  store.put(key, sum.toString(), old?.expiresAt ?? NEVER, index);
  return resp.integer(sum);
}

function addGiven(sign: 1n | -1n, [, key = '', text = '']: readonly string[], context: CommandContext): string {
  const amount = parseInteger(text);
  if (amount === null) return resp.NOT_AN_INTEGER;
  if (!fits64(sign * amount)) return resp.error('ERR decrement would overflow');
  return add(key, sign * amount, context);
}

const getMany = ([, ...keys]: readonly string[], { store, clock }: CommandContext): string =>
  resp.array(keys.map((key) => resp.bulkOrNil(store.find(key, clock)?.value)));

function putPairs(words: readonly string[], { store, index }: CommandContext): void {
  for (let position = 1; position < words.length; position += 2)
    store.put(words[position] as string, words[position + 1] as string, NEVER, index);
}

const hasPairs = (words: readonly string[]): boolean => words.length % 2 === 1;

function setMany(words: readonly string[], context: CommandContext): string {
  if (!hasPairs(words)) return resp.wrongArity('mset');
  putPairs(words, context);
  return resp.OK;
}

function setManyIfAbsent(words: readonly string[], context: CommandContext): string {
  if (!hasPairs(words)) return resp.wrongArity('msetnx');
  for (let position = 1; position < words.length; position += 2)
    if (context.store.find(words[position] as string, context.clock) !== undefined) return resp.integer(0);
  putPairs(words, context);
  return resp.integer(1);
}

export const STRING_COMMANDS: readonly Command[] = [
  { name: 'get', arity: 2, kind: 'read', keys: ONE_KEY, run: get },
  { name: 'getdel', arity: 2, kind: 'write', keys: ONE_KEY, run: getAndDelete },
  { name: 'strlen', arity: 2, kind: 'read', keys: ONE_KEY, run: stringLength },
  { name: 'append', arity: 3, kind: 'write', keys: ONE_KEY, run: append },
  { name: 'incr', arity: 2, kind: 'write', keys: ONE_KEY, run: ([, key = ''], context) => add(key, 1n, context) },
  { name: 'decr', arity: 2, kind: 'write', keys: ONE_KEY, run: ([, key = ''], context) => add(key, -1n, context) },
  { name: 'incrby', arity: 3, kind: 'write', keys: ONE_KEY, run: (words, context) => addGiven(1n, words, context) },
  { name: 'decrby', arity: 3, kind: 'write', keys: ONE_KEY, run: (words, context) => addGiven(-1n, words, context) },
  { name: 'mget', arity: -2, kind: 'read', keys: ALL_KEYS, run: getMany },
  { name: 'mset', arity: -3, kind: 'write', keys: EVERY_OTHER_KEY, run: setMany },
  { name: 'msetnx', arity: -3, kind: 'write', keys: EVERY_OTHER_KEY, run: setManyIfAbsent },
];
