/** Directories that must not be opened or formatted, on a real file system. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspectDirectory, Journal } from '../../src/storage/journal.ts';
import { freshJournal, IDENTITY, makeBatch, SEGMENT_BYTES, TestJournal, temporaryDirectory } from './temporary.ts';

const FIRST = 'segment-0000000000000001.log';
/** Behind the headers and the room for a checksum of every sector. */
const FIRST_BLOCK = 8192 + SEGMENT_BYTES / 128;
const TMPFS_MAGIC = 0x01021994;
const hasTmpfs = existsSync('/dev/shm') && statfsSync('/dev/shm').type === TMPFS_MAGIC;

test('the golden directory of format 1 opens to what was put into it', async (context) => {
  const golden = join(import.meta.dirname, '..', '..', '..', 'test', 'golden', 'disk', 'v1');
  const directory = temporaryDirectory();
  cpSync(golden, directory, { recursive: true });
  assert.equal((await inspectDirectory(directory)).verdict, 'clean');
  const { journal } = await TestJournal.open(directory);
  context.after(() => journal.close());
  assert.deepEqual(journal.identity, {
    clusterId: 'c1'.repeat(16),
    scribeId: 'scribe-1',
    storageUuid: '51'.repeat(16),
  });
  assert.deepEqual(journal.group(0), {
    logStart: { index: 0, term: 0 },
    tail: { index: 8, term: 3 },
    hardState: { term: 3, votedFor: null },
    commitHint: { index: 6, term: 3 },
    termRuns: [
      { term: 1, firstIndex: 1 },
      { term: 2, firstIndex: 2 },
      { term: 3, firstIndex: 6 },
    ],
    configurations: [1],
    batches: 5,
  });
  assert.deepEqual(journal.group(9).logStart, { index: 1, term: 2 });
  assert.equal((await journal.read(0, 1, 1 << 20)).length, 108 + 60 + 368 + 21060 + 12064);
});

test('S04 S05: a directory of another cluster, scribe or storage is refused, both named', async () => {
  const directory = temporaryDirectory();
  await (await freshJournal(directory)).journal.close();
  const other = 'ab'.repeat(16);
  for (const [key, value] of [
    ['clusterId', other],
    ['scribeId', 'scribe-2'],
    ['storageUuid', other],
  ] as const) {
    await assert.rejects(TestJournal.open(directory, { identity: { ...IDENTITY, [key]: value } }), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, 'WRONG_IDENTITY');
      assert.ok(error.message.includes(value) && error.message.includes(IDENTITY[key]), error.message);
      return true;
    });
  }
});

test('a directory that is absent, foreign or half made is not a journal; none is formatted over', async () => {
  const directory = temporaryDirectory();
  await assert.rejects(TestJournal.open(join(directory, 'absent')), { code: 'NOT_FORMATTED' });
  await assert.rejects(TestJournal.open(directory), { code: 'NOT_FORMATTED' });
  writeFileSync(join(directory, 'letter.txt'), 'dear all');
  await assert.rejects(Journal.format({ directory, identity: IDENTITY }), { code: 'NOT_EMPTY' });
  assert.deepEqual(readdirSync(directory), ['letter.txt']);
  rmSync(join(directory, 'letter.txt'));
  await (await freshJournal(directory)).journal.close();
  await assert.rejects(Journal.format({ directory, identity: IDENTITY }), { code: 'NOT_EMPTY' });
  renameSync(join(directory, 'IDENTITY'), join(directory, 'FORMATTING'));
  await assert.rejects(TestJournal.open(directory), { code: 'NOT_FORMATTED' });
  await (await freshJournal(directory)).journal.close();
});

