/** The durable log as a program that embeds it sees it: the real addon on a real disk. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { DurableLog, type LogEntry } from '../../src/journal.ts';
import { freshJournal, SEGMENT_BYTES, temporaryDirectory } from './temporary.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = ({ bytes }: LogEntry): string => Buffer.from(bytes).toString();

async function freshLog(context: TestContext, options = {}): Promise<{ log: DurableLog; directory: string }> {
  const directory = join(temporaryDirectory(), 'log');
  const log = await DurableLog.open({ directory, create: true, segmentBytes: SEGMENT_BYTES, ...options });
  context.after(() => log.close());
  return { log, directory };
}

async function collect(entries: AsyncIterable<LogEntry>): Promise<[number, string][]> {
  const found: [number, string][] = [];
  for await (const entry of entries) found.push([entry.index, text(entry)]);
  return found;
}

test('entries get dense indexes in order, and are there again after a restart', async (context) => {
  const { log, directory } = await freshLog(context);
  assert.equal(log.report.tail, 'clean');
  assert.equal(log.lastIndex, 0);
  assert.deepEqual(await collect(log.read()), []);
  const settled: number[] = [];
  const appends = ['a', '', 'c'].map(async (word) => {
    settled.push(await log.append(bytes(word)));
  });
  const first = log.appendBatch([bytes('d'), bytes('e')]);
  const last = log.append(bytes('f'));
  assert.equal(log.lastIndex, 0, 'nothing is told before it is durable');
  await Promise.all(appends);
  assert.deepEqual(settled, [1, 2, 3]);
  assert.deepEqual([await first, await last], [4, 6]);
  assert.equal(log.stats().pendingBytes, 0);
  const expected = ['a', '', 'c', 'd', 'e', 'f'].map((word, at): [number, string] => [at + 1, word]);
  assert.deepEqual(await collect(log.read()), expected);
  await log.close();
  const again = await DurableLog.open({ directory });
  context.after(() => again.close());
  assert.equal(again.report.sealed, true);
  assert.equal(again.report.batches, 1, 'one turn, one batch');
  assert.deepEqual(await collect(again.read({ from: 5 })), expected.slice(4));
  assert.equal(await again.append(bytes('g')), 7);
});

test('an entry is copied before append returns', async (context) => {
  const { log } = await freshLog(context);
  const entry = Buffer.from('before');
  const appended = log.append(entry);
  entry.fill('x');
  await appended;
  assert.deepEqual(await collect(log.read()), [[1, 'before']]);
});

test('nothing is made without being asked for, and nothing is formatted over', async (context) => {
  const directory = temporaryDirectory();
  await assert.rejects(DurableLog.open({ directory }), { code: 'NOT_FORMATTED', outcome: 'not-executed' });
  await assert.rejects(DurableLog.open({ directory: join(directory, 'absent') }), { code: 'NOT_FORMATTED' });
  writeFileSync(join(directory, 'letter.txt'), 'dear all');
  await assert.rejects(DurableLog.open({ directory, create: true }), { code: 'NOT_EMPTY' });
  assert.deepEqual(readdirSync(directory), ['letter.txt']);
  const scribe = join(directory, 'scribe');
  mkdirSync(scribe);
  await (await freshJournal(scribe)).journal.close();
  await assert.rejects(DurableLog.open({ directory: scribe, create: true }), { code: 'WRONG_IDENTITY' });
  const { log, directory: taken } = await freshLog(context);
  await assert.rejects(DurableLog.open({ directory: taken, create: true }), { code: 'LOCKED' });
  assert.equal(await log.append(bytes('still here')), 1);
});

test('many logs of one directory share a group commit and keep apart what they hold', async (context) => {
  const { log, directory } = await freshLog(context);
  const appends = [];
  for (let round = 1; round <= 3; round += 1)
    for (let group = 0; group < 500; group += 1) appends.push(log.group(group).append(bytes(`${group}/${round}`)));
  const indexes = await Promise.all(appends);
  assert.deepEqual(
    indexes,
    [1, 2, 3].flatMap((round) => new Array<number>(500).fill(round)),
  );
  assert.ok(log.stats().syncs < 10, `${log.stats().syncs} syncs for one turn of 500 logs`);
  await log.close();
  const again = await DurableLog.open({ directory });
  context.after(() => again.close());
  assert.equal(again.groups().length, 500);
  assert.deepEqual(
    (await collect(again.group(7).read())).map(([, word]) => word),
    ['7/1', '7/2', '7/3'],
  );
});

test('entries of every size up to the limit come back, over many batches; beyond is TOO_LARGE', async (context) => {
  const { log } = await freshLog(context);
  const sizes = [0, 1, 255, 4096, 65_536, 300_000, 1 << 20];
  const appended = await Promise.all(sizes.map((size, at) => log.append(Buffer.alloc(size, at))));
  assert.deepEqual(
    appended,
    sizes.map((_, at) => at + 1),
  );
  let at = 0;
  for await (const entry of log.read()) {
    assert.deepEqual(Buffer.from(entry.bytes), Buffer.alloc(sizes[at] as number, at));
    at += 1;
  }
  assert.equal(at, sizes.length);
  await assert.rejects(log.append(new Uint8Array((1 << 20) + 1)), { code: 'TOO_LARGE', outcome: 'not-executed' });
  const mebibyte = new Uint8Array(1 << 20);
  await assert.rejects(log.appendBatch([mebibyte, mebibyte, mebibyte, mebibyte]), { code: 'TOO_LARGE' });
  await assert.rejects(log.appendBatch([]), { code: 'BAD_OPTION' });
  await assert.rejects(log.append('text' as unknown as Uint8Array), { code: 'BAD_OPTION' });
  const open = log.append(mebibyte.subarray(1 << 19));
  const large = log.appendBatch([mebibyte, mebibyte, mebibyte, mebibyte.subarray(1 << 17)]);
  assert.deepEqual([await open, await large], [8, 9]);
});

test('what waits is bounded: beyond, appends are OVERLOADED, take no index, and fit again later', async (context) => {
  const { log } = await freshLog(context, { maxPendingBytes: 4 << 20 });
  const mebibyte = new Uint8Array((1 << 20) - 4);
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => log.append(mebibyte)));
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code)),
    [1, 2, 3, 4, 'OVERLOADED', 'OVERLOADED'],
  );
  assert.equal(await log.append(mebibyte), 5);
});

test('reading ends at what was durable when it began, or goes on with what becomes durable', async (context) => {
  const { log } = await freshLog(context);
  await log.appendBatch([bytes('1'), bytes('2')]);
  const still = log.read();
  assert.equal(text((await still.next()).value as LogEntry), '1');
  await log.append(bytes('3'));
  assert.deepEqual(await collect(still), [[2, '2']]);
  const live = log.read({ from: 3, live: true });
  assert.equal((await live.next()).value?.index, 3);
  const fourth = live.next();
  await log.append(bytes('4'));
  assert.equal(text((await fourth).value as LogEntry), '4');
  const end = live.next();
  await log.close();
  assert.deepEqual(await end, { done: true, value: undefined });
  assert.throws(() => log.read({ from: 0 }), { code: 'BAD_OPTION' });
});

test('a signal means "stop waiting": before anything it refuses, afterwards it leaves the outcome open', async (context) => {
  const { log } = await freshLog(context);
  const gone = AbortSignal.abort();
  await assert.rejects(log.append(bytes('no'), { signal: gone }), {
    code: 'DEADLINE_PASSED',
    outcome: 'not-executed',
  });
  const controller = new AbortController();
  const appended = log.append(bytes('yes'), { signal: controller.signal });
  controller.abort();
  await assert.rejects(appended, { code: 'ABORTED', outcome: 'unknown' });
  assert.equal(await log.append(bytes('after')), 2, 'what was handed over took its index all the same');
  const reading = new AbortController();
  const live = log.read({ live: true, from: 3, signal: reading.signal });
  const next = live.next();
  reading.abort();
  await assert.rejects(next, { code: 'ABORTED', outcome: 'not-executed' });
});

test('a prefix is dropped, durably, and reading below it says RANGE_GONE', async (context) => {
  const { log, directory } = await freshLog(context);
  await log.appendBatch(['1', '2', '3', '4'].map(bytes));
  await assert.rejects(log.truncatePrefix(5), { code: 'BEYOND_TAIL' });
  await assert.rejects(log.truncatePrefix(1.5), { code: 'BAD_OPTION' });
  await log.truncatePrefix(2);
  await log.truncatePrefix(1);
  assert.deepEqual([log.firstIndex, log.lastIndex], [3, 4]);
  await assert.rejects(collect(log.read({ from: 2 })), { code: 'RANGE_GONE' });
  assert.deepEqual(await collect(log.read()), [
    [3, '3'],
    [4, '4'],
  ]);
  await log.truncatePrefix(4);
  await log.close();
  const again = await DurableLog.open({ directory });
  context.after(() => again.close());
  assert.deepEqual([again.firstIndex, again.lastIndex], [5, 4]);
  assert.equal(await again.append(bytes('5')), 5);
});

test('closing makes durable what was appended, refuses what comes later, and can be done twice', async (context) => {
  const { log, directory } = await freshLog(context);
  const appended = log.append(bytes('last'));
  const closing = log.close();
  assert.equal(log.close(), closing);
  await assert.rejects(log.append(bytes('late')), { code: 'CLOSED', outcome: 'not-executed' });
  await closing;
  assert.equal(await appended, 1);
  await assert.rejects(log.truncatePrefix(1), { code: 'CLOSED' });
  const again = await DurableLog.open({ directory });
  assert.deepEqual(await collect(again.read()), [[1, 'last']]);
  await again[Symbol.asyncDispose]();
});

test('S46: after kill -9 every entry whose index was told is there, at that index', async (context) => {
  const directory = join(temporaryDirectory(), 'log');
  const program = join(import.meta.dirname, 'log-writer.js');
  const writer = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(writer, 'exit');
  const told = new Map<number, string>();
  for await (const line of createInterface({ input: writer.stdout })) {
    const [, index, entry] = /^(\d+) (.+)$/.exec(line) ?? [];
    // The last line may have been cut.
    if (entry === undefined || writer.killed) continue;
    told.set(Number(index), entry);
    if (told.size === 3000) writer.kill('SIGKILL');
  }
  await exit;
  const log = await DurableLog.open({ directory });
  context.after(() => log.close());
  assert.equal(told.size, 3000);
  const found = new Map(await collect(log.read()));
  for (const [index, entry] of told) assert.equal(found.get(index), entry);
  assert.equal(await log.append(bytes('next')), log.lastIndex);
});
