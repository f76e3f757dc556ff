/** Damage on a real disk: found, listed, survived by everything around it, and repaired. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DamagedRange, inspectDirectory, type JournalOptions } from '../../src/storage/journal.ts';
import { freshJournal, makeBatch, TestJournal, temporaryDirectory } from './temporary.ts';

const BATCHES = 20;

const batchAt = (firstIndex: number): Uint8Array => makeBatch({ firstIndex, entryBytes: 5000 });

/** Where the bytes of a batch stand in the only segment. */
function findBatch(file: string, batch: Uint8Array): number {
  const descriptor = openSync(file, 'r');
  const bytes = Buffer.alloc(1 << 20);
  readSync(descriptor, bytes, 0, bytes.length, 0);
  closeSync(descriptor);
  const at = bytes.indexOf(batch);
  assert.notEqual(at, -1);
  return at;
}

function overwrite(file: string, offset: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, bytes, 0, bytes.length, offset);
  closeSync(descriptor);
}

/** A closed journal of which the body of batch 7 was overwritten. */
async function damagedDirectory(): Promise<{ directory: string; offset: number }> {
  const directory = temporaryDirectory();
  const { journal, durable } = await freshJournalOf(directory);
  await durable;
  await journal.close();
  const file = join(directory, 'segment-0000000000000001.log');
  const offset = findBatch(file, batchAt(7));
  overwrite(file, offset + 1000, new Uint8Array(300));
  return { directory, offset };
}

async function freshJournalOf(directory: string): Promise<{ journal: TestJournal['journal']; durable: Promise<void> }> {
  const opened = await freshJournal(directory);
  let ticket = 0;
  for (let index = 1; index <= BATCHES; index++) ticket = opened.journal.append(batchAt(index));
  return { journal: opened.journal, durable: opened.durable(ticket) };
}

async function open(context: TestContext, directory: string, options: Partial<JournalOptions>): Promise<TestJournal> {
  const opened = await TestJournal.open(directory, options);
  context.after(() => opened.journal.close());
  return opened;
}

test('S08 S09 O08: a directory with a rotten batch opens, says so, and inspection says the same', async (context) => {
  const { directory, offset } = await damagedDirectory();
  const inspected = await inspectDirectory(directory);
  const { journal } = await open(context, directory, { scrubBytesPerSecond: 0 });
  const damage = [{ group: 0, from: 7, to: 7, segment: 'segment-0000000000000001.log', offset }];
  assert.deepEqual(journal.damage(), damage);
  assert.deepEqual(inspected.damage, damage);
  assert.equal(inspected.verdict, 'clean');
  assert.equal(journal.report.damagedBlocks, 1);
  assert.equal(journal.group(0).tail.index, BATCHES);
  const before = await journal.read(0, 1, 1 << 24);
  assert.deepEqual(Buffer.from(before), Buffer.concat([1, 2, 3, 4, 5, 6].map(batchAt)));
  await assert.rejects(journal.read(0, 7, 1), { code: 'ROTTEN' });
  assert.deepEqual(Buffer.from(await journal.read(0, 8, 1)), Buffer.from(batchAt(8)));
});

test('S09 S11: repair takes the very batch that was lost and nothing else, and outlives a restart', async (context) => {
  const { directory } = await damagedDirectory();
  const first = await TestJournal.open(directory, { scrubBytesPerSecond: 0 });
  const refused = { code: 'BAD_OPTION', outcome: 'not-executed' };
  assert.throws(() => first.journal.repair(batchAt(8)), refused);
  assert.throws(() => first.journal.repair(makeBatch({ firstIndex: 7, entryBytes: 5000, term: 2 })), refused);
  assert.throws(() => first.journal.repair(makeBatch({ firstIndex: 7, entryBytes: 5001 })), refused);
  await first.durable(first.journal.repair(batchAt(7)));
  assert.deepEqual(first.journal.damage(), []);
  assert.equal(first.journal.stats().repaired, 1);
  const all = Buffer.concat(Array.from({ length: BATCHES }, (_, at) => batchAt(at + 1)));
  assert.deepEqual(Buffer.from(await first.journal.read(0, 1, 1 << 24)), all);
  await first.journal.close();
  const second = await open(context, directory, { scrubBytesPerSecond: 0 });
  assert.deepEqual(second.journal.damage(), []);
  assert.deepEqual(Buffer.from(await second.journal.read(0, 1, 1 << 24)), all);
});

test('S53: the scrubber finds what rots while the journal is open, and tells of it', async (context) => {
  const directory = temporaryDirectory();
  const { journal, durable } = await freshJournalOf(directory);
  await durable;
  await journal.close();
  const file = join(directory, 'segment-0000000000000001.log');
  const offset = findBatch(file, batchAt(BATCHES));
  // An open journal that nobody waits for keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  context.after(() => clearInterval(alive));
  const found = new Promise<DamagedRange>((resolve) => {
    // Slow enough that the last batch is not read before it is overwritten.
    void open(context, directory, { onDamage: resolve, scrubBytesPerSecond: 1 << 20 }).then(() =>
      overwrite(file, offset + 1000, new Uint8Array(300)),
    );
  });
  assert.deepEqual(await found, {
    group: 0,
    from: BATCHES,
    to: BATCHES,
    segment: 'segment-0000000000000001.log',
    offset,
  });
});
