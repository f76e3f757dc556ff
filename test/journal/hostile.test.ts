/** Programs that treat the addon badly: memory taken away, threads that end at once, closing at every wrong moment. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { inspectDirectory, Journal } from '../../src/storage/journal.ts';
import { freshJournal, IDENTITY, makeBatch, SEGMENT_BYTES, TestJournal, temporaryDirectory } from './temporary.ts';

/** Collects all garbage now. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

test('S54: batches that are overwritten, detached and collected right after append are stored as they were', async () => {
  const directory = temporaryDirectory();
  const { journal } = await freshJournal(directory);
  const expected: Buffer[] = [];
  for (let index = 1; index <= 300; index++) {
    const batch = makeBatch({ firstIndex: index, entryBytes: 17 * index });
    expected.push(Buffer.from(batch));
    journal.append(batch);
    if (index % 3 === 0) batch.fill(0xee);
    if (index % 3 === 1) structuredClone(batch.buffer, { transfer: [batch.buffer as ArrayBuffer] });
    if (index % 50 === 0) collectGarbage();
  }
  collectGarbage();
  await journal.close();
  const again = await TestJournal.open(directory);
  assert.ok(Buffer.concat(expected).equals(await again.journal.read(0, 1, 1 << 24)));
  await again.journal.close();
});

test('S54: a detached or empty buffer, and what is no buffer, are refused', async (context) => {
  const { journal } = await freshJournal(temporaryDirectory());
  context.after(() => journal.close());
  const batch = makeBatch({ firstIndex: 1 });
  structuredClone(batch.buffer, { transfer: [batch.buffer as ArrayBuffer] });
  for (const given of [batch, new Uint8Array(0)]) assert.throws(() => journal.append(given), { code: 'BAD_BATCH' });
  for (const given of [null, undefined, 'bytes', {}, [1, 2, 3], new DataView(new ArrayBuffer(60))])
    assert.throws(() => journal.append(given as Uint8Array));
  assert.equal(journal.group(0).tail.index, 0);
});

test('S54: reads whose results nobody keeps fill no memory that was given back', async () => {
  const directory = temporaryDirectory();
  const opened = await freshJournal(directory);
  let ticket = 0;
  for (let index = 1; index <= 50; index++)
    ticket = opened.journal.append(makeBatch({ firstIndex: index, entryBytes: 20_000 }));
  await opened.durable(ticket);
  for (let round = 0; round < 20; round++) {
    for (let index = 1; index <= 50; index++) void opened.journal.read(0, index, 1);
    collectGarbage();
  }
  const last = await opened.journal.read(0, 50, 1);
  assert.ok(Buffer.from(makeBatch({ firstIndex: 50, entryBytes: 20_000 })).equals(last));
  await opened.journal.close();
});

test('S55: threads that exit, throw or end their code in the middle of writing leave what was durable', async () => {
  const ends = ['exit', 'throw', 'leave'] as const;
  const directories = ends.map(() => temporaryDirectory());
  for (const directory of directories) await (await freshJournal(directory)).journal.close();
  for (let round = 0; round < 3; round++) {
    const durable = await Promise.all(
      ends.map(async (end, at) => {
        const worker = new Worker(new URL('./hostile-thread.js', import.meta.url), {
          workerData: { directory: directories[at], end },
        });
        let index = 0;
        worker.on('message', (told: number) => {
          index = told;
        });
        const failed = end === 'throw' ? once(worker, 'error') : Promise.resolve();
        // Not events.once: an error event would reject it.
        await new Promise((resolve) => worker.once('exit', resolve));
        await failed;
        return index;
      }),
    );
    for (const [at, directory] of directories.entries()) {
      const { journal } = await TestJournal.open(directory);
      const index = durable[at] as number;
      assert.ok(index > 0 && journal.group(0).tail.index >= index, `${ends[at]}: ${index}`);
      assert.deepEqual(
        Buffer.from(await journal.read(0, index, 1)),
        Buffer.from(makeBatch({ firstIndex: index, entryBytes: 3000 })),
      );
      await journal.close();
    }
  }
});

test('S55: an environment that ends while journals are being made, opened and looked at ends cleanly', async () => {
  const directory = temporaryDirectory();
  await (await freshJournal(directory)).journal.close();
  for (let round = 0; round < 5; round++) {
    const worker = new Worker(new URL('./starting-thread.js', import.meta.url), {
      workerData: { directory, fresh: temporaryDirectory() },
    });
    await once(worker, 'message');
    await worker.terminate();
  }
  const { journal } = await TestJournal.open(directory);
  await journal.close();
});

test('S55: closing twice at once, closing with reads under way, and using what is closed', async () => {
  const directory = temporaryDirectory();
  const opened = await freshJournal(directory);
  for (let index = 1; index <= 200; index++) opened.journal.append(makeBatch({ firstIndex: index }));
  await Promise.all([opened.journal.close(), opened.journal.close(), opened.journal[Symbol.asyncDispose]()]);
  await opened.journal.close();
  for (const call of [
    () => opened.journal.append(makeBatch({ firstIndex: 201 })),
    () => opened.journal.saveHardState(0, { term: 3, votedFor: null }),
    () => opened.journal.truncateSuffix(0, 5),
    () => opened.journal.truncatePrefix(0, 5, 1),
    () => opened.journal.saveCommitHint(0, { index: 1, term: 1 }),
  ])
    assert.throws(call, { code: 'CLOSED' });
  const again = await TestJournal.open(directory);
  assert.equal(again.journal.group(0).tail.index, 200);
  await again.journal.close();
});

test('S41 S55: a journal that is opened twice in one process is refused the second time, and is whole afterwards', async () => {
  const directory = temporaryDirectory();
  const first = await freshJournal(directory);
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => TestJournal.open(directory)));
  for (const attempt of attempts) {
    assert.equal(attempt.status, 'rejected');
    assert.equal((attempt.reason as { code?: string }).code, 'LOCKED');
  }
  await assert.rejects(Journal.format({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES }));
  await first.durable(first.journal.append(makeBatch({ firstIndex: 1 })));
  await first.journal.close();
  assert.equal((await inspectDirectory(directory)).verdict, 'clean');
});
