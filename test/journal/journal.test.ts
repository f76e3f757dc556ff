/** The journal as TypeScript sees it: the real addon on a real disk. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c } from '../../src/addon/addon.ts';
import { inspectDirectory, Journal } from '../../src/storage/journal.ts';
import { freshJournal, IDENTITY, makeBatch, SEGMENT_BYTES, TestJournal, temporaryDirectory } from './temporary.ts';

test('CRC32C has the check value of its definition and continues over pieces', () => {
  const digits = new TextEncoder().encode('123456789');
  assert.equal(crc32c(digits), 0xe3069283);
  assert.equal(crc32c(digits, 3, 3), 0);
  assert.throws(() => crc32c(digits, 4, 2), { code: 'BAD_OPTION' });
});

test('what was appended is durable, read back byte for byte, and there again after a restart', async (context) => {
  const directory = join(temporaryDirectory(), 'scribe-1');
  const genesis = makeBatch({ kind: 2, firstIndex: 1 });
  const first = await freshJournal(directory, { genesis: [genesis], hardState: { group: 0, term: 1 } });
  assert.deepEqual(first.journal.identity, IDENTITY);
  const batches = [genesis];
  let ticket = 0;
  for (let index = 2; index < 200; index += 2) {
    const batch = makeBatch({ firstIndex: index, count: 2, term: index < 100 ? 1 : 3, entryBytes: index });
    batches.push(batch);
    ticket = first.journal.append(batch);
  }
  await first.durable(ticket);
  ticket = first.journal.saveHardState(0, { term: 4, votedFor: 'ab'.repeat(16) });
  ticket = first.journal.saveCommitHint(0, { index: 150, term: 3 });
  await first.durable(ticket);
  const before = first.journal.group(0);
  assert.deepEqual(Buffer.concat([await first.journal.read(0, 1, 1 << 24)]), Buffer.concat(batches));
  await first.journal.close();
  await first.journal.close();

  const second = await TestJournal.open(directory, { identity: IDENTITY });
  context.after(() => second.journal.close());
  assert.equal(second.journal.report.tail, 'clean');
  assert.equal(second.journal.report.sealed, true);
  assert.deepEqual(second.journal.group(0), before);
  assert.deepEqual(before, {
    logStart: { index: 0, term: 0 },
    tail: { index: 199, term: 3 },
    hardState: { term: 4, votedFor: 'ab'.repeat(16) },
    commitHint: { index: 150, term: 3 },
    termRuns: [
      { term: 1, firstIndex: 1 },
      { term: 3, firstIndex: 100 },
    ],
    configurations: [1],
    batches: 100,
  });
  assert.deepEqual(Buffer.from(await second.journal.read(0, 1, 1 << 24)), Buffer.concat(batches));
  assert.deepEqual(Buffer.from(await second.journal.read(0, 101, 1)), Buffer.from(batches[50] as Uint8Array));
  await assert.rejects(second.journal.read(0, 200, 1), { code: 'BEYOND_TAIL', retriable: true });
  await assert.rejects(second.journal.read(0, 0, 1), { code: 'RANGE_GONE' });
});

test('a suffix is cut at a batch border only, a prefix anywhere, and both survive a restart', async (context) => {
  const directory = temporaryDirectory();
  const first = await freshJournal(directory);
  for (let index = 1; index <= 30; index += 3) first.journal.append(makeBatch({ firstIndex: index, count: 3 }));
  assert.throws(() => first.journal.truncateSuffix(0, 24), { code: 'BAD_OPTION' });
  first.journal.truncateSuffix(0, 25);
  assert.deepEqual(first.journal.group(0).tail, { index: 24, term: 1 });
  first.journal.append(makeBatch({ firstIndex: 25, term: 2 }));
  assert.throws(() => first.journal.truncatePrefix(0, 8, 2), { code: 'BAD_OPTION' });
  await first.durable(first.journal.truncatePrefix(0, 8, 1));
  await assert.rejects(first.journal.read(0, 8, 1), { code: 'RANGE_GONE' });
  assert.deepEqual(Buffer.from(await first.journal.read(0, 9, 1)), Buffer.from(makeBatch({ firstIndex: 7, count: 3 })));
  const before = first.journal.group(0);
  await first.journal.close();
  const second = await TestJournal.open(directory);
  context.after(() => second.journal.close());
  assert.deepEqual(second.journal.group(0), before);
  assert.deepEqual(before.logStart, { index: 8, term: 1 });
  assert.deepEqual(before.tail, { index: 25, term: 2 });
  second.journal.truncatePrefix(0, 1000, 7);
  assert.deepEqual(second.journal.group(0).tail, { index: 1000, term: 7 });
  second.journal.append(makeBatch({ firstIndex: 1001, term: 7 }));
});

test('groups share the stream and nothing else', async (context) => {
  const directory = temporaryDirectory();
  const first = await freshJournal(directory);
  for (let group = 0; group < 50; group++) {
    first.journal.append(makeBatch({ group, firstIndex: 1, count: group + 1 }));
    first.journal.saveHardState(group, { term: group + 1, votedFor: null });
  }
  await first.journal.close();
  assert.ok(first.journal.stats().syncs < 50, 'one group commit carries many groups');
  const second = await TestJournal.open(directory);
  context.after(() => second.journal.close());
  assert.equal(second.journal.groups().length, 50);
  for (let group = 0; group < 50; group++) {
    assert.equal(second.journal.group(group).tail.index, group + 1);
    assert.equal(second.journal.group(group).hardState.term, group + 1);
  }
});

test('what must not be stored is refused with its code, and nothing changes', async (context) => {
  const directory = temporaryDirectory();
  const { journal } = await freshJournal(directory);
  context.after(() => journal.close());
  journal.append(makeBatch({ firstIndex: 1, term: 5 }));
  const flipped = makeBatch({ firstIndex: 2, term: 5 });
  flipped[60] = (flipped[60] as number) ^ 1;
  assert.throws(() => journal.append(flipped), { code: 'BAD_BATCH' });
  assert.throws(() => journal.append(makeBatch({ firstIndex: 2, term: 5 }).subarray(0, 70)), { code: 'BAD_BATCH' });
  assert.throws(() => journal.append(makeBatch({ firstIndex: 3, term: 5 })), { code: 'BAD_OPTION' });
  assert.throws(() => journal.append(makeBatch({ firstIndex: 2, term: 4 })), { code: 'BAD_OPTION' });
  journal.saveHardState(0, { term: 6, votedFor: '01'.repeat(16) });
  assert.throws(() => journal.saveHardState(0, { term: 5, votedFor: null }), { code: 'BAD_OPTION' });
  assert.throws(() => journal.saveHardState(0, { term: 6, votedFor: '02'.repeat(16) }), { code: 'BAD_OPTION' });
  assert.throws(() => journal.saveHardState(0, { term: 2 ** 53, votedFor: null }), { code: 'BAD_OPTION' });
  assert.throws(() => journal.saveHardState(-1, { term: 9, votedFor: null }), { code: 'BAD_OPTION' });
  assert.deepEqual(journal.group(0).tail, { index: 1, term: 5 });
  assert.deepEqual(journal.group(0).hardState, { term: 6, votedFor: '01'.repeat(16) });
});

test('many segments are filled, and all of them are read back', async (context) => {
  const directory = temporaryDirectory();
  const first = await freshJournal(directory);
  const entryBytes = 3 * 1024 * 1024;
  let ticket = 0;
  for (let index = 1; index <= 14; index++) {
    ticket = first.journal.append(makeBatch({ firstIndex: index, entryBytes }));
    await first.durable(ticket);
  }
  assert.ok(first.journal.stats().segments >= 3);
  await first.journal.close();
  const second = await TestJournal.open(directory);
  context.after(() => second.journal.close());
  for (let index = 1; index <= 14; index++) {
    const expected = makeBatch({ firstIndex: index, entryBytes });
    assert.ok(Buffer.from(await second.journal.read(0, index, 1)).equals(expected));
  }
});

test('more than maxPendingBytes waiting for the disk is refused as OVERLOADED, and what was taken is kept', async (context) => {
  const directory = temporaryDirectory();
  await Journal.format({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES });
  const { journal } = await TestJournal.open(directory, { maxPendingBytes: 8 * 1024 * 1024 });
  let taken = 0;
  assert.throws(
    () => {
      for (let index = 1; index < 1000; index++) {
        journal.append(makeBatch({ firstIndex: index, entryBytes: 1 << 20 }));
        taken = index;
      }
    },
    { code: 'OVERLOADED', retriable: true },
  );
  assert.ok(taken >= 7);
  await journal.close();
  assert.equal(journal.group(0).tail.index, taken);
  const again = await TestJournal.open(directory);
  context.after(() => again.journal.close());
  assert.equal(again.journal.group(0).tail.index, taken);
});

test('inspection tells identity, segments, blocks and the verdict without touching the directory', async () => {
  const directory = temporaryDirectory();
  const { journal } = await freshJournal(directory, { genesis: [makeBatch({ firstIndex: 1 })] });
  await journal.close();
  const found = await inspectDirectory(directory);
  assert.deepEqual(found.identity, IDENTITY);
  assert.equal(found.verdict, 'clean');
  assert.equal(found.segments[0]?.segmentBytes, SEGMENT_BYTES);
  assert.deepEqual(
    found.blocks.map(({ sequence, durableThrough }) => ({ sequence, durableThrough })),
    [
      { sequence: 1, durableThrough: 0 },
      { sequence: 2, durableThrough: 1 },
    ],
  );
  assert.equal((await inspectDirectory(`${directory}/absent`)).failure?.error.code, 'NOT_FORMATTED');
});
