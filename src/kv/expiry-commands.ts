/** EXPIRE and its kin: when a key goes, in logged time. */
import { type Command, type CommandContext, ONE_KEY } from './command.ts';
import { parseInteger } from './integers.ts';
import * as resp from './resp.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** Factor from a command's unit to milliseconds, and the time it counts from. */
interface TimeUnit {
  readonly millis: 1n | 1000n;
  readonly absolute: boolean;
}

export const SECONDS: TimeUnit = { millis: 1000n, absolute: false };
export const MILLISECONDS: TimeUnit = { millis: 1n, absolute: false };
export const SECONDS_AT: TimeUnit = { millis: 1000n, absolute: true };
export const MILLISECONDS_AT: TimeUnit = { millis: 1n, absolute: true };

export const invalidExpiry = (name: string): string => resp.error(`ERR invalid expire time in '${name}' command`);

/** The moment a time given in `unit` stands for, or an error reply. */
export function momentOf(text: string, unit: TimeUnit, now: number, name: string): number | string {
  const amount = parseInteger(text);
  if (amount === null) return resp.NOT_AN_INTEGER;
  const moment = amount * unit.millis + (unit.absolute ? 0n : BigInt(Math.floor(now)));
  const representable = moment <= BigInt(Number.MAX_SAFE_INTEGER) && moment >= BigInt(Number.MIN_SAFE_INTEGER);
  return representable ? Number(moment) : invalidExpiry(name);
}

type Condition = 'NX' | 'XX' | 'GT' | 'LT';

function conditionsOf(words: readonly string[]): ReadonlySet<Condition> | string {
  const conditions = new Set<Condition>();
  for (const word of words) {
    const option = word.toUpperCase();
    if (option !== 'NX' && option !== 'XX' && option !== 'GT' && option !== 'LT')
      return resp.error(`ERR Unsupported option ${word}`);
    conditions.add(option);
  }
  if (conditions.has('NX') && conditions.size > 1)
    return resp.error('ERR NX and XX, GT or LT options at the same time are not compatible');
  if (conditions.has('GT') && conditions.has('LT'))
    return resp.error('ERR GT and LT options at the same time are not compatible');
  return conditions;
}

/** No expiry counts as an infinite one. */
function holds(conditions: ReadonlySet<Condition>, before: number, moment: number): boolean {
  for (const condition of conditions) {
    if (condition === 'NX' && before !== NEVER) return false;
    if (condition === 'XX' && before === NEVER) return false;
    if (condition === 'GT' && moment <= before) return false;
    if (condition === 'LT' && moment >= before) return false;
  }
  return true;
}

const expire = (name: string, unit: TimeUnit): Command => ({
  name,
  arity: -3,
  kind: 'write',
  keys: ONE_KEY,
  run([, key = '', time = '', ...options], { store, clock, index }) {
    const conditions = conditionsOf(options);
    if (typeof conditions === 'string') return conditions;
    const moment = momentOf(time, unit, store.now, name);
    if (typeof moment === 'string') return moment;
    const stored = store.find(key, clock);
    if (stored === undefined || !holds(conditions, stored.expiresAt, moment)) return resp.integer(0);
    store.put(key, stored.value, moment, index);
    return resp.integer(1);
  },
});

const remaining = (name: string, answer: (millis: number) => number): Command => ({
  name,
  arity: 2,
  kind: 'read',
  keys: ONE_KEY,
  run([, key = ''], { store, clock }) {
    const stored = store.find(key, clock);
    if (stored === undefined) return resp.integer(-2);
    return resp.integer(stored.expiresAt === NEVER ? -1 : answer(stored.expiresAt - clock));
  },
});

function persist([, key = '']: readonly string[], { store, clock, index }: CommandContext): string {
  const stored = store.find(key, clock);
  if (stored === undefined || stored.expiresAt === NEVER) return resp.integer(0);
  store.put(key, stored.value, NEVER, index);
  return resp.integer(1);
}

export const EXPIRY_COMMANDS: readonly Command[] = [
  expire('expire', SECONDS),
  expire('pexpire', MILLISECONDS),
  expire('expireat', SECONDS_AT),
  expire('pexpireat', MILLISECONDS_AT),
  remaining('ttl', (millis) => Math.floor((millis + 500) / 1000)),
  remaining('pttl', (millis) => millis),
  { name: 'persist', arity: 2, kind: 'write', keys: ONE_KEY, run: persist },
];