test('S08 S09: a flipped bit below the tail is refused with file and offset, and inspection agrees', async () => {
  const directory = temporaryDirectory();
  const { journal } = await freshJournal(directory, { genesis: [makeBatch({ firstIndex: 1 })] });
  await journal.close();
  const path = join(directory, FIRST);
  const bytes = readFileSync(path);
  bytes[FIRST_BLOCK + 100] = (bytes[FIRST_BLOCK + 100] as number) ^ 4;
  writeFileSync(path, bytes);
  await assert.rejects(TestJournal.open(directory), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'ROTTEN');
    assert.ok(error.message.startsWith(`${path} at offset ${FIRST_BLOCK}: block 1 was durable`), error.message);
    return true;
  });
  const found = await inspectDirectory(directory);
  assert.equal(found.verdict, 'refused');
  assert.equal(found.failure?.error.code, 'ROTTEN');
  assert.equal(found.failure?.offset, FIRST_BLOCK);
  assert.ok(readFileSync(path).equals(bytes));
});

test('S52: a link, a FIFO or a directory named like a segment is refused without blocking', async () => {
  const parent = temporaryDirectory();
  for (const kind of ['link', 'fifo', 'directory'] as const) {
    const directory = join(parent, kind);
    await (await freshJournal(directory)).journal.close();
    const path = join(directory, FIRST);
    renameSync(path, join(directory, 'aside'));
    if (kind === 'link') symlinkSync('aside', path);
    if (kind === 'fifo') execFileSync('mkfifo', [path]);
    if (kind === 'directory') mkdirSync(path);
    await assert.rejects(TestJournal.open(directory), { code: 'ROTTEN' });
  }
});

test('S32: a file system without direct I/O is refused by name, unless buffering is allowed', {
  skip: !hasTmpfs,
}, async (context) => {
  const directory = mkdtempSync('/dev/shm/journal-');
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const format = { directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES };
  await assert.rejects(Journal.format(format), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'NO_DIRECT_IO');
    assert.match(error.message, /tmpfs/);
    return true;
  });
  await Journal.format({ ...format, allowBuffered: true });
  await assert.rejects(TestJournal.open(directory), { code: 'NO_DIRECT_IO' });
  const { journal, ...rest } = await TestJournal.open(directory, { allowBuffered: true });
  assert.ok(rest);
  assert.equal(journal.stats().directIo, false);
  journal.append(makeBatch({ firstIndex: 1 }));
  await journal.close();
});

test('S28: refusals leave no file open', async () => {
  const directory = temporaryDirectory();
  await (await freshJournal(directory)).journal.close();
  const identity = { ...IDENTITY, scribeId: 'scribe-2' };
  const path = join(directory, FIRST);
  const bytes = readFileSync(path);
  bytes[FIRST_BLOCK + 100] = 1;
  writeFileSync(path, bytes);
  await assert.rejects(TestJournal.open(directory));
  const openFiles = (): number => readdirSync('/proc/self/fd').length;
  const before = openFiles();
  for (let round = 0; round < 50; round++) {
    await assert.rejects(TestJournal.open(directory, { identity }));
    await assert.rejects(TestJournal.open(join(directory, 'absent')));
    await assert.rejects(Journal.format({ directory, identity: IDENTITY }));
  }
  assert.ok(openFiles() <= before);
});

test('options out of bounds are refused by name', async () => {
  const directory = temporaryDirectory();
  const format = { directory, identity: IDENTITY };
  await assert.rejects(Journal.format({ ...format, segmentBytes: 1 << 20 }), {
    code: 'BAD_OPTION',
    message: /segmentBytes/,
  });
  await assert.rejects(Journal.format({ directory, identity: { ...IDENTITY, clusterId: 'xyz' } }), {
    code: 'BAD_OPTION',
    message: /clusterId/,
  });
  await assert.rejects(Journal.format({ directory, identity: { ...IDENTITY, scribeId: '' } }), { message: /scribeId/ });
  await assert.rejects(TestJournal.open(directory, { maxBlockBytes: 1 }), {
    code: 'BAD_OPTION',
    message: /maxBlockBytes/,
  });
  await assert.rejects(TestJournal.open(directory, { maxPendingBytes: 2 ** 53 }), { message: /maxPendingBytes/ });
});
