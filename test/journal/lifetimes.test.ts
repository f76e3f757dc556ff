/** Journals whose process, thread or memory goes away while the disk works. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { freshJournal, makeBatch, TestJournal, temporaryDirectory } from './temporary.ts';

function startHolder(directory: string, mode: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'holder.js'), directory, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

test('S41 S42: a second process is refused naming the first, and welcome as soon as that one was killed', async () => {
  const directory = temporaryDirectory();
  await (await freshJournal(directory)).journal.close();
  const { child, lines } = startHolder(directory, 'hold');
  assert.equal((await lines.next()).value, 'open');
  await assert.rejects(TestJournal.open(directory), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'LOCKED');
    assert.ok(error.message.endsWith(`process ${child.pid}`), error.message);
    return true;
  });
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  await (await TestJournal.open(directory)).journal.close();
});

for (const mode of ['append', 'exit'] as const) {
  const end = mode === 'append' ? 'kill -9' : 'process.exit';
  test(`S46 S55: after ${end} in the middle of appending, everything that was durable is there`, async () => {
    const directory = temporaryDirectory();
    await (await freshJournal(directory)).journal.close();
    for (let round = 0; round < 3; round++) {
      const { child, lines } = startHolder(directory, mode);
      const ended = once(child, 'exit');
      let durable = 0;
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        if (line.value === 'open') continue;
        durable = Number(line.value);
        if (mode === 'append' && durable > (round + 1) * 400) child.kill('SIGKILL');
      }
      const [status, signal] = await ended;
      assert.equal(mode === 'append' ? signal : status, mode === 'append' ? 'SIGKILL' : 0);
      assert.ok(durable > 100);
      const { journal } = await TestJournal.open(directory);
      assert.ok(journal.group(0).tail.index >= durable);
      assert.deepEqual(Buffer.from(await journal.read(0, durable, 1)), Buffer.from(makeBatch({ firstIndex: durable })));
      await journal.close();
    }
  });
}

test('S55: a worker thread that is terminated while it appends and reads leaves a consistent journal', async () => {
  const directory = temporaryDirectory();
  await (await freshJournal(directory)).journal.close();
  for (let round = 0; round < 5; round++) {
    const worker = new Worker(new URL('./appending-thread.js', import.meta.url), { workerData: directory });
    let durable = 0;
    const enough = new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (index: number) => {
        durable = index;
        if (index >= (round + 1) * 160) resolve();
      });
    });
    await enough;
    await worker.terminate();
    const { journal } = await TestJournal.open(directory);
    assert.ok(journal.group(0).tail.index >= durable);
    await journal.close();
  }
});

test('S54: the bytes of a batch are the caller’s again as soon as append returns', async (context) => {
  const directory = temporaryDirectory();
  const { journal } = await freshJournal(directory);
  context.after(() => journal.close());
  const expected: Uint8Array[] = [];
  const reused = new Uint8Array(4096);
  for (let index = 1; index <= 500; index++) {
    const batch = makeBatch({ firstIndex: index, entryBytes: index });
    expected.push(batch);
    reused.set(batch);
    journal.append(reused.subarray(0, batch.length));
    reused.fill(0xff);
  }
  await journal.close();
  const again = await TestJournal.open(directory);
  assert.deepEqual(Buffer.from(await again.journal.read(0, 1, 1 << 24)), Buffer.concat(expected));
  await again.journal.close();
});

test('reads that were asked for before closing are answered, and nothing is possible afterwards', async () => {
  const directory = temporaryDirectory();
  const opened = await freshJournal(directory);
  await opened.durable(opened.journal.append(makeBatch({ firstIndex: 1 })));
  const reads = Array.from({ length: 50 }, () => opened.journal.read(0, 1, 1));
  const closing = opened.journal.close();
  for (const bytes of await Promise.all(reads)) assert.equal(bytes.length, makeBatch({ firstIndex: 1 }).length);
  await closing;
  assert.throws(() => opened.journal.append(makeBatch({ firstIndex: 2 })), { code: 'CLOSED' });
  await assert.rejects(opened.journal.read(0, 1, 1), { code: 'CLOSED' });
  assert.equal(opened.journal.group(0).tail.index, 1);
});
