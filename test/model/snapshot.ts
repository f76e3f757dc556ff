/**
 * Copies of a machine with its private fields opened, and a text that is equal for two states exactly when nothing the machine
 * ever does can tell them apart: times count from now and only as far as any timer looks, numbers of writes from the last
 * durable one, collections whose order means nothing are sorted. What is immutable (frozen, or a batch) is shared, not copied.
 */

/** Fields that hold a time on the machine's own clock. */
const TIMES = new Set([
  'heardAt',
  'answeredAt',
  'sentAt',
  'movedAt',
  'deadline',
  '_electionAt',
  '_deadline',
  '_probedAt',
  '_heartbeatAt',
]);
/** Fields that number writes; only how far they lie above the durable one matters. */
const WRITES = new Set(['write', '_written', '_durableWrite', '_hardStateWrite']);
/** What is only looked up in, or walked in an order that changes nothing. */
const UNORDERED = new Set([
  '_peers',
  'peers',
  '_votes',
  '_progress',
  '_learners',
  '_members',
  '_fenced',
  '_asked',
  '_alarmed',
  'linked',
  'gone',
  'floors',
  'asked',
  '_held',
  'accepted',
  'votes',
  'acknowledged',
]);
/** Empty between steps, the same in all states, or a mere cache. */
const LEFT_OUT = new Set(
  'options _options random encodeNoop encodeConfiguration now _now changed _sends _persists _commits _truncatedFrom _readable _refusedReads _changes _alarms _shared _fsync silentMillis writeMicros fsyncMicros _timestampMillis'.split(
    ' ',
  ),
);
/** No timer of the machines looks further than this. */
const HORIZON_MILLIS = 100;

export type Rename = (text: string) => string;

/** A deep copy that keeps who shares what with whom; strings go through `rename`. */
export function copy<Value>(value: Value, rename: Rename | null = null): Value {
  return copyInto(value, rename, new Map()) as Value;
}

function copyInto(value: unknown, rename: Rename | null, made: Map<object, unknown>): unknown {
  if (typeof value === 'string') return rename === null ? value : rename(value);
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const known = made.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const array: unknown[] = [];
    made.set(value, array);
    for (const item of value) array.push(copyInto(item, rename, made));
    return array;
  }
  if (value instanceof Map) {
    const map = new Map();
    made.set(value, map);
    for (const [key, item] of value) map.set(copyInto(key, rename, made), copyInto(item, rename, made));
    return map;
  }
  if (value instanceof Set) {
    const set = new Set();
    made.set(value, set);
    for (const item of value) set.add(copyInto(item, rename, made));
    return set;
  }
  const object = Object.create(Object.getPrototypeOf(value)) as Record<string, unknown>;
  made.set(value, object);
  for (const key in value) object[key] = copyInto((value as Record<string, unknown>)[key], rename, made);
  return object;
}

export interface Origin {
  readonly now: number;
  readonly durableWrite: number;
  /** A short name for what is shared and not written out, or undefined. */
  readonly nameOf: (value: object) => string | undefined;
}

export const textOf = (value: unknown, origin: Origin): string => write(value, '', origin, new Set());

function write(value: unknown, field: string, origin: Origin, seen: Set<object>): string {
  switch (typeof value) {
    case 'number':
      if (TIMES.has(field)) return String(Math.max(-HORIZON_MILLIS, Math.min(HORIZON_MILLIS, value - origin.now)));
      if (WRITES.has(field)) return String(Math.max(0, value - origin.durableWrite));
      return String(value);
    case 'string':
      return value;
    case 'boolean':
      return value ? 't' : 'f';
    case 'object':
      return value === null ? '-' : writeObject(value, field, origin, seen);
    default:
      return '~';
  }
}

function writeObject(value: object, field: string, origin: Origin, seen: Set<object>): string {
  const name = origin.nameOf(value);
  if (name !== undefined) return name;
  if (Array.isArray(value)) {
    const items = value.map((item) => `${write(item, field, origin, seen)},`);
    if (UNORDERED.has(field)) items.sort();
    return `[${items.join('')}]`;
  }
  if (value instanceof Map || value instanceof Set) {
    const items: string[] = [];
    if (value instanceof Set) for (const item of value) items.push(write(item, '', origin, seen));
    else for (const [key, item] of value) items.push(`${key}=${write(item, '', origin, seen)}`);
    if (UNORDERED.has(field)) items.sort();
    return `{${items.join(';')}}`;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    if (seen.has(value)) return '^';
    seen.add(value);
  }
  let text = '(';
  for (const key in value) {
    if (!LEFT_OUT.has(key)) text += `${write((value as Record<string, unknown>)[key], key, origin, seen)},`;
  }
  return `${text})`;
}
