/** The loads. Each runs closed loops for a while and gives one figure; entries differ in nothing but their size. */
import { performance } from 'node:perf_hooks';
import type { Store } from './store.ts';

const entryOf = (bytes: number): Uint8Array => Buffer.alloc(bytes, 'entry ');

/** Before anything counts: code is compiled, files are made, and what is done in the background is under way. */
const WARM_UP_MILLIS = 1000;

/** Runs `loops` at the same time, each doing one thing after the other; returns how many were done a second. */
async function perSecond(loops: number, seconds: number, once: (loop: number) => Promise<unknown>): Promise<number> {
  let done = 0;
  const start = performance.now() + WARM_UP_MILLIS;
  const end = start + seconds * 1000;
  const loop = async (number: number): Promise<void> => {
    for (let now = performance.now(); now < end; now = performance.now()) {
      await once(number);
      if (now >= start) done += 1;
    }
  };
  await Promise.all(Array.from({ length: loops }, (_, number) => loop(number)));
  return (done / (performance.now() - start)) * 1000;
}

/** Median microseconds of one append at a time. */
export async function depthOne(store: Store, entryBytes: number, seconds: number): Promise<number> {
  const entry = entryOf(entryBytes);
  const micros: number[] = [];
  const start = performance.now() + WARM_UP_MILLIS;
  const end = start + seconds * 1000;
  for (let sent = performance.now(); sent < end; sent = performance.now()) {
    await store.append(entry);
    if (sent >= start) micros.push((performance.now() - sent) * 1000);
  }
  micros.sort((left, right) => left - right);
  return micros[Math.floor(micros.length / 2)] ?? Number.NaN;
}

/** Entries a second of many appenders that each wait for their own promise. */
export function appenders(store: Store, count: number, entryBytes: number, seconds: number): Promise<number> {
  const entry = entryOf(entryBytes);
  return perSecond(count, seconds, () => store.append(entry));
}

/** Entries a second of a few callers that append many at a time. */
export async function batches(store: Store, size: number, entryBytes: number, seconds: number): Promise<number> {
  const entries = Array.from({ length: size }, () => entryOf(entryBytes));
  return (await perSecond(BATCH_CALLERS, seconds, () => store.appendBatch(entries))) * size;
}

const BATCH_CALLERS = 8;

/** Appends a second of many appenders, each to the log that `logOf` names. */
export function manyLogs(
  logOf: (loop: number) => Pick<Store, 'append'>,
  count: number,
  entryBytes: number,
  seconds: number,
): Promise<number> {
  const entry = entryOf(entryBytes);
  return perSecond(count, seconds, (loop) => logOf(loop).append(entry));
}
