/** Disks that are full or read-only, for real: file systems mounted for the test. Skipped where mounting is not allowed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { inspectDirectory, Journal } from '../../src/storage/journal.ts';
import { freshJournal, IDENTITY, makeBatch, SEGMENT_BYTES, TestJournal, temporaryDirectory } from './temporary.ts';

/** Mounts, and unmounts after the test; false if that is not allowed here. */
function mount(context: TestContext, directory: string, ...args: string[]): boolean {
  try {
    execFileSync('mount', [...args, directory], { stdio: 'pipe' });
  } catch {
    context.skip('mounting is not allowed here');
    return false;
  }
  context.after(() => execFileSync('umount', [directory]));
  return true;
}

test('S27: a full disk ends acknowledgements as NO_SPACE, keeps what was acknowledged, and is fine once there is room', async (context) => {
  const directory = temporaryDirectory();
  if (!mount(context, directory, '-t', 'tmpfs', '-o', `size=${SEGMENT_BYTES + (1 << 20)}`, 'tmpfs')) return;
  await Journal.format({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES, allowBuffered: true });
  const full = await TestJournal.open(directory, { allowBuffered: true });
  const entryBytes = 1 << 20;
  let durable = 0;
  let appended = 0;
  const filling = (async () => {
    for (;;) {
      const ticket = full.journal.append(makeBatch({ firstIndex: ++appended, entryBytes }));
      await full.durable(ticket);
      durable = appended;
    }
  })();
  const failure = await Promise.race([full.failure, filling]);
  assert.equal((failure as Error & { code: string }).code, 'NO_SPACE');
  assert.ok(durable >= 10 && durable < 16);
  assert.throws(() => full.journal.append(makeBatch({ firstIndex: durable + 1 })), { code: /NO_SPACE|BAD_OPTION/ });
  assert.throws(() => full.journal.saveHardState(0, { term: 9, votedFor: null }), { code: 'NO_SPACE' });
  assert.equal((await full.journal.read(0, durable, 1)).length, 56 + 4 + entryBytes, 'reads go on');
  await assert.rejects(full.journal.close(), { code: 'NO_SPACE' });
  execFileSync('mount', ['-o', `remount,size=${4 * SEGMENT_BYTES}`, directory]);
  const roomy = await TestJournal.open(directory, { allowBuffered: true });
  assert.equal(roomy.journal.group(0).tail.index, durable);
  await roomy.durable(roomy.journal.append(makeBatch({ firstIndex: durable + 1, entryBytes })));
  await roomy.journal.close();
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
