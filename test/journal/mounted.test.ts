/** Disks that are full or read-only, for real: file systems mounted for the test. Skipped where mounting is not allowed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import type { ScriptoriumError } from '../../src/errors.ts';
import { DurableLog } from '../../src/storage/durable-log.ts';
import { inspectDirectory, Journal } from '../../src/storage/journal.ts';
import { mount, mountMemory } from '../harness/mount.ts';
import { freshJournal, IDENTITY, makeBatch, SEGMENT_BYTES, TestJournal, temporaryDirectory } from './temporary.ts';

const MEBIBYTE = 1 << 20;

/** What `onSpace` was told, one after the other. */
function spaceNews() {
  const waiting: (ScriptoriumError | null)[] = [];
  let wake = (): void => {};
  return {
    told: (lack: ScriptoriumError | null): void => {
      waiting.push(lack);
      wake();
    },
    async next(): Promise<ScriptoriumError | null> {
      // A journal that nobody waits for holds no process.
      const alive = setInterval(() => {}, 60_000);
      while (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      clearInterval(alive);
      return waiting.shift() as ScriptoriumError | null;
    },
  };
}

/** A tmpfs with room for so many segments and a little more; null if there is none to be had here. */
function smallDisk(context: TestContext, segments: number): string | null {
  const directory = temporaryDirectory();
  return mountMemory(context, directory, segments * SEGMENT_BYTES + MEBIBYTE) ? directory : null;
}

const resize = (directory: string, segments: number): void => {
  execFileSync('mount', ['-o', `remount,size=${segments * SEGMENT_BYTES + MEBIBYTE}`, directory]);
};

/** Appends batches of one large entry until one is refused; resolves with the refusal. */
async function fill(open: TestJournal): Promise<unknown> {
  for (;;) {
    try {
      const firstIndex = open.journal.group(0).tail.index + 1;
      await open.durable(open.journal.append(makeBatch({ firstIndex, entryBytes: MEBIBYTE })));
    } catch (error) {
      return error;
    }
  }
}

const noSpace = { code: 'NO_SPACE', outcome: 'not-executed', retriable: true };

function assertNoSpace(error: unknown): void {
  assert.throws(() => {
    throw error;
  }, noSpace);
}

test('S27: a full disk refuses batches, keeps votes and reads, and takes batches again as soon as there is room', async (context) => {
  const directory = smallDisk(context, 1);
  if (directory === null) return;
  await Journal.format({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES, allowBuffered: true });
  const news = spaceNews();
  const full = await TestJournal.open(directory, { allowBuffered: true, onSpace: news.told });
  assertNoSpace(await fill(full));
  const { index } = full.journal.group(0).tail;
  assert.ok(index >= 10 && index < 16);
  assertNoSpace(await news.next());
  assert.equal(full.journal.stats().noSpace, true);
  assert.equal(full.journal.admits(1, MEBIBYTE), false);
  assert.equal(full.journal.admits(0, 0), true);
  await full.durable(full.journal.saveHardState(0, { term: 9, votedFor: null }));
  await full.durable(full.journal.truncatePrefix(0, 1, 1));
  assert.equal((await full.journal.read(0, index, 1)).length, 56 + 4 + MEBIBYTE, 'reads go on');

  resize(directory, 3);
  assert.equal(await news.next(), null);
  assert.equal(full.journal.stats().noSpace, false);
  assert.equal(full.journal.admits(1, MEBIBYTE), true);
  await full.durable(full.journal.append(makeBatch({ firstIndex: index + 1, entryBytes: MEBIBYTE })));
  await full.journal.close();
  const again = await TestJournal.open(directory, { allowBuffered: true });
  assert.equal(again.journal.group(0).tail.index, index + 1);
  assert.equal(again.journal.group(0).hardState.term, 9);
  await again.journal.close();
});

test('S27: a journal on a full disk is opened, says so, and takes what its reserve is for', async (context) => {
  const directory = smallDisk(context, 1);
  if (directory === null) return;
  await Journal.format({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES, allowBuffered: true });
  const full = await TestJournal.open(directory, { allowBuffered: true });
  await fill(full);
  const { index } = full.journal.group(0).tail;
  await full.journal.close();
  const news = spaceNews();
  const again = await TestJournal.open(directory, { allowBuffered: true, onSpace: news.told });
  assertNoSpace(await news.next());
  assert.throws(() => again.journal.append(makeBatch({ firstIndex: index + 1, entryBytes: MEBIBYTE })), noSpace);
  await again.durable(again.journal.saveHardState(0, { term: 9, votedFor: null }));
  assert.equal((await again.journal.read(0, index, 1)).length, 56 + 4 + MEBIBYTE);
  await again.journal.close();
});

test('S27: a log on a full disk rejects appends as not executed, and goes on when a prefix was dropped', async (context) => {
  const directory = smallDisk(context, 3);
  if (directory === null) return;
  const options = { directory, create: true, segmentBytes: SEGMENT_BYTES, allowBuffered: true };
  const news = spaceNews();
  const log = await DurableLog.open({ ...options, onSpace: news.told });
  const entry = new Uint8Array(MEBIBYTE / 2);
  let last = 0;
  const refusal = await (async () => {
    for (;;) {
      try {
        last = await log.append(entry);
      } catch (error) {
        return error;
      }
    }
  })();
  assertNoSpace(refusal);
  assert.equal(log.lastIndex, last);
  assert.equal(log.stats().noSpace, true);
  await assert.rejects(log.appendBatch([entry, entry]), noSpace);
  assertNoSpace(await news.next());
  for await (const { index, bytes } of log.read({ from: last }))
    assert.ok(index === last && bytes.length === entry.length);
  await log.truncatePrefix(last - 3);
  assert.equal(await news.next(), null);
  assert.equal(await log.append(entry), last + 1, 'indexes go on without a gap');
  await log.close();
  const again = await DurableLog.open(options);
  assert.equal(again.lastIndex, last + 1);
  await again.close();
});

test('S33: a read-only file system is refused by name, and can still be inspected', async (context) => {
  const directory = temporaryDirectory();
  await (await freshJournal(directory)).journal.close();
  if (!mount(context, directory, '--bind', directory)) return;
  execFileSync('mount', ['-o', 'remount,ro,bind', directory]);
  await assert.rejects(TestJournal.open(directory), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'READ_ONLY');
    assert.ok(error.message.includes(directory), error.message);
    return true;
  });
  assert.equal((await inspectDirectory(directory)).verdict, 'clean');
});
