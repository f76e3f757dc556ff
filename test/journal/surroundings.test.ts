/** What the operating system can refuse or take away while a journal works: files, descriptors, lengths, inodes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LoopDisk, noLoopDisks } from '../harness/loop-disk.ts';
import { freshJournal, makeBatch, SEGMENT_BYTES, TestJournal, temporaryDirectory } from './temporary.ts';

const MEBIBYTE = 1 << 20;
const HOLDER = join(import.meta.dirname, 'holder.js');

/** Appends until the journal fails; more than a few segments is a failure of the test. */
async function appendUntilFailure(opened: TestJournal): Promise<Error & { code?: string }> {
  const appending = (async () => {
    let index = opened.journal.group(0).tail.index;
    for (let bytes = 0; bytes < 4 * SEGMENT_BYTES; bytes += MEBIBYTE)
      await opened.durable(opened.journal.append(makeBatch({ firstIndex: ++index, entryBytes: MEBIBYTE })));
    throw new Error('it never failed');
  })();
  // The append that meets the failure may throw before it is told of.
  appending.catch(() => {});
  return Promise.race([opened.failure, appending]);
}

test('S56: a segment unlinked under an open journal is noticed when the next one begins', async () => {
  const directory = temporaryDirectory();
  const opened = await freshJournal(directory);
  await opened.durable(opened.journal.append(makeBatch({ firstIndex: 1 })));
  const name = readdirSync(directory).find((entry) => entry.startsWith('segment-'))!;
  unlinkSync(join(directory, name));
  const failure = await appendUntilFailure(opened);
  assert.equal(failure.code, 'JOURNAL_FAILED');
  assert.ok(failure.message.includes(name), failure.message);
  await assert.rejects(opened.journal.close(), { code: 'JOURNAL_FAILED' });
});

test('S56: a directory renamed under an open journal ends it, and opens where it is now', async () => {
  const folder = temporaryDirectory();
  const directory = join(folder, 'before');
  const opened = await freshJournal(directory);
  await opened.durable(opened.journal.append(makeBatch({ firstIndex: 1 })));
  renameSync(directory, join(folder, 'after'));
  const failure = await appendUntilFailure(opened);
  assert.equal(failure.code, 'JOURNAL_FAILED');
  const { index } = opened.journal.group(0).tail;
  await assert.rejects(opened.journal.close(), { code: 'JOURNAL_FAILED' });
  const again = await TestJournal.open(join(folder, 'after'));
  const kept = again.journal.group(0).tail.index;
  assert.ok(kept >= 1 && kept <= index);
  await again.journal.close();
});

/** Runs the program that appends, under a limit of the shell. */
const limited = (directory: string, limit: string): { status: number | null; stderr: string } =>
  spawnSync('sh', ['-c', `${limit} && exec "$0" "$1" "$2" append`, process.execPath, HOLDER, directory], {
    encoding: 'utf8',
  });

test('S28: a limit on the length of files (EFBIG) is an error with a code, and the directory stays as good as it was', async () => {
  const directory = temporaryDirectory();
  await (await freshJournal(directory)).journal.close();
  // Half a segment, in blocks of 512 bytes: the next one cannot be made.
  const { status, stderr } = limited(directory, `ulimit -f ${SEGMENT_BYTES / 512 / 2}`);
  assert.notEqual(status, 0);
  assert.match(stderr, /File too large/);
  const { journal } = await TestJournal.open(directory);
  assert.equal(journal.report.tail, 'clean');
  await journal.close();
});

test('S28: no descriptors left (EMFILE) is an error with a code, and none is lost over many tries', async () => {
  const directory = temporaryDirectory();
  await (await freshJournal(directory)).journal.close();
  const script = `
    const { openSync, readdirSync, closeSync } = await import('node:fs');
    const { Journal } = await import(process.argv[1]);
    const open = () => Journal.open({ directory: process.argv[2], onDurable() {}, onFailure() {} });
    await (await open()).close();
    gc();
    await new Promise(setImmediate);
    const held = [];
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    try { for (;;) held.push(openSync('/dev/null')); } catch {}
    const codes = new Set();
    for (let spare = 0; spare < 6; spare++) {
      for (let round = 0; round < 20; round++) {
        try { await (await open()).close(); codes.add('opened'); } catch (error) { codes.add(error.code); }
      }
      closeSync(held.pop());
    }
    while (held.length > 0) closeSync(held.pop());
    await (await open()).close();
    // A journal that is not needed any more lets go of its ring when it is collected.
    gc();
    await new Promise(setImmediate);
    console.log(JSON.stringify({ codes: [...codes], lost: count() - before }));`;
  const { stdout, stderr } = spawnSync(
    'sh',
    [
      '-c',
      'ulimit -n 64 && exec "$0" --expose-gc --input-type=module -e "$1" "$2" "$3"',
      process.execPath,
      script,
      join(import.meta.dirname, '..', '..', 'src', 'journal.js'),
      directory,
    ],
    { encoding: 'utf8' },
  );
  assert.notEqual(stdout, '', stderr);
  const { codes, lost } = JSON.parse(stdout);
  assert.ok(lost <= 0, `${lost} descriptors lost`);
  assert.ok(codes.includes('IO_ERROR'), codes.join(', '));
  for (const code of codes) assert.match(code, /^(opened|IO_ERROR)$/);
});

/** Leaves no inode on the disk; removing the folder gives them back. */
function takeInodes(disk: LoopDisk): string {
  const folder = join(disk.path, 'filler');
  mkdirSync(folder);
  assert.throws(
    () => {
      for (let count = 0; ; count += 1) writeFileSync(join(folder, String(count)), '');
    },
    { code: 'ENOSPC' },
  );
  return folder;
}

test('S57: a full table of inodes is a full disk, and nothing is lost by it', {
  skip: noLoopDisks(),
}, async (context: TestContext) => {
  const disk = LoopDisk.create(join(temporaryDirectory(), 'disk'), 160, 64);
  context.after(() => disk.remove());
  const directory = join(disk.path, 'journal');
  await (await freshJournal(directory)).journal.close();
  let room: () => void = () => {};
  const again = new Promise<void>((resolve) => {
    room = resolve;
  });
  const opened = await TestJournal.open(directory, { onSpace: (lack) => lack === null && room() });
  await opened.durable(opened.journal.append(makeBatch({ firstIndex: 1, entryBytes: MEBIBYTE })));
  const filler = takeInodes(disk);
  let index = 1;
  await assert.rejects(
    async () => {
      for (; index < 32; index += 1)
        await opened.durable(opened.journal.append(makeBatch({ firstIndex: index + 1, entryBytes: MEBIBYTE })));
    },
    { code: 'NO_SPACE', outcome: 'not-executed' },
  );
  rmSync(filler, { recursive: true });
  // A journal that nobody waits for holds no process.
  const alive = setInterval(() => {}, 60_000);
  await again;
  clearInterval(alive);
  await opened.durable(opened.journal.append(makeBatch({ firstIndex: index + 1, entryBytes: MEBIBYTE })));
  await opened.journal.close();
  const reopened = await TestJournal.open(directory);
  assert.equal(reopened.journal.group(0).tail.index, index + 1);
  await reopened.journal.close();
});
