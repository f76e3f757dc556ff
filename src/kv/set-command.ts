/** SET with its options, and the older commands that are a SET with one of them. */
import { type Command, type CommandContext, ONE_KEY } from './command.ts';
import { invalidExpiry, MILLISECONDS, MILLISECONDS_AT, momentOf, SECONDS, SECONDS_AT } from './expiry-commands.ts';
import * as resp from './resp.ts';

const NEVER = Number.POSITIVE_INFINITY;
const UNITS = { EX: SECONDS, PX: MILLISECONDS, EXAT: SECONDS_AT, PXAT: MILLISECONDS_AT };

interface SetOptions {
  readonly condition: 'NX' | 'XX' | null;
  readonly returnsOld: boolean;
  readonly keepsExpiry: boolean;
  readonly expiresAt: number;
}

/** The options, or an error reply. */
function parseOptions(words: readonly string[], now: number): SetOptions | string {
  let condition: SetOptions['condition'] = null;
  let returnsOld = false;
  let keepsExpiry = false;
  let expiresAt: number | null = null;
  for (let position = 0; position < words.length; position++) {
    const option = (words[position] as string).toUpperCase();
    if ((option === 'NX' || option === 'XX') && (condition === null || condition === option)) {
      condition = option;
    } else if (option === 'GET') {
      returnsOld = true;
    } else if (option === 'KEEPTTL' && expiresAt === null) {
      keepsExpiry = true;
    } else if (Object.hasOwn(UNITS, option) && expiresAt === null && !keepsExpiry && position + 1 < words.length) {
      const moment = expiryOf(words[++position] as string, option as keyof typeof UNITS, now, 'set');
      if (typeof moment === 'string') return moment;
      expiresAt = moment;
    } else {
      return resp.SYNTAX_ERROR;
    }
  }
  return { condition, returnsOld, keepsExpiry, expiresAt: expiresAt ?? NEVER };
}

/** Here, unlike for EXPIRE, a time has to be positive. */
function expiryOf(text: string, unit: keyof typeof UNITS, now: number, name: string): number | string {
  const moment = momentOf(text, UNITS[unit], now, name);
  return typeof moment === 'number' && (text === '0' || text.startsWith('-')) ? invalidExpiry(name) : moment;
}

function set(words: readonly string[], { store, clock, index }: CommandContext): string {
  const key = words[1] as string;
  const value = words[2] as string;
  if (words.length === 3) {
    store.put(key, value, NEVER, index);
    return resp.OK;
  }
  const options = parseOptions(words.slice(3), store.now);
  if (typeof options === 'string') return options;
  const old = store.find(key, clock);
  const answer = options.returnsOld ? resp.bulkOrNil(old?.value) : null;
  if (options.condition !== null && (options.condition === 'NX') !== (old === undefined)) return answer ?? resp.NIL;
  store.put(key, value, options.keepsExpiry ? (old?.expiresAt ?? NEVER) : options.expiresAt, index);
  return answer ?? resp.OK;
}

const setWithExpiry = (name: string, unit: 'EX' | 'PX'): Command => ({
  name,
  arity: 4,
  kind: 'write',
  keys: ONE_KEY,
  run([, key = '', time = '', value = ''], { store, index }) {
    const moment = expiryOf(time, unit, store.now, name);
    if (typeof moment === 'string') return moment;
    store.put(key, value, moment, index);
    return resp.OK;
  },
});

function setIfAbsent([, key = '', value = '']: readonly string[], { store, clock, index }: CommandContext): string {
  if (store.find(key, clock) !== undefined) return resp.integer(0);
  store.put(key, value, NEVER, index);
  return resp.integer(1);
}

function getAndSet([, key = '', value = '']: readonly string[], { store, clock, index }: CommandContext): string {
  const old = store.find(key, clock);
  store.put(key, value, NEVER, index);
  return resp.bulkOrNil(old?.value);
}

export const SET_COMMANDS: readonly Command[] = [
  { name: 'set', arity: -3, kind: 'write', keys: ONE_KEY, run: set },
  { name: 'setnx', arity: 3, kind: 'write', keys: ONE_KEY, run: setIfAbsent },
  { name: 'getset', arity: 3, kind: 'write', keys: ONE_KEY, run: getAndSet },
  setWithExpiry('setex', 'EX'),
  setWithExpiry('psetex', 'PX'),
];
